"""Judges whether a group's recovery would work now: pure, on answers that somebody else has read."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from opsctl.model.value import Json, Value
from opsctl.preflight.expectations import duration
from opsctl.services.ec2 import parse_tags
from opsctl.services.marks import DEVICE_TAG, ROLE_TAG

HOOKS = {
    "opsctl-launch": "autoscaling:EC2_INSTANCE_LAUNCHING",
    "opsctl-terminate": "autoscaling:EC2_INSTANCE_TERMINATING",
}
NEEDED_PROCESSES = ("Launch", "Terminate", "HealthCheck", "ReplaceUnhealthy")
FORBIDDEN_PROCESSES = ("AZRebalance",)
VARIABLE = "OPSCTL_HA"


class Finding(Value):
    """One thing that recovery needs, and how it stands; `wrong` says what to do as well."""

    check: str
    state: Literal["ok", "wrong", "unknown"]
    finding: str


class Configured(Value):
    """What the handler was told to move, out of its environment."""

    addresses: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    snapshot_every_s: int = 0
    allow_data_loss_s: int = 0


def configured(function: Json) -> Configured:
    """Return the handler's configuration; an unreadable one is empty."""
    variables = ((function or {}).get("Configuration", {}).get("Environment") or {}).get("Variables") or {}
    try:
        told = json.loads(variables.get(VARIABLE, "{}"))
    except ValueError:
        return Configured()
    return Configured(
        addresses=tuple(one["allocation_id"] for one in told.get("addresses", [])),
        devices=tuple(told.get("devices", [])),
        snapshot_every_s=int(told.get("snapshot_every_s", 0)),
        allow_data_loss_s=int(told.get("allow_data_loss_s", 0)),
    )


def judge_health(group: Json, answers: dict[str, Json], now: float) -> Iterator[Finding]:
    """Judge everything that could be read, in the order in which a recovery needs it."""
    yield from _group(group)
    if "hooks" in answers:
        yield from _hooks(answers["hooks"])
    if "template" in answers:
        exists = bool(answers["template"].get("LaunchTemplates"))
        yield _judged("launch template", exists, "exists", "is gone: the group can launch nothing")
    if "image" in answers:
        state = ((answers["image"].get("Images") or [{}])[0]).get("State", "gone")
        yield _judged("image", state == "available", "available", f"is {state}: the group can launch nothing")
    yield from _handler(answers)
    config = configured(answers.get("function"))
    instance = _instance_of(group)
    if "addresses" in answers:
        yield from _addresses(config, instance, answers["addresses"])
    if "volumes" in answers:
        yield from _volumes(config, instance, answers["volumes"])
    if "snapshots" in answers:
        yield from _snapshots(config, answers["snapshots"], now)
    if "alarms" in answers:
        yield from _alarms(answers["alarms"])


def _judged(check: str, good: bool, fine: str, wrong: str) -> Finding:
    return Finding(check=check, state="ok" if good else "wrong", finding=fine if good else wrong)


def _instance_of(group: Json) -> str:
    found = [one for one in group.get("Instances", []) if one.get("LifecycleState") == "InService"]
    return str(found[0]["InstanceId"]) if found else ""


def _group(group: Json) -> Iterator[Finding]:
    states = [
        f"{one['InstanceId']} {one['LifecycleState']} in {one['AvailabilityZone']}" for one in group["Instances"]
    ]
    yield _judged(
        "instance",
        bool(_instance_of(group)),
        ", ".join(states),
        ", ".join(states) or "none: the group is empty",
    )
    sizes = (group["MinSize"], group["MaxSize"], group["DesiredCapacity"])
    text = f"{sizes[0]}/{sizes[1]}/{sizes[2]} (min/max/desired)"
    yield _judged(
        "sizes", sizes == (1, 1, 1), text, f"{text}, not 1/1/1: a lost instance is not replaced, or two run"
    )
    zones = [zone for zone in str(group.get("VPCZoneIdentifier", "")).split(",") if zone]
    count = len(group.get("AvailabilityZones") or zones)
    yield _judged("zones", count > 1, f"{count} zones", "one zone: its loss is not survived")
    suspended = {one["ProcessName"] for one in group.get("SuspendedProcesses", [])}
    stopped = sorted(suspended & set(NEEDED_PROCESSES))
    yield _judged(
        "processes",
        not stopped,
        "run as they should",
        f"{', '.join(stopped)} suspended: aws autoscaling resume-processes brings them back",
    )
    loose = sorted(set(FORBIDDEN_PROCESSES) - suspended)
    yield _judged(
        "rebalancing", not loose, "suspended", "AZRebalance runs: it launches a second instance while one is alive"
    )


