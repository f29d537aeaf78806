"""Threads of which one runs at a time; who goes on is decided at each call, by a seed."""

import random
import threading
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Self

from opsctl.model.run import Clock


class Turns:
    """Hands one turn around. A thread that takes no part, or is alone, just goes on."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - an order, no secret
        self._gates: dict[int, threading.Semaphore] = {}

    def join(self) -> None:
        """Let this thread take part; it has the turn."""
        self._gates[threading.get_ident()] = threading.Semaphore(0)

    def start(self, work: Callable[[], None]) -> threading.Thread:
        """Start a thread that waits for its turn, works, and hands the turn on."""

        def body() -> None:
            self._gates[threading.get_ident()].acquire()
            try:
                work()
            finally:
                self.leave()

        def begin() -> None:
            self.join()
            ready.set()
            body()

        ready = threading.Event()
        thread = threading.Thread(target=begin, daemon=True)
        thread.start()
        ready.wait()
        return thread

    def leave(self) -> None:
        """Take no part any more, and let another go on."""
        del self._gates[threading.get_ident()]
        if self._gates:
            self._gates[self._next()].release()

    def change(self) -> None:
        """Let somebody go on, perhaps another."""
        own = threading.get_ident()
        if own not in self._gates or len(self._gates) == 1:
            return
        chosen = self._next()
        if chosen != own:
            gate = self._gates[own]
            self._gates[chosen].release()
            gate.acquire()

    def others(self) -> bool:
        """Whether anybody else takes part."""
        return len(self._gates) > 1

    def _next(self) -> int:
        return self._random.choice(list(self._gates))


class TurnsLock:
    """Stands in for `threading.Lock`: who waits for it lets others go on, so that whoever has it gives it back."""

    def __init__(self, turns: Turns) -> None:
        self._turns, self._lock = turns, threading.Lock()

    def __enter__(self) -> Self:
        while not self._lock.acquire(blocking=False):
            self._turns.change()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()


class TurnsPool:
    """Stands in for `WorkerPool`: so many workers, one at a time."""

    turns: Turns
    workers = 1

    def __init__(self, work: Callable[[], None], clock: Clock, *, start: int, at_most: int) -> None:
        self._work = work
        self._count = 1 if start == 1 else self.workers
        self._faults: list[BaseException] = []

    def run(self, done: Callable[[], int], call_s: Callable[[], float], tick: Callable[[], None]) -> None:
        """Work to the end of all workers, ticking in between; the first fault of any is raised then."""
        turns = self.turns
        turns.join()
        threads = [turns.start(self._guarded) for _ in range(self._count)]
        try:
            while turns.others():
                turns.change()
                try:
                    tick()
                except BaseException as fault:  # noqa: BLE001 - raised once the workers have ended
                    self._faults.append(fault)
        finally:
            turns.leave()
            for thread in threads:
                thread.join()
        if self._faults:
            # A kill is the end, whatever else there was.
            raise min(self._faults, key=lambda one: isinstance(one, Exception))

    @property
    def failed(self) -> bool:
        """Whether a worker ended by a fault."""
        return bool(self._faults)

    def _guarded(self) -> None:
        try:
            self._work()
        except BaseException as fault:  # noqa: BLE001 - raised again in the thread that waits
            self._faults.append(fault)


class OneAfterTheOther:
    """Stands in for a thread pool: what is mapped is done here, in order."""

    def __init__(self, max_workers: int) -> None:
        """Take the number of threads, and need none."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is left running."""

    def map(self, work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        """Do one after the other."""
        return map(work, items)
