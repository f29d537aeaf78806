"""What EC2 says of the types, subnets and security groups that a cluster is to be launched with."""

from collections.abc import Mapping, Sequence

from opsctl.model.value import Json, Value
from opsctl.tune.instance_types import TypeNetwork


class LaunchSubnet(Value):
    """A subnet: its zone, and whether what is launched there gets a public address by itself."""

    id: str
    vpc: str = ""
    zone: str = ""
    public: bool = False


class Surroundings(Value):
    """Types, subnets and security groups by name or id; what is missing here could not be read, or is not there.

    `self_ruled` says of a security group whether it lets all traffic of itself in and out, as an EFA needs it.
    """

    types: dict[str, TypeNetwork] = {}
    subnets: dict[str, LaunchSubnet] = {}
    self_ruled: dict[str, bool] = {}
    unknown: tuple[str, ...] = ()


def parse_launch_subnets(answer: Json) -> dict[str, LaunchSubnet]:
    """Parse DescribeSubnets, by id."""
    return {
        one["SubnetId"]: LaunchSubnet(
            id=one["SubnetId"],
            vpc=one.get("VpcId", ""),
            zone=one.get("AvailabilityZone", ""),
            public=bool(one.get("MapPublicIpOnLaunch")),
        )
        for one in answer.get("Subnets", [])
    }


def parse_self_ruled(answer: Json) -> dict[str, bool]:
    """Parse DescribeSecurityGroups: which groups an EFA can use, by id.

    The rule is ParallelCluster's EfaSecurityGroupValidator: all traffic, in and out, with the group itself.
    """
    return {
        one["GroupId"]: all(
            _names_itself(one["GroupId"], one.get(way, [])) for way in ("IpPermissions", "IpPermissionsEgress")
        )
        for one in answer.get("SecurityGroups", [])
    }


def _names_itself(group: str, rules: Sequence[Mapping[str, Json]]) -> bool:
    pairs = [pair for rule in rules if rule.get("IpProtocol") == "-1" for pair in rule.get("UserIdGroupPairs", [])]
    return any(pair.get("GroupId") == group for pair in pairs)
