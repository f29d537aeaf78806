"""What of a fleet is below its best: each rule by its stable id, with the reason in AWS's own terms."""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TypeAlias

from opsctl.model.commands import Commands
from opsctl.tune.finding import A_STOP, NO_STOP, SEVERITIES, Mend, Severity, TuneFinding, finding, mended_by
from opsctl.tune.fleet import FleetInstance
from opsctl.tune.guest_answers import GuestNetwork
from opsctl.tune.guest_findings import IN_GUEST, guest_findings
from opsctl.tune.instance_types import TypeNetwork

WHY = {
    "ena-off": (
        "Without the Elastic Network Adapter the instance uses an emulated device: a fraction of the bandwidth "
        "and packets that its type has (EC2 user guide, enhanced networking)."
    ),
    "efa-zones": (
        "EFA traffic reaches instances of the same Availability Zone and VPC only; between zones MPI and NCCL "
        "fall back to TCP or fail (EC2 user guide, EFA limitations)."
    ),
    "vf-off": (
        "Enhanced networking of this type is the Intel 82599 Virtual Function, and it is off (EC2 user guide, "
        "enhanced networking)."
    ),
    "cards-unused": (
        "Each network card has a bandwidth of its own, and an instance uses only those with an interface (EC2 "
        "user guide, network cards)."
    ),
    "efa-partial": "The type takes an EFA on each of several network cards, and some have none.",
    "efa-windows": (
        "Operating-system bypass works on Linux only; on Windows an EFA is a plain ENA (EC2 user guide, EFA)."
    ),
    "efa-no-cluster-group": (
        "Outside a cluster placement group instances may be far apart, and a single flow has at most 5 Gbps "
        "instead of 10 (EC2 user guide, placement groups)."
    ),
    "ena-express-one-sided": (
        "ENA Express works between two interfaces that both have it on; otherwise the traffic is plain ENA, and "
        "nothing says so (EC2 user guide, ENA Express)."
    ),
    "ena-express-off": (
        "ENA Express raises a single flow from 5 to up to 25 Gbps and lowers tail latency between instances that "
        "both have it on (EC2 user guide, ENA Express)."
    ),
    "efa-off": (
        "The type takes an Elastic Fabric Adapter, which MPI and NCCL use to bypass the operating system; it has "
        "no price of its own (EC2 user guide, EFA)."
    ),
    "queues-few": (
        "Each queue is served by a vCPU of its own, and an interface with fewer of them than its type gives has "
        "fewer packets a second (EC2 user guide, ENA queues)."
    ),
    "weighting-ebs": (
        "The weighting ebs-1 takes a quarter of the network's bandwidth for EBS, and this instance has an EFA or "
        "is in a cluster placement group (EC2 user guide, bandwidth weighting)."
    ),
    "vf-type": "The Intel 82599 Virtual Function ends at 10 Gbps; types with ENA have more for the same size.",
}

_ANEW = "a new instance, with the price of both until the old one is terminated"

_Rule: TypeAlias = Callable[[FleetInstance, TypeNetwork, Commands], Iterator[TuneFinding]]


def findings_of(
    fleet: Sequence[FleetInstance],
    types: Mapping[str, TypeNetwork],
    commands: Commands,
    guests: Mapping[str, GuestNetwork] | None = None,
) -> tuple[TuneFinding, ...]:
    """Everything that is below its best, worst first; instances of an unknown type are passed over.

    `guests` is what was read inside of instances, by their ids; of the others nothing inside is a finding.
    """
    found = [
        one
        for instance in fleet
        if instance.type in types
        for rule in _RULES
        for one in rule(instance, types[instance.type], commands)
    ]
    found += _among_peers(fleet, types, commands)
    for instance in fleet:
        guest = (guests or {}).get(instance.id)
        if guest is not None and instance.type in types:
            found += guest_findings(instance, types[instance.type], guest, commands)
    order = {id_: number for number, id_ in enumerate([*WHY, *IN_GUEST])}
    groups = {one.id: one.auto_scaling_group for one in fleet if one.type in types}
    plain = {one.id for one in fleet if one.type in types and not types[one.type].ena_express}
    found = [_of_group(one, groups.get(one.instance, ""), commands, plain) for one in found]
    return tuple(
        sorted(found, key=lambda one: (SEVERITIES.index(one.severity), order[one.id], one.title, one.instance))
    )


