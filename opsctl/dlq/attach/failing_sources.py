"""Finds what is to get a dead-letter queue, and which one it has already."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from opsctl.dlq.attach.source_names import SourceKind, SourceName, parse_source
from opsctl.model.errors import FactUnknown, InvalidInput, RefusedByGuard
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.run import Context
from opsctl.model.value import Json, Value
from opsctl.resources.consumers import function_configuration, mappings_of
from opsctl.resources.dead_letter_reads import get_schedule, list_functions, list_targets, subscription_attributes
from opsctl.resources.queue_facts import QueueFacts, find_queue, queue_attributes

LAMBDA_RECEIVES = 5
_PAST_S = 300


class FailingSource(Value):
    """What can fail, and how its dead letters travel.

    `says` is what people call it, `slug` what a queue made for it is called after, `fifo` whether its dead-letter
    queue must be FIFO. A service that delivers needs the queue's policy (`service`, for `sender`); one that uses
    a role needs the role's. `passes` is the role that writing the source anew passes on. `current` is the ARN
    that takes its failures now. Of a schedule, `passed` names the dates that cannot be sent back, `restarts` says
    what leaving them out alters, and `ended` that it will never run again.
    """

    kind: SourceKind
    arn: str
    says: str
    slug: str
    name: str
    place: str = ""
    item: str = ""
    url: str = ""
    fifo: bool = False
    key: str = ""
    key_reuse_s: int = 0
    retention_s: int = 0
    service: str = ""
    sender: str = ""
    role: str = ""
    passes: str = ""
    current: str = ""
    max_receive: int = 0
    consumers: tuple[str, ...] = ()
    serves: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    restarts: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()


def sources_of(url: Json) -> Read:
    """Read the queues whose dead-letter queue this one is."""
    return Read(service="sqs", operation="ListDeadLetterSourceQueues", params={"QueueUrl": url})


def find_source(asked: str, about: Context, *, source: str) -> Fetching[FailingSource]:
    """Find the source that a person named; `source` is the flag or input it came from.

    Raises:
        InvalidInput: it is no source, belongs elsewhere, does not exist, or is not named exactly enough.
        FactUnknown: it may not be read.
        RefusedByGuard: a service of AWS manages it.
    """
    named = parse_source(asked, about, source=source)
    return (yield from _FINDERS[named.kind](named, about, source))


def _queue(named: SourceName, about: Context, source: str) -> Fetching[FailingSource]:
    queue: QueueFacts = yield from find_queue(named.name, about, source=source)
    reads = [queue_attributes(queue.url), sources_of(queue.url), mappings_of(queue.arn), list_functions()]
    attributes, sources, mappings, functions = yield reads
    told = attributes.value["Attributes"]
    served = [f"queue {url.rpartition('/')[2]}" for url in (sources.value or {}).get("queueUrls") or []]
    served += [
        f"function {one['FunctionName']}"
        for one in (functions.value or {}).get("Functions") or []
        if (one.get("DeadLetterConfig") or {}).get("TargetArn") == queue.arn
    ]
    return FailingSource(
        kind="queue",
        arn=queue.arn,
        says=f"queue {queue.name}",
        slug=queue.name.removesuffix(".fifo"),
        name=queue.name,
        url=queue.url,
        fifo=queue.fifo,
        key=queue.key,
        key_reuse_s=int(told.get("KmsDataKeyReusePeriodSeconds", 0)) if queue.key else 0,
        retention_s=queue.retention_s,
        current=queue.dead_letter_arn,
        max_receive=queue.max_receive,
        consumers=tuple(
            one["FunctionArn"].rpartition(":function:")[2]
            for one in (mappings.value or {}).get("EventSourceMappings") or []
        ),
        serves=tuple(f"{queue.name} takes the dead letters of {name}" for name in sorted(served)),
        unknown=_unknown(sources, mappings, functions),
    )


def _function(named: SourceName, about: Context, source: str) -> Fetching[FailingSource]:
    invoking = Read(
        service="lambda", operation="GetFunctionEventInvokeConfig", params={"FunctionName": named.name}
    )
    configuration, invoke = yield [function_configuration(named.name), invoking]
    told = _found(configuration, f"there is no function {named.name!r}", about, source)
    failing = ((invoke.value or {}).get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination", "")
    return FailingSource(
        kind="function",
        arn=told["FunctionArn"],
        says=f"function {named.name}",
        slug=named.name,
        name=named.name,
        role=told["Role"],
        current=(told.get("DeadLetterConfig") or {}).get("TargetArn", ""),
        notes=(f"its failures also go to its on-failure destination {failing}",) if failing else (),
        unknown=_unknown(invoke),
    )


def _subscription(named: SourceName, about: Context, source: str) -> Fetching[FailingSource]:
    (answer,) = yield [subscription_attributes(named.name)]
    told = _found(answer, f"there is no subscription {named.name!r}", about, source)["Attributes"]
    topic = told["TopicArn"]
    name = topic.rpartition(":")[2]
    endpoint = str(told.get("Endpoint", ""))
    to = endpoint.rpartition(":")[2] if endpoint.startswith("arn:") else urlsplit(endpoint).hostname
    to = to or named.name.rpartition(":")[2][:8]
    # A standard queue may be subscribed to a FIFO topic, and its failures go to a standard queue (recorded).
    fifo = name.endswith(".fifo") and endpoint.endswith(".fifo")
    return FailingSource(
        kind="subscription",
        arn=named.name,
        says=f"subscription of {to.removesuffix('.fifo')} to topic {name}",
        slug=_slug(f"{name.removesuffix('.fifo')}-{to.removesuffix('.fifo')}"),
        name=named.name,
        fifo=fifo,
        service="sns.amazonaws.com",
        sender=topic,
        current=_target_of(told.get("RedrivePolicy", "")),
    )


def _rule_target(named: SourceName, about: Context, source: str) -> Fetching[FailingSource]:
    params = {"Name": named.name, "EventBusName": named.place}
    describe = Read(service="events", operation="DescribeRule", params=params)
    described, listed = yield [describe, list_targets(named.name, named.place)]
    missing = f"there is no rule {named.name!r} on event bus {named.place!r}"
    rule = _found(described, missing, about, source)
    targets = _found(listed, missing, about, source).get("Targets") or []
    if rule.get("ManagedBy"):
        raise RefusedByGuard(
            f"rule {named.name} is managed by {rule['ManagedBy']}, which alone may change its targets",
            "set the dead-letter queue where that service is configured",
        )
    target = _one_target(named, targets, source)
    several = len(targets) > 1
    return FailingSource(
        kind="target",
        arn=rule["Arn"],
        says=f"target {target['Id']} of rule {named.name}",
        slug=_slug(f"{named.name}-{target['Id']}" if several else named.name),
        name=named.name,
        place=named.place,
        item=target["Id"],
        service="events.amazonaws.com",
        sender=rule["Arn"],
        passes=target.get("RoleArn", ""),
        current=(target.get("DeadLetterConfig") or {}).get("Arn", ""),
    )


def _one_target(named: SourceName, targets: list[Json], source: str) -> Json:
    called = [f"rule:{named.place}/{named.name}#{one['Id']}" for one in targets]
    if not targets:
        raise InvalidInput.one(f"rule {named.name} has no target that could fail", source=source)
    if named.item:
        found = [one for one in targets if one["Id"] == named.item]
        if not found:
            summary = f"rule {named.name} has no target {named.item!r}"
            raise InvalidInput.one(summary, source=source, hint=f"it has {', '.join(called)}")
        return found[0]
    if len(targets) > 1:
        summary = f"rule {named.name} has {len(targets)} targets: name one of them"
        raise InvalidInput.one(summary, source=source, hint=", ".join(called))
    return targets[0]


def _schedule(named: SourceName, about: Context, source: str) -> Fetching[FailingSource]:
    (answer,) = yield [get_schedule(named.place, named.name)]
    told = _found(answer, f"there is no schedule {named.name!r} in group {named.place!r}", about, source)
    says = f"schedule {named.place}/{named.name}"
    kind = str(told["ScheduleExpression"]).partition("(")[0]
    passed = _passed(told, about)
    begun = f"{says} began at {told.get('StartDate')}, and Scheduler accepts no past start date in an update"
    left_out = "StartDate" in passed
    return FailingSource(
        kind="schedule",
        arn=told["Arn"],
        says=says,
        slug=_slug(named.name),
        name=named.name,
        place=named.place,
        role=told["Target"]["RoleArn"],
        passes=told["Target"]["RoleArn"],
        current=(told["Target"].get("DeadLetterConfig") or {}).get("Arn", ""),
        notes=(f"{begun}: opsctl leaves it out, which does not matter for a cron expression",)
        if left_out and kind == "cron"
        else (),
        passed=passed,
        restarts=(f"{begun}: without it {told['ScheduleExpression']} may be counted anew from the update",)
        if left_out and kind == "rate"
        else (),
        ended=(
            f"{says} ended at {told['EndDate']}: it cannot fail any more, and without its end it would run again",
        )
        if "EndDate" in passed and kind != "at"
        else (),
    )


def _passed(told: Json, about: Context) -> tuple[str, ...]:
    """The dates of a schedule that an update, which sends everything again, cannot send.

    EventBridge Scheduler takes no start date earlier than five minutes ago, and no end date of the past.
    """
    limits = {"StartDate": about.now - _PAST_S, "EndDate": about.now}
    return tuple(
        name
        for name, limit in limits.items()
        if told.get(name) and datetime.fromisoformat(told[name]).timestamp() < limit
    )


_FINDERS: dict[SourceKind, Callable[[SourceName, Context, str], Fetching[FailingSource]]] = {
    "queue": _queue,
    "function": _function,
    "subscription": _subscription,
    "target": _rule_target,
    "schedule": _schedule,
}


def _found(answer: Answer, missing: str, about: Context, source: str) -> Json:
    if answer.refusal is None:
        return answer.value
    if answer.refusal.kind is not RefusalKind.MISSING:
        raise FactUnknown(answer.refusal)
    where = f"in account {about.account}, region {about.region}"
    raise InvalidInput.one(f"{missing} {where}", source=source, hint="use --region or --profile for another place")


def _unknown(*answers: Answer) -> tuple[str, ...]:
    return tuple(str(one.refusal) for one in answers if not one.known)


def _target_of(policy: str) -> str:
    try:
        found = json.loads(policy or "{}")
    except ValueError:
        return ""
    return str(found.get("deadLetterTargetArn", "")) if isinstance(found, dict) else ""


def _slug(text: str) -> str:
    """Text as a queue's name may have it."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text)
