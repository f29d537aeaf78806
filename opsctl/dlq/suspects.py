"""Finds who was to take the letters of a cause, and what can be told before that consumer is looked at."""

from collections.abc import Callable

from opsctl.dlq.error_codes import condition_of, delivery_error, invocation_error
from opsctl.dlq.grouping import CauseGroup
from opsctl.dlq.reachable import Reachable, allowed_to, reached
from opsctl.dlq.senders import functions_failing_into, refusals, subscriptions_around, targets_of
from opsctl.dlq.why import MappingFacts
from opsctl.model.fetching import Fetching, elsewhere, fetch
from opsctl.model.reads import Read
from opsctl.model.run import Context
from opsctl.model.value import Json, Value
from opsctl.resources.consumers import mappings_of
from opsctl.resources.dead_letter_reads import LISTED_AT_MOST, list_some_versions, subscription_attributes
from opsctl.resources.queue_facts import QueueFacts, parse_queue, queue_attributes, url_for

CANDIDATES_AT_MOST = 3
_UNREGISTERED = "what runs on ECS, EC2 or elsewhere does not register with SQS, check what receives from it"


class Suspect(Value):
    """A function that was to take the letters, by its ARN or name with alias or version, and its mapping."""

    arn: str
    mappings: tuple[MappingFacts, ...] = ()


class Suspected(Value):
    """Who was to take the letters of a cause.

    `none` says why no consumer is known; `seen` is what explains the cause already; `logged` tells that the
    consumers ran and failed, so that their logs tell of it. `retried_s` is how long a letter was tried at most.
    """

    suspects: tuple[Suspect, ...] = ()
    none: str = ""
    explained: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    logged: bool = True
    retried_s: int = 0
    unknown: tuple[str, ...] = ()


def suspects_of(group: CauseGroup, queue: QueueFacts, about: Context) -> Fetching[Suspected]:
    """Find who was to take the letters of a cause; two rounds at most."""
    if group.carries:
        return (yield from _failed_function(group.carries, group.carries_origin, group, queue))
    if group.kind in ("lambda-async", "lambda-destination", "stream"):
        return (yield from _failed_function(group.kind, group.origin, group, queue))
    found: dict[str, Callable[[], Fetching[Suspected]]] = {
        "sqs": lambda: _takers(group, queue),
        "sns": lambda: _subscriber(group, about),
        "eventbridge": lambda: _target(group, about),
        "scheduler": lambda: _scheduled(group, about),
    }
    if group.kind in found:
        return (yield from found[group.kind]())
    if group.kind == "custom-bus":
        why = "the events themselves are not in the record; check the target that it names"
        return Suspected(none=why, explained=(delivery_error(group.code),), logged=False)
    return Suspected(none="no consumer is known: these messages do not say where they failed", logged=False)


def _takers(group: CauseGroup, queue: QueueFacts) -> Fetching[Suspected]:
    """The functions that take from the source queue."""
    name = group.origin.rpartition(":")[2]
    mapped, told = yield [mappings_of(group.origin), queue_attributes(url_for(group.origin, queue.url))]
    mappings = [mapping_of(one) for one in (mapped.value or {}).get("EventSourceMappings") or []]
    arns = [str(one["FunctionArn"]) for one in (mapped.value or {}).get("EventSourceMappings") or []]
    seen, retried_s = [], 0
    if told.value is not None:
        source = parse_queue("", told.value)
        retried_s = max(source.max_receive, 1) * source.visibility_s
        if source.max_receive == 1:
            seen.append(
                f"queue {name} has maxReceiveCount 1: a single failure moves a message to the dead-letter queue"
            )
    elif told.known:
        seen.append(f"the source queue {name} does not exist any more")
    none = "" if mappings else f"no consumer is known: no function consumes queue {name}; {_UNREGISTERED}"
    if not mapped.known:
        none = f"the consumers of queue {name} could not be read"
    return Suspected(
        suspects=tuple(Suspect(arn=arn, mappings=(one,)) for arn, one in zip(arns, mappings, strict=True)),
        none=none,
        seen=tuple(seen),
        retried_s=retried_s,
        unknown=refusals([mapped, told]),
    )


def mapping_of(told: Json) -> MappingFacts:
    """What ListEventSourceMappings says of one."""
    return MappingFacts(
        id=str(told.get("UUID", "")),
        source=str(told.get("EventSourceArn", "")),
        state=str(told.get("State", "")),
        reason=str(told.get("StateTransitionReason") or ""),
        last_result=str(told.get("LastProcessingResult") or ""),
        batch_size=int(told.get("BatchSize") or 0),
    )


