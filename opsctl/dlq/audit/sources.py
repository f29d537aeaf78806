"""Turns AWS's answers into sources of dead letters; pure."""

from collections.abc import Mapping

from opsctl.dlq.audit.region import (
    FunctionSeen,
    MappingSeen,
    QueueSeen,
    Source,
    function_in,
    name_in,
    qualifier_in,
)
from opsctl.dlq.park_queues import OF_TAG
from opsctl.model.value import Json, json_object
from opsctl.resources.dead_letter_reads import DEFAULT_BUS
from opsctl.resources.marks import PLAN_TAG
from opsctl.resources.queue_facts import parse_queue

EVENTS, SNS = "events.amazonaws.com", "sns.amazonaws.com"
_INACTIVE = ("Disabled", "Disabling", "Deleting")
NO_POLICY_PROTOCOLS = ("email", "email-json", "sms", "application")


def parse_seen(url: str, answer: Json) -> QueueSeen:
    """Parse GetQueueAttributes with everything an audit looks at."""
    told = answer.get("Attributes") or {}
    allow = json_object(told.get("RedriveAllowPolicy") or "") or {}
    return QueueSeen(
        facts=parse_queue(url, answer),
        policy=str(told.get("Policy", "")),
        allowed=tuple(str(arn) for arn in allow.get("sourceQueueArns") or []),
    )


def with_park(seen: QueueSeen, tags: Mapping[str, str]) -> QueueSeen:
    """A queue with what its tags say of the messages that are parked in it."""
    of = tags.get(OF_TAG, "")
    return seen.model_copy(update={"parked_of": of, "parked_by": tags.get(PLAN_TAG, "")}) if of else seen


def queue_source(seen: QueueSeen) -> Source:
    """A queue, which SQS itself empties into the queue of its RedrivePolicy."""
    facts = seen.facts
    return Source(
        kind="queue",
        name=facts.name,
        arn=facts.arn,
        target=facts.dead_letter_arn,
        attach=facts.name,
        fifo=facts.fifo,
        max_receive=facts.max_receive,
    )


def parse_function(told: Json) -> tuple[FunctionSeen, Source]:
    """One function of ListFunctions, and its DeadLetterConfig; its execution role sends."""
    name = str(told["FunctionName"])
    arn = str(told["FunctionArn"])
    target = str((told.get("DeadLetterConfig") or {}).get("TargetArn") or "")
    source = Source(kind="function", name=name, arn=arn, target=target, attach=f"function:{name}")
    return FunctionSeen(name=name, arn=arn, timeout_s=int(told.get("Timeout", 3))), source


def destinations(answer: Json) -> list[Source]:
    """The on-failure destinations of one function's asynchronous invocations, one for each version or alias.

    They are nothing to attach to: `opsctl dlq attach` sets a DeadLetterConfig, and both would then get a failure.
    """
    found = []
    for one in answer.get("FunctionEventInvokeConfigs") or []:
        target = _on_failure(one)
        arn = str(one["FunctionArn"])
        qualifier = qualifier_in(arn)
        name = function_in(arn)
        shown = name if qualifier == "$LATEST" else f"{name}:{qualifier}"
        if target:
            found.append(Source(kind="destination", name=shown, arn=arn, target=target))
    return found


def parse_mapping(told: Json) -> tuple[MappingSeen | None, Source | None]:
    """One event source mapping: as a consumer of a queue, or as a source with a destination of its own."""
    origin, function = str(told.get("EventSourceArn", "")), function_in(str(told.get("FunctionArn", "")))
    active = str(told.get("State", "")) not in _INACTIVE
    mapping = None
    if origin.split(":")[2:3] == ["sqs"]:
        window = int(told.get("MaximumBatchingWindowInSeconds") or 0)
        mapping = MappingSeen(function=function, queue=origin, active=active, window_s=window)
    target = _on_failure(told)
    if not target:
        return mapping, None
    name = f"{function} from {origin.rpartition(':')[2] or 'its source'}"
    return mapping, Source(kind="mapping", name=name, arn=str(told.get("UUID", "")), target=target, active=active)


def subscription(listed: Json, answer: Json) -> Source:
    """One subscription; SNS sends, on behalf of the topic."""
    told = answer.get("Attributes") or {}
    topic, protocol = str(listed["TopicArn"]), str(listed.get("Protocol", ""))
    arn, endpoint = str(listed["SubscriptionArn"]), str(listed.get("Endpoint", ""))
    # Who is written to is nobody's business here; where machines listen is.
    where = "" if protocol in NO_POLICY_PROTOCOLS else f" {_short(endpoint)}"
    target = str((json_object(told.get("RedrivePolicy") or "") or {}).get("deadLetterTargetArn", ""))
    return Source(
        kind="subscription",
        name=f"{name_in(topic)} to {protocol}{where}",
        arn=arn,
        target=target,
        attach=arn,
        # A FIFO queue on a FIFO topic takes a FIFO queue only (recorded); of others SNS takes what it took.
        fifo=topic.endswith(".fifo") and (endpoint.endswith(".fifo") or target.endswith(".fifo")),
        sender=SNS,
        on_behalf_of=topic,
        active=protocol not in NO_POLICY_PROTOCOLS,
        delivers_to=endpoint,
    )


def bus(name: str, answer: Json) -> Source:
    """An event bus; EventBridge sends, on behalf of the bus, what its key did not let it process."""
    arn = str(answer.get("Arn", ""))
    target = str((answer.get("DeadLetterConfig") or {}).get("Arn", ""))
    return Source(kind="bus", name=name, arn=arn, target=target, sender=EVENTS, on_behalf_of=arn)


def target(rule: Json, bus_name: str, told: Json) -> Source:
    """One target of a rule; EventBridge sends, on behalf of the rule. Rules that AWS manages cannot be changed."""
    path = rule["Name"] if bus_name == DEFAULT_BUS else f"{bus_name}/{rule['Name']}"
    return Source(
        kind="target",
        name=f"{path}#{told['Id']}",
        arn=str(rule["Arn"]),
        target=str((told.get("DeadLetterConfig") or {}).get("Arn", "")),
        attach=f"rule:{path}#{told['Id']}",
        sender=EVENTS,
        on_behalf_of=str(rule["Arn"]),
        active=rule.get("State", "ENABLED") != "DISABLED" and not rule.get("ManagedBy"),
        delivers_to=str(told.get("Arn", "")),
    )


def schedule(listed: Json, answer: Json) -> Source:
    """One schedule; its own execution role sends."""
    told = answer.get("Target") or {}
    path = f"{listed.get('GroupName', 'default')}/{listed['Name']}"
    shown = path.removeprefix("default/")
    return Source(
        kind="schedule",
        name=shown,
        arn=str(listed.get("Arn", "")),
        target=str((told.get("DeadLetterConfig") or {}).get("Arn", "")),
        attach=f"schedule:{shown}",
        active=str(answer.get("State") or listed.get("State", "ENABLED")) == "ENABLED",
        delivers_to=str((told or listed.get("Target") or {}).get("Arn", "")),
    )


def _on_failure(told: Json) -> str:
    found = ((told.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    return str(found or "")


def _short(endpoint: str) -> str:
    if endpoint.startswith("arn:"):
        return function_in(endpoint) or endpoint.rpartition(":")[2]
    # Addresses may carry credentials and tokens; the host says enough.
    return endpoint.partition("://")[2].partition("/")[0].rpartition("@")[2].partition("?")[0]
