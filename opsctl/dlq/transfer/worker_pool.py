"""Runs one piece of work in several threads: more of them while that makes it faster."""

import threading
from collections.abc import Callable

from opsctl.model.run import Clock

_LOOK_EVERY_S = 0.1
_GAIN = 1.15
_SLOW_CALL_S = 0.004


class WorkerPool:
    """Workers in threads. A call's latency is hidden by having more calls under way, until that gains nothing."""

    def __init__(self, work: Callable[[], None], clock: Clock, *, start: int, at_most: int) -> None:
        self._work = work
        self._clock = clock
        self._start = start
        self._at_most = at_most
        self._threads: list[threading.Thread] = []
        self._faults: list[BaseException] = []
        self._done = threading.Event()

    def run(self, done: Callable[[], int], call_s: Callable[[], float], tick: Callable[[], None]) -> None:
        """Work until all workers have ended; the first fault of any is raised then.

        `done` counts what was done so far, `call_s` is the mean time of a call in seconds, `tick` is called
        about ten times a second.
        """
        self._grow(self._start)
        last_rate, last_done, last_at = 0.0, done(), self._clock.now()
        growing = True
        while any(thread.is_alive() for thread in self._threads):
            self._join()
            tick()
            if self._faults:
                continue
            now, count = self._clock.now(), done()
            if now - last_at < _LOOK_EVERY_S:
                continue
            rate = (count - last_done) / (now - last_at)
            if growing and count > last_done and call_s() > _SLOW_CALL_S and len(self._threads) < self._at_most:
                growing = rate > last_rate * _GAIN
                if growing:
                    self._grow(min(len(self._threads), self._at_most - len(self._threads)))
                last_rate = rate
            last_done, last_at = count, now
        tick()
        if self._faults:
            raise self._faults[0]

    @property
    def failed(self) -> bool:
        """Whether a worker ended by a fault; the others should end too."""
        return bool(self._faults)

    def _grow(self, count: int) -> None:
        for _ in range(count):
            thread = threading.Thread(target=self._guarded, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _guarded(self) -> None:
        try:
            self._work()
        except BaseException as fault:  # noqa: BLE001 - raised again in the thread that waits
            self._faults.append(fault)
        finally:
            self._done.set()

    def _join(self) -> None:
        """Wait a moment, or until a worker ends; real time, since the workers' calls take real time."""
        self._done.wait(_LOOK_EVERY_S)
        self._done.clear()
