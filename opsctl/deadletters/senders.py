"""Finds what leaves dead letters in a queue, from the account's settings alone: no message is read for it."""

from collections.abc import Sequence

from opsctl.deadletters.route import Route
from opsctl.model.looking import Looking, together
from opsctl.model.reads import Answer, Read
from opsctl.model.value import Json, Value
from opsctl.services.dead_letter_reads import (
    get_schedule,
    list_buses,
    list_invoke_configs,
    list_rules,
    list_subscriptions,
    subscription_attributes,
)
from opsctl.services.queue_facts import QueueFacts, url_for
from opsctl.services.queue_policy import EVERYTHING

ASKED_AT_MOST = 200
TARGETS = ("lambda", "sqs", "sns", "states", "kinesis", "firehose")


class Sender(Value):
    """Something that leaves its dead letters in the queue; `cannot` says why opsctl does not deliver for it."""

    name: str
    route: Route | None = None
    cannot: str = ""


class Found(Value):
    """What sends, and what could not be asked."""

    senders: tuple[Sender, ...] = ()
    unread: tuple[str, ...] = ()


def functions_failing_into(functions: Answer, queue: QueueFacts) -> list[Sender]:
    """The functions whose asynchronous invocations end in the queue by DeadLetterConfig; a message names none."""
    return [
        Sender(
            name=f"function {one['FunctionName']}",
            route=Route(
                origin=one["FunctionArn"],
                kind="function",
                arn=one["FunctionArn"],
                name=one["FunctionName"],
                why="its failed asynchronous invocations end in this queue",
            ),
        )
        for one in _items(functions, "Functions")
        if (one.get("DeadLetterConfig") or {}).get("TargetArn") == queue.arn
    ]


def streams_failing_into(mappings: Answer, queue: QueueFacts) -> list[Sender]:
    """The event source mappings of streams whose discarded batches end in the queue."""
    found = []
    for one in _items(mappings, "EventSourceMappings"):
        if _on_failure(one) != queue.arn:
            continue
        source, function = str(one.get("EventSourceArn", "")), str(one["FunctionArn"])
        name = f"function {_function(function)} reading {source.rpartition(':')[2] or 'its source'}"
        if source.split(":")[2:3] not in (["kinesis"], ["dynamodb"]):
            found.append(Sender(name=name, cannot="only batches of Kinesis and DynamoDB can be read again"))
            continue
        why = f"its discarded batches end in this queue; they are read again from {source.split(':', 5)[5]}"
        route = Route(
            origin=source, kind="stream", arn=function, name=_function(function), form="records", why=why
        )
        found.append(Sender(name=name, route=route))
    return found


def destinations_failing_into(functions: Answer, queue: QueueFacts) -> Looking[Found]:
    """The functions with an on-failure destination; Lambda tells it one function at a time."""
    names = [str(one["FunctionName"]) for one in _items(functions, "Functions")]
    if len(names) > ASKED_AT_MOST:
        return Found(unread=(f"the on-failure destinations of {len(names):,} functions were not asked for",))
    reads = [list_invoke_configs(name) for name in names]
    answers = yield reads
    found = []
    for one in (item for answer in answers for item in _items(answer, "FunctionEventInvokeConfigs")):
        if _on_failure(one) == queue.arn:
            arn = str(one["FunctionArn"])
            why = "its on-failure destination is this queue"
            route = Route(origin=arn, kind="function", arn=arn, name=_function(arn), form="payload", why=why)
            found.append(Sender(name=f"function {_function(arn)}", route=route))
    return Found(senders=tuple(found), unread=refusals(answers))


def subscriptions_failing_into(queue: QueueFacts) -> Looking[Found]:
    """The SNS subscriptions; only topics that the queue's policy lets in are looked at."""
    if not queue.topics:
        return Found()
    if EVERYTHING in "".join(queue.topics):
        listing = [list_subscriptions()]
    else:
        listing = [_read("sns", "ListSubscriptionsByTopic", TopicArn=topic) for topic in queue.topics]
    answers = yield listing
    listed = [one for answer in answers for one in _items(answer, "Subscriptions")]
    arns = [str(one["SubscriptionArn"]) for one in listed if str(one["SubscriptionArn"]).startswith("arn:")]
    if len(arns) > ASKED_AT_MOST:
        return Found(unread=(f"the redrive policies of {len(arns):,} SNS subscriptions were not asked for",))
    told = yield [subscription_attributes(arn) for arn in arns]
    senders = [
        _subscription(answer.value["Attributes"], queue)
        for answer in told
        if answer.value and queue.arn in str(answer.value["Attributes"].get("RedrivePolicy", ""))
    ]
    return Found(senders=tuple(senders), unread=refusals([*answers, *told]))


