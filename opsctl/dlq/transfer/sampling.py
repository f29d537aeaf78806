"""Looks at messages without consuming them: received, shown to somebody, and made visible again at once."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from opsctl.dlq.transfer.aside import Aside
from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.queue import BATCH, Queue
from opsctl.dlq.transfer.tally import HELD_AT_MOST
from opsctl.dlq.transfer.transfer import EMPTY_POLLS, RENEWED_AT_ONCE
from opsctl.dlq.transfer.whole import COUNTED_AFTER_S, Whole
from opsctl.dlq.transfer.worker_pool import WorkerPool
from opsctl.model.run import Clock
from opsctl.model.value import Json

Show: TypeAlias = Callable[[list[Json]], None]
_THREADS = 8
_FEW = 100
_POLL_S = 1.0
_BEHIND_S = 5


@dataclass
class Sampled:
    """How many messages were seen, why looking ended before the queue was empty, and why they are still hidden.

    `unseen` is how many more SQS counts, where that was asked.
    """

    seen: int = 0
    unseen: int = 0
    stopped: str = ""
    hidden: str = ""


class Sampler:
    """Receives up to so many messages once each, and gives all back at the end.

    Given back only at the end: what is visible again too early would be received again. Each message's receive
    count grows by one, which cannot be avoided.
    """

    def __init__(self, queue: Queue, clock: Clock, stopping: Callable[[], bool], *, visibility_s: int) -> None:
        self._queue = queue
        self._clock = clock
        self._stopping = stopping
        self._patience = Patience(clock, stopping)
        self._aside = Aside(queue, clock, visibility_s)
        self._lock = threading.Lock()
        self._at_most = 0

    def sample(
        self, at_most: int, show: Show, tick: Callable[[int], None], *, to_the_end: bool = False
    ) -> Sampled:
        """Show messages, in batches, each once; at most so many, and never more than SQS lets be in flight.

        `to_the_end` goes on while SQS counts more than was seen, as long as its counts may be old.
        """
        self._at_most = min(at_most, HELD_AT_MOST)
        threads = 1 if self._queue.fifo or at_most <= _FEW else _THREADS
        unseen = 0
        try:
            whole = Whole(self._queue.depth(), self._aside, lambda: len(self._aside)) if to_the_end else None
            self._once(threads, show, tick)
            if whole is not None:
                unseen = self._rest(whole, show, tick)
        finally:
            hidden = self._aside.give_back()
        seen = len(self._aside)
        stopped = (
            f"stopped at {seen:,}, the maximum that SQS allows in flight"
            if seen >= HELD_AT_MOST and at_most > seen
            else ""
        )
        return Sampled(seen, unseen, stopped or ("interrupted" if self._stopping() else ""), hidden)

    def _rest(self, whole: Whole, show: Show, tick: Callable[[int], None]) -> int:
        """Look again while there seems to be more; return how many were never shown."""
        wait_s = _BEHIND_S if self._queue.fifo else COUNTED_AFTER_S
        seen, deadline = -1, 0.0
        while not self._stopping() and len(self._aside) < self._at_most:
            now = self._clock.now()
            if whole.settled(self._queue.depth(), now):
                return 0
            if len(self._aside) > seen:
                seen, deadline = len(self._aside), now + wait_s
            if now >= deadline and whole.unseen:
                return whole.unseen
            tick(seen)
            self._patience.sleep(_POLL_S)
            self._once(1, show, tick)
        return 0

    def _once(self, threads: int, show: Show, tick: Callable[[int], None]) -> None:
        pool = WorkerPool(lambda: self._work(show), self._clock, start=threads, at_most=threads)

        def ticking() -> None:
            self._aside.renew(RENEWED_AT_ONCE)
            tick(len(self._aside))

        pool.run(lambda: len(self._aside), lambda: 0.0, ticking)

    def _work(self, show: Show) -> None:
        empty = known = 0
        while empty < EMPTY_POLLS and known <= 2 * len(self._aside) + _FEW and not self._stopping():
            room = self._at_most - len(self._aside)
            if room <= 0:
                return
            self._aside.renew(RENEWED_AT_ONCE)
            messages = self._queue.receive(min(BATCH, room), 1 if empty else 0)
            with self._lock:
                new = [one for one in messages if not self._aside.again(one)]
                for one in new:
                    self._aside.put(one)
                if new:
                    show(new)
            empty = 0 if messages else empty + 1
            known = 0 if new else known + len(messages)
