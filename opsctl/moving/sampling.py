"""Looks at messages without consuming them: received, shown to somebody, and made visible again at once."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from opsctl.model.run import Clock
from opsctl.model.value import Json
from opsctl.moving.crew import Crew
from opsctl.moving.pump import EMPTY_POLLS
from opsctl.moving.queue import BATCH, Queue
from opsctl.moving.tally import HELD_AT_MOST

_THREADS = 8
_FEW = 100


@dataclass
class Looked:
    """How many messages were seen, why looking ended before the queue was empty, and why they are still hidden."""

    seen: int = 0
    stopped: str = ""
    hidden: str = ""


class Sampler:
    """Receives up to so many messages once each, and gives all back at the end.

    Given back only at the end: what is visible again too early would be received again. Each message's receive
    count grows by one, which cannot be avoided.
    """

    def __init__(self, queue: Queue, clock: Clock, stopping: Callable[[], bool], *, fifo: bool) -> None:
        self._queue = queue
        self._clock = clock
        self._stopping = stopping
        self._fifo = fifo
        self._lock = threading.Lock()
        self._held: dict[str, str] = {}
        self._at_most = 0

    def look(self, at_most: int, show: Callable[[list[Json]], None], tick: Callable[[int], None]) -> Looked:
        """Show messages, in batches, each once; at most so many, and never more than SQS lets be in flight."""
        self._at_most = min(at_most, HELD_AT_MOST)
        threads = 1 if self._fifo or at_most <= _FEW else _THREADS
        crew = Crew(lambda: self._work(show), self._clock, start=threads, at_most=threads)
        try:
            crew.run(lambda: len(self._held), lambda: 0.0, lambda: tick(len(self._held)))
        finally:
            hidden = self._queue.give_back(list(self._held.items()))
        seen = len(self._held)
        stopped = (
            f"stopped at {seen:,}, the most SQS lets be in flight"
            if seen >= HELD_AT_MOST and at_most > seen
            else ""
        )
        return Looked(seen, stopped or ("interrupted" if self._stopping() else ""), hidden)

    def _work(self, show: Callable[[list[Json]], None]) -> None:
        empty = 0
        while empty < EMPTY_POLLS and not self._stopping():
            room = self._at_most - len(self._held)
            if room <= 0:
                return
            messages = self._queue.receive(min(BATCH, room), 1 if empty else 0)
            with self._lock:
                new = [one for one in messages if one["MessageId"] not in self._held]
                self._held.update({one["MessageId"]: one["ReceiptHandle"] for one in messages})
                if new:
                    show(new)
            empty = 0 if new else empty + 1
