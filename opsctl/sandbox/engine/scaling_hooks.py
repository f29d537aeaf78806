"""Calls about lifecycle hooks, and the instances that wait in them."""

from typing import Any

from opsctl.sandbox.engine import scaling_checks as checks
from opsctl.sandbox.engine.scaling import Scaling
from opsctl.sandbox.engine.scaling_checks import invalid
from opsctl.sandbox.engine.scaling_model import Group, Member, Wait


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


CALLS = (
    put_lifecycle_hook,
    describe_lifecycle_hooks,
    delete_lifecycle_hook,
    complete_lifecycle_action,
    record_lifecycle_action_heartbeat,
)
