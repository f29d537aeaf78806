"""Waiting between attempts: full jitter, bounded, and cut short when asked to stop."""

import random
from collections.abc import Callable

from opsctl.model.run import Clock

_FIRST_S = 0.1
_AT_MOST_S = 10.0
_SLICE_S = 0.5


class Patience:
    """Sleeps ever longer between attempts; source: AWS's advice on exponential backoff with jitter.

    `waits` counts the attempts that had to be waited for, over everybody who shares it.
    """

    def __init__(self, clock: Clock, stopping: Callable[[], bool]) -> None:
        self._clock = clock
        self._stopping = stopping
        self.waits = 0

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock.now()

    def wait(self, attempt: int) -> None:
        """Wait before attempt number `attempt`, counted from 1."""
        self.waits += 1
        self.sleep(random.uniform(0.5, 1) * min(_FIRST_S * 2**attempt, _AT_MOST_S))  # noqa: S311

    def sleep(self, seconds: float) -> None:
        """Sleep that long, or until asked to stop."""
        while seconds > 0 and not self._stopping():
            self._clock.sleep(min(_SLICE_S, seconds))
            seconds -= _SLICE_S
