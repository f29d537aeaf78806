"""Calls about Auto Scaling groups themselves: settings, size, processes and activities, and the account's."""

from dataclasses import replace
from typing import Any

from opsctl.sandbox.engine import scaling_checks as checks
from opsctl.sandbox.engine.scaling import Scaling
from opsctl.sandbox.engine.scaling_checks import invalid
from opsctl.sandbox.engine.scaling_model import Group

_KEPT = (
    "DefaultCooldown",
    "HealthCheckType",
    "HealthCheckGracePeriod",
    "PlacementGroup",
    "TerminationPolicies",
    "NewInstancesProtectedFromScaleIn",
    "CapacityRebalance",
    "DeletionProtection",
    "MaxInstanceLifetime",
    "Context",
    "DefaultInstanceWarmup",
    "InstanceMaintenancePolicy",
    "AvailabilityZoneDistribution",
    "AvailabilityZoneImpairmentPolicy",
    "CapacityReservationSpecification",
    "InstanceLifecyclePolicy",
)


def create_auto_scaling_group(scaling: Scaling, asked: dict[str, Any]) -> None:
    name = asked["AutoScalingGroupName"]
    if name in scaling.groups:
        raise checks.fault(
            "AlreadyExists",
            f"AutoScalingGroup by this name already exists - A group with the name {name} already exists",
        )
    template = checks.template(scaling, asked.get("LaunchTemplate"))
    group = Group(
        name=name,
        account=scaling.account,
        region=scaling.region,
        created=scaling.about.moment(),
        template=template,
        settings={key: asked[key] for key in _KEPT if key in asked},
        subnets=checks.subnets(scaling, asked.get("VPCZoneIdentifier") or ""),
        tags=[dict(tag) for tag in asked.get("Tags") or []],
        target_groups=checks.target_groups(scaling, asked.get("TargetGroupARNs") or []),
    )
    checks.settings(group)
    for spec in asked.get("LifecycleHookSpecificationList") or []:
        hook = checks.hook(spec)
        group.hooks[hook.name] = hook
    _resize(group, asked)
    scaling.groups[name] = group
    scaling.balance(group, "a user request created an AutoScalingGroup changing the desired capacity.")
    scaling.watch()


def update_auto_scaling_group(scaling: Scaling, asked: dict[str, Any]) -> None:
    group = checks.group(scaling, asked)
    changed = replace(group, settings=group.settings | {key: asked[key] for key in _KEPT if key in asked})
    policy = changed.settings.get("InstanceMaintenancePolicy") or {}
    if policy.get("MinHealthyPercentage") == -1:
        del changed.settings["InstanceMaintenancePolicy"]
    checks.settings(changed)
    _resize(changed, asked)
    if "LaunchTemplate" in asked:
        changed.template = checks.template(scaling, asked["LaunchTemplate"])
    if asked.get("VPCZoneIdentifier"):
        changed.subnets = checks.subnets(scaling, asked["VPCZoneIdentifier"])
    for name in ("settings", "min_size", "max_size", "desired", "template", "subnets"):
        setattr(group, name, getattr(changed, name))
    scaling.balance(group, "a user request update of AutoScalingGroup constraints changed the desired capacity.")


def _resize(group: Group, asked: dict[str, Any]) -> None:
    low = int(asked.get("MinSize", group.min_size))
    high = int(asked.get("MaxSize", group.max_size))
    if low > high:
        raise invalid("Max bound, " + f"{high}, must be greater than or equal to min bound, {low}")
    desired = asked.get("DesiredCapacity")
    if desired is None:
        desired = min(max(group.desired, low), high)
    if not low <= int(desired) <= high:
        raise invalid(
            f"Desired capacity:{desired} must be between the specified min size:{low} and max size:{high}"
        )
    group.min_size, group.max_size, group.desired = low, high, int(desired)


def set_desired_capacity(scaling: Scaling, asked: dict[str, Any]) -> None:
    group = checks.group(scaling, asked)
    wanted = int(asked["DesiredCapacity"])
    if not group.min_size <= wanted <= group.max_size:
        bound, side = (group.max_size, "above max") if wanted > group.max_size else (group.min_size, "below min")
        raise invalid(f"New SetDesiredCapacity value {wanted} is {side} value {bound} for the AutoScalingGroup.")
    group.desired = wanted
    scaling.balance(group, f"a user request explicitly set group desired capacity to {wanted}.")


def describe_auto_scaling_groups(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    names = asked.get("AutoScalingGroupNames") or list(scaling.groups)
    found = [scaling.groups[name].shown() for name in names if name in scaling.groups]
    for one in asked.get("Filters") or []:
        found = [group for group in found if _passes(group["Tags"], one)]
    return {"AutoScalingGroups": found}


def _passes(tags: list[dict[str, Any]], wanted: dict[str, Any]) -> bool:
    kind, values = wanted["Name"], wanted["Values"]
    if kind.startswith("tag:"):
        return any(tag["Key"] == kind[4:] and tag["Value"] in values for tag in tags)
    return any(tag["Key" if kind == "tag-key" else "Value"] in values for tag in tags)


def delete_auto_scaling_group(scaling: Scaling, asked: dict[str, Any]) -> None:
    group = checks.group(scaling, asked)
    force = bool(asked.get("ForceDelete"))
    protection = group.settings.get("DeletionProtection", "none")
    if protection == "prevent-all-deletion" or (protection == "prevent-force-deletion" and force):
        raise invalid(f"The AutoScalingGroup {group.name} is protected from deletion ({protection}).")
    if group.members and not force:
        raise checks.fault(
            "ResourceInUse",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) "
            "still in the group.",
        )
    group.deleting = True
    group.desired = group.min_size = 0
    for member in list(group.members):
        scaling.terminate(group, member, "the group was deleted by force.", hooks=False, replace=False)
    if not group.members:
        scaling.groups.pop(group.name, None)


def suspend_processes(scaling: Scaling, asked: dict[str, Any]) -> None:
    group = checks.group(scaling, asked)
    moment = scaling.about.moment()
    for name in checks.processes(asked):
        group.suspended.setdefault(name, f"User suspended at {moment:%Y-%m-%dT%H:%M:%SZ}")


def resume_processes(scaling: Scaling, asked: dict[str, Any]) -> None:
    group = checks.group(scaling, asked)
    for name in checks.processes(asked):
        group.suspended.pop(name, None)
    scaling.watch()


def describe_scaling_activities(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    name = asked.get("AutoScalingGroupName")
    groups = [checks.group(scaling, asked)] if name else list(scaling.groups.values())
    found = [activity.shown(group) for group in groups for activity in group.activities]
    wanted = asked.get("ActivityIds")
    return {"Activities": [one for one in found if not wanted or one["ActivityId"] in wanted]}


def describe_account_settings(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    value = "true" if scaling.about.faults.launch_before_terminate else "false"
    known = {"Name": "launchBeforeTerminate", "Value": value, "DefaultValue": "false"}
    return {"Settings": [known] if asked.get("Name", known["Name"]) == known["Name"] else []}


def put_account_setting(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    if asked["Name"] != "launchBeforeTerminate":
        raise invalid(f"Unknown account setting {asked['Name']}")
    scaling.about.faults.launch_before_terminate = asked["Value"] == "true"
    return {}


CALLS = (
    create_auto_scaling_group,
    update_auto_scaling_group,
    set_desired_capacity,
    describe_auto_scaling_groups,
    delete_auto_scaling_group,
    suspend_processes,
    resume_processes,
    describe_scaling_activities,
    describe_account_settings,
    put_account_setting,
)
