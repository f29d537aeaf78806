"""Looking at the messages of a queue and copying them to a file; they stay where they are."""

from collections.abc import Callable
from pathlib import Path

from opsctl.dlq.grouping import CauseGroup, Causes
from opsctl.dlq.message_filter import MessageFilter
from opsctl.dlq.previewing import Preview, preview_of
from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.backup import BackupFile
from opsctl.dlq.transfer.queue import Queue
from opsctl.dlq.transfer.sampling import Sampled, Sampler
from opsctl.model.errors import GuardRefusal, InvalidInput, OpsctlError, RefusedByGuard
from opsctl.model.jobs import Wire
from opsctl.model.run import Clock, Progress
from opsctl.model.value import Json, Value
from opsctl.resources.queue_facts import QueueFacts

VISIBILITY_S = 60
_LONG_S = 600
_MANY = 10_000


class Inspected(Value):
    """What was seen of a queue: groups by cause, largest first; `matched` is how many passed the filter.

    `unjudged` counts, by reason, those over which the filter cannot be evaluated. `hidden` says why the messages
    could not be made visible again at once, or nothing. `next` are the commands to type next, `next_because` what
    each is good for.
    """

    queue: str
    about: int
    seen: int
    matched: int
    whole: bool
    note: str
    unjudged: dict[str, int] = {}
    hidden: str = ""
    groups: tuple[CauseGroup, ...]
    next: tuple[str, ...] = ()
    next_because: dict[str, str] = {}

    def then(self, steps: dict[str, str]) -> "Inspected":
        """The same with commands to type next, each with what it is good for; none when nothing was seen."""
        return self.model_copy(update={"next": tuple(steps), "next_because": steps}) if self.seen else self


class Exported(Value):
    """What was copied; `whole` tells whether the file has every message that the queue shows and counts.

    With a filter: every message that it lets pass; `unjudged` counts those over which it cannot be evaluated.
    """

    queue: str
    path: str
    written: int
    about: int
    whole: bool
    note: str
    unjudged: dict[str, int] = {}