def rules_failing_into(queue: QueueFacts) -> Looking[Found]:
    """The EventBridge rules' targets; only rules that the queue's policy lets in are looked at."""
    if not queue.rules:
        return Found()
    rules = list(queue.rules)
    refused: tuple[str, ...] = ()
    if EVERYTHING in "".join(rules):
        buses = yield [list_buses()]
        names = [str(one["Name"]) for one in _items(buses[0], "EventBuses")]
        answers = yield [list_rules(name) for name in names]
        rules = [str(one["Arn"]) for answer in answers for one in _items(answer, "Rules")]
        refused = refusals([*buses, *answers])
    if len(rules) > ASKED_AT_MOST:
        return Found(unread=(f"the targets of {len(rules):,} EventBridge rules were not asked for",))
    told = yield [targets_of(rule) for rule in rules]
    senders = [
        _target(rule, one)
        for rule, answer in zip(rules, told, strict=True)
        for one in _items(answer, "Targets")
        if (one.get("DeadLetterConfig") or {}).get("Arn") == queue.arn
    ]
    return Found(senders=tuple(senders), unread=(*refused, *refusals(told)))


def schedules_failing_into(listed: Answer, queue: QueueFacts) -> Looking[Found]:
    """The schedules of EventBridge Scheduler; `listed` is their first page."""
    schedules = _items(listed, "Schedules")
    if listed.value and listed.value.get("NextToken"):
        return Found(unread=("there are more schedules than can be asked for their dead-letter queues",))
    told = yield [get_schedule(one["GroupName"], one["Name"]) for one in schedules]
    senders = []
    for one, answer in zip(schedules, told, strict=True):
        target = (answer.value or {}).get("Target") or {}
        if (target.get("DeadLetterConfig") or {}).get("Arn") == queue.arn:
            senders.append(_delivering(f"schedule {one['Name']}", str(one["Arn"]), str(target["Arn"])))
    return Found(senders=tuple(senders), unread=refusals(told))


def schedules() -> Read:
    """The first page of schedules: there may be a million."""
    return _read("scheduler", "ListSchedules", MaxResults=100)


def targets_of(rule: str) -> Read:
    """The targets of a rule given by its ARN."""
    bus, _, name = rule.rpartition(":rule/")[2].rpartition("/")
    return _read("events", "ListTargetsByRule", Rule=name, **({"EventBusName": bus} if bus else {}))


def everything_else(queue: QueueFacts, functions: Answer, scheduled: Answer, *, explained: bool) -> Looking[Found]:
    """Ask for all senders that no list names, at once; Lambda's destinations only when nothing else explains."""
    lookings = [subscriptions_failing_into(queue), rules_failing_into(queue)]
    lookings.append(schedules_failing_into(scheduled, queue))
    if not explained:
        lookings.append(destinations_failing_into(functions, queue))
    found = yield from together(lookings)
    return Found(
        senders=tuple(sender for one in found for sender in one.senders),
        unread=tuple(dict.fromkeys(text for one in found for text in one.unread)),
    )


def refusals(answers: Sequence[Answer]) -> tuple[str, ...]:
    """What could not be read, each reason once."""
    return tuple(dict.fromkeys(str(one.refusal) for one in answers if not one.known))


def _subscription(told: dict[str, Json], queue: QueueFacts) -> Sender:
    arn, protocol, endpoint = str(told["SubscriptionArn"]), str(told["Protocol"]), str(told["Endpoint"])
    topic = str(told["TopicArn"]).rpartition(":")[2]
    name = f"subscription of topic {topic} by {protocol}"
    why = f"its subscription of topic {topic} fails into this queue"
    if protocol == "lambda":
        made = Route(
            origin=arn, kind="function", arn=endpoint, name=_function(endpoint), form="notification", why=why
        )
        return Sender(name=name, route=made)
    if protocol == "sqs":
        home = queue.arn.rpartition(":")[0]
        if endpoint.rpartition(":")[0] != home:
            return Sender(name=name, cannot=f"its queue {endpoint} is of another account or region")
        raw = str(told.get("RawMessageDelivery", "")).lower() == "true"
        queue_name = endpoint.rpartition(":")[2]
        url = url_for(endpoint, queue.url)
        made = Route(origin=arn, kind="queue", arn=endpoint, url=url, name=queue_name, why=why, bare=raw)
        return Sender(name=name, route=made)
    return Sender(name=name, cannot=f"SNS signs what it delivers by {protocol}, and only SNS can")


def _target(rule: str, target: dict[str, Json]) -> Sender:
    return _delivering(f"rule {rule.rpartition(':rule/')[2]}", rule, str(target["Arn"]))


def _delivering(name: str, rule: str, arn: str) -> Sender:
    service = arn.split(":")[2]
    if service not in TARGETS:
        return Sender(name=name, cannot=f"a target of {service} cannot be called again by itself")
    title = _function(arn) if service == "lambda" else arn.rpartition(":")[2]
    why = f"{name} delivers to it and fails into this queue"
    return Sender(
        name=name, route=Route(origin=arn, rule=rule, kind="target", arn=arn, name=title, form="event", why=why)
    )


def _on_failure(told: dict[str, Json]) -> str:
    return str(((told.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination") or "")


def _function(arn: str) -> str:
    return arn.split(":function:")[-1]


def _items(answer: Answer, name: str) -> list[Json]:
    found = (answer.value or {}).get(name)
    return found if isinstance(found, list) else []


def _read(service: str, operation: str, **params: Json) -> Read:
    return Read(service=service, operation=operation, params=params)
