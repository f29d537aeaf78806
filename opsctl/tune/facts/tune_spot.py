"""Reads a fleet, and says which of it could run on Spot capacity."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.fetching import Fetching, require_all
from opsctl.model.reads import Read
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value
from opsctl.resources.ec2 import describe_batches
from opsctl.tune.fleet import parse_fleet
from opsctl.tune.selection import Selection
from opsctl.tune.spot import SpotUnit, parse_spot_group, spot_types, units_of, watching_rules

GROUPS_A_CALL = 50
"""Most names of DescribeAutoScalingGroups (Auto Scaling API reference)."""


class SpotFound(Value):
    """The fleet by what launches it; `unknown` is what could not be read."""

    account: str
    region: str
    units: tuple[SpotUnit, ...]
    unknown: tuple[str, ...]


class TuneSpot(Fact):
    """Say which of a fleet could run on Spot, what would handle an interruption, and what is to be done first."""

    name: ClassVar[str] = "tune.spot"
    Result: ClassVar[type[Value]] = SpotFound

    instances: tuple[str, ...] = Field((), description="Ids or Name tags; `*` in a name stands for anything.")
    tags: tuple[str, ...] = Field((), description="Tags as KEY=VALUE; instances that have one of them.")
    group: str = Field("", description="Name of an Auto Scaling group.")
    cluster: str = Field("", description="Name of a ParallelCluster or EKS cluster.")
    all: bool = Field(False, description="Every instance of the Region.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read instances, then their types, groups, hooks and the rules that hear of interruptions."""
        asked = Selection(
            instances=self.instances, tags=self.tags, group=self.group, cluster=self.cluster, all=self.all
        )
        fleet = parse_fleet((yield from require_all(asked.reads(about.region))))
        if not fleet:
            raise asked.nothing_found()
        names = sorted({one.auto_scaling_group for one in fleet if one.auto_scaling_group})
        reads = describe_batches(
            "DescribeInstanceTypes", about.region, "instance-type", [one.type for one in fleet]
        )
        hooked = [_of_group("DescribeLifecycleHooks", AutoScalingGroupName=name) for name in names]
        named = [
            _of_group("DescribeAutoScalingGroups", AutoScalingGroupNames=names[start : start + GROUPS_A_CALL])
            for start in range(0, len(names), GROUPS_A_CALL)
        ]
        rules = Read(service="events", operation="ListRules")
        answers = list((yield [*reads, *named, *hooked, rules]))
        told = [one.value if one.refusal is None else {} for one in answers]
        types: dict[str, bool] = {}
        for value in told[: len(reads)]:
            types |= spot_types(value)
        described = [
            group
            for value in told[len(reads) : len(reads) + len(named)]
            for group in value.get("AutoScalingGroups", [])
        ]
        hooks = dict(zip(names, told[len(reads) + len(named) : -1], strict=True))
        groups = {
            one["AutoScalingGroupName"]: parse_spot_group(one, hooks.get(one["AutoScalingGroupName"], {}))
            for one in described
        }
        return SpotFound(
            account=about.account,
            region=about.region,
            units=units_of(fleet, types, groups, watching_rules(told[-1])),
            unknown=tuple(dict.fromkeys(str(one.refusal) for one in answers if one.refusal)),
        )


def _of_group(operation: str, **params: Json) -> Read:
    return Read(service="autoscaling", operation=operation, params=params)
