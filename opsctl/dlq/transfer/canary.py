"""The canary: a few messages go first, and the rest only when their consumer took them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from opsctl.dlq.transfer.consumer_health import ConsumerHealth
from opsctl.dlq.transfer.queue import Depth
from opsctl.dlq.transfer.tally import Tally
from opsctl.model.jobs import Tools
from opsctl.model.spans import span

if TYPE_CHECKING:
    from opsctl.dlq.transfer.transfer import Transfer

_POLL_S = 2.0
_POLL_AT_MOST_S = 10.0
_COUNTED_AFTER_S = 60
_MEASURED_AFTER_S = 120


class Canary:
    """Waits for a verdict on the messages sent first.

    They are fine once the destination holds no more than before, none came back, and the consumer's errors did
    not rise. A message that SQS moves to a dead-letter queue keeps its id, so one that is seen again is recognised
    for certain; in a long queue it may not be seen, but the queue grows. SQS's counts may be a minute old, so
    nothing is believed sooner. Functions that are invoked hold nothing: theirs are fine when their metrics show
    the invocations, after the two minutes that CloudWatch may need, and no more errors.
    """

    def __init__(
        self,
        depth: Callable[[], Depth],
        before: int,
        within_s: int,
        title: str,
        consumer_health: ConsumerHealth | None = None,
        *,
        invoked: bool = False,
    ) -> None:
        """`depth` asks the destinations, `before` is what they held at first; `invoked`: functions get some."""
        self._depth = depth
        self._before = before
        self._within_s = within_s
        self._title = title
        self._consumer_health = consumer_health
        self._invoked = invoked

    def verdict(self, tally: Tally, transfer: "Transfer", tools: Tools, sent: int) -> str:
        """Return why not to go on, or nothing when the canary of `sent` is fine or somebody wants to stop."""
        began = tools.clock.now()
        deadline = began + self._within_s
        every_s = _POLL_S
        fewest = transfer.queue.depth().total
        while not tools.stopping():
            transfer.peek()
            now = tools.clock.now()
            held = transfer.queue.depth().total
            fewest = min(fewest, held)
            bad = self._bad(tally, sent, held - fewest, now)
            if bad:
                return bad
            open_, what = self._open(now - began, now, sent)
            if not open_:
                return ""
            if now >= deadline:
                return f"the canary is inconclusive after {self._within_s} s: {open_} {what}"
            left_s = deadline - now
            tools.progress(f"{self._title}: canary of {sent} sent, {open_} {what} (at most {span(left_s)})")
            transfer.patience.sleep(min(every_s, left_s))
            every_s = min(every_s * 1.5, _POLL_AT_MOST_S)
        return ""

    def _bad(self, tally: Tally, sent: int, grown: int, now: float) -> str:
        """Return what speaks against going on, or nothing."""
        if tally.came_back:
            return f"the canary came back: {tally.came_back} of {sent} failed again"
        if grown * 2 >= sent:
            return f"the dead-letter queue has grown by {grown} since the canary of {sent} was sent"
        return self._consumer_health.worse(now) if self._consumer_health else ""

    def _open(self, passed_s: float, now: float, sent: int) -> tuple[int, str]:
        """Return how many of the canary are not accounted for, and in what way."""
        waiting = self._depth().total - self._before
        if waiting > 0:
            return waiting, "messages are not consumed yet"
        if passed_s < min(_COUNTED_AFTER_S, self._within_s):
            return sent, "messages are not in SQS's counts yet"
        if not self._invoked or self._consumer_health is None:
            return 0, ""
        missing = max(0, sent - self._consumer_health.invoked(now))
        if missing or passed_s < min(_MEASURED_AFTER_S, self._within_s):
            return missing or sent, "invocations are not in the function's metrics yet"
        return 0, ""
