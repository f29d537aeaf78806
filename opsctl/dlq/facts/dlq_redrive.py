"""Finds where the dead letters of a queue belong, and how their consumers do."""

from typing import ClassVar, Literal

from pydantic import Field

from opsctl.dlq.destinations import consumed, routed_destination, source_destination
from opsctl.dlq.names import looks_dead
from opsctl.dlq.park_queues import is_park
from opsctl.dlq.redrive import Destination, DestinationRow, Redrive, lasting
from opsctl.dlq.route import Route
from opsctl.dlq.senders import (
    Sender,
    Subscriptions,
    everything_else,
    functions_failing_into,
    schedules,
    streams_failing_into,
    subscriptions_around,
)
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching, fetch, gather
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value
from opsctl.resources.consumers import function_configuration
from opsctl.resources.dead_letter_reads import describe_bus, list_mappings, list_versions
from opsctl.resources.queue_facts import QueueFacts, find_queue

TASK_PER_S = 500
CANARY = 10
CANARY_ABOVE = 100
_VERDICT_AT_MOST_S = 600
_METRICS_S = 240
_ASKED = "asked for with --to"


class DlqRedrive(Fact):
    """Find what leaves dead letters in a queue and where each kind goes back to, and choose how to redrive it.

    Source queues, functions, on-failure destinations, stream batches, SNS subscriptions, rule targets and
    schedules are found from the account's settings, so that all is known before a message is read. With `to`
    everything goes there.
    """

    name: ClassVar[str] = "dlq.redrive"
    Result: ClassVar[type[Value]] = Redrive

    queue: str = Field(description="Name, URL or ARN of the dead-letter queue.")
    to: str = Field("", description="Send everything here: a queue, function:NAME, bus:NAME, or an ARN.")
    via: Literal["auto", "task", "client"] = Field(
        "auto", description="An SQS message move task, or opsctl itself."
    )
    altered: bool = Field(False, description="Whether messages are filtered, edited, limited or backed up.")
    rate: int = Field(0, description="Messages per second; 0: no limit.")
    canary: int = Field(-1, description="How many messages go first; 0: none, -1: chosen by what is known.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read queue, senders, destinations, their consumers and metrics; eight rounds at most."""
        queue = yield from find_queue(self.queue, about, source="queue")
        answers = yield [_sources(queue), _tasks(queue), list_mappings(), list_versions(), schedules()]
        sources, tasks, mappings, functions, scheduled = answers
        unknown = [str(one.refusal) for one in answers if not one.known]
        around = Subscriptions() if self.to else (yield from subscriptions_around(queue))
        ends = around.ends(queue)
        invoked = yield from functions_failing_into(functions, ends)
        unknown += invoked.unread
        senders = [*invoked.senders, *streams_failing_into(mappings, ends)]
        looks = looks_dead(queue.name) or is_park(queue.name)
        known = bool(_urls(sources) or senders or queue.redrive_allow or looks)
        if not self.to or not known:
            around = (yield from subscriptions_around(queue)) if self.to else around
            explained = bool(_urls(sources) or senders)
            more = yield from everything_else(queue, around, functions, scheduled, explained=explained)
            senders += more.senders
            unknown += more.unread
        if self.to:
            destinations = yield from self._asked(queue, about)
        else:
            fetchings = [source_destination(url, queue, about) for url in _urls(sources)]
            fetchings += [routed_destination(one.route, queue, about) for one in senders if one.route]
            destinations = yield from gather(fetchings)
            if any(one.bare for one in senders):
                destinations = [_not_bare(one) for one in destinations]
        via, because = self._way(destinations, tasks, sqs_only=bool(_urls(sources)) and not senders)
        canary, canary_because, within_s = self._canary(queue, destinations)
        rows = tuple(_row(one, about.region) for one in destinations) or (_NAMED_BY_EACH,)
        return Redrive(
            queue=queue,
            destinations=tuple(destinations),
            via=via,
            insists=self.via != "auto",
            because=because,
            recorded=not self.to,
            canary=canary,
            canary_because=canary_because,
            canary_within_s=within_s,
            lasts=lasting(queue.total, self.rate),
            summary=tuple(_line(one, about.region) for one in destinations),
            rows=rows,
            goal=rows[0].to if len(rows) == 1 else f"{len(rows)} destinations",
            stays=tuple(f"{one.name}: {one.cannot}" for one in senders if one.cannot and not self.to),
            not_a_dlq=_not_a_dlq(queue, mappings, is_dlq=known or bool(senders)),
            no_way=() if self.to else _no_way(queue, destinations, senders, sources),
            own_redrive=_own_redrive(queue),
            active_task=_active(tasks),
            broken=tuple(text for one in destinations for text in one.broken),
            unknown=tuple(dict.fromkeys([*unknown, *(text for one in destinations for text in one.unread)])),
        )

    def _asked(self, queue: QueueFacts, about: Context) -> Fetching[list[Destination]]:
        if self.to.startswith("function:") or ":lambda:" in self.to:
            return [(yield from self._function(queue, about))]
        if self.to.startswith("bus:") or ":events:" in self.to:
            return [(yield from self._bus())]
        target = yield from find_queue(self.to, about, source="to")
        if target.arn == queue.arn:
            raise InvalidInput.one("the queue cannot be redriven into itself", source="to")
        route = Route(kind="queue", arn=target.arn, url=target.url, name=target.name, why=_ASKED)
        return [(yield from consumed(target, route, queue, about))]

    def _function(self, queue: QueueFacts, about: Context) -> Fetching[Destination]:
        asked = self.to.removeprefix("function:")
        answer = yield from fetch(function_configuration(asked))
        if answer.value is None and answer.known:
            raise InvalidInput.one(f"there is no function {asked!r} in region {about.region}", source="to")
        arn = str((answer.value or {}).get("FunctionArn") or asked)
        name, _, qualifier = asked.split(":function:")[-1].partition(":")
        if qualifier and arn.startswith("arn:"):
            # What was named is invoked, not the version that it leads to now.
            arn, name = f"{':'.join(arn.split(':')[:7])}:{qualifier}", f"{name}:{qualifier}"
        route = Route(kind="function", arn=arn, name=name, form="payload", why=_ASKED)
        return (yield from routed_destination(route, queue, about))

    def _bus(self) -> Fetching[Destination]:
        asked = self.to.removeprefix("bus:")
        answer = yield from fetch(describe_bus(asked))
        if answer.value is None and answer.known:
            raise InvalidInput.one(f"there is no event bus {asked!r}", source="to")
        unread = () if answer.refusal is None else (str(answer.refusal),)
        name, arn = asked.rpartition("/")[2], str((answer.value or {}).get("Arn") or asked)
        return Destination(route=Route(kind="bus", arn=arn, name=name, why=_ASKED), unread=unread)

    def _way(self, to: list[Destination], tasks: Answer, *, sqs_only: bool) -> tuple[str, str]:
        reasons = []
        if self.altered:
            reasons.append("messages are filtered, edited, limited or backed up")
        if self.rate > TASK_PER_S:
            reasons.append(f"an SQS message move task moves at most {TASK_PER_S} messages per second")
        if not sqs_only or any(one.route.kind != "queue" for one in to):
            reasons.append("an SQS message move task moves only messages that SQS itself put into the queue")
        if tasks.refusal is not None:
            reasons.append(f"message move tasks cannot be read ({tasks.refusal.code})")
        if self.via == "task":
            if reasons:
                raise InvalidInput.one(f"a message move task cannot do this: {reasons[0]}", source="via")
            return "task", "asked for with --via task"
        if self.via == "client" or reasons:
            return "client", reasons[0] if reasons else "asked for with --via client"
        return "task", "SQS can do all of it, and goes on when this machine stops"

    def _canary(self, queue: QueueFacts, to: list[Destination]) -> tuple[int, str, int]:
        within_s = min(_VERDICT_AT_MOST_S, max((_verdict_s(one) for one in to), default=_METRICS_S))
        if self.canary >= 0:
            return self.canary, "asked for with --canary", within_s
        if queue.total <= CANARY_ABOVE:
            return 0, f"no canary: {CANARY_ABOVE} messages or fewer", within_s
        if not to or any(one.route.kind != "queue" and not one.functions for one in to):
            return 0, "no canary: these destinations do not show whether messages are consumed", within_s
        if not any(one.consumers for one in to):
            why = "no canary: no consumer is known that could be observed; --canary 10 sends one anyway"
            return 0, why, within_s
        return CANARY, f"more than {CANARY_ABOVE} messages", within_s


def _sources(queue: QueueFacts) -> Read:
    return Read(service="sqs", operation="ListDeadLetterSourceQueues", params={"QueueUrl": queue.url})


def _tasks(queue: QueueFacts) -> Read:
    params = {"SourceArn": queue.arn, "MaxResults": 10}
    return Read(service="sqs", operation="ListMessageMoveTasks", params=params)


def _verdict_s(one: Destination) -> int:
    return one.returns_after_s if one.route.kind == "queue" else _METRICS_S


def _not_bare(one: Destination) -> Destination:
    """A destination for what says where it failed: another sender's messages say nothing and are not for it."""
    return one.model_copy(update={"route": one.route.model_copy(update={"bare": False})})


def _urls(sources: Answer) -> list[str]:
    return sorted((sources.value or {}).get("queueUrls") or [])


def _line(one: Destination, own: str) -> str:
    region = one.route.region(own)
    where = f" in {region}" if region != own else ""
    waiting = f", {one.waiting:,} messages in it" if one.waiting >= 0 else ""
    if one.route.kind == "call":
        return f"{one.route.says()}{where} ({one.route.why})"
    who = "; ".join(one.consumers) or "no consumer is known"
    return f"{one.route.says()}{where}{waiting} ({one.route.why}): {who}"


def _row(one: Destination, own: str) -> DestinationRow:
    region = one.route.region(own)
    return DestinationRow(
        to=f"{one.route.says()}{f' in {region}' if region != own else ''}",
        waiting=f"{one.waiting:,}" if one.waiting >= 0 else "-",
        consumers="; ".join(one.consumers) or ("-" if one.route.kind == "call" else "none is known"),
    )


_NAMED_BY_EACH = DestinationRow(to="what each message names", waiting="-", consumers="-")


def _not_a_dlq(queue: QueueFacts, mappings: Answer, *, is_dlq: bool) -> tuple[str, ...]:
    mapped = [
        one["FunctionArn"]
        for one in (mappings.value or {}).get("EventSourceMappings") or []
        if one.get("EventSourceArn") == queue.arn
    ]
    if mapped:
        return (f"function {mapped[0].rpartition(':')[2]} consumes {queue.name}: it is a working queue",)
    if not is_dlq:
        return (f"no source uses {queue.name} as its dead-letter queue",)
    return ()


def _no_way(
    queue: QueueFacts, destinations: list[Destination], senders: list[Sender], sources: Answer
) -> tuple[str, ...]:
    functions = [one for one in destinations if one.route.kind == "function" and one.route.form == "body"]
    if len(functions) > 1:
        names = [one.route.name for one in functions]
        named = next((name for name in names if ":" in name), names[0])
        which = f"functions {', '.join(names)} all use the dead-letter queue {queue.name}"
        return (f"{which}, and the messages do not say which was invoked; choose one with --to function:{named}",)
    if destinations:
        return ()
    if senders:
        return tuple(f"{one.name}: {one.cannot}" for one in senders)
    return () if sources.known else (f"the source queues of {queue.name} cannot be listed: {sources.refusal}",)


def _own_redrive(queue: QueueFacts) -> tuple[str, ...]:
    if not queue.dead_letter_arn:
        return ()
    target = queue.dead_letter_arn.rpartition(":")[2]
    return (f"{queue.name} has a redrive policy: after {queue.max_receive} receives a message moves to {target}",)


def _active(tasks: Answer) -> tuple[str, ...]:
    return tuple(
        f"a message move task is {one['Status']}: {one.get('ApproximateNumberOfMessagesMoved', 0)} moved so far"
        for one in (tasks.value or {}).get("Results") or []
        if one.get("Status") in ("RUNNING", "CANCELLING")
    )
