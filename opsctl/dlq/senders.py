"""Finds what leaves dead letters in a queue, from the account's settings alone: no message is read for it."""

import re
from collections.abc import Sequence
from typing import Literal

from opsctl.dlq.qualified import by_topic, invoked_into
from opsctl.dlq.route import Route
from opsctl.dlq.subscribers import INTO_ITSELF, is_raw, subscriber
from opsctl.model.fetching import Fetching, gather
from opsctl.model.reads import Answer, Read
from opsctl.model.value import Json, Value
from opsctl.resources.dead_letter_reads import (
    get_schedule,
    list_buses,
    list_invoke_configs,
    list_rules,
    list_subscriptions,
    subscription_attributes,
)
from opsctl.resources.queue_facts import QueueFacts, url_for
from opsctl.resources.queue_policy import EVERYTHING
from opsctl.resources.sdk_services import called_by, universal_api

ASKED_AT_MOST = 200
REPEATED_APIS = ("sqs:sendMessage", "sns:publish", "lambda:invoke", "sfn:startExecution")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")
TARGETS = ("lambda", "sqs", "sns", "states", "kinesis", "firehose")


class Sender(Value):
    """Something that leaves its dead letters in the queue; `cannot` says why opsctl does not deliver for it.

    `bare` tells that these do not say where they failed, although nothing can be delivered for it.
    """

    name: str
    route: Route | None = None
    cannot: str = ""
    bare: bool = False


class SendersFound(Value):
    """What sends, and what could not be asked."""

    senders: tuple[Sender, ...] = ()
    unread: tuple[str, ...] = ()


class Subscriptions(Value):
    """The subscriptions of the topics that a queue's policy lets in, and what could not be asked."""

    listed: tuple[Json, ...] = ()
    unread: tuple[str, ...] = ()

    def ends(self, queue: QueueFacts) -> tuple[str, ...]:
        """Where failures have to go so that they arrive in the queue: it, or a topic that delivers to it."""
        topics = [str(one["TopicArn"]) for one in self.listed if one.get("Endpoint") == queue.arn]
        return (queue.arn, *dict.fromkeys(topics))


def functions_failing_into(functions: Answer, ends: Sequence[str]) -> Fetching[SendersFound]:
    """The functions whose asynchronous invocations end there by DeadLetterConfig; a message names none.

    `functions` are all versions of all functions.
    """
    found = yield from invoked_into(_items(functions, "Functions"), ends)
    senders = tuple(Sender(name=f"function {one.name}", route=one) for one in found.routes)
    return SendersFound(senders=senders, unread=refusals(found.refused))


def streams_failing_into(mappings: Answer, ends: Sequence[str]) -> list[Sender]:
    """The event source mappings of streams whose discarded batches end there."""
    found = []
    for one in _items(mappings, "EventSourceMappings"):
        if _on_failure(one) not in ends:
            continue
        source, function = str(one.get("EventSourceArn", "")), str(one["FunctionArn"])
        name = f"function {_function(function)} reading {source.rpartition(':')[2] or 'its source'}"
        if source.split(":")[2:3] not in (["kinesis"], ["dynamodb"]):
            found.append(Sender(name=name, cannot="only batches of Kinesis and DynamoDB can be read again"))
            continue
        by = by_topic(_on_failure(one))
        why = f"its discarded batches end in this queue{by}; they are read again from {source.split(':', 5)[5]}"
        route = Route(
            origin=source,
            kind="stream",
            arn=function,
            name=_function(function),
            form="records",
            key=str(one.get("KMSKeyArn") or ""),
            why=why,
        )
        found.append(Sender(name=name, route=route))
    return found


def destinations_failing_into(functions: Answer, ends: Sequence[str]) -> Fetching[SendersFound]:
    """The functions with an on-failure destination; Lambda tells it one function at a time."""
    names = list(dict.fromkeys(str(one["FunctionName"]) for one in _items(functions, "Functions")))
    if len(names) > ASKED_AT_MOST:
        return SendersFound(unread=(f"the on-failure destinations of {len(names):,} functions were not read",))
    reads = [list_invoke_configs(name) for name in names]
    answers = yield reads
    found = []
    for one in (item for answer in answers for item in _items(answer, "FunctionEventInvokeConfigs")):
        if _on_failure(one) in ends:
            arn = str(one["FunctionArn"])
            why = f"its on-failure destination is this queue{by_topic(_on_failure(one))}"
            route = Route(origin=arn, kind="function", arn=arn, name=_function(arn), form="payload", why=why)
            found.append(Sender(name=f"function {_function(arn)}", route=route))
    return SendersFound(senders=tuple(found), unread=refusals(answers))


