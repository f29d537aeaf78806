"""Auto Scaling: groups and what they are made of. Source: Amazon EC2 Auto Scaling API reference and user guide."""

from collections.abc import Mapping, Sequence

from opsctl.model.changes import Check, Grant, Instruction, Query, Retry
from opsctl.model.reads import Read
from opsctl.model.references import reference
from opsctl.model.value import Json
from opsctl.resources.marks import PLAN_TAG

GONE_WITHIN_S = 600
RECOVERED_WITHIN_S = 1800

_BUSY = ("ResourceContention", "ScalingActivityInProgress")
"""Auto Scaling API reference: an update to the group is pending, or a scaling activity goes on; both pass."""


def describe_group(name: str) -> Read:
    """Read one group; one that is not there is an empty list."""
    params = {"AutoScalingGroupNames": [name]}
    return Read(service="autoscaling", operation="DescribeAutoScalingGroups", params=params)


def _call(operation: str, group: str, **params: Json) -> Instruction:
    return Instruction(
        kind="call",
        service="autoscaling",
        operation=operation,
        params={"AutoScalingGroupName": group, **params},
        retry=Retry(codes=_BUSY, within_s=120),
    )


def create_group(group: str, params: Mapping[str, Json], roles: Sequence[str]) -> Instruction:
    """Create a group; `roles` are those of its instances, which the caller hands on to them."""
    passed = tuple(Grant(service="iam", operation="PassRole", params={"RoleArn": role}) for role in roles)
    return _call("CreateAutoScalingGroup", group, **params).model_copy(update={"grants": passed})


def delete_group(group: str) -> Instruction:
    """Delete a group that has no instance any more; never by force, which would terminate instances.

    One that is being terminated is waited for.
    """
    retry = Retry(codes=(*_BUSY, "ResourceInUse"), within_s=GONE_WITHIN_S)
    return _call("DeleteAutoScalingGroup", group).model_copy(update={"retry": retry})


def group_is_absent(group: str) -> Check:
    """There is no such group."""
    return Check(
        read=describe_group(group),
        query="AutoScalingGroups[].AutoScalingGroupName",
        op="empty",
        says=f"there is no group {group}",
    )


def group_is_ours(group: str, plan_id: str) -> Check:
    """The group was made by this plan."""
    return Check(
        read=describe_group(group),
        query=f"AutoScalingGroups[0].Tags[?Key=='{PLAN_TAG}'].Value | [0]",
        op="equals",
        value=plan_id,
        says=f"group {group} is this plan's",
    )


def group_exists(group: str) -> Check:
    """There is such a group, whoever made it."""
    return Check(
        read=describe_group(group),
        query="AutoScalingGroups[].AutoScalingGroupName",
        op="present",
        says=f"there is a group {group}",
    )


def put_hook(group: str, hook: str, transition: str, heartbeat_s: int, result: str) -> Instruction:
    """Hold every instance on its way in or out until somebody completes the action."""
    return _call(
        "PutLifecycleHook",
        group,
        LifecycleHookName=hook,
        LifecycleTransition=f"autoscaling:EC2_INSTANCE_{transition}",
        HeartbeatTimeout=heartbeat_s,
        DefaultResult=result,
    )


def delete_hook(group: str, hook: str) -> Instruction:
    """Delete a hook; what waits in it goes on."""
    return _call("DeleteLifecycleHook", group, LifecycleHookName=hook)


def hook_is(group: str, hook: str, heartbeat_s: int | None) -> Check:
    """The group has that hook with that heartbeat, or has none of that name."""
    params = {"AutoScalingGroupName": group}
    return Check(
        read=Read(service="autoscaling", operation="DescribeLifecycleHooks", params=params),
        query=f"LifecycleHooks[?LifecycleHookName=='{hook}'].HeartbeatTimeout | [0]",
        op="empty" if heartbeat_s is None else "equals",
        value=heartbeat_s,
        says=f"group {group} has {'no' if heartbeat_s is None else 'the'} hook {hook}",
    )


def suspend(group: str, processes: Sequence[str]) -> Instruction:
    """Suspend processes of a group."""
    return _call("SuspendProcesses", group, ScalingProcesses=list(processes))


def resume(group: str, processes: Sequence[str]) -> Instruction:
    """Resume processes of a group."""
    return _call("ResumeProcesses", group, ScalingProcesses=list(processes))


