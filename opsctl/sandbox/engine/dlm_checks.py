"""What Data Lifecycle Manager refuses. Sources: Amazon DLM API reference and botocore's model of it."""

import re
from collections.abc import Iterator

from opsctl.model.value import Json
from opsctl.sandbox.rules.functions import assumable

INTERVALS = (1, 2, 3, 4, 6, 8, 12, 24)
SCHEDULES = 4
RETAINED = 1000
TAGS_ADDED = 45
TARGETS = 50
VARIABLES = ("$(instance-id)", "$(timestamp)")
_NAME = re.compile(r"[0-9A-Za-z _-]+")
_TIME = re.compile(r"(0[0-9]|1[0-9]|2[0-3]):[0-5][0-9]")
_CRON = re.compile(r"cron\([^\n]{11,100}\)")
_ROLE = re.compile(r"arn:aws(-[a-z]{1,3}){0,2}:iam::\d+:role/.*")


def faults_in(policy: Json, account: str, role_made_by: float) -> Iterator[str]:
    """Say what AWS refuses of a policy; its role has to exist since then, and to trust the service."""
    description, role = str(policy.get("Description")), str(policy.get("ExecutionRoleArn"))
    if not _NAME.fullmatch(description) or len(description) > 500:
        yield f"Description {description!r} has other characters than 0-9A-Za-z _-"
    if policy.get("State") not in ("ENABLED", "DISABLED"):
        yield f"State {policy.get('State')} is not ENABLED or DISABLED"
    if not _ROLE.fullmatch(role) or not assumable(account, role, role_made_by, "dlm.amazonaws.com"):
        yield f"Role {role} does not exist or cannot be assumed by dlm.amazonaws.com"
    if any(key.startswith("aws:") for key in policy.get("Tags") or {}):
        yield "Tags beginning with aws: are AWS's own"
    yield from _in_details(policy.get("PolicyDetails") or {})


def _in_details(details: Json) -> Iterator[str]:
    kinds, targets = details.get("ResourceTypes") or [], details.get("TargetTags") or []
    schedules = details.get("Schedules") or []
    if details.get("PolicyType", "EBS_SNAPSHOT_MANAGEMENT") != "EBS_SNAPSHOT_MANAGEMENT":
        yield f"PolicyType {details['PolicyType']}: the sandbox knows policies for snapshots only"
    if len(kinds) != 1 or kinds[0] not in ("VOLUME", "INSTANCE"):
        yield "ResourceTypes has to be one of VOLUME and INSTANCE"
    if not 1 <= len(targets) <= TARGETS or any({"=", "\\"} & set(one["Key"]) for one in targets):
        yield f"TargetTags are 1 to {TARGETS}, with neither = nor \\ in a key"
    if not 1 <= len(schedules) <= SCHEDULES or len({one.get("Name") for one in schedules}) < len(schedules):
        yield f"Schedules are 1 to {SCHEDULES}, each with a name of its own"
    of_instances = kinds == ["INSTANCE"]
    parameters = details.get("Parameters") or {}
    if not of_instances and (parameters.get("ExcludeBootVolume") or parameters.get("ExcludeDataVolumeTags")):
        yield "volumes can be excluded only where instances are targeted"
    for schedule in schedules:
        yield from _in_schedule(schedule, of_instances=of_instances)


def _in_schedule(schedule: Json, *, of_instances: bool) -> Iterator[str]:
    name = str(schedule.get("Name") or "")
    if not _NAME.fullmatch(name) or len(name) > 120:
        yield f"a schedule's name is 0-9A-Za-z _-, not {name!r}"
    yield from _in_create_rule(schedule.get("CreateRule") or {})
    retain = schedule.get("RetainRule") or {}
    count = retain.get("Count")
    if bool(count) == bool(retain.get("Interval")):
        yield "RetainRule has either Count or Interval"
    elif count and not 1 <= count <= RETAINED:
        yield f"Count is 1 to {RETAINED}, not {count}"
    variable = schedule.get("VariableTags") or []
    if variable and not of_instances:
        yield "VariableTags are only for policies that target instances"
    if any(one["Value"] not in VARIABLES for one in variable):
        yield f"a value of VariableTags is one of {', '.join(VARIABLES)}"
    added = [*(schedule.get("TagsToAdd") or []), *variable]
    keys = [one["Key"] for one in added]
    if len(added) > TAGS_ADDED or len(set(keys)) < len(keys) or any(key.startswith("aws:") for key in keys):
        yield f"at most {TAGS_ADDED} tags are added, each once, and none of AWS's own"


def _in_create_rule(rule: Json) -> Iterator[str]:
    if bool(rule.get("CronExpression")) == bool(rule.get("Interval")):
        yield "Either Interval or CronExpression is needed"
    elif rule.get("CronExpression"):
        if not _CRON.fullmatch(rule["CronExpression"]) or len(rule["CronExpression"][5:-1].split()) != 6:
            yield f"CronExpression {rule['CronExpression']} is not cron(...) with six fields"
    else:
        if rule["Interval"] not in INTERVALS:
            yield f"Interval {rule['Interval']} is not one of {INTERVALS}"
        if rule.get("IntervalUnit") != "HOURS":
            yield "IntervalUnit is HOURS"
    times = rule.get("Times") or []
    if len(times) > 1 or any(not _TIME.fullmatch(one) for one in times):
        yield "Times is one time of day as hh:mm"
