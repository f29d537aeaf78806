"""Messages held aside: seen, not for us to move, and kept hidden so that the queue shows what lies behind them."""

import heapq
import threading
from collections.abc import Callable

from opsctl.dlq.transfer.queue import BATCH, Queue
from opsctl.model.run import Clock
from opsctl.model.value import Json

HOLD_S = 600
_TOGETHER = 0.1


def _untold(_until: float) -> None:
    """Nobody wants to know."""


class Aside:
    """Keeps messages hidden for as long as it takes; used by several threads.

    A received message is hidden for the visibility timeout only. One that comes back into view takes the place of
    one that nobody has seen, so that a long look at a queue never gets to its end. Each is therefore kept hidden
    for another `HOLD_S` in time, until `give_back`. What AWS does not keep hidden shows up again, known by then.
    """

    def __init__(
        self, queue: Queue, clock: Clock, visibility_s: float, note: Callable[[float], None] = _untold
    ) -> None:
        """`note` is told until when something may be hidden, before it is hidden for so long."""
        self._queue = queue
        self._clock = clock
        self._visibility_s = visibility_s
        self._note = note
        self._lock = threading.Lock()
        self._held: dict[str, tuple[str, float]] = {}
        self._batches: list[tuple[float, int, list[str]]] = []
        self._filling: dict[float, tuple[float, list[str]]] = {}
        self._made = 0

    def __len__(self) -> int:
        return len(self._held)

    def put(self, message: Json, *, old: bool = False) -> None:
        """Hold a message; `old` says that it was received a while ago, so that it must be kept hidden at once."""
        with self._lock:
            in_s = 0.0 if old else self._visibility_s / 2
            self._add(message["MessageId"], message["ReceiptHandle"], in_s)

    def again(self, message: Json) -> bool:
        """Tell whether a message that was received is held already; keeps its newest receipt handle."""
        if message["MessageId"] not in self._held:
            return False
        self.put(message)
        return True

    def renew(self, batches: int) -> None:
        """Keep hidden what would come back into view soon, the most urgent first: so many batches at most."""
        for _ in range(batches):
            batch = self._urgent()
            if not batch:
                return
            self._note(self._clock.now() + HOLD_S)
            self._queue.keep(batch, HOLD_S)
            with self._lock:
                for id_, handle in batch:
                    if self._held[id_][0] == handle:
                        self._add(id_, handle, HOLD_S - self._visibility_s / 2)

    def give_back(self) -> str:
        """Make everything visible again at once; returns why AWS refused that, or nothing."""
        return self._queue.give_back([(id_, handle) for id_, (handle, _) in self._held.items()])

    def _urgent(self) -> list[tuple[str, str]]:
        """Take the next batch whose time has come; what was received again since has its own, later time."""
        with self._lock:
            while self._batches and self._batches[0][0] <= self._clock.now():
                due, _, ids = heapq.heappop(self._batches)
                batch = [(id_, self._held[id_][0]) for id_ in ids if self._held[id_][1] == due]
                ids.clear()
                if batch:
                    return batch
            return []

    def _add(self, id_: str, handle: str, in_s: float) -> None:
        """Hold a message that has to be kept hidden in so many seconds, together with others of that time."""
        now = self._clock.now()
        due, ids = self._filling.get(in_s, (0.0, []))
        if not 0 < len(ids) < BATCH or now + in_s - due > self._visibility_s * _TOGETHER:
            due, ids = now + in_s, []
            self._made += 1
            heapq.heappush(self._batches, (due, self._made, ids))
            self._filling[in_s] = (due, ids)
        ids.append(id_)
        self._held[id_] = (handle, due)
