"""Calls about the instances of Auto Scaling groups."""

from typing import Any

from opsctl.sandbox.engine import scaling_checks as checks
from opsctl.sandbox.engine.scaling import Scaling
from opsctl.sandbox.engine.scaling_checks import invalid
from opsctl.sandbox.engine.scaling_launch import GROUP_TAG, group_tags
from opsctl.sandbox.engine.scaling_model import Member


def describe_auto_scaling_instances(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    wanted = asked.get("InstanceIds")
    found = [
        member.shown() | {"AutoScalingGroupName": group.name, "HealthStatus": member.health.upper()}
        for group in scaling.groups.values()
        for member in group.members
        if not wanted or member.instance_id in wanted
    ]
    return {"AutoScalingInstances": found}


def attach_instances(scaling: Scaling, asked: dict[str, Any]) -> None:
    group = checks.group(scaling, asked)
    ids = asked.get("InstanceIds") or []
    if "Launch" in group.suspended:
        # AWS says the same, with its own verb, when an instance is to come back from Standby.
        raise invalid(
            f"Cannot attach instances to AutoScalingGroup {group.name} while the Launch process is suspended"
        )
    instances = [checks.attachable(scaling, group, one) for one in ids]
    if group.desired + len(ids) > group.max_size:
        raise invalid(checks.sizes(group, "attach", len(ids)))
    group.desired += len(ids)
    for instance in instances:
        # Hooks do not run on attach (fact 6); the group's tags overwrite the instance's.
        instance.add_tags(group_tags(group))
        member = Member(
            instance_id=instance.id,
            instance_type=instance.instance_type,
            zone=instance.placement.zone,
            image_id=instance.image_id,
            template=None,
            state="InService",
            in_service_at=scaling.about.now(),
        )
        group.members.append(member)
        activity = scaling.note(
            group, f"Attaching an existing EC2 instance: {instance.id}", instance.placement.zone
        )
        activity.end("Successful", scaling.about.moment())
    scaling.register(group, ids)
    scaling.watch()


def detach_instances(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    group = checks.group(scaling, asked)
    members = [checks.member(scaling, one, group) for one in asked.get("InstanceIds") or []]
    for member in members:
        if member.state not in ("InService", "Standby"):
            raise invalid(f"The instance {member.instance_id} is not in InService or Standby.")
    less = bool(asked.get("ShouldDecrementDesiredCapacity"))
    if less and group.desired - len(members) < group.min_size:
        raise invalid(checks.sizes(group, "detach", len(members)))
    group.desired -= len(members) if less else 0
    shown = []
    for member in members:
        # No hook runs (fact 6); of the tags only the group's name is taken away.
        group.members.remove(member)
        scaling.deregister(group, [member.instance_id])
        scaling.ec2.delete_tags([member.instance_id], {GROUP_TAG: group.name})
        activity = scaling.note(group, f"Detaching EC2 instance: {member.instance_id}", member.zone)
        activity.end("Successful", scaling.about.moment())
        shown.append(activity.shown(group))
    scaling.balance(group, "instances were detached in response to a user request.")
    return {"Activities": shown}


def terminate_instance_in_auto_scaling_group(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    member = checks.member(scaling, asked["InstanceId"])
    group = scaling.group_of(member.instance_id)
    assert group is not None  # noqa: S101 - it has this member
    if member.state == "Terminating:Retained":
        return {"Activity": scaling.release(group, member).shown(group)}
    if member.state.startswith("Terminating"):
        raise checks.fault(
            "ScalingActivityInProgress", f"Instance {member.instance_id} is being terminated already."
        )
    if asked.get("ShouldDecrementDesiredCapacity"):
        if group.desired - 1 < group.min_size:
            raise invalid(
                f"Currently, desiredSize equals minSize ({group.min_size}). Terminating instance without "
                "replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity "
                "flag to false or lower group's min size."
            )
        group.desired -= 1
    cause = f"instance {member.instance_id} was taken out of service in response to a user request."
    return {"Activity": scaling.terminate(group, member, cause).shown(group)}


def set_instance_health(scaling: Scaling, asked: dict[str, Any]) -> None:
    status = asked["HealthStatus"]
    if status not in ("Healthy", "Unhealthy"):
        raise invalid("Valid instance health states are: [Healthy, Unhealthy]")
    member = checks.member(scaling, asked["InstanceId"])
    group = scaling.group_of(member.instance_id)
    assert group is not None  # noqa: S101 - it has this member
    grace = float(group.settings.get("HealthCheckGracePeriod") or 0)
    young = scaling.about.now() < member.in_service_at + grace
    if status == "Unhealthy" and young and asked.get("ShouldRespectGracePeriod", True):
        return
    member.health = status
    # The replacement begins with the next health check, not within this call.
    scaling.watch()


def set_instance_protection(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    group = checks.group(scaling, asked)
    for one in asked["InstanceIds"]:
        checks.member(scaling, one, group).protected = bool(asked["ProtectedFromScaleIn"])
    return {}


CALLS = (
    describe_auto_scaling_instances,
    attach_instances,
    detach_instances,
    terminate_instance_in_auto_scaling_group,
    set_instance_health,
    set_instance_protection,
)
