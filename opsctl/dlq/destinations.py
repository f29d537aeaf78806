"""Judges where dead letters go: does the place exist, who takes from it, and how does that go at the moment."""

from collections.abc import Sequence

from opsctl.dlq.redrive import Destination
from opsctl.dlq.route import Route
from opsctl.model.fetching import Fetching, elsewhere, fetch, gather
from opsctl.model.reads import Read
from opsctl.model.run import Context
from opsctl.model.value import Json
from opsctl.resources.consumers import (
    Consumer,
    consumer_of,
    function_configuration,
    function_metrics,
    mappings_of,
    oldest_of,
    queue_age,
)
from opsctl.resources.queue_facts import QueueFacts, parse_queue, queue_attributes, queue_url

_OLD_S = 1800


def source_destination(url: str, queue: QueueFacts, about: Context) -> Fetching[Destination]:
    """A queue whose dead-letter queue this is."""
    route = Route(
        origin=f"{queue.arn.rpartition(':')[0]}:{url.rpartition('/')[2]}",
        kind="queue",
        arn=f"{queue.arn.rpartition(':')[0]}:{url.rpartition('/')[2]}",
        url=url,
        name=url.rpartition("/")[2],
        bare=True,
        why="this is its dead-letter queue",
    )
    return (yield from routed_destination(route, queue, about, sqs_puts=True))


def routed_destination(
    route: Route, queue: QueueFacts, about: Context, *, sqs_puts: bool = False
) -> Fetching[Destination]:
    """The place a route leads to; `sqs_puts` tells that SQS itself moves messages from there to the queue."""
    region = route.region(about.region)
    if region == about.region:
        return (yield from _at(route, queue, about, sqs_puts=sqs_puts))
    made = yield from elsewhere(_at(route, queue, about, sqs_puts=sqs_puts), region)
    # What a canary does there is seen by the depth of the queue alone.
    return made.model_copy(update={"functions": ()})


def _at(route: Route, queue: QueueFacts, about: Context, *, sqs_puts: bool) -> Fetching[Destination]:
    if route.kind == "queue":
        if not route.url:
            found = yield from fetch(queue_url(route.arn))
            if found.value is None:
                gone = f"queue {route.arn} cannot be found: {found.refusal}"
                return Destination(route=route, broken=(gone,))
            route = route.model_copy(update={"url": str(found.value["QueueUrl"])})
        answer = yield from fetch(queue_attributes(route.url))
        if answer.value is None:
            gone = f"queue {route.name} cannot be read: {answer.refusal}"
            return Destination(route=route, broken=(gone,), sqs_puts=sqs_puts)
        made = yield from consumed(parse_queue(route.url, answer.value), route, queue, about)
        return made.model_copy(update={"sqs_puts": sqs_puts})
    if route.kind in ("function", "stream") or route.arn.split(":")[2:3] == ["lambda"]:
        consumer = yield from _consumer(route.arn, None, about)
        return Destination(
            route=route,
            consumers=(f"function {consumer.name}: {consumer.health}",),
            functions=(consumer.name,) if consumer.measured else (),
            broken=consumer.broken,
        )
    return Destination(route=route)


def consumed(target: QueueFacts, route: Route, queue: QueueFacts, about: Context) -> Fetching[Destination]:
    """Judge a destination queue by its type, its age and its consumers."""
    mappings, ages = yield [mappings_of(target.arn), queue_age(target.name, about.now)]
    found = (mappings.value or {}).get("EventSourceMappings") or []
    consumers = yield from gather([_consumer(one["FunctionArn"], one, about) for one in found])
    oldest_s = oldest_of(ages.value)
    broken = list(_misfits(target, queue))
    if target.total and oldest_s > max(_OLD_S, 3 * target.visibility_s):
        broken.append(f"the oldest message of {target.name} has waited for {oldest_s // 60:,} minutes")
    return Destination(
        route=route,
        consumers=tuple(f"function {one.name}: {one.health}" for one in consumers),
        functions=tuple(one.name for one in consumers if one.measured),
        broken=(*broken, *(text for one in consumers for text in one.broken)),
        unread=tuple(str(one.refusal) for one in (mappings, ages) if not one.known),
        waiting=target.total,
        returns_after_s=(target.max_receive or 1) * target.visibility_s + 10,
        key=target.key,
    )


def _misfits(target: QueueFacts, queue: QueueFacts) -> Sequence[str]:
    if target.fifo and not queue.fifo:
        return (f"{target.name} is a FIFO queue and {queue.name} is not: messages without a group stay",)
    return ()


def _consumer(function: str, mapping: Json, about: Context) -> Fetching[Consumer]:
    # The name of a function, or its ARN with an alias or version; metrics are the function's.
    asked = function.removesuffix(":$LATEST")
    name = function.split(":function:")[-1].split(":")[0]
    reads: list[Read] = [function_configuration(asked), function_metrics(name, about.now)]
    configuration, metrics = yield reads
    return consumer_of(name, mapping, configuration, metrics)
