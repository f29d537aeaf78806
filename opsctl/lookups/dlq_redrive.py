"""Finds where the dead letters of a queue belong, and how their consumers do."""

from typing import ClassVar, Literal

from pydantic import Field

from opsctl.deadletters.redrive import Destination, Redrive, lasting
from opsctl.deadletters.route import Route
from opsctl.model.errors import InvalidInput
from opsctl.model.looking import Looking, look, together
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Context, Lookup
from opsctl.model.value import Json, Value
from opsctl.services.consumers import (
    Consumer,
    consumer_of,
    function_configuration,
    function_metrics,
    mappings_of,
)
from opsctl.services.queue_facts import QueueFacts, find_queue, parse_queue, queue_attributes

TASK_PER_S = 500
CANARY = 10
CANARY_ABOVE = 100
_VERDICT_AT_MOST_S = 600
_LOOKS_DEAD = ("dlq", "dead", "fail", "error", "poison", "undeliver")


class DlqRedrive(Lookup):
    """Find the sources, functions and consumers behind a dead-letter queue, and choose how to redrive it.

    A queue's messages go back to their own source queues, to the functions whose failures they are, or to
    `to`; those that carry a record of a subscription, rule target or function go where the record says.
    """

    name: ClassVar[str] = "dlq.redrive"
    Result: ClassVar[type[Value]] = Redrive

    queue: str = Field(description="Name, URL or ARN of the dead-letter queue.")
    to: str = Field("", description="Send everything here: a queue, function:NAME, bus:NAME, or an ARN.")
    via: Literal["auto", "task", "client"] = Field("auto", description="SQS's own move task, or opsctl itself.")
    altered: bool = Field(False, description="Whether messages are filtered, edited, limited or backed up.")
    rate: int = Field(0, description="Messages a second; 0 is as fast as possible.")
    canary: int = Field(-1, description="How many go first; 0 none, -1 decides by what is known.")

    def look(self, about: Context) -> Looking[Value]:
        """Read queue, sources, mappings, functions and metrics; five rounds at most."""
        queue = yield from find_queue(self.queue, about, source="queue")
        answers = yield [_sources(queue), _tasks(queue), mappings_of(queue.arn), _functions()]
        sources, tasks, own, functions = answers
        unknown = [str(one.refusal) for one in answers if not one.known]
        if self.to:
            destinations = yield from self._asked(queue, about)
        else:
            lookings = [_queue_destination(url, queue, about) for url in _urls(sources)]
            lookings += [_function_destination(arn, about) for arn in _failing_into(functions, queue)]
            destinations = yield from together(lookings)
        via, because = self._way(queue, destinations, tasks)
        canary, canary_because, within_s = self._canary(queue, destinations)
        named = any(mark in queue.name.lower() for mark in _LOOKS_DEAD)
        is_dlq = bool(_urls(sources) or _failing_into(functions, queue) or queue.redrive_allow or named)
        return Redrive(
            queue=queue,
            destinations=tuple(destinations),
            via=via,
            because=because,
            recorded=not self.to,
            canary=canary,
            canary_because=canary_because,
            canary_within_s=within_s,
            lasts=lasting(queue.total, self.rate),
            summary=tuple(_line(one) for one in destinations),
            not_a_dlq=_not_a_dlq(queue, own, is_dlq=is_dlq or _named_by(queue, destinations)),
            no_way=_no_way(queue, destinations),
            own_redrive=_own_redrive(queue),
            active_task=_active(tasks),
            broken=tuple(text for one in destinations for text in one.broken),
            unknown=tuple(dict.fromkeys([*unknown, *(text for one in destinations for text in one.unread)])),
        )

    def _asked(self, queue: QueueFacts, about: Context) -> Looking[list[Destination]]:
        if self.to.startswith(("function:", "arn:aws:lambda:", "arn:aws-cn:lambda:", "arn:aws-us-gov:lambda:")):
            made = yield from _function_destination(self.to.removeprefix("function:"), about, form="payload")
            return [made]
        if self.to.startswith("bus:") or ":events:" in self.to:
            name = self.to.removeprefix("bus:")
            route = Route(kind="bus", arn=name, name=name.rpartition("/")[2], why="asked for with --to")
            return [Destination(route=route)]
        target = yield from find_queue(self.to, about, source="to")
        if target.arn == queue.arn:
            raise InvalidInput.one("the queue cannot be redriven into itself", source="to")
        made = yield from _consumed(
            target,
            Route(kind="queue", arn=target.arn, url=target.url, name=target.name, why="asked for with --to"),
            queue,
            about,
        )
        return [made]

    def _way(self, queue: QueueFacts, to: list[Destination], tasks: Answer) -> tuple[str, str]:
        reasons = []
        if self.altered:
            reasons.append("messages are filtered, edited, counted or backed up")
        if self.rate > TASK_PER_S:
            reasons.append(f"AWS's own task moves at most {TASK_PER_S} messages a second")
        if any(one.route.kind != "queue" for one in to) or not to:
            reasons.append("AWS's own task moves only what SQS itself put into the dead-letter queue")
        if tasks.refusal is not None:
            reasons.append(f"message move tasks cannot be read ({tasks.refusal.code})")
        if self.via == "task":
            if reasons:
                raise InvalidInput.one(f"a message move task cannot do this: {reasons[0]}", source="via")
            return "task", "asked for with --via task"
        if self.via == "client" or reasons:
            return "client", reasons[0] if reasons else "asked for with --via client"
        return "task", "SQS can do all of it itself, at no cost in traffic and without this machine"

    def _canary(self, queue: QueueFacts, to: list[Destination]) -> tuple[int, str, int]:
        queues = [one for one in to if one.route.kind == "queue"]
        within_s = min(_VERDICT_AT_MOST_S, max((one.returns_after_s for one in queues), default=60))
        if self.canary >= 0:
            return self.canary, "asked for with --canary", within_s
        if queue.total <= CANARY_ABOVE:
            return 0, f"no canary: {CANARY_ABOVE} messages or fewer", within_s
        if not queues or len(queues) != len(to):
            return 0, "no canary: what becomes of them cannot be seen at these destinations", within_s
        if not any(one.consumers for one in queues):
            return (
                0,
                "no canary: no consumer is known, so no verdict could be had; --canary 10 waits for one",
                within_s,
            )
        return CANARY, f"more than {CANARY_ABOVE} messages, so a few go first", within_s


