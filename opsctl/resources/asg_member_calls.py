"""Auto Scaling: provoking the replacement of one instance, and choosing the zones of a group meanwhile."""

from collections.abc import Sequence

from opsctl.model.changes import Change, Check, Instruction, Irreversible, Proof, Risk, Severity
from opsctl.resources.asg_calls import describe_group

TERMINATE = "autoscaling.TerminateInstanceInAutoScalingGroup"
SET_HEALTH = "autoscaling.SetInstanceHealth"


def terminate_member(instance: str) -> Instruction:
    """Let the group end one instance, through its hooks, and replace it."""
    return _call(TERMINATE, InstanceId=instance, ShouldDecrementDesiredCapacity=False)


def set_unhealthy(instance: str) -> Instruction:
    """Tell the group that an instance has failed, whatever its grace period; it replaces it by itself."""
    return _call(SET_HEALTH, InstanceId=instance, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False)


def serves(group: str, instance: str, *, so: bool, healthy: bool = False) -> Check:
    """The instance is in service in the group (and healthy), or it is not (any more)."""
    also = " && HealthStatus=='Healthy'" if healthy else ""
    words = "in service and healthy" if healthy else "in service"
    member = f"InstanceId=='{instance}' && LifecycleState=='InService'{also}"
    return Check(
        read=describe_group(group),
        query=f"AutoScalingGroups[0].Instances[?{member}].InstanceId",
        op="present" if so else "empty",
        says=f"{instance} is {'' if so else 'not '}{words} in group {group}",
    )


def launched_elsewhere(group: str, instance: str, zone: str, *, so: bool = True) -> Check:
    """The group has launched a replacement in another zone, or has not."""
    other = f"InstanceId!='{instance}' && AvailabilityZone!='{zone}'"
    return Check(
        read=describe_group(group),
        query=f"AutoScalingGroups[0].Instances[?{other}].InstanceId",
        op="present" if so else "empty",
        says=f"group {group} has launched {'a' if so else 'no'} replacement in another zone than {zone}",
    )


def set_subnets(group: str, subnets: Sequence[str]) -> Instruction:
    """Set the subnets in which a group launches."""
    return _call(
        "autoscaling.UpdateAutoScalingGroup",
        AutoScalingGroupName=group,
        VPCZoneIdentifier=",".join(subnets),
    )


def subnets_are(group: str, subnets: Sequence[str]) -> Check:
    """The group launches in exactly these subnets, in whatever order AWS lists them."""
    listed = " && ".join(f"contains(VPCZoneIdentifier, '{one}')" for one in subnets)
    length = len(",".join(subnets))
    return Check(
        read=describe_group(group),
        query=f"AutoScalingGroups[?{listed} && length(VPCZoneIdentifier)==`{length}`].AutoScalingGroupName",
        op="present",
        says=f"group {group} launches in {', '.join(subnets)} only",
    )


def _call(api: str, **params: object) -> Instruction:
    service, _, operation = api.partition(".")
    return Instruction(kind="call", service=service, operation=operation, params=params)


def ending(
    call: Instruction, group: str, instance: str, *, title: str, why: str, because: str, healthy: bool
) -> Change:
    """Return the change: it is sent only while that very instance is in service, so it never ends a replacement.

    `healthy` asks for more: that the group takes it for healthy, which is what the call alters. `because` says why
    nothing brings it back.
    """
    return Change(
        **dict(call),
        id=instance,
        title=title,
        why=why,
        expect=(serves(group, instance, so=True, healthy=healthy),),
        proof=Proof(configured=(serves(group, instance, so=False, healthy=healthy),), within_s=60),
        undo=Irreversible(because=because),
        risk=Risk(
            severity=Severity.SEVERE,
            affects=(instance,),
            note="The instance is terminated; the service is down until its replacement is in service.",
        ),
    )
