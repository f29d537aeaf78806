"""A rate limit shared by all workers, that gives way when AWS throttles."""

import threading

from opsctl.model.run import Clock
from opsctl.moving.backoff import Patience

_BURST_S = 0.25


class Rate:
    """Messages a second; 0 is no limit. Tokens are taken before receiving, so that nothing waits in our hands."""

    def __init__(self, per_s: float, clock: Clock, patience: Patience) -> None:
        self._per_s = per_s
        self._clock = clock
        self._patience = patience
        self._lock = threading.Lock()
        self._free_at = clock.now()

    def take(self, count: int) -> None:
        """Wait until so many messages may go."""
        if not self._per_s:
            return
        with self._lock:
            now = self._clock.now()
            self._free_at = max(self._free_at, now - _BURST_S) + count / self._per_s
            wait_s = self._free_at - now
        if wait_s > 0:
            self._patience.sleep(wait_s)

    def give_back(self, count: int) -> None:
        """Return what was taken and not used."""
        if self._per_s and count:
            with self._lock:
                self._free_at -= count / self._per_s
