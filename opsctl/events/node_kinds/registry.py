"""Which kind reads which resource; what has no kind here is named and not followed."""

from collections.abc import Callable

from opsctl.events.arns import named
from opsctl.events.delivery_graph import DeliveryNode
from opsctl.events.hops import ReadResource, Waypoint
from opsctl.events.node_kinds import (
    alarm,
    api_gateway,
    custom_bus,
    event_bus,
    event_pipe,
    event_rule,
    lambda_function,
    s3_bucket,
    schedule,
    sns_topic,
    sqs_queue,
)
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context

_READ: dict[str, Callable[[Waypoint, Context], Fetching[ReadResource]]] = {
    "bucket": s3_bucket.read,
    "topic": sns_topic.read,
    "event bus": event_bus.read,
    "rule": event_rule.read,
    "queue": sqs_queue.read,
    "function": lambda_function.read,
    "pipe": event_pipe.read,
    "schedule": schedule.read,
    "alarm": alarm.read,
    "custom event bus": custom_bus.read,
    "REST API": api_gateway.read_rest,
    "HTTP API": api_gateway.read_http,
}


def read_place(place: Waypoint, about: Context) -> Fetching[ReadResource]:
    """Read one resource; one of another account or Region, or of a kind that is not followed, is only named."""
    what = named(place.arn)
    away = [
        word for word in (_elsewhere(what.account, about.account), _elsewhere(what.region, about.region)) if word
    ]
    if what.kind in _READ and not away:
        stop = yield from _READ[what.kind](place, about)
        return stop
    yield from ()
    note = f"not followed: it is in {' and '.join(away)}" if away else ""
    return ReadResource(
        node=DeliveryNode(arn=place.arn, kind=what.kind, name=what.name, notes=(note,) if note else (), ends=True)
    )


def _elsewhere(there: str, here: str) -> str:
    return there if there not in ("", here) else ""