_OF_GROUP = {
    "efa-off": ("--efa",),
    "efa-partial": ("--efa",),
    "efa-no-cluster-group": ("--placement-group", "NAME"),
    "weighting-ebs": ("--bandwidth-weighting", "default"),
    "ena-express-off": ("--ena-express",),
    "ena-express-one-sided": ("--ena-express",),
}
"""What `tune group` mends of the members of an Auto Scaling group."""


def _of_group(one: TuneFinding, group: str, commands: Commands, plain: Container[str]) -> TuneFinding:
    """Return a finding of a member with the command that changes what its group launches.

    `plain` are instances whose type has no ENA Express: that is mended by another type.
    """
    if not group or one.id not in _OF_GROUP or (one.id == "ena-express-one-sided" and one.instance in plain):
        return one
    return mended_by(one, commands.opsctl("tune", "group", group, *_OF_GROUP[one.id]))


def _adapter(instance: FleetInstance, of: TypeNetwork, commands: Commands) -> Iterator[TuneFinding]:
    if of.ena != "unsupported" and not instance.ena:
        what = f"ENA is off on {of.name}"
        yield _finding(commands, "ena-off", "high", instance, what, _apply(commands, instance, "--ena"), A_STOP)
    if of.legacy_vf and not instance.vf:
        what = f"the 82599 VF is off on {of.name}"
        cost = f"{A_STOP}; it cannot be turned off again"
        yield _finding(commands, "vf-off", "medium", instance, what, _apply(commands, instance, "--sriov"), cost)
    if of.legacy_vf:
        what = f"{of.name} has no ENA"
        fix = _apply(commands, instance, "--instance-type", "TYPE")
        cost = f"{A_STOP}; the new type's price; its ENA and NVMe drivers have to be installed before"
        yield _finding(commands, "vf-type", "low", instance, what, fix, cost)


def _cards(instance: FleetInstance, of: TypeNetwork, commands: Commands) -> Iterator[TuneFinding]:
    used = {one.card for one in instance.interfaces}
    idle = [card for card in of.cards if card.index not in used]
    if not used or not idle:
        return
    # Bandwidths of cards do not add up: c6in.32xlarge has two of "Up to 170 Gigabit" and 200 in all.
    what = f"{len(idle)} of {len(of.cards)} network cards without an interface"
    what += f"; a card has {of.cards[0].performance}, the type {of.performance}"
    if all(card.takes_efa for card in idle) and not instance.windows:
        found = _finding(
            commands, "cards-unused", "medium", instance, what, _apply(commands, instance, "--efa"), A_STOP
        )
        group = instance.auto_scaling_group
        yield mended_by(found, commands.opsctl("tune", "group", group, "--efa")) if group else found
        return
    of_card = ("--device-index", "1", "--network-card-index", str(idle[0].index))
    fix = _aws(commands, "attach-network-interface", instance, "--network-interface-id", "INTERFACE", *of_card)
    first = f"make an interface in {instance.zone} for network card {', '.join(str(card.index) for card in idle)}"
    cost = f"{NO_STOP}; no new public address is assigned to an instance with several interfaces at its next start"
    yield _finding(commands, "cards-unused", "medium", instance, what, fix, cost, first)


def _efa(instance: FleetInstance, of: TypeNetwork, commands: Commands) -> Iterator[TuneFinding]:
    have = len(instance.efa)
    if have and instance.windows:
        first = "choose an Amazon Machine Image with Linux"
        fix = _launch(commands, instance, "SUBNET")
        yield _finding(commands, "efa-windows", "medium", instance, "an EFA on Windows", fix, _ANEW, first)
        return
    if instance.windows:
        return
    fix = _apply(commands, instance, "--efa")
    if have and have < of.efa:
        with_one = {one.card for one in instance.efa}
        without = [str(card.index) for card in of.cards if card.takes_efa and card.index not in with_one]
        where = f"; none at network card {', '.join(without)}" if without else ""
        what = f"{have} of {of.efa} possible EFAs{where}"
        yield _finding(commands, "efa-partial", "medium", instance, what, fix, A_STOP)
    if of.efa and not have:
        yield _finding(
            commands, "efa-off", "low", instance, f"{of.name} takes {of.efa} EFA, and has none", fix, A_STOP
        )
    if have and instance.strategy != "cluster" and "cluster" in (of.strategies or ("cluster",)):
        where = f"in {instance.strategy} placement group {instance.placement_group}" if instance.strategy else ""
        what = f"an EFA {where or 'in no placement group'}"
        move = _apply(commands, instance, "--placement-group", "NAME", "--create", "cluster")
        yield _finding(commands, "efa-no-cluster-group", "medium", instance, what, move, A_STOP)


