"""Why an instance cannot be what is wished: one rule a function, by what its type can do.

Source: EC2 user guide, enhanced networking and change the instance type (compatibility, limitations); API model of
DescribeInstanceTypes.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TypeAlias

from opsctl.tune.driver_look import is_looked_into
from opsctl.tune.hazard import HazardSubject, TuneHazard, refused, to_accept

_Rule: TypeAlias = Callable[[HazardSubject], Iterator[TuneHazard]]


def obstacles_of(about: HazardSubject) -> Iterator[TuneHazard]:
    """List what keeps an instance from being as wished."""
    return (one for rule in (*_OF_ADAPTERS, *_OF_TYPES) for one in rule(about))


def _ena(about: HazardSubject) -> Iterator[TuneHazard]:
    machine, then = about.machine, about.then
    if not about.wish.ena:
        return
    if then.ena == "unsupported":
        yield refused("ena-unsupported", machine, f"would be a {then.name}, which has no ENA")
    elif not machine.ena:
        yield from _driver(about, "ENA", "ena-driver")


def _sriov(about: HazardSubject) -> Iterator[TuneHazard]:
    machine, then = about.machine, about.then
    if not about.wish.sriov:
        return
    if not then.legacy_vf:
        yield refused("vf-unsupported", machine, f"would be a {then.name}, which has no Intel 82599 VF")
    elif not machine.vf:
        yield from _driver(about, "82599 VF (ixgbevf)", "vf-driver")
        yield to_accept("vf-one-way", machine, "the VF cannot be switched off again, not even by an undo")


def _driver(about: HazardSubject, what: str, id_: str) -> Iterator[TuneHazard]:
    if about.machine.virtualization != "hvm":
        yield refused("paravirtual", about.machine, f"is paravirtual, and the {what} needs HVM")
    elif not is_looked_into(about):
        yield to_accept(id_, about.machine, f"{_why_unseen(about)}, so nobody knows of its {what} driver")


def _why_unseen(about: HazardSubject) -> str:
    return "it is Windows" if about.machine.windows else "no SSM agent of its is online"


def _weighting(about: HazardSubject) -> Iterator[TuneHazard]:
    wanted = about.wish.weighting
    if not about.then.weighs(wanted):
        what = f"would be a {about.then.name}, whose bandwidth cannot be weighted as {wanted}"
        yield refused("weighting-unsupported", about.machine, what)


def _queues(about: HazardSubject) -> Iterator[TuneHazard]:
    machine, then, wanted = about.machine, about.then, about.wish.queues
    if not about.wish.needs_queues(machine):
        return
    if not then.flexible_queues:
        yield refused("queues-unsupported", machine, f"would be a {then.name}, whose queues cannot be moved")
        return
    for what in then.over_its_queues([one.card for one in machine.interfaces if one.kind != "efa-only"], wanted):
        yield refused("queues-unsupported", machine, what)


def _system(about: HazardSubject) -> Iterator[TuneHazard]:
    """What the system on the disk is made for has to be there with the type."""
    machine, then = about.machine, about.then
    parts = (
        ("architecture", machine.architecture, then.architectures),
        ("virtualization", machine.virtualization, then.virtualizations),
        ("root device", machine.root_store, then.root_stores),
        ("boot mode", machine.boot_mode, then.boot_modes),
    )
    for what, has, can in parts:
        if has and can and has not in can:
            yield refused("type-unfit", machine, f"has {what} {has}, and a {then.name} takes {', '.join(can)}")
    if machine.hibernates:
        yield refused("type-unfit", machine, "is set up for hibernation, which keeps its type as it is")
    if then.ena == "required" and not machine.ena and not about.wish.ena:
        yield refused("type-unfit", machine, f"has ENA off, and a {then.name} needs it: add --ena")


def _devices(about: HazardSubject) -> Iterator[TuneHazard]:
    """What is attached has to fit."""
    machine, then = about.machine, about.then
    if len(machine.efa) > then.efa:
        yield refused("type-unfit", machine, f"has {len(machine.efa)} EFA, and a {then.name} takes {then.efa}")
    cards = {one.index: one.interfaces for one in then.cards}
    for card, count in sorted(Counter(one.card for one in machine.interfaces).items()):
        if count > cards.get(card, 0):
            what = f"has {count} interfaces on network card {card}, and a {then.name} takes {cards.get(card, 0)}"
            yield refused("type-unfit", machine, what)
    shared = machine.volumes + len(machine.interfaces)
    if then.volumes and (machine.volumes if not then.nitro else shared) > then.volumes:
        yield refused("type-unfit", machine, f"has more attachments than the {then.volumes} of a {then.name}")


def _features(about: HazardSubject) -> Iterator[TuneHazard]:
    """What is switched on has to be there with the type, or to be switched off first."""
    machine, then = about.machine, about.then
    on = [one.id for one in machine.interfaces if one.ena_express]
    if on and not then.ena_express:
        what = f"has ENA Express on at {', '.join(on)}, and a {then.name} has none: switch it off first"
        yield refused("type-unfit", machine, what)
    stays = about.wish.group_of(machine) == machine.placement_group
    if stays and machine.strategy and machine.strategy not in then.strategies:
        what = f"is in the {machine.strategy} group {machine.placement_group}, which takes no {then.name}"
        yield refused("type-unfit", machine, what)


def _drivers(about: HazardSubject) -> Iterator[TuneHazard]:
    if about.then.nitro and not about.now.nitro and not is_looked_into(about):
        what = f"a {about.then.name} shows its disks by NVMe; {_why_unseen(about)}, so nobody knows of its driver"
        yield to_accept("nvme-driver", about.machine, what)


def _if_changed(rule: _Rule) -> _Rule:
    def checked(about: HazardSubject) -> Iterator[TuneHazard]:
        return rule(about) if about.then.name != about.now.name else iter(())

    return checked


_OF_ADAPTERS: tuple[_Rule, ...] = (_ena, _sriov, _weighting, _queues)
_OF_TYPES: tuple[_Rule, ...] = tuple(map(_if_changed, (_system, _devices, _features, _drivers)))
