"""Calls about what belongs to Auto Scaling groups: metrics, target groups and tags."""

from typing import Any

from opsctl.sandbox.engine import scaling_checks as checks
from opsctl.sandbox.engine.scaling import Scaling
from opsctl.sandbox.engine.scaling_checks import invalid


def enable_metrics_collection(scaling: Scaling, asked: dict[str, Any]) -> None:
    group = checks.group(scaling, asked)
    if asked.get("Granularity") != "1Minute":
        raise invalid("Granularity must be 1Minute")
    for name in asked.get("Metrics") or checks.METRICS:
        if name not in checks.METRICS:
            raise invalid(f"{name} is not a valid metric.")
        if name not in group.metrics:
            group.metrics.append(name)


def disable_metrics_collection(scaling: Scaling, asked: dict[str, Any]) -> None:
    group = checks.group(scaling, asked)
    gone = asked.get("Metrics") or checks.METRICS
    group.metrics = [name for name in group.metrics if name not in gone]


def attach_load_balancer_target_groups(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    group = checks.group(scaling, asked)
    added = checks.target_groups(scaling, asked["TargetGroupARNs"])
    group.target_groups += [arn for arn in added if arn not in group.target_groups]
    scaling.register(group, [one.instance_id for one in group.members if one.state == "InService"])
    return {}


def detach_load_balancer_target_groups(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    group = checks.group(scaling, asked)
    scaling.deregister(group, [one.instance_id for one in group.members])
    group.target_groups = [arn for arn in group.target_groups if arn not in asked["TargetGroupARNs"]]
    return {}


def describe_load_balancer_target_groups(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    group = checks.group(scaling, asked)
    return {
        "LoadBalancerTargetGroups": [
            {"LoadBalancerTargetGroupARN": arn, "State": "InService"} for arn in group.target_groups
        ]
    }


def create_or_update_tags(scaling: Scaling, asked: dict[str, Any]) -> None:
    for tag in asked["Tags"]:
        group = checks.group(scaling, {"AutoScalingGroupName": tag["ResourceId"]})
        group.tags = [one for one in group.tags if one["Key"] != tag["Key"]] + [dict(tag)]


def delete_tags(scaling: Scaling, asked: dict[str, Any]) -> None:
    for tag in asked["Tags"]:
        group = checks.group(scaling, {"AutoScalingGroupName": tag["ResourceId"]})
        group.tags = [one for one in group.tags if one["Key"] != tag["Key"]]


def describe_tags(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    found = [tag for group in scaling.groups.values() for tag in group.shown()["Tags"]]
    keys = {"auto-scaling-group": "ResourceId", "key": "Key", "value": "Value"}
    for one in asked.get("Filters") or []:
        if one["Name"] == "propagate-at-launch":
            found = [tag for tag in found if str(tag["PropagateAtLaunch"]).lower() in one["Values"]]
        else:
            found = [tag for tag in found if tag[keys[one["Name"]]] in one["Values"]]
    return {"Tags": found}


CALLS = (
    enable_metrics_collection,
    disable_metrics_collection,
    attach_load_balancer_target_groups,
    detach_load_balancer_target_groups,
    describe_load_balancer_target_groups,
    create_or_update_tags,
    delete_tags,
    describe_tags,
)