def _ena_express(instance: FleetInstance, of: TypeNetwork, commands: Commands) -> Iterator[TuneFinding]:
    if of.ena_express and instance.interfaces and not any(one.ena_express for one in instance.interfaces):
        fix = _apply(commands, instance, "--ena-express")
        cost = f"{NO_STOP}; it works with others that have it on"
        yield _finding(
            commands, "ena-express-off", "low", instance, "ENA Express is off on every interface", fix, cost
        )


def _shares(instance: FleetInstance, of: TypeNetwork, commands: Commands) -> Iterator[TuneFinding]:
    """What an interface or the network as a whole was given less of than its type gives by itself."""
    usual = {card.index: card.queues for card in of.cards}
    for one in instance.interfaces if of.flexible_queues else ():
        most = usual.get(one.card, 0)
        if 0 < one.queues < most:
            fix = _apply(commands, instance, "--queues", str(most))
            what = f"{one.id} was given {one.queues} ENA queues, of {most} that the type gives"
            found = _finding(commands, "queues-few", "low", instance, what, fix, A_STOP)
            group = instance.auto_scaling_group
            own = commands.opsctl("tune", "group", group, "--queues", str(most))
            yield mended_by(found, own) if group else found
    if instance.weighting == "ebs-1" and (instance.efa or instance.strategy == "cluster"):
        fix = _apply(commands, instance, "--bandwidth-weighting", "default")
        what = "a quarter of its network bandwidth is given to EBS"
        yield _finding(commands, "weighting-ebs", "low", instance, what, fix, "EBS has its usual bandwidth again")


_RULES: tuple[_Rule, ...] = (_adapter, _cards, _efa, _ena_express, _shares)


def _among_peers(
    fleet: Sequence[FleetInstance], types: Mapping[str, TypeNetwork], commands: Commands
) -> Iterator[TuneFinding]:
    """What shows only beside the others of a cluster or group."""
    grouped = sorted((one for one in fleet if one.peers), key=lambda one: one.peers)
    for name, some in groupby(grouped, key=lambda one: one.peers):
        members = list(some)
        yield from _apart(name, [one for one in members if one.efa], commands)
        on = [one for one in members if any(nic.ena_express for nic in one.interfaces)]
        for one in members if on else ():
            of = types.get(one.type)
            if one in on or of is None:
                continue
            what = f"{len(on)} of {len(members)} in {name} have ENA Express on, this one has not"
            fix, cost = _apply(commands, one, "--ena-express"), NO_STOP
            if not of.ena_express:
                what += f": {one.type} has none"
                fix, cost = _apply(commands, one, "--instance-type", "TYPE"), f"{A_STOP}; the new type's price"
            yield _finding(commands, "ena-express-one-sided", "medium", one, what, fix, cost)


def _apart(name: str, members: Sequence[FleetInstance], commands: Commands) -> Iterator[TuneFinding]:
    zones = sorted({one.zone for one in members})
    main = max(zones, key=lambda zone: sum(one.zone == zone for one in members), default="")
    for one in members if len(zones) > 1 else ():
        if one.zone != main:
            what = f"its EFA is in {one.zone}, most of {name} is in {main}"
            first = f"make an image of it, and choose a subnet in {main}"
            yield _finding(
                commands, "efa-zones", "high", one, what, _launch(commands, one, "SUBNET"), _ANEW, first
            )


def _launch(commands: Commands, instance: FleetInstance, subnet: str) -> str:
    """Launch another one of its type, with a plain interface and an EFA at the first network card."""
    kind = ("--instance-type", instance.type, "--image-id", "IMAGE")
    plain, efa = (f"SubnetId={subnet},Groups=GROUP,DeviceIndex={device}" for device in (0, 1))
    nics = ("--network-interfaces", plain, f"{efa},InterfaceType=efa-only")
    return commands.aws("ec2", "run-instances", *kind, *nics)


def _aws(commands: Commands, operation: str, instance: FleetInstance, *words: str) -> str:
    return commands.aws("ec2", operation, "--instance-id", instance.id, *words)


def _apply(commands: Commands, instance: FleetInstance, *words: str) -> str:
    return commands.opsctl("tune", "apply", instance.id, *words)


def _finding(
    commands: Commands, id_: str, severity: Severity, instance: FleetInstance, what: str, *mend: str
) -> TuneFinding:
    return finding(id_, severity, instance, what, why=WHY[id_], mend=Mend(*mend), commands=commands)