def _failed_function(kind: str, origin: str, group: CauseGroup, queue: QueueFacts) -> Fetching[Suspected]:
    """The function whose invocation failed: named by a record, else by who uses this dead-letter queue."""
    said = condition_of(group.code)
    explained = (f"{group.code}: {said}",) if said else ()
    if kind == "lambda-async":
        found = yield from _invoked(queue)
        meant = invocation_error(group.code)
        return found.model_copy(update={"explained": (meant,) if meant else ()})
    if ":function:" not in origin:
        what = f"{origin.split(':', 5)[-1]} failed" if origin else "the record does not say what failed"
        none = f"no function is known: {what}; check what it logs and delivers to"
        return Suspected(none=none, explained=explained, logged=False)
    if kind == "stream":
        mapped = yield from fetch(_mappings_of_function(origin))
        listed = (mapped.value or {}).get("EventSourceMappings") or []
        streams = [mapping_of(one) for one in listed if ":sqs:" not in str(one.get("EventSourceArn", ""))]
        suspects = (Suspect(arn=origin, mappings=tuple(streams)),)
        return Suspected(suspects=suspects, explained=explained, unknown=refusals([mapped]))
    return Suspected(suspects=(Suspect(arn=origin),), explained=explained)


def _invoked(queue: QueueFacts) -> Fetching[Suspected]:
    around = yield from subscriptions_around(queue)
    functions = yield from fetch(list_some_versions())
    found = yield from functions_failing_into(functions, around.ends(queue))
    arns = [one.route.arn for one in found.senders if one.route]
    unknown = [*around.unread, *refusals([functions]), *found.unread]
    if (functions.value or {}).get("NextToken"):
        unknown.append(
            f"whether more functions use this dead-letter queue: only {LISTED_AT_MOST:,} versions were listed"
        )
    if len(arns) > CANDIDATES_AT_MOST:
        unknown.append(
            f"the health of {len(arns) - CANDIDATES_AT_MOST:,} more functions that use this dead-letter queue"
        )
    none = "" if arns else "no function uses this dead-letter queue any more"
    if not arns and unknown:
        none = "which function failed could not be read"
    suspects = tuple(Suspect(arn=arn) for arn in arns[:CANDIDATES_AT_MOST])
    return Suspected(suspects=suspects, none=none, unknown=tuple(unknown))


def _subscriber(group: CauseGroup, about: Context) -> Fetching[Suspected]:
    """What a subscription delivers to; SNS says nothing of why."""
    quiet = "SNS gives no reason: the subscriber refused it, was deleted, or did not answer within the retries"
    if not group.origin:
        return Suspected(none="the envelope does not name its subscription", explained=(quiet,), logged=False)
    answer = yield from fetch(subscription_attributes(group.origin))
    if answer.value is None:
        gone = ("the subscription does not exist any more",) if answer.known else ()
        none = "what it delivers to could not be read" if not gone else "its subscription was deleted"
        return Suspected(none=none, explained=(quiet,), seen=gone, logged=False, unknown=refusals([answer]))
    told = answer.value.get("Attributes") or {}
    endpoint, protocol = str(told.get("Endpoint", "")), str(told.get("Protocol", ""))
    if protocol not in ("sqs", "lambda"):
        none = f"no consumer in this account: it is delivered by {protocol}, check what answers there"
        return Suspected(none=none, explained=(quiet,), logged=False)
    place = yield from reached(endpoint, allowed_to("sns.amazonaws.com", endpoint, group.rule, about), about)
    return _delivered(place, quiet)


def _delivered(place: Reachable, *explained: str) -> Suspected:
    """What was delivered to; a function there was not invoked, so its log tells nothing of it."""
    return Suspected(
        suspects=(Suspect(arn=place.arn),) if place.function else (),
        none="" if place.function else f"it is delivered to {place.says}",
        explained=explained,
        seen=place.seen,
        logged=False,
        unknown=place.unknown,
    )


def _target(group: CauseGroup, about: Context) -> Fetching[Suspected]:
    """The target of a rule: whether the rule still has it, it exists, and lets EventBridge in."""
    reading = fetch(targets_of(group.rule))
    region = group.rule.split(":")[3]
    rule = yield from (reading if region == about.region else elsewhere(reading, region))
    seen, name = "", group.rule.rpartition(":rule/")[2]
    targets = (rule.value or {}).get("Targets") or []
    mine = next((one for one in targets if str(one.get("Arn")) == group.origin), None)
    if rule.known and mine is None:
        seen = (
            f"rule {name} {'does not have this target' if rule.value is not None else 'does not exist'} any more"
        )
    # A target with a role is called by that role, whatever its own policy says.
    by_role = mine is not None and bool(mine.get("RoleArn"))
    call = None if by_role else allowed_to("events.amazonaws.com", group.origin, group.rule, about)
    place = yield from reached(group.origin, call, about)
    made = _delivered(place, delivery_error(group.code))
    more = {"seen": (seen, *made.seen) if seen else made.seen, "unknown": (*refusals([rule]), *made.unknown)}
    return made.model_copy(update=more)


def _scheduled(group: CauseGroup, about: Context) -> Fetching[Suspected]:
    """The target of a schedule, which its own role calls."""
    explained = delivery_error(group.code)
    if ":aws-sdk:" in group.origin:
        api = group.origin.rpartition(":aws-sdk:")[2]
        none = f"it is the call {api}, made with the schedule's role; the message says what AWS answered"
        return Suspected(none=none, explained=(explained,), logged=False)
    place = yield from reached(group.origin, None, about)
    return _delivered(place, explained)


def _mappings_of_function(function: str) -> Read:
    return Read(
        service="lambda",
        operation="ListEventSourceMappings",
        params={"FunctionName": function.removesuffix(":$LATEST")},
    )
