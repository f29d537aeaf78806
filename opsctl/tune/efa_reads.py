"""Reads instances that are to get Elastic Fabric Adapters, with their types."""

from collections.abc import Sequence

from opsctl.model.fetching import Fetching, require_all
from opsctl.model.reads import Read
from opsctl.model.value import Json, Value
from opsctl.resources.ec2 import describe_batches
from opsctl.tune.efa_layout import EfaSlot, free_slots
from opsctl.tune.fleet import FleetInstance, parse_fleet
from opsctl.tune.instance_types import TypeNetwork, parse_types


class EfaTarget(Value):
    """An instance with its type, its subnet and VPC, and the places where it takes one more EFA."""

    instance: FleetInstance
    of: TypeNetwork
    subnet: str
    vpc: str
    slots: tuple[EfaSlot, ...]
    tenancy: str = "default"
    outpost: bool = False


def read_targets(instances: Sequence[str], region: str, becomes: str = "") -> Fetching[tuple[EfaTarget, ...]]:
    """Read instances by their ids, then their types: two rounds.

    Raises:
        FactUnknown: AWS refused a read.
    """
    reads = describe_batches("DescribeInstances", region, "instance-id", instances)
    return (yield from targets_of(reads, region, becomes))


def targets_of(reads: Sequence[Read], region: str, becomes: str = "") -> Fetching[tuple[EfaTarget, ...]]:
    """Read the instances that some DescribeInstances name, then their types: two rounds.

    `becomes` is the type that they have by the time that matters, empty: the one that they have now.

    Raises:
        FactUnknown: AWS refused a read.
    """
    values = yield from require_all(reads)
    fleet = parse_fleet(values)
    named = {one.id: becomes or one.type for one in fleet}
    described = describe_batches("DescribeInstanceTypes", region, "instance-type", list(named.values()))
    types: dict[str, TypeNetwork] = {}
    for answer in (yield from require_all(described)):
        types |= parse_types(answer)
    places = {
        one["InstanceId"]: one
        for value in values
        for reservation in value.get("Reservations", [])
        for one in reservation.get("Instances", [])
    }
    return tuple(_target(one, types[named[one.id]], places[one.id]) for one in fleet if named[one.id] in types)


def _target(instance: FleetInstance, of: TypeNetwork, raw: Json) -> EfaTarget:
    return EfaTarget(
        instance=instance,
        of=of,
        subnet=raw.get("SubnetId", ""),
        vpc=raw.get("VpcId", ""),
        slots=free_slots(instance.interfaces, of),
        tenancy=raw.get("Placement", {}).get("Tenancy", "default"),
        outpost=bool(raw.get("OutpostArn")),
    )
