"""Judges whether a standby's failover would work now: pure, on answers that somebody else has read."""

from collections.abc import Iterator
from datetime import datetime

from opsctl.ha.ha_pair import GONE, Pair, zone_of
from opsctl.ha.health import (
    alarms_of_snapshots,
    check_addresses,
    check_alarms,
    check_policy,
    check_snapshots,
    check_stop_protection,
    check_volumes,
    configured,
)
from opsctl.ha.health_finding import HealthFinding, judged
from opsctl.ha.health_handler import PAIR_RULES, check_deployed_handler
from opsctl.ha.health_record import check_record
from opsctl.model.commands import Commands
from opsctl.model.spans import span
from opsctl.model.value import Json
from opsctl.resources.ec2 import parse_tags
from opsctl.resources.marks import PLAN_TAG

PAIR_ALARMS = ("handler-errors", "undelivered", "dead-letters", "primary")
GOOD_CHECKS = ("ok", "initializing")
STAYS_UNSEEN = "an unreachable instance sends no data, so the alarm would not fire; it should be breaching"


def check_pair(pair: Pair, answers: dict[str, Json], now: float, commands: Commands) -> Iterator[HealthFinding]:
    """Judge everything that could be read, in the order in which a failover needs it."""
    stem = f"opsctl-{pair.group}"
    yield from _instance(pair, answers)
    yield from check_stop_protection(answers, "before its standby may take over", commands)
    yield from _standby(pair, built_by(answers), commands)
    if pair.standby:
        yield from _likeness(pair, answers, now)
    yield from check_deployed_handler(answers, stem, PAIR_RULES, commands)
    config = configured(answers.get("function"))
    primary = str((pair.primary or {}).get("InstanceId", ""))
    if "addresses" in answers:
        yield from check_addresses(config, primary, answers["addresses"])
    if "record" in answers:
        yield from check_record(config.record, pair.primary or {}, answers["record"])
    if "volumes" in answers:
        yield from check_volumes(config, primary, answers["volumes"])
    if "policies" in answers:
        yield check_policy(answers["policies"])
    if "snapshots" in answers:
        yield from check_snapshots(config, answers["snapshots"], now)
    if "alarms" in answers:
        yield _alarm(answers["alarms"], f"{stem}-primary", primary)
        kinds = (*PAIR_ALARMS, *(("old-snapshot",) if config.snapshot_every_s else alarms_of_snapshots(config)))
        yield from check_alarms(answers["alarms"], stem, kinds)


def _instance(pair: Pair, answers: dict[str, Json]) -> Iterator[HealthFinding]:
    if pair.primary is None:
        words = "none is tagged opsctl:ha-role=primary: the standby has nothing to replace"
        yield HealthFinding(check="instance", state="wrong", finding=words)
        return
    if len(pair.primaries) > 1:
        words = f"{', '.join(pair.primaries)} are both tagged as primary: tag the wrong one opsctl:ha-role=retired"
        yield HealthFinding(check="instance", state="wrong", finding=words)
        return
    state = pair.primary["State"]["Name"]
    where = f"{pair.primary['InstanceId']} {state} in {zone_of(pair.primary)}"
    if state != "running":
        reason = (pair.primary.get("StateReason") or {}).get("Code") or "no reason given"
        words = f"{where} ({reason}): the standby takes over only if AWS stopped it; start it"
        yield HealthFinding(check="instance", state="wrong", finding=words)
        return
    if "checks" in answers:
        one = ((answers["checks"] or {}).get("InstanceStatuses") or [{}])[0]
        found = [(one.get(kind) or {}).get("Status", "unknown") for kind in ("SystemStatus", "InstanceStatus")]
        words = f"{where}, its status checks are {' and '.join(found)}"
        good = all(each in GOOD_CHECKS for each in found)
        then = "the standby takes over once the alarm fires"
        if "impaired" not in found:
            then = (
                "missing data is not a failure, so the standby takes over only if EBS or the status of the "
                "zone confirms it"
            )
        yield judged("instance", good, words, f"{words}: {then}")
    else:
        yield HealthFinding(check="instance", state="ok", finding=where)


def built_by(answers: dict[str, Json]) -> str:
    """The run that built the present standby, as far as its launch template is there to tell."""
    templates = (answers.get("template") or {}).get("LaunchTemplates") or [{}]
    return parse_tags(templates[0]).get(PLAN_TAG, "")