def subscriptions_around(queue: QueueFacts) -> Fetching[Subscriptions]:
    """List the SNS subscriptions; only topics that the queue's policy lets in are looked at."""
    if not queue.topics:
        return Subscriptions()
    if EVERYTHING in "".join(queue.topics):
        listing = [list_subscriptions()]
    else:
        listing = [_read("sns", "ListSubscriptionsByTopic", TopicArn=topic) for topic in queue.topics]
    answers = yield listing
    listed = [one for answer in answers for one in _items(answer, "Subscriptions")]
    return Subscriptions(listed=tuple(listed), unread=refusals(answers))


def subscriptions_failing_into(around: Subscriptions, queue: QueueFacts) -> Fetching[SendersFound]:
    """The SNS subscriptions whose redrive policy names the queue."""
    named = [str(one["SubscriptionArn"]) for one in around.listed]
    # PendingConfirmation and Deleted stand where the ARN would be.
    arns = [arn for arn in named if arn.startswith("arn:")]
    if len(arns) > ASKED_AT_MOST:
        return SendersFound(unread=(f"the redrive policies of {len(arns):,} SNS subscriptions were not read",))
    told = yield [subscription_attributes(arn) for arn in arns]
    senders = [
        _subscription(answer.value["Attributes"], queue)
        for answer in told
        if answer.value and queue.arn in str(answer.value["Attributes"].get("RedrivePolicy", ""))
    ]
    return SendersFound(senders=tuple(senders), unread=(*around.unread, *refusals(told)))


def rules_failing_into(queue: QueueFacts) -> Fetching[SendersFound]:
    """The EventBridge rules' targets; only rules that the queue's policy lets in are looked at."""
    if not queue.rules:
        return SendersFound()
    rules = list(queue.rules)
    refused: tuple[str, ...] = ()
    if EVERYTHING in "".join(rules):
        buses = yield [list_buses()]
        names = [str(one["Name"]) for one in _items(buses[0], "EventBuses")]
        answers = yield [list_rules(name) for name in names]
        rules = [str(one["Arn"]) for answer in answers for one in _items(answer, "Rules")]
        refused = refusals([*buses, *answers])
    if len(rules) > ASKED_AT_MOST:
        return SendersFound(unread=(f"the targets of {len(rules):,} EventBridge rules were not read",))
    told = yield [targets_of(rule) for rule in rules]
    senders = [
        _target(rule, one, queue)
        for rule, answer in zip(rules, told, strict=True)
        for one in _items(answer, "Targets")
        if (one.get("DeadLetterConfig") or {}).get("Arn") == queue.arn
    ]
    return SendersFound(senders=tuple(senders), unread=(*refused, *refusals(told)))


def schedules_failing_into(listed: Answer, queue: QueueFacts) -> Fetching[SendersFound]:
    """The schedules of EventBridge Scheduler; `listed` is their first page."""
    schedules = _items(listed, "Schedules")
    if listed.value and listed.value.get("NextToken"):
        return SendersFound(unread=("there are too many schedules to read the dead-letter queue of each",))
    told = yield [get_schedule(one["GroupName"], one["Name"]) for one in schedules]
    senders = []
    for one, answer in zip(schedules, told, strict=True):
        target = (answer.value or {}).get("Target") or {}
        if (target.get("DeadLetterConfig") or {}).get("Arn") == queue.arn:
            senders.append(_scheduled(f"schedule {one['Name']}", str(one["Arn"]), target, queue))
    return SendersFound(senders=tuple(senders), unread=refusals(told))


def schedules() -> Read:
    """The first page of schedules: there may be a million."""
    return _read("scheduler", "ListSchedules", MaxResults=100)


