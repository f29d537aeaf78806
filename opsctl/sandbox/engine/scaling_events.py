"""What Auto Scaling tells EventBridge. Source: Auto Scaling event reference."""

import json
from typing import Any

from opsctl.sandbox.engine import events
from opsctl.sandbox.engine.scaling_model import LAUNCHING, Activity, Group, Member, Wait


def announce(group: Group, member: Member, wait: Wait) -> None:
    """Tell that an instance waits for a lifecycle action."""
    launching = wait.hook.transition == LAUNCHING
    detail = {
        "LifecycleActionToken": wait.token,
        "AutoScalingGroupName": group.name,
        "LifecycleHookName": wait.hook.name,
        "EC2InstanceId": member.instance_id,
        "LifecycleTransition": wait.hook.transition,
        "Origin": "EC2" if launching else "AutoScalingGroup",
        "Destination": "AutoScalingGroup" if launching else "EC2",
    }
    if wait.hook.metadata:
        detail["NotificationMetadata"] = wait.hook.metadata
    name = "EC2 Instance-launch Lifecycle Action" if launching else "EC2 Instance-terminate Lifecycle Action"
    _emit(group, name, [group.arn], detail)


def tell(group: Group, name: str, member: Member | None, activity: Activity | None) -> None:
    """Tell how a launch or a termination ended."""
    resources = [group.arn]
    if member is not None:
        resources.append(f"arn:aws:ec2:{group.region}:{group.account}:instance/{member.instance_id}")
    detail: dict[str, Any] = {
        "AutoScalingGroupName": group.name,
        "EC2InstanceId": member.instance_id if member else "",
        "StatusCode": "Failed" if "Unsuccessful" in name else "InProgress",
        "StatusMessage": (activity.message or "") if activity else "",
        "Cause": activity.cause if activity else "",
        "ActivityId": activity.id if activity else "",
        "RequestId": activity.id if activity else "",
        "Description": activity.description if activity else "",
        "Details": json.loads(activity.details) if activity else {},
    }
    _emit(group, name, resources, detail)


def _emit(group: Group, name: str, resources: list[str], detail: dict[str, Any]) -> None:
    events.emit(
        group.account,
        group.region,
        source="aws.autoscaling",
        detail_type=name,
        resources=resources,
        detail=detail,
    )
