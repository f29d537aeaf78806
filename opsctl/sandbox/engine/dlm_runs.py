"""Runs of Data Lifecycle Manager: sets of snapshots on schedule, and old ones deleted. Source: EBS user guide.

The sandbox's own limits: of cron it knows minutes and hours, and a policy keeps by count, not by age.
"""

import re
from datetime import UTC, datetime
from functools import partial
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.engine.authorize import denial
from opsctl.sandbox.engine.callers import caller_of, open_session, role_named
from opsctl.sandbox.engine.calls import Call
from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.rules.snapshots import begin, check_room

DAY_S, HOUR_S = 86_400, 3600
POLICY_TAG, SCHEDULE_TAG = "aws:dlm:lifecycle-policy-id", "aws:dlm:lifecycle-schedule-name"
_LACKS = {"State": "ERROR", "StatusMessage": "The role does not exist or lacks permissions"}
_CRON = re.compile(r"cron\((\d+) (\*|\d+|(?:\*|\d+)/\d+) \* \* \? \*\)")


def next_run(rule: Json, now: float) -> float | None:
    """The next moment that a schedule names; None for a cron expression that the sandbox does not know."""
    if not rule.get("CronExpression"):
        return _next_of_interval(rule, now)
    found = _CRON.fullmatch(rule["CronExpression"])
    if not found:
        return None
    minute, (first, _, step) = int(found[1]), found[2].partition("/")
    begins = 0 if first == "*" else int(first)
    every = int(step) if step else (1 if first == "*" else 24)
    midnight = now // DAY_S * DAY_S
    days = (midnight, midnight + DAY_S)
    moments = [day + hour * HOUR_S + minute * 60 for day in days for hour in range(begins, 24, every)]
    return min(moment for moment in moments if moment > now)


def _next_of_interval(rule: Json, now: float) -> float:
    """An interval is counted from its time of day; without one AWS takes any within a day, so the latest."""
    times = rule.get("Times") or []
    if not times:
        return now + DAY_S
    hour, minute = times[0].split(":")
    midnight, every = now // DAY_S * DAY_S, rule["Interval"] * HOUR_S
    moment: float = midnight - DAY_S + int(hour) * HOUR_S + int(minute) * 60
    while moment <= now:
        moment += every
    return moment


def run(account: str, region: str, policy: Json, schedule: Json) -> None:
    """Take what is due: every target a set of its own, of which all snapshots are begun or none."""
    from moto.ec2.models import ec2_backends

    if role_named(account, policy["ExecutionRoleArn"]) is None:
        policy |= _LACKS
        return
    backend = ec2_backends[account][region]
    for source, volumes in _targets(backend, policy["PolicyDetails"]):
        if volumes and not _may_take(account, region, policy, schedule, source):
            policy |= _LACKS
            return
        try:
            if not volumes:
                raise _nothing()
            made = _take(account, backend, policy, schedule, source, volumes)
        except _refusals():
            _count(account, region, policy, "SnapshotsCreateFailed", max(len(volumes), 1))
        else:
            _count(account, region, policy, "SnapshotsCreateCompleted", len(made))
    about = conditions(account)
    about.later(about.durations.snapshot, partial(_prune, account, region, policy, schedule))


def _refusals() -> type[Exception]:
    from moto.ec2.exceptions import EC2ClientError

    refused: type[Exception] = EC2ClientError
    return refused


def _nothing() -> Exception:
    from opsctl.sandbox.engine.ec2_faults import fault

    return fault("InvalidParameterCombination", "There is no volume to take a snapshot of.")


def _may_take(account: str, region: str, policy: Json, schedule: Json, source: Any) -> bool:
    """Whether the role may do what a run does to one target, tags and conditions and all."""
    wanted = policy["PolicyDetails"].get("Parameters") or {}
    tags = [{"Key": key, "Value": value} for key, value in _tags_of(account, policy, schedule, source).items()]
    given = {"TagSpecifications": [{"ResourceType": "snapshot", "Tags": tags}]}
    if policy["PolicyDetails"]["ResourceTypes"] == ["VOLUME"]:
        return _may(account, region, policy, "CreateSnapshot", given | {"VolumeId": source.id})
    whole = {"InstanceId": source.id, "ExcludeBootVolume": bool(wanted.get("ExcludeBootVolume"))}
    return _may(account, region, policy, "CreateSnapshots", given | {"InstanceSpecification": whole})


