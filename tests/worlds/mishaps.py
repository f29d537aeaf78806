"""What goes wrong on the way: refusals, lost answers, kills, and what others do; a seed decides each."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from opsctl.model.errors import OutcomeUnknown
from opsctl.model.jobs import Checkpoint, OpenBatch
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Clock
from opsctl.model.value import Json
from tests.kit.ports import Killed
from tests.worlds.account import Account, refused_by
from tests.worlds.turns import Turns

_T = TypeVar("_T")
_SLOW = 0.02
_SLOW_S = 20.0
_STALL_S = 130.0
"""Longer than a received message is hidden: a machine that slept, a network that hung."""


@dataclass
class Chances:
    """How likely each fault is, at each call."""

    throttled: float = 0.0
    lost_before: float = 0.0
    lost_after: float = 0.0
    entry: float = 0.0
    slow: bool = False
    stalled: float = 0.0


@dataclass
class Fate:
    """Counts the steps of a world, and lets happen what is due at each.

    `due` are happenings by step, as functions; one may return True to kill the process before the call, or say
    "after". `dead` processes make no call any more; `stopping` is what Ctrl-C does.
    """

    seed: int
    turns: Turns
    tick: Callable[[float], None]
    chances: Chances = field(default_factory=Chances)
    due: dict[int, Callable[[], str]] = field(default_factory=dict)
    steps: int = 0
    dead: bool = False
    stopping: bool = False
    denied: tuple[str, ...] = ()
    denied_code: str = "AccessDenied"
    trace: list[str] = field(default_factory=list)

    @property
    def troubled(self) -> bool:
        """Whether anything may go wrong still."""
        return bool(self.due or self.denied or self.stopping or self.chances != Chances())

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311 - faults, no secrets

    def step(self, what: str) -> str:
        """Count a step and let happen what is due; raises Killed when that is the end."""
        self.live()
        self.turns.change()
        self.live()
        self.steps += 1
        self.trace.append(what)
        happening = self.due.pop(self.steps, None)
        told = happening() if happening is not None else ""
        if told == "killed-before":
            self.dead = True
        self.live()
        return told

    def live(self) -> None:
        """Raise Killed in every thread of a process that was killed."""
        if self.dead:
            raise Killed

    def call(self, api: str, carry_out: Callable[[], dict[str, Json]]) -> dict[str, Json]:
        """Make one call of an API, as far as fate lets it."""
        told = self.step(api)
        self.tick(self.random.uniform(0.005, 0.05))
        chances, operation = self.chances, api.partition(".")[2]
        if chances.slow and self.random.random() < _SLOW:
            self.tick(_SLOW_S)
        stalls = chances.stalled and self.random.random() < chances.stalled
        when = self.random.choice(("before", "after")) if stalls else ""
        if when == "before":
            self._stall()
        if operation in self.denied or "*" in self.denied:
            raise refused_by(self.denied_code, api)
        if self.random.random() < chances.throttled:
            raise refused_by("RequestThrottled", api)
        if self.random.random() < chances.lost_before:
            raise OutcomeUnknown(f"{api} was sent and its answer was lost")
        try:
            answer = carry_out()
        finally:
            if told == "killed-after":
                self.dead = True
            self.turns.change()
            self.live()
        if when == "after":
            self._stall()
        if told == "lost-after" or self.random.random() < chances.lost_after:
            raise OutcomeUnknown(f"{api} was sent and its answer was lost")
        return answer

    def _stall(self) -> None:
        """Let somebody go on meanwhile, when all that was hidden is shown again."""
        self.tick(_STALL_S)
        self.turns.change()
        self.live()


class FatefulWire:
    """Implements the `Wire` port over queues and fate."""

    def __init__(self, account: Account, fate: Fate) -> None:
        self._sqs = account.sqs
        self._fate = fate
        self._last = 0.0

    def call(self, operation: str, params: dict[str, Json]) -> dict[str, Json]:
        """Make one call."""
        self._sqs.faults.send_entry = self._sqs.faults.delete_entry = self._fate.chances.entry
        answer = self._fate.call(f"sqs.{operation}", lambda: self._sqs.call(operation, params))
        self._last = self._sqs.clock.now()
        return answer

    def server_time(self) -> float:
        """SQS's clock by its last answer, in whole seconds."""
        return float(int(self._last))


