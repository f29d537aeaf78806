"""Whether a queue was looked at to its end: a poll that finds nothing does not say so by itself."""

from collections.abc import Callable

from opsctl.moving.aside import Aside
from opsctl.moving.queue import Depth

COUNTED_AFTER_S = 60
_AGREED = 3


class Whole:
    """Compares what was taken out and what is held aside with what SQS counts.

    SQS developer guide: the counts are approximate and become right about a minute after the last change. So a
    count that names more is asked again for that long, and one that names less than there was at the start has to
    say so several times.
    """

    def __init__(self, before: Depth, aside: Aside, taken: Callable[[], int]) -> None:
        """`before` is what the queue held at first, `taken` tells how many were taken out since."""
        self._before = before
        self._after = before
        self._aside = aside
        self._taken = taken
        self._agreed = 0

    @property
    def unseen(self) -> int:
        """How many messages the last count has that are not held aside."""
        return max(0, self._after.total - len(self._aside))

    def settled(self, now: Depth) -> bool:
        """Take a new count; tell whether nothing is left to be looked at."""
        self._after = now
        self._agreed = 0 if self.unseen else self._agreed + 1
        accounted = self._taken() + len(self._aside) >= self._before.total
        return self._agreed >= (1 if accounted else _AGREED)

    def missing(self, count: int, *, fifo: bool) -> str:
        """Say why so many were not looked at, when time is up; nothing for none."""
        if not count:
            return ""
        aside = len(self._aside)
        if fifo and aside:
            why = "a FIFO queue shows nothing of a group that lies behind a message held aside or in flight"
        elif self._after.hidden - aside >= count:
            return f"{count:,} messages are in flight in somebody else's hands and were not looked at"
        else:
            why = "the queue counts them and does not show them"
        return f"{count:,} messages were not looked at: {why}"