def _sources(queue: QueueFacts) -> Read:
    return Read(service="sqs", operation="ListDeadLetterSourceQueues", params={"QueueUrl": queue.url})


def _tasks(queue: QueueFacts) -> Read:
    params = {"SourceArn": queue.arn, "MaxResults": 10}
    return Read(service="sqs", operation="ListMessageMoveTasks", params=params)


def _functions() -> Read:
    return Read(service="lambda", operation="ListFunctions")


def _urls(sources: Answer) -> list[str]:
    return sorted((sources.value or {}).get("queueUrls") or [])


def _failing_into(functions: Answer, queue: QueueFacts) -> list[str]:
    return [
        one["FunctionArn"]
        for one in (functions.value or {}).get("Functions") or []
        if (one.get("DeadLetterConfig") or {}).get("TargetArn") == queue.arn
    ]


def _queue_destination(url: str, queue: QueueFacts, about: Context) -> Looking[Destination]:
    answer = yield from look(queue_attributes(url))
    name = url.rpartition("/")[2]
    if answer.value is None:
        arn = f"{queue.arn.rpartition(':')[0]}:{name}"
        route = Route(
            origin=arn, kind="queue", arn=arn, url=url, name=name, why="its dead-letter queue is this one"
        )
        return Destination(route=route, broken=(f"queue {name} cannot be read: {answer.refusal}",))
    source = parse_queue(url, answer.value)
    route = Route(
        origin=source.arn,
        kind="queue",
        arn=source.arn,
        url=url,
        name=name,
        why="its dead-letter queue is this one",
    )
    return (yield from _consumed(source, route, queue, about))