class Glass:
    """Everything that looking at a queue needs."""

    def __init__(
        self,
        wire: Wire,
        queue: QueueFacts,
        clock: Clock,
        progress: Progress,
        stopping: Callable[[], bool],
        parked: str = "",
    ) -> None:
        """`parked` says whose messages these are, when a run has parked them there."""
        self._parked = parked
        self._queue = queue
        self._clock = clock
        self._progress = progress
        self._stopping = stopping
        self._wire = wire

    @property
    def queue(self) -> QueueFacts:
        """The queue that is looked at."""
        return self._queue

    def inspect(self, sample: int, where: str) -> Inspected:
        """Receive up to `sample` messages and group those that the filter lets pass."""
        causes, message_filter = Causes(), MessageFilter(where, (), "")

        def show(messages: list[Json]) -> None:
            for message in messages:
                if message_filter.wants(message):
                    causes.add(message)

        looked = self._look(sample, show)
        return Inspected(
            queue=self._queue.name,
            about=self._queue.total,
            seen=looked.seen,
            matched=causes.seen,
            whole=looked.seen >= self._queue.total,
            note="; ".join(filter(None, (self._parked, self._note(looked, sample)))),
            unjudged=message_filter.unjudged,
            hidden=self._hidden(looked),
            groups=tuple(causes.groups()),
        )

    def preview(self, sample: int, message_filter: MessageFilter) -> list[Preview]:
        """Receive up to `sample` messages and say what a redrive with this filter would make of each."""
        found: list[Preview] = []
        self._look(sample, lambda messages: found.extend(preview_of(one, message_filter) for one in messages))
        return found

    def find(self, message_id: str) -> Json:
        """Return one message by its id, looking at as many as SQS lets be in flight.

        Raises:
            InvalidInput: the queue does not show it.
        """
        found: list[Json] = []

        def show(messages: list[Json]) -> None:
            found.extend(one for one in messages if one["MessageId"] == message_id)

        inner = self._stopping
        self._stopping = lambda: bool(found) or inner()
        looked = self._look(self._queue.total + _MANY, show)
        if not found:
            raise InvalidInput.one(
                f"message {message_id!r} is not among the {looked.seen:,} received from queue {self._queue.name}",
                source="--body",
            )
        return found[0]

    def export(self, path: Path, where: str) -> Exported:
        """Copy all messages into a new file.

        Raises:
            RefusedByGuard: the file exists.
            OpsctlError: the file cannot be written to the end.
        """
        if path.exists():
            raise RefusedByGuard(f"{path} exists already; opsctl does not overwrite it", "choose another name")
        file, message_filter = BackupFile(str(path)), MessageFilter(where, (), "")
        try:
            looked = self._look(
                self._queue.total + _MANY,
                lambda messages: _keep(file, [m for m in messages if message_filter.wants(m)]),
                to_the_end=True,
            )
        except OSError as fault:
            raise OpsctlError(
                f"{path} cannot be written: {fault.strerror}", "make room and export again"
            ) from None
        finally:
            file.close()
        return Exported(
            queue=self._queue.name,
            path=str(path),
            written=file.count,
            about=looked.seen + looked.unseen if looked.unseen else self._queue.total,
            whole=not looked.stopped and not looked.unseen,
            note=self._note(looked, self._queue.total),
            unjudged=message_filter.unjudged,
        )

    def _look(self, at_most: int, show: Callable[[list[Json]], None], *, to_the_end: bool = False) -> Sampled:
        patience = Patience(self._clock, self._stopping)
        visibility_s = VISIBILITY_S if min(at_most, self._queue.total) <= _MANY else _LONG_S
        queue = Queue(self._wire, self._queue.url, patience, visibility_s=visibility_s, everything=True)
        sampler = Sampler(queue, self._clock, self._stopping, visibility_s=visibility_s)
        return sampler.sample(
            at_most, show, lambda seen: self._progress(f"{seen:,} messages seen"), to_the_end=to_the_end
        )

    def _hidden(self, looked: Sampled) -> str:
        return f"{looked.hidden}; they become visible by themselves within {_LONG_S} s" if looked.hidden else ""

    def _note(self, looked: Sampled, asked: int) -> str:
        if looked.stopped:
            return looked.stopped
        if looked.hidden:
            return f"the messages are still hidden: {self._hidden(looked)}"
        if not looked.unseen and looked.seen >= min(asked, self._queue.total):
            return ""
        if self._queue.fifo:
            return "a FIFO queue returns only the first messages of each group until those are deleted"
        if self._queue.hidden:
            return f"{self._queue.hidden:,} messages were in flight with another consumer"
        return f"SQS counts {looked.unseen:,} that it did not return" if looked.unseen else ""


def _keep(file: BackupFile, messages: list[Json]) -> None:
    if messages:
        file.keep(messages)


COSTLY = ("own-redrive", "working-queue")
"""Why a look may do harm, by the names under which that is set aside."""


def refuse_costly_look(queue: QueueFacts, consumers: tuple[str, ...], override: tuple[str, ...]) -> None:
    """Refuse to receive where that does harm: from a working queue, or one that moves messages on.

    Raises:
        RefusedByGuard: unless set aside by name.
    """
    if queue.dead_letter_arn and "own-redrive" not in override:
        target = queue.dead_letter_arn.rpartition(":")[2]
        raise _costly(
            "own-redrive",
            f"{queue.name} has a redrive policy: after {queue.max_receive} receives a message moves to {target}, "
            "and reading a message counts as a receive",
        )
    if consumers and "working-queue" not in override:
        raise _costly(
            "working-queue", f"{consumers[0]} consumes {queue.name}; reading would hide messages from it"
        )


def _costly(guard: str, why: str) -> RefusedByGuard:
    switch = f"--override {guard}"
    told = GuardRefusal(guard=guard, because=why, switch=switch)
    return RefusedByGuard(f"{why}; nothing was read", f"to read it anyway: {switch}", guards=[told])
