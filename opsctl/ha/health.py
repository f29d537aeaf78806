"""Judges whether a group's recovery would work now: pure, on answers that somebody else has read."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime

from opsctl.ha.checks.instance import stop_protection_off
from opsctl.ha.expectations import duration
from opsctl.ha.health_finding import HealthFinding, judged
from opsctl.ha.health_handler import GROUP_RULES, check_deployed_handler
from opsctl.ha.health_record import check_record
from opsctl.ha.snapshots import TO_COMPLETE_S
from opsctl.ha.tags import DEVICE_TAG, GROUP_TAG, INSTANCE_TAG, ROLE_TAG, SET_TAG
from opsctl.model.commands import Commands
from opsctl.model.value import Json, Value
from opsctl.resources.dlm_calls import START_WITHIN_S
from opsctl.resources.ec2 import parse_tags
from opsctl.resources.route53 import normal_name

HOOKS = {
    "opsctl-launch": "autoscaling:EC2_INSTANCE_LAUNCHING",
    "opsctl-terminate": "autoscaling:EC2_INSTANCE_TERMINATING",
}
NEEDED_PROCESSES = ("Launch", "Terminate", "HealthCheck", "ReplaceUnhealthy")
ALARMS = ("empty", "handler-errors", "undelivered", "dead-letters", "stuck")
FORBIDDEN_PROCESSES = ("AZRebalance",)
VARIABLE = "OPSCTL_HA"


class Configured(Value):
    """What the handler was told to move, out of its environment."""

    addresses: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    snapshot_every_s: int = 0
    dlm_every_s: int = 0
    allow_data_loss_s: int = 0
    topic_arn: str = ""
    subnets: dict[str, tuple[str, ...]] = {}
    record_zone: str = ""
    record: str = ""


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
        dlm_every_s=int(told.get("dlm_every_s", 0)),
        allow_data_loss_s=int(told.get("allow_data_loss_s", 0)),
        subnets={zone: tuple(ids) for zone, ids in (told.get("subnets") or {}).items()},
        topic_arn=str(told.get("topic_arn", "")),
        record_zone=str((told.get("record") or {}).get("zone_id", "")),
        record=f"{normal_name(told['record']['name'])}." if told.get("record") else "",
    )


def check_health(group: Json, answers: dict[str, Json], now: float, commands: Commands) -> Iterator[HealthFinding]:
    """Judge everything that could be read, in the order in which a recovery needs it."""
    stem = f"opsctl-{group['AutoScalingGroupName']}"
    yield from _group(group, commands)
    yield _zones(group, configured(answers.get("function")).subnets)
    if "instance" in answers:
        yield _tagged(group, answers["instance"])
    yield from check_stop_protection(answers, "before its volumes can move to a replacement", commands)
    if "hooks" in answers:
        yield from _hooks(answers["hooks"])
    if "template" in answers:
        exists = bool(answers["template"].get("LaunchTemplates"))
        yield judged("launch template", exists, "exists", "was deleted: the group cannot launch instances")
    if "image" in answers:
        state = ((answers["image"].get("Images") or [{}])[0]).get("State", "gone")
        yield judged("image", state == "available", "available", f"is {state}: the group cannot launch instances")
    yield from check_deployed_handler(answers, stem, GROUP_RULES, commands)
    config = configured(answers.get("function"))
    instance = _instance_of(group)
    if "addresses" in answers:
        yield from check_addresses(config, instance, answers["addresses"])
    if "record" in answers and "instance" in answers:
        yield from check_record(config.record, _described(instance, answers["instance"]), answers["record"])
    if "volumes" in answers:
        yield from check_volumes(config, instance, answers["volumes"])
    if "policies" in answers:
        yield check_policy(answers["policies"])
    if "snapshots" in answers:
        yield from check_snapshots(config, answers["snapshots"], now)
    if "alarms" in answers:
        yield from check_alarms(answers["alarms"], stem, (*ALARMS, *alarms_of_snapshots(config)))


def _instance_of(group: Json) -> str:
    found = [one for one in group.get("Instances", []) if one.get("LifecycleState") == "InService"]
    return str(found[0]["InstanceId"]) if found else ""


def _described(instance: str, answer: Json) -> Json:
    every = [one for reservation in answer.get("Reservations", []) for one in reservation["Instances"]]
    return next((one for one in every if one["InstanceId"] == instance), {})


def _group(group: Json, commands: Commands) -> Iterator[HealthFinding]:
    states = [
        f"{one['InstanceId']} {one['LifecycleState']} in {one['AvailabilityZone']}" for one in group["Instances"]
    ]
    yield judged(
        "instance",
        bool(_instance_of(group)),
        ", ".join(states),
        ", ".join(states) or "none: the group is empty",
    )
    kept = [one["InstanceId"] for one in group["Instances"] if one["LifecycleState"] == "Terminating:Retained"]
    if kept:
        words = f"{', '.join(kept)} did not release its volumes, and is billed until it is terminated"
        yield judged("kept instances", good=False, fine="", wrong=words)
    sick = [one["InstanceId"] for one in group["Instances"] if one.get("HealthStatus") == "Unhealthy"]
    if sick:
        yield judged("health", good=False, fine="", wrong=f"{', '.join(sick)} is unhealthy: it is being replaced")
    sizes = (group["MinSize"], group["MaxSize"], group["DesiredCapacity"])
    text = f"{sizes[0]}/{sizes[1]}/{sizes[2]} (min/max/desired)"
    yield judged(
        "sizes", sizes == (1, 1, 1), text, f"{text}, not 1/1/1: a lost instance is not replaced, or two run"
    )
    suspended = {one["ProcessName"] for one in group.get("SuspendedProcesses", [])}
    needed = {*NEEDED_PROCESSES, *(["AddToLoadBalancer"] if group.get("TargetGroupARNs") else [])}
    stopped = sorted(suspended & needed)
    name = group["AutoScalingGroupName"]
    resume = ("autoscaling", "resume-processes", "--auto-scaling-group-name", name, "--scaling-processes")
    yield judged(
        "processes",
        not stopped,
        "running as expected",
        f"{', '.join(stopped)} suspended: {commands.aws(*resume, *stopped)} brings them back",
    )
    loose = sorted(set(FORBIDDEN_PROCESSES) - suspended)
    yield judged(
        "rebalancing",
        not loose,
        "suspended",
        ("AZRebalance is not suspended: it launches a second instance while one is running"),
    )


def _zones(group: Json, places: dict[str, tuple[str, ...]]) -> HealthFinding:
    """A group launches in one zone; while it cannot, the handler lets it launch in the plan's other zones."""
    subnets = {one for one in str(group.get("VPCZoneIdentifier", "")).split(",") if one}
    now = sorted(zone for zone, known in places.items() if subnets & set(known))
    foreign = sorted(subnets - {one for known in places.values() for one in known})
    if not places or foreign:  # an older handler's, or a person's list: nobody changes it
        count = len(group.get("AvailabilityZones") or subnets)
        return judged("zones", count > 1, f"{count} zones", "one zone: it does not survive a zone failure")
    there = [one["AvailabilityZone"] for one in group["Instances"] if one["LifecycleState"] == "InService"]
    rest = sorted(places.keys() - set(now))
    fine = f"launches in {', '.join(now)}" + (
        f", and in {', '.join(rest)} if a launch fails there" if rest else ""
    )
    wrong = f"launches in {', '.join(now) or 'none'}, not in {', '.join(there)}, where the data is"
    if len(places) < 2:
        return judged("zones", good=False, fine="", wrong="one zone: it does not survive a zone failure")
    return judged("zones", set(there) <= set(now), fine, wrong)


