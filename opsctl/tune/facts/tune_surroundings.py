"""Reads what EC2 says of the types, subnets and security groups that a cluster names."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.fetching import Fetching
from opsctl.model.reads import Answer
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value
from opsctl.resources.ec2 import describe_batches
from opsctl.tune.instance_types import TypeNetwork, parse_types
from opsctl.tune.surroundings import LaunchSubnet, Surroundings, parse_launch_subnets, parse_self_ruled


class TuneSurroundings(Fact):
    """Read types, subnets and security groups by name, side by side; what cannot be read is named."""

    name: ClassVar[str] = "tune.surroundings"
    Result: ClassVar[type[Value]] = Surroundings

    types: tuple[str, ...] = Field((), description="Instance types.")
    subnets: tuple[str, ...] = Field((), description="Ids of subnets.")
    groups: tuple[str, ...] = Field((), description="Ids of security groups.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read all in one round; filters, so that one that is not there does not hide the others."""
        named = (
            ("types", "DescribeInstanceTypes", "instance-type", self.types),
            ("subnets", "DescribeSubnets", "subnet-id", self.subnets),
            ("groups", "DescribeSecurityGroups", "group-id", self.groups),
        )
        asked = [
            (kind, read)
            for kind, operation, filter_, values in named
            for read in describe_batches(operation, about.region, filter_, values)
        ]
        answers = yield [read for _, read in asked]
        told = list(zip((kind for kind, _ in asked), answers, strict=True))
        types: dict[str, TypeNetwork] = {}
        subnets: dict[str, LaunchSubnet] = {}
        ruled: dict[str, bool] = {}
        for value in _values(told, "types"):
            types |= parse_types(value)
        for value in _values(told, "subnets"):
            subnets |= parse_launch_subnets(value)
        for value in _values(told, "groups"):
            ruled |= parse_self_ruled(value)
        refused = tuple(dict.fromkeys(str(answer.refusal) for _, answer in told if answer.refusal))
        return Surroundings(types=types, subnets=subnets, self_ruled=ruled, unknown=refused + self._absent(told))

    def _absent(self, told: list[tuple[str, Answer]]) -> tuple[str, ...]:
        """What EC2 does not know, of what it answered about."""
        found: tuple[str, ...] = ()
        for kind, word, values, key, member in (
            ("types", "type", self.types, "InstanceTypes", "InstanceType"),
            ("subnets", "subnet", self.subnets, "Subnets", "SubnetId"),
            ("groups", "security group", self.groups, "SecurityGroups", "GroupId"),
        ):
            if any(answer.refusal for of, answer in told if of == kind):
                continue
            have = {one[member] for value in _values(told, kind) for one in value.get(key, [])}
            found += tuple(
                f"EC2 does not know {word} {name} in this Region" for name in sorted(set(values) - have)
            )
        return found


def _values(told: list[tuple[str, Answer]], name: str) -> list[Json]:
    return [answer.value for of, answer in told if of == name and answer.refusal is None]
