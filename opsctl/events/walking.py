"""Takes one concrete event along a delivery: which steps let it pass, in which form it arrives, where it ends."""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from opsctl.events.arns import named
from opsctl.events.delivery_graph import Delivery, DeliveryEdge, EventEnd, EventStep
from opsctl.events.event_forms import PassingEvent, as_eventbridge, as_notification, as_records, unsure_of
from opsctl.events.function_forms import as_pipe_input, as_proxy_1, as_proxy_2, as_sns_record, as_sqs_records
from opsctl.events.hops import Hop
from opsctl.events.selections import FilterSelection, PatternSelection, RouteSelection
from opsctl.model.run import Context
from opsctl.model.value import Json
from opsctl.resources.event_inputs import input_for_target

_STEPS_AT_MOST = 1000
_RAW_ATTRIBUTES = 10
_FORMS_AT_MOST = 6
_BEST_FIRST = ("passes", "unknown", "filtered", "blocked")


class Way(NamedTuple):
    """An edge of a delivery with the hop that it was judged from."""

    edge: DeliveryEdge
    hop: Hop


class _Arrived(NamedTuple):
    arn: str
    event: PassingEvent
    certain: bool


def walk_event(delivery: Delivery, ways: Sequence[Way], event: PassingEvent, about: Context) -> Delivery:
    """Return the delivery with what the event meets on each step, and where it ends; failures are not followed."""
    leads: dict[str, list[int]] = {}
    for number, way in enumerate(ways):
        if not way.edge.failure:
            leads.setdefault(way.edge.source, []).append(number)
    met: dict[int, EventStep] = {}
    seen: dict[int, list[PassingEvent]] = {}
    ends: dict[tuple[str, str], EventEnd] = {}
    waiting = [_Arrived(delivery.start, event, certain=True)]
    for _ in range(_STEPS_AT_MOST):
        if not waiting:
            break
        at = waiting.pop(0)
        onward = [number for number in leads.get(at.arn, []) if _is_new(seen.setdefault(number, []), at.event)]
        if all(ways[number].hop.makes == "result" for number in leads.get(at.arn, [])):
            ends.setdefault((at.arn, at.event.body), EventEnd(arn=at.arn, body=at.event.body, certain=at.certain))
        for number in onward:
            step, then = _step(ways[number], at.event, about.region, about.account)
            step = step.model_copy(update={"second_opinion": _second_opinion(ways[number], at.event, about)})
            met[number] = min(met.get(number, step), step, key=lambda one: _BEST_FIRST.index(one.outcome))
            if then is not None:
                certain = at.certain and step.outcome == "passes"
                waiting.append(_Arrived(ways[number].edge.target, then, certain))
    return delivery.model_copy(update={"edges": _marked(ways, met), "ends": tuple(ends.values())})


def _is_new(seen: list[PassingEvent], event: PassingEvent) -> bool:
    """Whether a step has not met this form of the event; the same event comes in several by several ways.

    A loop that wraps it again and again ends after a few.
    """
    if event in seen or len(seen) == _FORMS_AT_MOST:
        return False
    seen.append(event)
    return True


def _second_opinion(way: Way, event: PassingEvent, about: Context) -> str:
    """The command that asks EventBridge about a pattern; it wants all of these members (TestEventPattern)."""
    if not isinstance(way.hop.takes, PatternSelection) or event.unsure:
        return ""
    lacking: dict[str, Json] = {
        "id": "1",
        "account": about.account,
        "source": "unknown",
        "time": "1970-01-01T00:00:00Z",
        "region": about.region,
        "resources": [],
        "detail-type": "unknown",
    }
    try:
        told = json.dumps(lacking | json.loads(event.body))
    except (ValueError, TypeError):
        return ""
    words = ("events", "test-event-pattern", "--event-pattern", way.hop.takes.pattern, "--event", told)
    return about.commands.aws(*words)


def _marked(ways: Sequence[Way], met: Mapping[int, EventStep]) -> tuple[DeliveryEdge, ...]:
    return tuple(way.edge.model_copy(update={"event": met.get(number)}) for number, way in enumerate(ways))