def _tagged(group: Json, answer: Json) -> HealthFinding:
    """The handler's role may touch only what carries the group's tag."""
    name = group["AutoScalingGroupName"]
    found = [one for reservation in answer.get("Reservations", []) for one in reservation["Instances"]]
    bare = [one["InstanceId"] for one in found if parse_tags(one).get(GROUP_TAG) != name]
    return judged(
        "instance's tag",
        not bare,
        "there",
        (f"{', '.join(bare)} lacks {GROUP_TAG}={name}: the handler may not stop it"),
    )


def check_stop_protection(answers: dict[str, Json], until: str, commands: Commands) -> Iterator[HealthFinding]:
    """Whoever has the data can be stopped: what holds against StopInstances holds against the handler as well."""
    for name, answer in answers.items():
        if name.startswith("stop protection ") and (answer or {}).get("DisableApiStop", {}).get("Value"):
            instance = name.removeprefix("stop protection ")
            words = f"on: {instance} has to be stopped {until}; {stop_protection_off(instance, commands)}"
            yield judged("stop protection", good=False, fine="", wrong=words)


def _hooks(answer: Json) -> Iterator[HealthFinding]:
    found = {one["LifecycleHookName"]: one for one in answer.get("LifecycleHooks", [])}
    for name, transition in HOOKS.items():
        hook = found.get(name) or {}
        there = hook.get("LifecycleTransition") == transition
        silent = hook.get("DefaultResult", "ABANDON")
        words = "missing: instances go into service without volumes and address"
        if there and silent != "ABANDON":
            words = (
                f"its default result is {silent}: an instance goes into service without its volumes; it "
                "should be ABANDON"
            )
        yield judged(f"hook {name}", there and silent == "ABANDON", "in place", words)


def check_addresses(config: Configured, instance: str, answer: Json) -> Iterator[HealthFinding]:
    """Every Elastic IP is on the instance."""
    known = {one.get("AllocationId"): one for one in answer.get("Addresses", [])}
    for allocation in config.addresses:
        one = known.get(allocation)
        if one is None:
            yield HealthFinding(
                check=f"address {allocation}", state="wrong", finding="released, or without its tag"
            )
            continue
        holder = one.get("InstanceId") or "nobody"
        yield judged(
            f"address {one.get('PublicIp')}",
            holder == instance,
            f"on {holder}",
            f"on {holder}, not on the instance",
        )


