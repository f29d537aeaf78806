"""Reads instances that are to get Elastic Fabric Adapters, with their types."""

from collections.abc import Sequence

from opsctl.model.errors import FactUnknown
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Answer
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


def read_targets(instances: Sequence[str], region: str) -> Fetching[tuple[EfaTarget, ...]]:
    """Read instances by their ids, then their types: two rounds.

    Raises:
        FactUnknown: AWS refused a read.
    """
    answers = yield describe_batches("DescribeInstances", region, "instance-id", instances)
    values = [_known(one) for one in answers]
    fleet = parse_fleet(values)
    answers = yield describe_batches("DescribeInstanceTypes", region, "instance-type", [one.type for one in fleet])
    types: dict[str, TypeNetwork] = {}
    for one in answers:
        types |= parse_types(_known(one))
    places = {
        one["InstanceId"]: one
        for value in values
        for reservation in value.get("Reservations", [])
        for one in reservation.get("Instances", [])
    }
    return tuple(_target(one, types[one.type], places[one.id]) for one in fleet if one.type in types)


def _target(instance: FleetInstance, of: TypeNetwork, raw: Json) -> EfaTarget:
    return EfaTarget(
        instance=instance,
        of=of,
        subnet=raw.get("SubnetId", ""),
        vpc=raw.get("VpcId", ""),
        slots=free_slots(instance.interfaces, of),
    )


def _known(answer: Answer) -> Json:
    if answer.refusal is not None:
        raise FactUnknown(answer.refusal)
    return answer.value
