"""Judges load balancers, alarms and the topic."""

from collections.abc import Iterator

from opsctl.ha.checks.preflight_finding import (
    ALL_MODES,
    GROUP_ONLY,
    STANDBY_ONLY,
    PreflightFinding,
    accept,
    block,
    carry,
)
from opsctl.ha.checks.topic import check_topic
from opsctl.ha.inventory import Inventory
from opsctl.model.value import Json, Value

_STATUS_CHECKS = {"SystemStatus": "system", "InstanceStatus": "instance", "AttachedEbsStatus": "attached EBS"}


class Registration(Value):
    """A target group that the instance is registered with by its id, and what its health check says now."""

    arn: str
    name: str
    port: int
    health: str = ""
    group_port: int = 0


def registrations(inventory: Inventory) -> tuple[Registration, ...]:
    """List where the instance is registered by its id; a target that is draining has been taken out already."""
    groups = (inventory.answers.get("target-groups") or {}).get("TargetGroups", [])
    ports = {one["TargetGroupArn"]: int(one.get("Port", 0)) for one in groups}
    return tuple(
        Registration(
            arn=arn,
            name=arn.split("/")[1],
            port=int(one["Target"].get("Port", 0)),
            health=str((one.get("TargetHealth") or {}).get("State", "")),
            group_port=ports.get(arn, 0),
        )
        for name, answer in inventory.answers.items()
        if name.startswith("health ")
        for arn in [name.removeprefix("health ")]
        for one in (answer or {}).get("TargetHealthDescriptions", [])
        if one["Target"]["Id"] == inventory.id
        if (one.get("TargetHealth") or {}).get("State") != "draining"
    )


def check_traffic(inventory: Inventory) -> Iterator[PreflightFinding]:
    """What sends traffic to the instance, and what acts on it."""
    for one in registrations(inventory):
        why = "every replacement is registered there, and its health check counts"
        yield carry("target-group", f"target group {one.name}, port {one.port}", why, GROUP_ONLY)
        if one.group_port and one.port != one.group_port:
            why = (
                "a group registers its instances on the target group's own port, and replaces those that "
                "fail there"
            )
            what = f"it is registered with {one.name} on port {one.port}, whose own port is {one.group_port}"
            yield block("target-port", what, why, GROUP_ONLY)
    failing = [f"the health check of {one.name}" for one in registrations(inventory) if one.health == "unhealthy"]
    failing += list(_failing_status_checks(inventory))
    if failing and not inventory.wanted.fresh:
        why = "the group would replace it as unhealthy, minutes after it is attached"
        what = f"it fails {', '.join(failing)} now"
        yield accept("unhealthy-now", what, why, GROUP_ONLY)
        why = "the alarm would fire minutes after it is created, and the standby would take over at once"
        yield accept("unhealthy-now", what, why, STANDBY_ONLY)
    for balancer in (inventory.answers.get("classic-balancers") or {}).get("LoadBalancerDescriptions", []):
        if any(one.get("InstanceId") == inventory.id for one in balancer.get("Instances", [])):
            why = "register replacements by hand, or move to a target group first"
            yield block(
                "classic-balancer", f"Classic Load Balancer {balancer['LoadBalancerName']} sends to it", why
            )
    alarms = sorted({str(one["AlarmName"]) for one in acting_alarms(inventory)})
    if alarms:
        why = "they act independently of the group, and still name the old instance after a replacement"
        yield accept("acting-alarms", f"alarm actions target it: {', '.join(alarms)}", why, ALL_MODES)
    if inventory.wanted.topic:
        yield from check_topic(inventory)


def acting_alarms(inventory: Inventory) -> list[Json]:
    """List the alarms that do something to the instance by themselves, by EC2 actions of either kind.

    EC2 user guide, UsingAlarmActions: `automate` ARNs, and `swf` ones that the console used to make.
    """
    return [
        one
        for name in ("alarms", "old-alarms")
        for one in (inventory.answers.get(name) or {}).get("MetricAlarms", [])
        if {"Name": "InstanceId", "Value": inventory.id} in one.get("Dimensions", [])
    ]


def _failing_status_checks(inventory: Inventory) -> Iterator[str]:
    for status in (inventory.answers.get("status") or {}).get("InstanceStatuses", []):
        for name, words in _STATUS_CHECKS.items():
            if (status.get(name) or {}).get("Status") == "impaired":
                yield f"AWS's {words} status check"