class FatefulAccount(Account):
    """An account whose calls that change something are made as fate lets them."""

    def __init__(self, account: Account, fate: Fate) -> None:
        self.__dict__.update(account.__dict__)
        self._fate = fate

    def read(self, read: Read) -> Answer:
        """Answer, to whoever is alive."""
        self._fate.live()
        return super().read(read)

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Make one call."""
        made = super().write
        return self._fate.call(f"{service}.{operation}", lambda: dict(made(service, operation, params, region)))


class FatefulClock:
    """Implements `Clock`; others act while somebody waits."""

    def __init__(self, clock: Clock, fate: Fate, others: Callable[[], None]) -> None:
        self._clock = clock
        self._fate = fate
        self._others = others

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        """Let time pass, and others act."""
        self._fate.live()
        self._fate.turns.change()
        self._fate.live()
        self._clock.sleep(seconds)
        self._others()


class FatefulCheckpoint:
    """Implements the `Checkpoint` port over a real one; a kill may come before a record, or just after it."""

    def __init__(self, checkpoint: Checkpoint, fate: Fate) -> None:
        self._checkpoint = checkpoint
        self._fate = fate

    def intend(self, messages: Sequence[tuple[str, str]], at: float) -> int:
        """Record."""
        return self._recorded("intend", lambda: self._checkpoint.intend(messages, at))

    def confirm(self, number: int, messages: Sequence[tuple[str, str]]) -> None:
        """Record."""
        self._recorded("confirm", lambda: self._checkpoint.confirm(number, messages))

    def close(self, number: int, moved: int) -> None:
        """Record."""
        self._recorded("close", lambda: self._checkpoint.close(number, moved))

    def open_batches(self) -> list[OpenBatch]:
        """Pass on."""
        return self._checkpoint.open_batches()

    def moved(self) -> int:
        """Pass on."""
        return self._checkpoint.moved()

    def doubt(self, messages: Sequence[str]) -> None:
        """Record."""
        self._recorded("doubt", lambda: self._checkpoint.doubt(messages))

    def doubtful(self) -> list[str]:
        """Pass on."""
        return self._checkpoint.doubtful()

    def undeleted(self, messages: Sequence[str]) -> None:
        """Record."""
        self._recorded("undeleted", lambda: self._checkpoint.undeleted(messages))

    def deleted(self, messages: Sequence[str], moved: int = 0) -> None:
        """Record."""
        self._recorded("deleted", lambda: self._checkpoint.deleted(messages, moved))

    def all_undeleted(self) -> list[str]:
        """Pass on."""
        return self._checkpoint.all_undeleted()

    def arrived(self, ids: Sequence[str]) -> None:
        """Record."""
        self._recorded("arrived", lambda: self._checkpoint.arrived(ids))

    def all_arrived(self) -> list[str]:
        """Pass on."""
        return self._checkpoint.all_arrived()

    def remember(self, name: str, value: Json) -> None:
        """Record."""
        self._recorded(f"remember {name}", lambda: self._checkpoint.remember(name, value))

    def recall(self, name: str) -> Json:
        """Pass on."""
        return self._checkpoint.recall(name)

    def part(self, name: str) -> "FatefulCheckpoint":
        """The part of the real one, with the same fate."""
        return FatefulCheckpoint(self._checkpoint.part(name), self._fate)

    def _recorded(self, what: str, record: Callable[[], _T]) -> _T:
        told = self._fate.step(f"checkpoint {what}")
        made = record()
        if told == "killed-after":
            self._fate.dead = True
        self._fate.live()
        return made
