"""Reads the bus and the queues of a fan-out by rules, and what EventBridge would never deliver."""

import json
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from opsctl.events.kms_keys import KeyFacts, read_keys, what_key_refuses
from opsctl.model.errors import FactUnknown, InvalidInput
from opsctl.model.fetching import Fetching, gather
from opsctl.model.reads import Read, RefusalKind
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value, fingerprint
from opsctl.resources.actions.events_rule import describe_rule
from opsctl.resources.event_patterns import Pattern
from opsctl.resources.queue_facts import QueueFacts, find_queue, queue_attributes

SERVICE = "events.amazonaws.com"
EVERYTHING: dict[str, Json] = {"source": [{"prefix": ""}]}
_PATTERN_AT_MOST = 2048


class RoutedQueue(Value):
    """A queue that is to get what a pattern chooses; `there` tells that the rule of its name exists already."""

    name: str
    arn: str
    url: str
    fifo: bool
    rule: str
    pattern: dict[str, Json]
    group: str = ""
    there: bool = False


class EventsRoutesRead(Value):
    """A bus with the queues that are to get its events, each by a rule of its own.

    `refused` are queues that EventBridge cannot deliver to, `doubtful` what it does without telling, `others` the
    rules of the bus that are switched on and none of these.
    """

    bus: str
    queues: tuple[RoutedQueue, ...]
    refused: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


class EventsRoutes(Fact):
    """Read a bus, and the queues that are to get its events by rules of their own."""

    name: ClassVar[str] = "events.routes"
    Result: ClassVar[type[Value]] = EventsRoutesRead
    services: ClassVar[tuple[str, ...]] = ("events", "sqs")

    bus: str = Field(description="Name of the event bus.")
    queues: tuple[str, ...] = Field(description="Names, URLs or ARNs of queues.")
    patterns: tuple[str, ...] = Field((), description="QUEUE=JSON: the event pattern of a queue.")
    group: str = Field("", description="Message group of FIFO queues; empty: the name of the bus.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the bus, then the queues, then rules and keys."""
        bus = self.bus.rpartition("/")[2]
        patterns = _patterns(self.patterns)
        found = (yield [Read(service="events", operation="DescribeEventBus", params={"Name": bus})])[0]
        if found.refusal is not None:
            if found.refusal.kind is not RefusalKind.MISSING:
                raise FactUnknown(found.refusal)
            raise InvalidInput.one(f"there is no event bus {bus!r} in {about.region}", source="bus")
        queues = yield from gather([find_queue(one, about, source="queues") for one in dict.fromkeys(self.queues)])
        if strangers := sorted(set(patterns) - {one.name for one in queues}):
            names = ", ".join(strangers)
            raise InvalidInput.one(f"there is a pattern for {names}, which is no queue here", source="patterns")
        rules = [_rule_name(bus, one.name) for one in queues]
        answers = yield [describe_rule(one, bus) for one in rules]
        params = {} if bus == "default" else {"EventBusName": bus}
        (listed,) = yield [Read(service="events", operation="ListRules", params=params)]
        if listed.refusal is not None:
            raise FactUnknown(listed.refusal)
        told = yield [queue_attributes(one.url) for one in queues]
        keys = yield from read_keys([one.key for one in queues])
        routed = [
            RoutedQueue(
                name=one.name,
                arn=one.arn,
                url=one.url,
                fifo=one.fifo,
                rule=rule,
                pattern=patterns.get(one.name, EVERYTHING),
                group=(self.group or bus) if one.fifo else "",
                there=answer.refusal is None,
            )
            for one, rule, answer in zip(queues, rules, answers, strict=True)
        ]
        attributes = [(one.value or {}).get("Attributes") or {} for one in told]
        refused = [
            _why_refused(one, seen, keys.get(one.key), about.account)
            for one, seen in zip(queues, attributes, strict=True)
        ]
        return EventsRoutesRead(
            bus=bus,
            queues=tuple(routed),
            refused=tuple(text for text in refused if text),
            doubtful=tuple(_doubts(bus, routed)),
            others=tuple(
                str(one["Name"])
                for one in listed.value.get("Rules") or []
                if one["Name"] not in rules and one.get("State") != "DISABLED" and one.get("EventPattern")
            ),
        )


def _rule_name(bus: str, queue: str) -> str:
    return f"opsctl-{queue.removesuffix('.fifo')[:44]}-{fingerprint([bus, queue])[7:15]}"


def _patterns(texts: Sequence[str]) -> dict[str, dict[str, Json]]:
    """Read `QUEUE=JSON` texts into event patterns; InvalidInput where EventBridge would refuse one."""
    found: dict[str, dict[str, Json]] = {}
    for text in texts:
        name, sign, pattern = text.partition("=")
        if not sign or not name:
            raise InvalidInput.one(f"{text!r} is not QUEUE=JSON", source="patterns")
        try:
            Pattern(pattern)
        except ValueError as fault:
            raise InvalidInput.one(f"the pattern of {name} is refused: {fault}", source="patterns") from None
        if len(pattern) > _PATTERN_AT_MOST:
            longest = f"{_PATTERN_AT_MOST:,} characters"
            raise InvalidInput.one(f"the pattern of {name} is longer than {longest}", source="patterns")
        found[name] = json.loads(pattern)
    return found


def _why_refused(queue: QueueFacts, attributes: dict[str, Json], key: KeyFacts | None, account: str) -> str:
    """Say why EventBridge will never deliver to a queue; empty when it will."""
    if queue.fifo and attributes.get("ContentBasedDeduplication") != "true":
        return f"{queue.name} is a FIFO queue without content-based deduplication: EventBridge gives no other"
    if key is not None:
        refused, _ = what_key_refuses(key, service=SERVICE, on_behalf_of="", account=account)
        if refused:
            return f"{queue.name}: {refused}; use SSE-SQS, or a key of your own that lets {SERVICE} use it"
    return ""


def _doubts(bus: str, queues: Sequence[RoutedQueue]) -> list[str]:
    found = []
    for one in queues:
        if one.pattern == EVERYTHING:
            of_aws = ", and AWS's services send theirs to the default one" if bus == "default" else ""
            found.append(f"{one.name} gets every event of bus {bus}{of_aws}: give it a --pattern for less")
        if one.fifo:
            found.append(f"{one.name} gets all in message group {one.group}, in the order in which events arrive")
    return found
