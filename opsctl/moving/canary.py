"""The canary: a few messages go first, and the rest only when their consumer took them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from opsctl.model.jobs import Tools
from opsctl.moving.queue import Depth
from opsctl.moving.tally import Tally

if TYPE_CHECKING:
    from opsctl.moving.pump import Pump

_POLL_S = 2.0


class Canary:
    """Waits for a verdict on the messages sent first.

    They are fine once the destination holds no more than before and none came back. Source: a message that
    SQS moves to a dead-letter queue keeps its id, so one that comes back is recognised for certain.
    """

    def __init__(self, depth: Callable[[], Depth], before: int, within_s: int, title: str) -> None:
        """`depth` asks the destination; `before` is how many it held at the start."""
        self._depth = depth
        self._before = before
        self._within_s = within_s
        self._title = title

    def verdict(self, tally: Tally, pump: "Pump", tools: Tools) -> str:
        """Return why not to go on, or nothing when the canary is fine."""
        deadline = tools.clock.now() + self._within_s
        while not tools.stopping():
            pump.look()
            if tally.came_back:
                return f"the canary came back: {tally.came_back} of {tally.moved} failed again"
            left_s = deadline - tools.clock.now()
            waiting = self._depth().total - self._before
            if waiting <= 0:
                pump.look()
                return f"the canary came back: {tally.came_back} failed again" if tally.came_back else ""
            if left_s <= 0:
                return (
                    f"no verdict on the canary after {self._within_s} s: {waiting} messages are still waiting "
                    "for the consumer"
                )
            tools.progress(
                f"{self._title}: canary of {tally.moved} sent, {waiting} not consumed yet (at most {left_s:.0f} s)"
            )
            pump.patience.sleep(_POLL_S)
        return ""