def check_volumes(config: Configured, instance: str, answer: Json) -> Iterator[HealthFinding]:
    """Every data volume is on the instance, is claimed once, and outlives it."""
    claims: dict[str, list[Json]] = {}
    for one in answer.get("Volumes", []):
        tags = parse_tags(one)
        if tags.get(ROLE_TAG) == "data":
            claims.setdefault(tags.get(DEVICE_TAG, ""), []).append(one)
    known = {device: found[0] for device, found in claims.items()}
    twice = {device: [one["VolumeId"] for one in found] for device, found in claims.items() if len(found) > 1}
    for device in config.devices:
        volume = known.get(device)
        if device in twice:
            words = f"{', '.join(twice[device])} are both tagged for it: tag the wrong one {ROLE_TAG}=retired"
            yield HealthFinding(check=f"volume {device}", state="wrong", finding=words)
            continue
        if volume is None:
            yield HealthFinding(check=f"volume {device}", state="wrong", finding="no volume has its tags")
            continue
        attached = [one for one in volume.get("Attachments", []) if one.get("InstanceId") == instance]
        doomed = any(one.get("DeleteOnTermination") for one in attached)
        where = f"{volume['VolumeId']} in {volume.get('AvailabilityZone')}"
        wrong = (
            f"{where} is not attached to the instance"
            if not attached
            else (f"{where} would be deleted with the instance")
        )
        yield judged(f"volume {device}", bool(attached) and not doomed, f"{where}, attached", wrong)


def alarms_of_snapshots(config: Configured) -> tuple[str, ...]:
    """Which alarms tell that snapshots are not taken."""
    return ("old-snapshot", "failed-snapshots") if config.dlm_every_s else ()


def check_policy(answer: Json) -> HealthFinding:
    """The policy of Data Lifecycle Manager that takes the snapshots."""
    found = answer.get("Policies") or []
    states = sorted(one["State"] for one in found)
    wrong = f"is {', '.join(states)}" if states else "is gone"
    return judged("snapshot policy", states == ["ENABLED"], "enabled", f"{wrong}: no snapshots are taken")


def check_snapshots(config: Configured, answer: Json, now: float) -> Iterator[HealthFinding]:
    """The newest completed set of snapshots, one of every device, is as young as was requested."""
    if not config.devices:
        return
    sets: dict[str, dict[str, float]] = {}
    for one in answer.get("Snapshots", []):
        tags = parse_tags(one)
        usable = one.get("State") == "completed" and tags.get(ROLE_TAG) != "retired"
        if usable and tags.get(DEVICE_TAG) in config.devices:
            name = f"{tags.get(SET_TAG) or one['StartTime']} {tags.get(INSTANCE_TAG, '')}"
            taken = sets.setdefault(name, {})
            # As the handler has it, a run of a policy that took a device twice is no set.
            again = INSTANCE_TAG in tags and tags[DEVICE_TAG] in taken
            taken["again" if again else tags[DEVICE_TAG]] = _moment(one["StartTime"])
    done = [min(taken.values()) for taken in sets.values() if taken.keys() == set(config.devices)]
    by_policy = config.dlm_every_s and config.dlm_every_s + START_WITHIN_S + TO_COMPLETE_S
    limit = 2 * config.snapshot_every_s or by_policy or config.allow_data_loss_s
    if not done:
        words = f"none{_first_set(config)}: if the zone fails, the data is unavailable until it is back"
        yield judged("snapshots", not limit, words, words)
        return
    age = max(0, int(now - max(done)) // 60 * 60)
    text = f"the newest is {duration(age)} old"
    yield judged("snapshots", not limit or age <= limit, text, f"{text}, and should be at most {duration(limit)}")


def _first_set(config: Configured) -> str:
    if config.snapshot_every_s:
        return " yet (the handler takes the first within minutes; it is complete when EBS says so)"
    if config.dlm_every_s:
        return f" yet (the policy takes the first within {duration(config.dlm_every_s + START_WITHIN_S)})"
    return ""


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def check_alarms(answer: Json, stem: str, kinds: Sequence[str]) -> Iterator[HealthFinding]:
    """Every alarm exists, is quiet, and may tell."""
    listed = {one["AlarmName"]: one for one in answer.get("MetricAlarms", [])}
    ringing = sorted(name for name, one in listed.items() if one.get("StateValue") == "ALARM")
    missing = sorted({f"{stem}-{kind}" for kind in kinds} - listed.keys())
    silenced = sorted(name for name, one in listed.items() if one.get("ActionsEnabled") is False)
    found = {"ringing": ringing, "missing": missing, "silenced": silenced}
    words = "; ".join(f"{how}: {', '.join(names)}" for how, names in found.items() if names)
    yield judged(
        "alarms", not words, f"{len(listed)} quiet", words if listed else ("none exists: no notifications")
    )
