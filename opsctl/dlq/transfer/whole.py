"""Whether a queue was looked at to its end: a poll that finds nothing does not say so by itself."""

from collections.abc import Callable

from opsctl.dlq.transfer.aside import Aside
from opsctl.dlq.transfer.queue import Depth

COUNTED_AFTER_S = 60


class Whole:
    """Compares what was dealt with and what is held aside with what SQS counts.

    SQS developer guide: the counts are approximate and become right about a minute after the last change. So a
    count that names more is asked again for that long. When fewer were dealt with than there were by any count,
    what is missing may be in somebody else's hands and not counted yet, so then the counts have to name no more
    for that long too.
    """

    def __init__(self, before: Depth, aside: Aside, dealt_with: Callable[[], int], expected: int = 0) -> None:
        """`before` is what the queue held at first, and `expected` what somebody counted before that.

        `dealt_with` tells how many of these came by since.
        """
        self._most = max(before.total, expected)
        self._after = before
        self._aside = aside
        self._dealt_with = dealt_with
        self._since: float | None = None

    @property
    def unseen(self) -> int:
        """How many messages the last count has that are not held aside."""
        return max(0, self._after.total - len(self._aside))

    def settled(self, now: Depth, at: float) -> bool:
        """Take a new count, and when it was taken; tell whether nothing is left to be looked at."""
        self._after = now
        self._most = max(self._most, now.total)
        if self.unseen:
            self._since = None
            return False
        self._since = at if self._since is None else self._since
        return self._dealt_with() >= self._most or at - self._since >= COUNTED_AFTER_S

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