def processes_are(group: str, processes: Sequence[str], *, suspended: bool) -> Check:
    """All of these processes are suspended, or none is."""
    return Check(
        read=describe_group(group),
        query="AutoScalingGroups[0].SuspendedProcesses[].ProcessName",
        op="contains" if suspended else "excludes",
        value=list(processes),
        says=f"{', '.join(processes)} of {group} {'are suspended' if suspended else 'are not suspended'}",
    )


def enable_metrics(group: str, metrics: Sequence[str]) -> Instruction:
    """Publish group metrics every minute."""
    return _call("EnableMetricsCollection", group, Granularity="1Minute", Metrics=list(metrics))


def disable_metrics(group: str, metrics: Sequence[str]) -> Instruction:
    """Stop publishing them."""
    return _call("DisableMetricsCollection", group, Metrics=list(metrics))


def metrics_are(group: str, metrics: Sequence[str], *, on: bool) -> Check:
    """All of these metrics are published, or none is."""
    return Check(
        read=describe_group(group),
        query="AutoScalingGroups[0].EnabledMetrics[].Metric",
        op="contains" if on else "excludes",
        value=list(metrics),
        says=f"group {group} {'publishes' if on else 'does not publish'} {', '.join(metrics)}",
    )


def attach_instance(group: str, instance: str) -> Instruction:
    """Put a running instance under the group; its desired capacity grows by one."""
    return _call("AttachInstances", group, InstanceIds=[instance])


def detach_instances(group: str, change_id: str) -> Instruction:
    """Take whatever instance the group has by then out of it, alive; the desired capacity shrinks with it.

    AWS detaches only what is in service, so while one instance replaces another this waits for the recovery.
    """
    instruction = _call(
        "DetachInstances",
        group,
        InstanceIds=reference(change_id, "instances"),
        ShouldDecrementDesiredCapacity=True,
    )
    retry = Retry(codes=(*_BUSY, "ValidationError"), within_s=RECOVERED_WITHIN_S)
    return instruction.model_copy(update={"retry": retry})


def group_is_empty(group: str) -> Check:
    """The group has no instance and wants none."""
    return Check(
        read=describe_group(group),
        query="AutoScalingGroups[?DesiredCapacity > `0` || Instances].AutoScalingGroupName",
        op="empty",
        says=f"group {group} has no instance",
    )


def group_has_instance(group: str) -> Check:
    """The group has an instance, on its way in, in service, or on its way out."""
    return Check(
        read=describe_group(group),
        query="AutoScalingGroups[0].Instances[].InstanceId",
        op="present",
        says=f"group {group} has an instance",
    )


def instances_of(group: str) -> Query:
    """The ids of the group's instances but those kept after an abandoned hook, which AWS never detaches."""
    return Query(
        read=describe_group(group),
        query="AutoScalingGroups[0].Instances[?LifecycleState!='Terminating:Retained'].InstanceId",
    )


def group_is_in_service(group: str) -> Check:
    """An instance of the group is in service; which one may change with every recovery."""
    return Check(
        read=describe_group(group),
        query="AutoScalingGroups[0].Instances[?LifecycleState=='InService'].InstanceId",
        op="present",
        says=f"an instance of group {group} is in service",
    )


def set_sizes(group: str, **sizes: int) -> Instruction:
    """Set the group's MinSize, MaxSize or DesiredCapacity."""
    return _call("UpdateAutoScalingGroup", group, **sizes)


def min_size_is(group: str, size: int, *, so: bool) -> Check:
    """The group's MinSize is that, or it is not (any more, or because the group is gone)."""
    return Check(
        read=describe_group(group),
        query=f"AutoScalingGroups[?MinSize==`{size}`].AutoScalingGroupName",
        op="present" if so else "empty",
        says=f"MinSize of group {group} is {'' if so else 'not '}{size}",
    )


def attach_target_groups(group: str, arns: Sequence[str]) -> Instruction:
    """Let the group register its instances with target groups."""
    return _call("AttachLoadBalancerTargetGroups", group, TargetGroupARNs=list(arns))


def target_groups_are(group: str, arns: Sequence[str], *, attached: bool) -> Check:
    """All of these target groups belong to the group, or none does."""
    return Check(
        read=describe_group(group),
        query="AutoScalingGroups[0].TargetGroupARNs",
        op="contains" if attached else "excludes",
        value=list(arns),
        says=f"group {group} {'has' if attached else 'does not have'} {len(arns)} target group(s)",
    )
