"""Time in the sandbox: a clock, and what is due on it."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeAlias

Action: TypeAlias = Callable[[], None]


class Ticking(Protocol):
    """Tells the time."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...


class MachineClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: float = 1_790_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def move_to(self, moment: float) -> None:
        """Go forward to a moment; a moment in the past changes nothing."""
        self._now = max(self._now, moment)


class Timeline:
    """What is due in one account, in order; everything due happens before the next call is answered.

    An action sees the moment it was due for as `now`, however late it is carried out, so that a clock that is
    moved far ahead tells the same story as one that ticks.
    """

    def __init__(self, clock: Ticking) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self._due: list[tuple[float, int, Action]] = []
        self._order = itertools.count()
        self._as_of: float | None = None

    def now(self) -> float:
        """The time, as whatever is happening sees it."""
        return self.clock.now() if self._as_of is None else self._as_of

    def after(self, seconds: float, action: Action) -> None:
        """Let something happen in so many seconds; at once when there are none."""
        if seconds <= 0:
            with self.lock:
                action()
            return
        with self.lock:
            heapq.heappush(self._due, (self.now() + seconds, next(self._order), action))

    def next_due(self) -> float | None:
        """When the next thing is due, if anything is."""
        with self.lock:
            return self._due[0][0] if self._due else None

    def catch_up(self) -> None:
        """Let everything happen that is due by now."""
        with self.lock:
            while self._due and self._due[0][0] <= self.clock.now():
                due, _, action = heapq.heappop(self._due)
                self._as_of = due
                try:
                    action()
                finally:
                    self._as_of = None

    def forget(self) -> None:
        """Let nothing of what was due happen."""
        with self.lock:
            self._due.clear()
