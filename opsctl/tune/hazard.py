"""Why an instance would not come back from a stop as it was, or not at all: one rule a function."""

from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

from opsctl.model.value import Value
from opsctl.resources.ec2_capacity_calls import PLATFORMS
from opsctl.tune.machine import HIBERNATED, Machine
from opsctl.tune.machine_types import MachineType
from opsctl.tune.wish import TuneWish


class TuneHazard(Value):
    """What would happen to an instance: `refuse` for good, or `accept` by name. `id` is the guard's."""

    id: str
    kind: Literal["refuse", "accept"]
    instance: str
    what: str


class HazardSubject(Value):
    """An instance, its type as it is and as it becomes, and what is wished of it."""

    machine: Machine
    now: MachineType
    then: MachineType
    wish: TuneWish


_Rule: TypeAlias = Callable[[HazardSubject], Iterator[TuneHazard]]


def hazards_of(about: HazardSubject) -> tuple[TuneHazard, ...]:
    """List what speaks against stopping an instance and starting it again, what is refused first."""
    return sorted_hazards(one for rule in _RULES for one in rule(about))


def sorted_hazards(found: Iterator[TuneHazard]) -> tuple[TuneHazard, ...]:
    """Put what is refused first."""
    return tuple(sorted(found, key=lambda one: one.kind != "refuse"))


def refused(id_: str, machine: Machine, what: str) -> TuneHazard:
    """Make a hazard that nobody can accept."""
    return TuneHazard(id=id_, kind="refuse", instance=machine.id, what=f"{machine.title} {what}")


def to_accept(id_: str, machine: Machine, what: str) -> TuneHazard:
    """Make a hazard that has to be accepted by its name."""
    return TuneHazard(id=id_, kind="accept", instance=machine.id, what=f"{machine.title}: {what}")


def _managed(about: HazardSubject) -> Iterator[TuneHazard]:
    manager = about.machine.manager or about.machine.operator
    if manager:
        yield refused("managed", about.machine, f"is one of {manager}, which replaces what is stopped")


def _state(about: HazardSubject) -> Iterator[TuneHazard]:
    machine = about.machine
    if machine.state not in ("running", "stopped"):
        yield refused("state", machine, f"is {machine.state}, and has to run or to be stopped")
    if machine.reason == HIBERNATED:
        yield refused("hibernated", machine, "hibernates, and a change would lose what its memory had")


def _lifecycle(about: HazardSubject) -> Iterator[TuneHazard]:
    machine = about.machine
    if machine.lifecycle == "spot":
        yield refused("spot", machine, "is a Spot Instance: nobody can reserve capacity for its start")
    elif machine.lifecycle:
        yield refused("capacity-block", machine, f"is of a {machine.lifecycle}, whose capacity ends by a date")
    if machine.tenancy == "host":
        yield refused("dedicated-host", machine, "is on a Dedicated Host: no Capacity Reservation is for that")


def _storage(about: HazardSubject) -> Iterator[TuneHazard]:
    machine = about.machine
    if machine.root_store != "ebs":
        yield refused("root-store", machine, "boots from an instance store, and cannot be stopped")
    elif about.now.instance_store and machine.runs:
        what = f"{about.now.name} has an instance store, whose data a stop loses"
        yield to_accept("instance-store", machine, what)


def _capacity(about: HazardSubject) -> Iterator[TuneHazard]:
    machine = about.machine
    if not machine.runs:
        return
    if machine.preference == "none":
        what = "is set to use no Capacity Reservation, so none holds its place"
        yield refused("uses-no-reservation", machine, what)
    elif machine.outpost:
        yield refused("uses-no-reservation", machine, "is on an Outpost, where only its owner knows the capacity")
    elif machine.targets and _becomes_another_kind(about):
        what = "names a Capacity Reservation, which is for its present type and placement group only"
        yield refused("uses-no-reservation", machine, what)
    elif machine.platform not in PLATFORMS and not machine.targets:
        yield refused("uses-no-reservation", machine, f"is {machine.platform}, which AWS reserves no capacity for")


def _becomes_another_kind(about: HazardSubject) -> bool:
    machine, wish = about.machine, about.wish
    return wish.type_of(machine) != machine.type or wish.group_of(machine) != machine.placement_group


def _addresses(about: HazardSubject) -> Iterator[TuneHazard]:
    machine = about.machine
    if not machine.public or not machine.runs:
        return
    if len(machine.interfaces) > 1 or machine.id in about.wish.efa:
        several = "has several interfaces" if len(machine.interfaces) > 1 else "gets a second interface"
        what = f"loses its public address {machine.public} and gets none, for it {several}"
        yield to_accept("no-public-address", machine, what)
    else:
        yield to_accept("public-address", machine, f"gets another public address than {machine.public}")


_RULES: tuple[_Rule, ...] = (_managed, _state, _lifecycle, _storage, _capacity, _addresses)
