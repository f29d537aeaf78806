"""Auto Scaling: taking a group apart while it acts by itself."""

from opsctl.model.changes import Check, Instruction, Query
from opsctl.model.reads import Read
from opsctl.model.value import Json
from opsctl.resources.asg_calls import describe_group
from opsctl.resources.asg_member_calls import terminate_member

KEPT = "Terminating:Retained"
_INSTANCES = "AutoScalingGroups[0].Instances"


def none_in_service(group: str) -> Check:
    """No instance of the group is in service, whatever is on its way."""
    return _empty(
        group, f"{_INSTANCES}[?LifecycleState=='InService'].InstanceId", f"no instance of {group} is in service"
    )


def none_ever_launched(group: str) -> Check:
    """No launch of the group has come to its end; AWS remembers them for six weeks (DescribeScalingActivities)."""
    params = {"AutoScalingGroupName": group}
    return Check(
        read=Read(service="autoscaling", operation="DescribeScalingActivities", params=params),
        query="Activities[?starts_with(Description, 'Launching') && StatusCode=='Successful'].ActivityId",
        op="empty",
        says=f"no launch of {group} has finished",
    )


def none_is_pending(group: str) -> Check:
    """No instance is on its way to a hook: whichever was launched waits in one, or is past it."""
    return _empty(
        group, f"{_INSTANCES}[?LifecycleState=='Pending'].InstanceId", f"no instance of {group} is Pending"
    )


def none_on_its_way(group: str) -> Check:
    """Every instance of the group is in service, or kept after an abandoned hook."""
    states = f"LifecycleState!='InService' && LifecycleState!='{KEPT}'"
    return _empty(group, f"{_INSTANCES}[?{states}].InstanceId", f"no instance of {group} is on its way in or out")


def none_but_kept(group: str) -> Check:
    """The group has no instance, but for those that it keeps after an abandoned hook."""
    return _empty(group, f"{_INSTANCES}[?LifecycleState!='{KEPT}'].InstanceId", f"{group} has no instance")


def none_kept(group: str) -> Check:
    """The group keeps no instance whose hook of termination was abandoned."""
    return _empty(group, _kept(), f"{group} retains no instance after an abandoned hook")


def one_kept(group: str) -> Check:
    """The group keeps such an instance."""
    return none_kept(group).model_copy(
        update={"op": "present", "says": f"{group} retains an instance after an abandoned hook"}
    )


def kept_instance(group: str) -> Query:
    """The id of the first instance that the group keeps."""
    return Query(read=describe_group(group), query=f"{_kept()} | [0]")


def end_kept(instance: Json) -> Instruction:
    """Let the group end an instance that it keeps; no other call does."""
    return terminate_member(instance)


def wants_none(group: str) -> Check:
    """The group launches nothing in the place of what it has not got."""
    query = "AutoScalingGroups[?DesiredCapacity > `0`].AutoScalingGroupName"
    return _empty(group, query, f"desired capacity of {group} is 0")


def wants_or_has_one(group: str) -> Check:
    """The group has an instance, or wants one."""
    return Check(
        read=describe_group(group),
        query="AutoScalingGroups[?DesiredCapacity > `0` || Instances].AutoScalingGroupName",
        op="present",
        says=f"group {group} has an instance, or a desired capacity above 0",
    )


def _kept() -> str:
    return f"{_INSTANCES}[?LifecycleState=='{KEPT}'].InstanceId"


def _empty(group: str, query: str, says: str) -> Check:
    return Check(read=describe_group(group), query=query, op="empty", says=says)