def _hooks(answer: Json) -> Iterator[Finding]:
    found = {one["LifecycleHookName"]: one.get("LifecycleTransition") for one in answer.get("LifecycleHooks", [])}
    for name, transition in HOOKS.items():
        yield _judged(
            f"hook {name}",
            found.get(name) == transition,
            "in place",
            "missing: nobody waits for volumes and address",
        )


def _handler(answers: dict[str, Json]) -> Iterator[Finding]:
    if "function" in answers:
        state = (answers["function"].get("Configuration") or {}).get("State", "gone")
        yield _judged("handler", state == "Active", "active", f"is {state}: nothing is moved to a replacement")
    for name in ("hooks", "sweep"):
        if f"{name}-rule" in answers and f"{name}-targets" in answers:
            on = answers[f"{name}-rule"].get("State") == "ENABLED" and answers[f"{name}-targets"].get("Targets")
            yield _judged(
                f"rule {name}", bool(on), "on", "off, gone or without its target: the handler is not called"
            )
    if "queue" in answers:
        count = int((answers["queue"].get("Attributes") or {}).get("ApproximateNumberOfMessages", 0))
        words = f"{count} event(s) that could not be dealt with: opsctl dlq inspect"
        yield _judged("dead letters", count == 0, "none", words)


def _addresses(config: Configured, instance: str, answer: Json) -> Iterator[Finding]:
    known = {one.get("AllocationId"): one for one in answer.get("Addresses", [])}
    for allocation in config.addresses:
        one = known.get(allocation)
        if one is None:
            yield Finding(check=f"address {allocation}", state="wrong", finding="released, or without its tag")
            continue
        holder = one.get("InstanceId") or "nobody"
        yield _judged(
            f"address {one.get('PublicIp')}",
            holder == instance,
            f"on {holder}",
            f"on {holder}, not on the instance",
        )


def _volumes(config: Configured, instance: str, answer: Json) -> Iterator[Finding]:
    known = {}
    for one in answer.get("Volumes", []):
        tags = parse_tags(one)
        if tags.get(ROLE_TAG) == "data":
            known[tags.get(DEVICE_TAG)] = one
    for device in config.devices:
        volume = known.get(device)
        if volume is None:
            yield Finding(check=f"volume {device}", state="wrong", finding="no volume carries its tags")
            continue
        attached = [one for one in volume.get("Attachments", []) if one.get("InstanceId") == instance]
        doomed = any(one.get("DeleteOnTermination") for one in attached)
        where = f"{volume['VolumeId']} in {volume.get('AvailabilityZone')}"
        wrong = (
            f"{where} is not attached to the instance" if not attached else f"{where} would die with the instance"
        )
        yield _judged(f"volume {device}", bool(attached) and not doomed, f"{where}, attached", wrong)


def _snapshots(config: Configured, answer: Json, now: float) -> Iterator[Finding]:
    if not config.devices:
        return
    done = [
        _moment(one["StartTime"])
        for one in answer.get("Snapshots", [])
        if one.get("State") == "completed" and DEVICE_TAG in parse_tags(one)
    ]
    limit = 2 * config.snapshot_every_s or config.allow_data_loss_s
    if not done:
        words = "none: if the zone is lost, so is the data until it is back"
        yield _judged("snapshots", not limit, words, words)
        return
    age = max(0, int(now - max(done)) // 60 * 60)
    text = f"the newest is {duration(age)} old"
    yield _judged("snapshots", not limit or age <= limit, text, f"{text}, and should be at most {duration(limit)}")


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _alarms(answer: Json) -> Iterator[Finding]:
    listed = answer.get("MetricAlarms", [])
    ringing = sorted(one["AlarmName"] for one in listed if one.get("StateValue") == "ALARM")
    words = f"ringing: {', '.join(ringing)}" if ringing else "none exists: nobody is told"
    yield _judged("alarms", bool(listed) and not ringing, f"{len(listed)} quiet", words)
