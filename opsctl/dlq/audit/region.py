"""A region's dead letters as a picture: queues, what sends failures where, who consumes, who is told."""

from collections.abc import Iterable
from functools import cached_property
from typing import Literal, TypeVar

from pydantic import ConfigDict

from opsctl.dlq.audit.alarms import Alarm
from opsctl.dlq.audit.metric_batches import Metric, Points
from opsctl.model.value import Value
from opsctl.resources.queue_facts import QueueFacts

T = TypeVar("T")

SourceKind = Literal["queue", "function", "destination", "mapping", "subscription", "target", "bus", "schedule"]
"""What can have a dead-letter queue: `function` is DeadLetterConfig, `destination` an asynchronous on-failure
destination, `mapping` that of an event source mapping, `target` a rule's target."""

KIND_WORDS: dict[SourceKind, str] = {
    "queue": "queue",
    "function": "function",
    "destination": "on-failure of function",
    "mapping": "on-failure of event source mapping",
    "subscription": "subscription",
    "target": "rule target",
    "bus": "event bus",
    "schedule": "schedule",
}


class Source(Value):
    """Something that can send failures somewhere; `target` is the ARN it names, empty when it names none.

    `attach` is how `opsctl dlq attach` calls it, empty when it cannot. `sender` and `on_behalf_of` are the
    service principal and the ARN that a queue policy has to let in; empty where the source's own role sends.
    """

    kind: SourceKind
    name: str
    arn: str
    target: str = ""
    attach: str = ""
    fifo: bool = False
    sender: str = ""
    on_behalf_of: str = ""
    max_receive: int = 0
    active: bool = True
    delivers_to: str = ""

    def says(self) -> str:
        """Kind and name in words."""
        return f"{KIND_WORDS[self.kind]} {self.name}"


class QueueSeen(Value):
    """A queue with its access policy and the sources that its RedriveAllowPolicy names.

    `parked_by` is the run of opsctl that parks messages there, and `parked_of` the ARN of the queue they are of.
    """

    facts: QueueFacts
    policy: str = ""
    allowed: tuple[str, ...] = ()
    parked_by: str = ""
    parked_of: str = ""


class FunctionSeen(Value):
    """A function: its timeout in seconds."""

    name: str
    arn: str
    timeout_s: int


class MappingSeen(Value):
    """An event source mapping that takes from a queue."""

    function: str
    queue: str
    active: bool
    window_s: int


class TopicSeen(Value):
    """A topic that takes failures: whether it exists, and how many listen; None when it could not be read."""

    exists: bool | None
    subscribers: int = 0


class Region(Value):
    """Everything that was read.

    `blind` names the kinds of sources that were not read whole, and `alarm` and `metric`; `unknown` says in
    words what could not be read. `rules` are the ARNs of the rules that exist, `invoked` the functions whose
    asynchronous invocation somebody configured, `configured` the ARNs with the alias or version that it was
    configured for, `unsure` the functions of which that, or their aliases, could not be read. `key_policies`
    goes by the key as the queue names it; a key of AWS's own has an empty one, which nobody can change.
    """

    model_config = ConfigDict(ignored_types=(cached_property,))

    account: str
    region: str
    endpoint: str = ""
    reached_by: tuple[str, ...] = ()
    now: float = 0.0
    queues: dict[str, QueueSeen] = {}
    unreadable: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    functions: dict[str, FunctionSeen] = {}
    mappings: tuple[MappingSeen, ...] = ()
    invoked: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()
    configured: frozenset[str] = frozenset()
    alarms: tuple[Alarm, ...] = ()
    topics: dict[str, TopicSeen] = {}
    rules: frozenset[str] = frozenset()
    key_policies: dict[str, str] = {}
    points: dict[Metric, Points] = {}
    blind: frozenset[str] = frozenset()
    unknown: tuple[str, ...] = ()

    def is_home(self, arn: str) -> bool:
        """Whether a resource belongs to this account and region."""
        parts = arn.split(":")
        return len(parts) > 5 and (parts[3], parts[4]) == (self.region, self.account)

    def into(self, target: str) -> list[Source]:
        """The sources that name a queue or topic."""
        return self._by_target.get(target, [])

    def consumers_of(self, queue: str) -> list[MappingSeen]:
        """The functions that take from a queue at present."""
        return self._by_queue.get(queue, [])

    def alarms_about(self, queue: str) -> list[Alarm]:
        """The alarms that watch anything of a queue, and those with an expression, which may."""
        return self._by_name.get(queue, []) + self._by_name.get("", [])

    def points_for(self, metric: Metric) -> Points:
        """The points of a metric; refused when it was not asked for."""
        return self.points.get(metric, Points(refused=True))

    @property
    def functions_with_home(self) -> frozenset[str]:
        """The functions whose asynchronous failures go somewhere, wherever that is."""
        return frozenset(self._homes)

    def homes_of(self, function: str) -> dict[str, str]:
        """What takes the failures of a function, by the alias or version whose failures they are."""
        return self._homes.get(function, {})

    def invokers_of(self, function: str) -> list[Source]:
        """What delivers to a function asynchronously, under whichever alias or version."""
        return self._invokers.get(function, [])

    # A region has thousands of each, and every row and rule asks.
    @cached_property
    def _homes(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for one in self.sources:
            if one.kind in ("function", "destination") and one.target:
                found.setdefault(function_in(one.arn), {})[qualifier_in(one.arn)] = one.target
        return found

    @cached_property
    def _invokers(self) -> dict[str, list[Source]]:
        kinds = ("subscription", "target", "schedule")
        return _grouped(
            (function_in(one.delivers_to), one) for one in self.sources if one.kind in kinds and one.active
        )

    @cached_property
    def _by_target(self) -> dict[str, list[Source]]:
        return _grouped((one.target, one) for one in self.sources)

    @cached_property
    def _by_queue(self) -> dict[str, list[MappingSeen]]:
        return _grouped((one.queue, one) for one in self.mappings if one.active)

    @cached_property
    def _by_name(self) -> dict[str, list[Alarm]]:
        names = ((name, one) for one in self.alarms for name in dict.fromkeys(name for name, _ in one.watches))
        return _grouped([*names, *(("", one) for one in self.alarms if one.expressions)])


def _grouped(pairs: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def name_in(arn: str) -> str:
    """The last part of an ARN of SQS, SNS or Lambda."""
    return arn.rpartition(":")[2]


def function_in(arn: str) -> str:
    """The function's name in an ARN with or without a version or alias; empty when it is no function's."""
    parts = arn.split(":")
    return parts[6] if len(parts) > 6 and parts[2] == "lambda" and parts[5] == "function" else ""


def qualifier_in(arn: str) -> str:
    """The version or alias in a function's ARN; `$LATEST` where it names none."""
    parts = arn.split(":")
    return parts[7] if len(parts) > 7 else "$LATEST"