def _may(account: str, region: str, policy: Json, operation: str, params: dict[str, Json]) -> bool:
    role = role_named(account, policy["ExecutionRoleArn"])
    if role is None:
        return False
    session = open_session(account, role.arn, policy["PolicyId"])
    caller = caller_of(account, session.access_key_id)
    call = Call(account, region, "ec2", operation, "ec2", params)
    return caller is not None and denial(caller, call, conditions(account).now()) is None


def _targets(backend: Any, details: Json) -> list[tuple[Any, list[Any]]]:
    wanted = {(one["Key"], one["Value"]) for one in details["TargetTags"]}
    parameters = details.get("Parameters") or {}
    if details["ResourceTypes"] == ["VOLUME"]:
        return [(one, [one]) for one in list(backend.volumes.values()) if wanted & _pairs(one)]
    instances = [one for reservation in backend.all_reservations() for one in reservation.instances]
    left_out = {(one["Key"], one["Value"]) for one in parameters.get("ExcludeDataVolumeTags") or []}
    found = []
    for instance in (one for one in instances if one.state in ("running", "stopped") and wanted & _pairs(one)):
        volumes = []
        for device, block in instance.get_block_device_mapping:
            root, volume = device == instance.root_device_name, backend.get_volume(block.volume_id)
            if not (parameters.get("ExcludeBootVolume") if root else left_out & _pairs(volume)):
                volumes.append(volume)
        found.append((instance, volumes))
    return found


def _pairs(thing: Any) -> set[tuple[str, str]]:
    return {(tag["key"], tag["value"]) for tag in thing.get_tags()}


def _take(account: str, backend: Any, policy: Json, schedule: Json, source: Any, volumes: list[Any]) -> list[Any]:
    """Begin the snapshots of one target; their start times may be a second apart."""
    about, made = conditions(account), []
    tags = _tags_of(account, policy, schedule, source)
    for volume in volumes:
        check_room(backend, volume)
    for late, volume in enumerate(volumes):
        text = f"Created for policy: {policy['PolicyId']} schedule: {schedule['Name']}"
        snapshot = backend.create_snapshot(volume.id, text)
        copied = {key: value for key, value in _pairs(volume) if not key.startswith("aws:")}
        snapshot.add_tags((copied if schedule.get("CopyTags") else {}) | tags)
        begin(about, snapshot)
        snapshot.start_time = datetime.fromtimestamp(about.now() + late, UTC)
        made.append(snapshot)
    return made


def _tags_of(account: str, policy: Json, schedule: Json, source: Any) -> dict[str, str]:
    now = conditions(account).moment()
    stamp = {"$(instance-id)": source.id, "$(timestamp)": now.isoformat(timespec="milliseconds")}
    tags = {one["Key"]: one["Value"] for one in schedule.get("TagsToAdd") or []}
    tags |= {one["Key"]: stamp[one["Value"]] for one in schedule.get("VariableTags") or []}
    return tags | {POLICY_TAG: policy["PolicyId"], SCHEDULE_TAG: schedule["Name"], "dlm:managed": "true"}


def _prune(account: str, region: str, policy: Json, schedule: Json) -> None:
    """Delete all but the newest complete ones of each volume, of this schedule's own, where the role may."""
    from moto.ec2.models import ec2_backends

    backend = ec2_backends[account][region]
    count = schedule["RetainRule"].get("Count")
    ours = {(POLICY_TAG, policy["PolicyId"]), (SCHEDULE_TAG, schedule["Name"])}
    mine: dict[str, list[Any]] = {}
    done = [one for one in backend.snapshots.values() if one.status == "completed"]
    for snapshot in [one for one in done if ours <= _pairs(one)]:
        mine.setdefault(snapshot.volume_id, []).append(snapshot)
    for snapshots in mine.values() if count else ():
        for old in sorted(snapshots, key=lambda one: one.start_time)[:-count]:
            if _may(account, region, policy, "DeleteSnapshot", {"SnapshotId": old.id}):
                backend.delete_snapshot(old.id)


def _count(account: str, region: str, policy: Json, metric: str, value: int) -> None:
    from moto.cloudwatch.models import cloudwatch_backends

    datum = {
        "MetricName": metric,
        "Value": value,
        "Unit": "Count",
        "Dimensions": [{"Name": "DLMPolicyId", "Value": policy["PolicyId"]}],
        "Timestamp": conditions(account).moment().replace(tzinfo=None),  # as moto keeps them
    }
    cloudwatch_backends[account][region].put_metric_data("AWS/EBS", [datum])
