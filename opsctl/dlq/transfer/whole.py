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

    A FIFO queue shows nothing of a group behind a message that is in flight, and keeps each group in the order of
    arrival. So where all that is held aside arrived after the start, and for that long SQS counts nothing in
    flight but that, what lies behind arrived later still and is none of what was to be looked at.
    """

    def __init__(
        self,
        before: Depth,
        aside: Aside,
        dealt_with: Callable[[], int],
        expected: int = 0,
        behind_newcomers: Callable[[], bool] = lambda: False,
    ) -> None:
        """`before` is what the queue held at first, and `expected` what somebody counted before that.

        `dealt_with` tells how many of these came by since, `behind_newcomers` whether what is not shown can only
        lie behind messages that arrived after the start, unless somebody else has some in flight.
        """
        self._most = max(before.total, expected)
        self._after = before
        self._aside = aside
        self._dealt_with = dealt_with
        self._behind_newcomers = behind_newcomers
        self._since: float | None = None
        self._counted_at = 0.0
        self._lost = 0

    @property
    def unseen(self) -> int:
        """How many messages the last count has that are not held aside."""
        return max(0, self._after.total - len(self._aside))

    def settled(self, now: Depth, at: float, lost: int = 0) -> bool:
        """Take a new count, and when it was taken; tell whether nothing is left to be looked at.

        `lost` is how many answers were lost so far: what one of them has hidden may be in neither count, for that
        of the visible and that of the hidden may be of different moments. So that this is seen, counts have to
        follow each other.
        """
        self._after = now
        if lost > self._lost or at - self._counted_at >= COUNTED_AFTER_S:
            self._since = None
        self._lost, self._counted_at = lost, at
        self._most = max(self._most, now.total)
        if self.unseen and not (self._behind_newcomers() and now.hidden <= len(self._aside)):
            self._since = None
            return False
        self._since = at if self._since is None else self._since
        dealt_with = not self.unseen and self._dealt_with() >= self._most
        return dealt_with or at - self._since >= COUNTED_AFTER_S

    def missing(self, count: int, *, fifo: bool) -> str:
        """Say why so many were not looked at, when time is up; nothing for none."""
        if not count:
            return ""
        aside, several = len(self._aside), f"{count:,} messages were" if count > 1 else "1 message was"
        if fifo and aside:
            why = "a FIFO queue returns no message of a group while an earlier one is in flight"
        elif self._after.hidden - aside >= count:
            return f"{several} not received: in flight with another consumer"
        else:
            why = "SQS counts them but does not return them"
        return f"{several} not received: {why}"
