"""Auto Scaling groups answered by the sandbox's own engine; moto's launch everything at once and know no hooks."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from opsctl.sandbox import scaling_checks as checks
from opsctl.sandbox.conditions import conditions
from opsctl.sandbox.scaling import Scaling
from opsctl.sandbox.scaling_checks import invalid
from opsctl.sandbox.scaling_launch import GROUP_TAG, group_tags
from opsctl.sandbox.scaling_model import Group, Member, Wait

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


def install() -> None:
    """Answer the calls about groups, instances, hooks and activities."""
    from moto.autoscaling.responses import AutoScalingResponse

    for method in _CALLS:
        setattr(AutoScalingResponse, method.__name__, _answered(method))
    AutoScalingResponse.call_action = caught_up(AutoScalingResponse.call_action)


def caught_up(method: Callable[..., Any]) -> Callable[..., Any]:
    """Each call finds the account as it is by now."""

    def called(self: Any) -> Any:
        conditions(self.current_account).timeline.catch_up()
        return method(self)

    return called


def scaling_of(account: str, region: str) -> Scaling:
    """The Auto Scaling of an account and region; it lives and dies with moto's own."""
    from moto.autoscaling.models import autoscaling_backends

    kept = autoscaling_backends[account][region].__dict__
    found: Scaling = kept.setdefault("opsctl_scaling", Scaling(account, region))
    return found


def _answered(method: Callable[[Scaling, dict[str, Any]], dict[str, Any] | None]) -> Callable[..., Any]:
    def called(self: Any) -> Any:
        from moto.core.responses import ActionResult, EmptyResult

        with conditions(self.current_account).timeline.lock:
            answer = method(scaling_of(self.current_account, self.region), self._get_params())
        return EmptyResult() if answer is None else ActionResult(answer)

    return called


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


def describe_auto_scaling_instances(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    wanted = asked.get("InstanceIds")
    found = [
        member.shown() | {"AutoScalingGroupName": group.name, "HealthStatus": member.health.upper()}
        for group in scaling.groups.values()
        for member in group.members
        if not wanted or member.instance_id in wanted
    ]
    return {"AutoScalingInstances": found}


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


def describe_instance_refreshes(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    """None: instance refreshes cannot be started in the sandbox."""
    checks.group(scaling, asked)
    return {"InstanceRefreshes": []}


def put_lifecycle_hook(scaling: Scaling, asked: dict[str, Any]) -> None:
    group = checks.group(scaling, asked)
    hook = checks.hook(asked, group.hooks.get(asked["LifecycleHookName"]))
    group.hooks[hook.name] = hook


def describe_lifecycle_hooks(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    group = checks.group(scaling, asked)
    names = asked.get("LifecycleHookNames") or list(group.hooks)
    return {"LifecycleHooks": [group.hooks[name].shown(group.name) for name in names if name in group.hooks]}


def delete_lifecycle_hook(scaling: Scaling, asked: dict[str, Any]) -> None:
    """Pending actions are completed: ABANDON for launching instances, CONTINUE for terminating ones."""
    group = checks.group(scaling, asked)
    name = asked["LifecycleHookName"]
    if name not in group.hooks:
        raise invalid(f"No Lifecycle Hook found with name {name} for group {group.name}")
    hook = group.hooks.pop(name)
    result = "ABANDON" if hook.transition.endswith("LAUNCHING") else "CONTINUE"
    for member in list(group.members):
        if name in member.waits:
            scaling.complete(group, member, member.waits[name], result)


def complete_lifecycle_action(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    result = asked["LifecycleActionResult"]
    if result not in ("CONTINUE", "ABANDON"):
        raise invalid(f"Lifecycle action result must be CONTINUE or ABANDON, not {result}")
    group, member, wait = _active(scaling, asked)
    scaling.completed.append((member.instance_id, wait.hook.name, result))
    scaling.complete(group, member, wait, result)
    return {}


def record_lifecycle_action_heartbeat(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    _, _, wait = _active(scaling, asked)
    scaling.heartbeat(wait)
    return {}


def _active(scaling: Scaling, asked: dict[str, Any]) -> tuple[Group, Member, Wait]:
    group = checks.group(scaling, asked)
    name, token, instance = asked["LifecycleHookName"], asked.get("LifecycleActionToken"), asked.get("InstanceId")
    if name not in group.hooks:
        raise invalid(f"No Lifecycle Hook found with name {name} for group {group.name}")
    for member in group.members:
        wait = member.waits.get(name)
        if wait and (wait.token == token if token else member.instance_id == instance):
            return group, member, wait
    found = f"token {token}" if token else f"instance ID {instance}"
    raise invalid(f"No active Lifecycle Action found with {found}")


def describe_account_settings(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    value = "true" if scaling.about.faults.launch_before_terminate else "false"
    known = {"Name": "launchBeforeTerminate", "Value": value, "DefaultValue": "false"}
    return {"Settings": [known] if asked.get("Name", known["Name"]) == known["Name"] else []}


def put_account_setting(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    if asked["Name"] != "launchBeforeTerminate":
        raise invalid(f"Unknown account setting {asked['Name']}")
    scaling.about.faults.launch_before_terminate = asked["Value"] == "true"
    return {}


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


def set_instance_protection(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    group = checks.group(scaling, asked)
    for one in asked["InstanceIds"]:
        checks.member(scaling, one, group).protected = bool(asked["ProtectedFromScaleIn"])
    return {}


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


_CALLS: tuple[Callable[[Scaling, dict[str, Any]], dict[str, Any] | None], ...] = (
    create_auto_scaling_group,
    update_auto_scaling_group,
    set_desired_capacity,
    describe_auto_scaling_groups,
    describe_auto_scaling_instances,
    delete_auto_scaling_group,
    attach_instances,
    detach_instances,
    terminate_instance_in_auto_scaling_group,
    set_instance_health,
    suspend_processes,
    resume_processes,
    describe_scaling_activities,
    describe_instance_refreshes,
    put_lifecycle_hook,
    describe_lifecycle_hooks,
    delete_lifecycle_hook,
    complete_lifecycle_action,
    record_lifecycle_action_heartbeat,
    describe_account_settings,
    put_account_setting,
    enable_metrics_collection,
    disable_metrics_collection,
    attach_load_balancer_target_groups,
    detach_load_balancer_target_groups,
    describe_load_balancer_target_groups,
    set_instance_protection,
    create_or_update_tags,
    delete_tags,
    describe_tags,
)
