"""Reads instances that are to get Elastic Fabric Adapters, with their types."""

from collections.abc import Sequence

from opsctl.model.errors import FactUnknown
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Answer, Read
from opsctl.model.value import Json, Value
from opsctl.resources.ec2 import describe_batches
from opsctl.tune.efa_layout import EfaSlot, free_slots
from opsctl.tune.fleet import FleetInstance, parse_fleet
from opsctl.tune.instance_types import TypeNetwork, parse_types

_ACQUIRED = "amazon"
"""Who owns a public address that EC2 assigned by itself (API model of EC2, IpOwnerId)."""


class EfaTarget(Value):
    """An instance with its type, its subnet and VPC, and the places where it takes one more EFA.

    `public` is an address that EC2 assigned by itself, which a stop takes away.
    """

    instance: FleetInstance
    of: TypeNetwork
    subnet: str
    vpc: str
    slots: tuple[EfaSlot, ...]
    public: str = ""
    tenancy: str = "default"
    outpost: bool = False


def read_targets(instances: Sequence[str], region: str) -> Fetching[tuple[EfaTarget, ...]]:
    """Read instances by their ids, then their types: two rounds.

    Raises:
        FactUnknown: AWS refused a read.
    """
    return (yield from targets_of(describe_batches("DescribeInstances", region, "instance-id", instances), region))


def targets_of(reads: Sequence[Read], region: str) -> Fetching[tuple[EfaTarget, ...]]:
    """Read the instances that some DescribeInstances name, then their types: two rounds.

    Raises:
        FactUnknown: AWS refused a read.
    """
    answers = yield reads
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
        public=_acquired(raw),
        tenancy=raw.get("Placement", {}).get("Tenancy", "default"),
        outpost=bool(raw.get("OutpostArn")),
    )


def _acquired(raw: Json) -> str:
    """The public address that EC2 owns: an Elastic IP is the account's, and stays."""
    found = [nic.get("Association", {}) for nic in raw.get("NetworkInterfaces", [])]
    return next((str(one["PublicIp"]) for one in found if one.get("IpOwnerId") == _ACQUIRED), "")


def _known(answer: Answer) -> Json:
    if answer.refusal is not None:
        raise FactUnknown(answer.refusal)
    return answer.value
