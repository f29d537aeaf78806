"""Which of a fleet could run on Spot capacity, and who would take care of an interruption.

Sources: EC2 user guide, Spot interruptions (two minutes' notice; a rebalance recommendation may come before) and
SupportedUsageClasses of DescribeInstanceTypes; Auto Scaling user guide, Capacity Rebalancing and mixed instances
policies; AWS Batch: no multi-node jobs on Spot.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Literal

from opsctl.model.value import Json, Value, json_object
from opsctl.tune.fleet import FleetInstance

Spot = Literal["is", "could", "no", "unknown"]
WARNINGS = ("EC2 Spot Instance Interruption Warning", "EC2 Instance Rebalance Recommendation")
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"


class SpotGroup(Value):
    """What of an Auto Scaling group matters to Spot; `hooks` hold an instance on its way out."""

    name: str
    desired: int = 0
    zones: int = 1
    mixed: bool = False
    rebalances: bool = False
    balanced_by: int = 0
    hooks: tuple[str, ...] = ()


class SpotUnit(Value):
    """Instances that are launched in one way: whether on Spot, what handles interruptions, what is to be done."""

    name: str
    instances: int
    types: tuple[str, ...]
    spot: Spot
    because: str
    handled_by: tuple[str, ...] = ()
    todo: tuple[str, ...] = ()


def spot_types(answer: Json) -> dict[str, bool]:
    """Parse DescribeInstanceTypes: whether each type can be launched on Spot."""
    return {
        one["InstanceType"]: "spot" in one.get("SupportedUsageClasses", [])
        for one in answer.get("InstanceTypes", [])
    }


def parse_spot_group(one: Json, hooks: Json) -> SpotGroup:
    """Parse a group of DescribeAutoScalingGroups with its DescribeLifecycleHooks."""
    return SpotGroup(
        name=one["AutoScalingGroupName"],
        desired=one.get("DesiredCapacity", 0),
        zones=len(one.get("AvailabilityZones", [])),
        mixed="MixedInstancesPolicy" in one,
        rebalances=bool(one.get("CapacityRebalance")),
        balanced_by=len(one.get("TargetGroupARNs", [])),
        hooks=tuple(
            hook["LifecycleHookName"]
            for hook in hooks.get("LifecycleHooks", [])
            if hook.get("LifecycleTransition") == TERMINATING
        ),
    )


def watching_rules(answer: Json) -> tuple[str, ...]:
    """Parse EventBridge's ListRules: the enabled rules that hear of interruptions."""
    return tuple(
        one["Name"]
        for one in answer.get("Rules", [])
        if one.get("State") == "ENABLED"
        and set(WARNINGS) & set((json_object(one.get("EventPattern", "")) or {}).get("detail-type", []))
    )


def units_of(
    fleet: Sequence[FleetInstance],
    types: Mapping[str, bool],
    groups: Mapping[str, SpotGroup],
    rules: Sequence[str],
) -> tuple[SpotUnit, ...]:
    """Judge a fleet by what its instances are launched by; an instance of its own is a unit."""
    ordered = sorted(fleet, key=lambda one: one.manager or one.id)
    units = []
    for _, some in groupby(ordered, key=lambda one: one.manager or one.id):
        members = list(some)
        units.append(_unit(members, types, groups.get(members[0].auto_scaling_group), rules))
    return tuple(units)


def _unit(
    members: Sequence[FleetInstance], types: Mapping[str, bool], group: SpotGroup | None, rules: Sequence[str]
) -> SpotUnit:
    first = members[0]
    kinds = tuple(sorted({one.type for one in members}))
    spot, because, todo = _judged(members, types, group)
    handled = _handlers(group, rules) if spot in ("is", "could") else ()
    if spot in ("is", "could") and not handled:
        todo = (*todo, "have something handle an interruption: Capacity Rebalancing, a termination hook, a rule")
    return SpotUnit(
        name=first.manager or first.title,
        instances=len(members),
        types=kinds,
        spot=spot,
        because=because,
        handled_by=handled,
        todo=todo,
    )


def _handlers(group: SpotGroup | None, rules: Sequence[str]) -> tuple[str, ...]:
    found = [f"EventBridge rule {name}" for name in rules]
    if group is not None and group.rebalances:
        found.insert(0, "Capacity Rebalancing")
    if group is not None:
        found += [f"termination hook {name}" for name in group.hooks]
    return tuple(found)


def _judged(
    members: Sequence[FleetInstance], types: Mapping[str, bool], group: SpotGroup | None
) -> tuple[Spot, str, tuple[str, ...]]:
    first = members[0]
    if all(one.spot for one in members):
        return "is", "its instances are Spot", ()
    unread = sorted({one.type for one in members if one.type not in types})
    if unread:
        return "unknown", f"EC2 did not say whether {', '.join(unread)} is there on Spot", ()
    without = sorted({one.type for one in members if not types[one.type]})
    if without:
        return "no", f"{', '.join(without)} is not there on Spot", ()
    if first.auto_scaling_group:
        return _judged_group(members, group)
    if first.batch:
        todo = "make an environment of type SPOT beside it; multi-node jobs stay on On-Demand"
        return "could", "AWS Batch launches jobs again that have attempts", (todo,)
    if first.cluster:
        return "could", "its manager launches what is missing", ("set CapacityType SPOT of a queue or node group",)
    return "no", "nothing launches it again when it is taken away", ("put it under an Auto Scaling group first",)


def _judged_group(members: Sequence[FleetInstance], group: SpotGroup | None) -> tuple[Spot, str, tuple[str, ...]]:
    if group is None:
        return "unknown", "its Auto Scaling group could not be read", ()
    if any(one.efa for one in members):
        because = "its instances have EFAs, so jobs run on several, and end when one is taken away"
        return "no", because, ("leave On-Demand what a job cannot lose, or have jobs write checkpoints",)
    if group.desired < 2:
        return (
            "no",
            "it has one instance, and an interruption would be an outage of minutes",
            ("have two or more",),
        )
    todo = []
    if not group.mixed:
        todo.append("use a mixed instances policy with several types and price-capacity-optimized")
    if group.zones < 2:
        todo.append("launch in several zones: each has Spot capacity of its own")
    if not group.rebalances:
        todo.append("switch Capacity Rebalancing on")
    return "could", "the group launches a replacement when one is taken away", tuple(todo)