def targets_of(rule: str) -> Read:
    """The targets of a rule given by its ARN."""
    bus, _, name = rule.rpartition(":rule/")[2].rpartition("/")
    return _read("events", "ListTargetsByRule", Rule=name, **({"EventBusName": bus} if bus else {}))


def everything_else(
    queue: QueueFacts, around: Subscriptions, functions: Answer, scheduled: Answer, *, explained: bool
) -> Fetching[SendersFound]:
    """Ask for all senders that no list names, at once; Lambda's destinations only when nothing else explains."""
    fetchings = [subscriptions_failing_into(around, queue), rules_failing_into(queue)]
    fetchings.append(schedules_failing_into(scheduled, queue))
    if not explained:
        fetchings.append(destinations_failing_into(functions, around.ends(queue)))
    found = yield from gather(fetchings)
    return SendersFound(
        senders=tuple(sender for one in found for sender in one.senders),
        unread=tuple(dict.fromkeys(text for one in found for text in one.unread)),
    )


def refusals(answers: Sequence[Answer]) -> tuple[str, ...]:
    """What could not be read, each reason once."""
    return tuple(dict.fromkeys(str(one.refusal) for one in answers if not one.known))


def _subscription(told: dict[str, Json], queue: QueueFacts) -> Sender:
    name = f"subscription of topic {str(told['TopicArn']).rpartition(':')[2]} by {told['Protocol']}"
    _, _, _, region, account, own = queue.arn.split(":")
    try:
        route = subscriber(told, region=region, account=account, queue=own)
    except ValueError as fault:
        return Sender(name=name, cannot=str(fault), bare=is_raw(told))
    return Sender(name=name, route=route.model_copy(update={"url": _url(route, queue)}))


def _url(route: Route, queue: QueueFacts) -> str:
    """The URL of a queue beside the dead-letter queue; elsewhere it has another host, and is asked for."""
    beside = route.kind == "queue" and route.arn.rpartition(":")[0] == queue.arn.rpartition(":")[0]
    return url_for(route.arn, queue.url) if beside else ""


def _target(rule: str, target: dict[str, Json], queue: QueueFacts) -> Sender:
    return _delivering(f"rule {rule.rpartition(':rule/')[2]}", rule, str(target["Arn"]), queue)


def _delivering(name: str, rule: str, arn: str, queue: QueueFacts) -> Sender:
    service = arn.split(":")[2]
    if arn == queue.arn:
        return Sender(name=name, cannot=INTO_ITSELF)
    is_rule = ":rule/" in rule
    api = "" if is_rule else universal_api(arn)
    if not api and service not in TARGETS:
        return Sender(name=name, cannot=f"a target of {service} cannot be called again by itself")
    title = api or (_function(arn) if service == "lambda" else arn.rpartition(":")[2])
    why = f"{name} delivers to it and uses this dead-letter queue"
    form: Literal["event", "carried"] = "event" if is_rule else "carried"
    return Sender(
        name=name, route=Route(origin=arn, rule=rule, kind="target", arn=arn, name=title, form=form, why=why)
    )


def _scheduled(name: str, schedule: str, target: dict[str, Json], queue: QueueFacts) -> Sender:
    """A schedule; its call of an API that hands no message on is made again as the schedule makes it."""
    arn = str(target["Arn"])
    api = universal_api(arn)
    if not api or api in REPEATED_APIS:
        return _delivering(name, schedule, arn, queue)
    try:
        client, operation = called_by(api)
    except ValueError as fault:
        return Sender(name=name, cannot=str(fault))
    why = f"{name} makes this call and uses this dead-letter queue; a message with another request stays"
    title = f"{client}.{operation}"
    route = Route(origin=arn, rule=schedule, kind="call", arn=arn, name=title, form="request", why=why)
    roles = tuple(dict.fromkeys(_ROLE.findall(str(target.get("Input") or ""))))
    return Sender(name=name, route=route.model_copy(update={"roles": roles}))


def _on_failure(told: dict[str, Json]) -> str:
    return str(((told.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination") or "")


def _function(arn: str) -> str:
    return arn.split(":function:")[-1]


def _items(answer: Answer, name: str) -> list[Json]:
    found = (answer.value or {}).get(name)
    return found if isinstance(found, list) else []


def _read(service: str, operation: str, **params: Json) -> Read:
    return Read(service=service, operation=operation, params=params)