def _step(way: Way, event: PassingEvent, region: str, account: str) -> tuple[EventStep, PassingEvent | None]:
    """What the event meets on a step, and what it is behind it; None when it certainly does not get there."""
    blocked = EventStep(outcome="blocked", why="; ".join(way.edge.why)) if way.edge.verdict == "blocked" else None
    try:
        if way.hop.takes is not None and not way.hop.takes.takes(event):
            return EventStep(outcome="filtered", why="what this step takes does not include it"), None
        if blocked is not None:
            return blocked, None
        if _is_raw(way) and len(event.attributes) > _RAW_ATTRIBUTES:
            why = f"raw delivery takes {_RAW_ATTRIBUTES} attributes at most, and it has {len(event.attributes)}"
            return EventStep(outcome="blocked", why=why), None
        then = _handed_on(way, event, region, account)
    except ValueError as fault:
        return blocked or EventStep(outcome="unknown", why=str(fault)), None
    if way.edge.verdict == "unknown":
        return EventStep(outcome="unknown", why="; ".join(way.edge.why)), then
    return EventStep(outcome="passes"), then


def _is_raw(way: Way) -> bool:
    """Whether a queue gets messages of a topic as they are (SNS guide, "Message attributes": ten at most then)."""
    return way.hop.makes == "same" and isinstance(way.hop.takes, FilterSelection) and ":sqs:" in way.edge.target


def _piped(way: Way, event: PassingEvent) -> PassingEvent:
    told = {name: str(way.hop.settings.get(name, "")) for name in ("queue", "enrichment", "template")}
    if told["enrichment"]:
        raise ValueError(f"what the enrichment {named(told['enrichment']).name} makes of it is in no setting")
    if told["template"]:
        raise ValueError("what the input template of the pipe makes of it is not evaluated here")
    target = named(way.edge.target).kind
    body = as_pipe_input(event, told["queue"], target)
    if target == "event bus":
        raise ValueError(f"the event has this as its detail, with a source and a type of the pipe's own: {body}")
    return PassingEvent(body=body)


def _proxied(hop: Hop, event: PassingEvent) -> PassingEvent:
    if event.request is None or not isinstance(hop.takes, RouteSelection):
        raise ValueError("what comes to an API is a request")
    if hop.makes == "proxy-2":
        return PassingEvent(body=as_proxy_2(event.request, hop.takes.route))
    return PassingEvent(body=as_proxy_1(event.request, hop.takes.route, http=hop.makes == "proxy-1-http"))


def _handed_on(way: Way, event: PassingEvent, region: str, account: str) -> PassingEvent:
    """The event in the form in which the step hands it on.

    Raises:
        ValueError: the step makes nothing of it.
    """
    hop = way.hop
    if hop.makes == "result":
        made = "the integration" if event.request is not None else "the program"
        raise ValueError(f"what {made} makes of it is not told by the settings that are read here")
    if hop.makes == "same":
        return event
    if hop.makes == "sns-record":
        return PassingEvent(body=as_sns_record(event, way.edge.source))
    if hop.makes == "sqs-records":
        return PassingEvent(body=as_sqs_records(event, way.edge.source))
    if hop.makes == "pipe":
        return _piped(way, event)
    if hop.makes.startswith("proxy"):
        return _proxied(hop, event)
    if hop.makes == "notification":
        return PassingEvent(body=as_notification(event, way.edge.source))
    if hop.makes == "input":
        message: dict[str, Json] = {"Body": event.body}
        body = input_for_target(message, hop.settings, way.edge.source)
        return PassingEvent(body=body, unsure=() if hop.settings else event.unsure)
    if event.s3 is None:
        raise ValueError("what comes from a bucket is an event of an object")
    if hop.makes == "records":
        return PassingEvent(body=as_records(event.s3, named(way.edge.source).name, region))
    body = as_eventbridge(event.s3, way.edge.source, region, account)
    return PassingEvent(body=body, unsure=unsure_of(event.s3))
