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
    log_group,
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
    "log group": log_group.read,
    "custom event bus": custom_bus.read,
    "REST API": api_gateway.read_rest,
    "HTTP API": api_gateway.read_http,
}


def read_place(place: Waypoint, about: Context) -> Fetching[ReadResource]:
    """Read one resource; one of another account, or of a kind that is not followed, is only named.

    What is in another Region is read there, with its policy, and followed no further.
    """
    what = named(place.arn)
    account, region = _elsewhere(what.account, about.account), _elsewhere(what.region, about.region)
    if what.kind in _READ and not account and not region:
        stop = yield from _READ[what.kind](place, about)
        return stop
    note = (
        f"not followed: it is in {' and '.join(one for one in (account, region) if one)}"
        if account or region
        else ""
    )
    if what.kind in _TAKE and not account:
        stop = yield from _in_region(region, _READ[what.kind](place, about))
        node = stop.node.model_copy(update={"notes": (note,), "ends": True})
        return stop.model_copy(update={"node": node, "hops": ()})
    yield from ()
    return ReadResource(
        node=DeliveryNode(arn=place.arn, kind=what.kind, name=what.name, notes=(note,) if note else (), ends=True)
    )


_TAKE = ("queue", "topic", "function", "event bus")


def _in_region(region: str, fetching: Fetching[ReadResource]) -> Fetching[ReadResource]:
    """Make the reads of a resource in its own Region."""
    wanted = next(fetching)
    while True:
        answers = yield [one.model_copy(update={"region": region}) for one in wanted]
        try:
            wanted = fetching.send(answers)
        except StopIteration as stop:
            found: ReadResource = stop.value
            return found


def _elsewhere(there: str, here: str) -> str:
    return there if there not in ("", here) else ""
