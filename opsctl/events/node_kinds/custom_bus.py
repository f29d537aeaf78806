"""Custom event buses, the second kind that EventBridge has: each subscriber is an edge to one target, by a role.

Source: the model of the EventBridge API for custom event buses (ListSubscribers, DescribeSubscriber, RetryPolicy:
5 attempts within 300 s unless said otherwise; every filter of a subscriber has to match).
"""

from opsctl.events.arns import named
from opsctl.events.delivery_graph import DeliveryNode, Verdict
from opsctl.events.hops import Hop, ReadResource, Waypoint
from opsctl.events.resource_answers import ResourceAnswers, items_of, read_of
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context
from opsctl.model.value import Json

_ATTEMPTS, _AGE_S = 5, 300
_CALLS = {"topic": "sns:Publish", "queue": "sqs:SendMessage", "function": "lambda:InvokeFunction"}


def read(place: Waypoint, _: Context) -> Fetching[ReadResource]:
    """Read the bus and its subscribers, then each of them."""
    told = ResourceAnswers()
    first = yield from told.ask(
        [
            ("custom event bus", read_of("eventbridgev2", "DescribeEventBus", EventBusArn=place.arn)),
            ("subscribers", read_of("eventbridgev2", "ListSubscribers", EventBusArn=place.arn)),
        ]
    )
    arns = [str(one["SubscriberArn"]) for one in items_of(first["subscribers"], "Subscribers")]
    reads = [(arn, read_of("eventbridgev2", "DescribeSubscriber", SubscriberArn=arn)) for arn in arns]
    found = (yield from told.ask(reads)) if reads else {}
    hops = tuple(_subscriber(one) for one in found.values() if one)
    state = str((first["custom event bus"] or {}).get("State", ""))
    notes = [f"state {state}"] if state not in ("", "ACTIVE") else []
    if not arns and not told.unknown and "custom event bus" not in told.missing:
        notes.append("nobody has subscribed")
    node = DeliveryNode(
        arn=place.arn,
        kind="custom event bus",
        name=named(place.arn).name,
        notes=tuple(notes),
        unknown=tuple(told.unknown),
        exists="custom event bus" not in told.missing,
    )
    return ReadResource(node=node, hops=hops)


def _subscriber(told: Json) -> Hop:
    invoke = told.get("InvokeConfiguration") or {}
    retry = told.get("RetryPolicy") or {}
    attempts = int(retry.get("MaxRetryAttempts", _ATTEMPTS))
    age = int(retry.get("MaxEventAgeInSeconds", _AGE_S))
    dead = str((told.get("OnFailureConfiguration") or {}).get("Arn", ""))
    filters = [str(one.get("Pattern", "")) for one in (told.get("FilterConfiguration") or {}).get("Filters") or []]
    off = _why_off(told)
    verdict: Verdict = "blocked" if off else "filtered" if filters else "delivers"
    target = str(invoke.get("TargetArn", ""))
    fifo = told.get("Type") == "FIFO"
    return Hop(
        to=Waypoint(arn=target),
        by=f"subscriber {told.get('Name', '')}",
        verdict=verdict,
        why=off,
        causes=("retry-short",) if age <= _AGE_S else (),
        passes=" and ".join(filters),
        role=str(invoke.get("RoleArn", "")),
        calls=_CALLS.get(named(target).kind, "?"),
        retry=f"{attempts} attempts within {age} s",
        order="in order within an event group" if fifo else "no order",
        lost="" if dead else "its retries are used up: there is no dead-letter queue",
        dead_letter=dead,
        makes="result",
    )


def _why_off(told: Json) -> tuple[str, ...]:
    if told.get("Revoked"):
        return ("the owner of the bus has revoked the subscriber, for good",)
    return ("the subscriber is stopped",) if told.get("State") == "STOPPED" else ()