def _consumed(target: QueueFacts, route: Route, queue: QueueFacts, about: Context) -> Looking[Destination]:
    """Judge a destination queue by its type, its key and its consumers."""
    broken = []
    if target.fifo and not queue.fifo:
        broken.append(f"{target.name} is a FIFO queue and {queue.name} is not: messages without a group stay")
    mappings = yield from look(mappings_of(target.arn))
    found = (mappings.value or {}).get("EventSourceMappings") or []
    consumers = yield from together([_consumer(one["FunctionArn"], one, about) for one in found])
    return Destination(
        route=route,
        consumers=tuple(f"function {one.name}: {one.health}" for one in consumers),
        broken=(*broken, *(text for one in consumers for text in one.broken)),
        unread=() if mappings.known else (str(mappings.refusal),),
        waiting=target.total,
        returns_after_s=(target.max_receive or 1) * target.visibility_s + 10,
    )


def _function_destination(
    function: str, about: Context, form: Literal["body", "payload"] = "body"
) -> Looking[Destination]:
    consumer = yield from _consumer(function, None, about)
    why = "its failed asynchronous invocations end in this queue" if form == "body" else "asked for with --to"
    return Destination(
        route=Route(kind="function", arn=function, name=consumer.name, form=form, why=why),
        consumers=(f"function {consumer.name}: {consumer.health}",),
        broken=consumer.broken,
    )


def _consumer(function: str, mapping: Json, about: Context) -> Looking[Consumer]:
    name = function.split(":function:")[-1].split(":")[0]
    configuration, metrics = yield [function_configuration(name), function_metrics(name, about.now)]
    return consumer_of(name, mapping, configuration, metrics)


def _line(one: Destination) -> str:
    waiting = f", {one.waiting:,} waiting there" if one.waiting >= 0 else ""
    who = "; ".join(one.consumers) or "no consumer is known"
    return f"{one.route.says()}{waiting} ({one.route.why}): {who}"


def _named_by(queue: QueueFacts, destinations: list[Destination]) -> bool:
    return bool(destinations) and not queue.dead_letter_arn


def _not_a_dlq(queue: QueueFacts, own: Answer, *, is_dlq: bool) -> tuple[str, ...]:
    mapped = [one["FunctionArn"] for one in (own.value or {}).get("EventSourceMappings") or []]
    if mapped:
        return (f"{queue.name} is consumed by {mapped[0].rpartition(':')[2]}: it is a working queue",)
    if not is_dlq:
        return (f"nothing names {queue.name} as its dead-letter queue",)
    return ()


def _no_way(queue: QueueFacts, destinations: list[Destination]) -> tuple[str, ...]:
    functions = [one for one in destinations if one.route.kind == "function" and one.route.form == "body"]
    if len(functions) > 1:
        names = ", ".join(one.route.name for one in functions)
        return (f"functions {names} all fail into {queue.name}, and its messages do not say which is whose",)
    return ()


def _own_redrive(queue: QueueFacts) -> tuple[str, ...]:
    if not queue.dead_letter_arn:
        return ()
    target = queue.dead_letter_arn.rpartition(":")[2]
    return (f"{queue.name} moves messages on to {target} once they were received {queue.max_receive} times",)


def _active(tasks: Answer) -> tuple[str, ...]:
    return tuple(
        f"a message move task is {one['Status']}: {one.get('ApproximateNumberOfMessagesMoved', 0)} moved so far"
        for one in (tasks.value or {}).get("Results") or []
        if one.get("Status") in ("RUNNING", "CANCELLING")
    )
