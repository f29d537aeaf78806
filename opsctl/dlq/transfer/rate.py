"""How fast messages go and how many still may; shared by all workers.

The pace gives way when AWS throttles, and comes back afterwards.
"""

import threading

from opsctl.dlq.transfer.backoff import Patience
from opsctl.model.run import Clock

_BURST_S = 0.25
_LOOK_EVERY_S = 1.0
_GIVES_WAY = 0.7
_COMES_BACK = 1.1
_LEAST_PER_S = 1.0


class Rate:
    """Messages a second; 0 is no limit. Tokens are taken before receiving, so that nothing waits in our hands.

    Once a second it looks whether anybody had to wait for an attempt (throttled, or without an answer). Then the
    pace falls below what went through; else it grows until it is what was asked for, or no limit any more.
    """

    def __init__(self, per_s: float, clock: Clock, patience: Patience) -> None:
        self._asked = per_s
        self._pace = per_s
        self._clock = clock
        self._patience = patience
        self._lock = threading.Lock()
        self._free_at = self._looked_at = clock.now()
        self._waits = patience.waits
        self._taken = 0

    @property
    def pace(self) -> float:
        """Messages a second that may go at the moment; 0 is no limit."""
        return self._pace

    def take(self, count: int) -> None:
        """Wait until so many messages may go."""
        with self._lock:
            now = self._clock.now()
            self._adapt(now)
            self._taken += count
            if not self._pace:
                return
            self._free_at = max(self._free_at, now - _BURST_S) + count / self._pace
            wait_s = self._free_at - now
        if wait_s > 0:
            self._patience.sleep(wait_s)

    def give_back(self, count: int) -> None:
        """Return what was taken and not used."""
        if count:
            with self._lock:
                self._taken -= count
                if self._pace:
                    self._free_at -= count / self._pace

    def _adapt(self, now: float) -> None:
        passed_s = now - self._looked_at
        if passed_s < _LOOK_EVERY_S:
            return
        went_per_s = max(self._taken / passed_s, _LEAST_PER_S)
        throttled = self._patience.waits != self._waits
        self._looked_at, self._taken, self._waits = now, 0, self._patience.waits
        if throttled:
            self._pace = max(_LEAST_PER_S, min(went_per_s, self._pace or went_per_s) * _GIVES_WAY)
            self._free_at = min(self._free_at, now)
        elif self._pace != self._asked:
            grown = self._pace * _COMES_BACK + _LEAST_PER_S
            far_above = not self._asked and grown > 2 * went_per_s
            self._pace = 0.0 if far_above else min(grown, self._asked) if self._asked else grown


class Budget:
    """How many messages may still be moved; -1 is without end."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._lock = threading.Lock()

    def take(self, wanted: int) -> int:
        """Take up to so many."""
        with self._lock:
            if self._left < 0:
                return wanted
            taken = min(wanted, self._left)
            self._left -= taken
            return taken

    def give_back(self, count: int) -> None:
        """Return what was taken and not used."""
        with self._lock:
            if self._left >= 0:
                self._left += count

    @property
    def spent(self) -> bool:
        """Whether nothing is left."""
        return self._left == 0