def _standby(pair: Pair, run: str, commands: Commands) -> Iterator[HealthFinding]:
    again = _again(pair, run, commands)
    if pair.standby is None:
        words = f"none, so nothing can take over: {again}"
        if pair.took_over_at(run) and pair.primary:
            gone = f"; {', '.join(pair.retired)} is kept" if pair.retired else ""
            since = pair.took_over_at(run)
            words = f"none: {pair.primary['InstanceId']} took over at {since}{gone}. For another: {again}"
        yield HealthFinding(check="standby", state="wrong", finding=words)
        return
    name, state = pair.standby["InstanceId"], pair.standby["State"]["Name"]
    if pair.taking_over_since:
        words = f"{name} has been taking over since {pair.taking_over_since}, and is {state}: check again"
        yield HealthFinding(check="standby", state="wrong", finding=words)
        return
    stop = commands.aws("ec2", "stop-instances", "--instance-ids", name)
    wrong = {"running": f"runs beside the instance: {stop}"}
    yield judged(
        "standby",
        state == "stopped",
        f"{name} stopped in {zone_of(pair.standby)}",
        f"{name} {wrong.get(state, f'is {state}: check again')}",
    )


def _again(pair: Pair, run: str, commands: Commands) -> str:
    who = pair.primary["InstanceId"] if pair.primary else "INSTANCE"
    built = run or pair.run
    undo = commands.opsctl("undo", built) if built else "undo the run that built it"
    return f"{undo}, then {commands.opsctl('make-ha', who, '--mode', 'standby', '--group', pair.group)}"


def _likeness(pair: Pair, answers: dict[str, Json], now: float) -> Iterator[HealthFinding]:
    """What the standby is started as: another zone, the same kind of instance, a root disk that is there."""
    standby, primary = pair.standby or {}, pair.primary or {}
    alive = bool(primary) and primary["State"]["Name"] not in GONE
    zone = zone_of(standby)
    if alive:
        apart = zone != zone_of(primary)
        yield judged("zones", apart, "two", f"both are in {zone}: they do not survive its failure")
        other = sorted(name for name, one in _traits(primary).items() if one != _traits(standby)[name])
        words = f"{', '.join(other)}: the standby and the instance differ; change one of the two"
        yield judged("likeness", not other, "same type, security groups and profile", words)
    made = _root_made_at(standby)
    age = f"{span(now - made)} old: later writes to the root disk of the instance are not on it" if made else ""
    yield judged("root disk", bool(made), age, "was deleted: the standby cannot start")
    versions = (answers.get("version") or {}).get("LaunchTemplateVersions") or [{}]
    image = (versions[0].get("LaunchTemplateData") or {}).get("ImageId", standby.get("ImageId"))
    words = f"{standby.get('ImageId')}, not the launch template's {image}: somebody changed one of the two"
    yield judged("image", standby.get("ImageId") == image, f"{image}", words)
    if "offerings" in answers:
        offered = bool((answers["offerings"] or {}).get("InstanceTypeOfferings"))
        kind = standby.get("InstanceType")
        words = f"{zone} no longer offers {kind}: the standby cannot start"
        yield judged("instance type", offered, f"{zone} offers {kind}", words)


def _traits(instance: Json) -> dict[str, Json]:
    interfaces = instance.get("NetworkInterfaces") or []
    first = [one for one in interfaces if (one.get("Attachment") or {}).get("DeviceIndex") == 0]
    return {
        "type": instance.get("InstanceType"),
        "security groups": sorted(one["GroupId"] for each in first for one in each.get("Groups") or []),
        "instance profile": (instance.get("IamInstanceProfile") or {}).get("Arn", ""),
    }


def _root_made_at(instance: Json) -> float:
    for one in instance.get("BlockDeviceMappings") or []:
        if one["DeviceName"] == instance.get("RootDeviceName"):
            return datetime.fromisoformat(one["Ebs"]["AttachTime"]).timestamp()
    return 0.0


def _alarm(answer: Json, name: str, primary: str) -> HealthFinding:
    found = [one for one in answer.get("MetricAlarms", []) if one["AlarmName"] == name]
    if not found:
        return HealthFinding(check="alarm", state="wrong", finding=f"{name} was deleted: failures go unnoticed")
    alarm = found[0]
    watched = [one["Value"] for one in alarm.get("Dimensions") or [] if one["Name"] == "InstanceId"]
    if watched != [primary]:
        words = f"{name} watches {', '.join(watched) or 'nothing'}, not {primary or 'the instance'}"
        return HealthFinding(check="alarm", state="wrong", finding=words)
    missing = alarm.get("TreatMissingData")
    good = missing == "breaching"
    state = alarm.get("StateValue")
    wrong = f"{name} treats missing data as {missing or 'missing'}: {STAYS_UNSEEN}"
    return judged("alarm", good, f"watches {primary}, and is {state}", wrong)
