"""The progress line of a move: a bar, how many, how fast, how long still."""

from opsctl.dlq.transfer.tally import Tally
from opsctl.model.run import Clock, Progress

_EVERY_S = 0.25
_BAR = 20


class Meter:
    """Writes a line a few times a second."""

    def __init__(self, title: str, expected: int, clock: Clock, progress: Progress) -> None:
        self._title = title
        self._expected = expected
        self._clock = clock
        self._progress = progress
        self._began = clock.now()
        self._shown = 0.0

    def show(self, tally: Tally) -> None:
        """Show where the move stands, unless that was just done."""
        now = self._clock.now()
        if now - self._shown < _EVERY_S:
            return
        self._shown = now
        self._progress(line(self._title, tally, self._expected, now - self._began))


def line(title: str, tally: Tally, expected: int, seconds: float) -> str:
    """Return the line for a moment; `expected` messages in all, 0 when nobody knows."""
    rate = tally.moved_here / seconds if seconds > 0 else 0.0
    seen = tally.moved + tally.parked_here + tally.missed + tally.stayed
    parts = [f"{tally.moved:,} moved"]
    head = title
    if expected:
        share = min(1.0, seen / expected)
        head += f" [{'#' * int(share * _BAR):.<{_BAR}}] {share:.0%}"
        parts[0] += f" of about {expected:,}"
    parts.append(f"{rate:,.0f}/s")
    if tally.parked_here:
        parts.append(f"{tally.parked_here:,} parked")
    if tally.missed:
        parts.append(f"{tally.missed:,} not matched")
    parts.append(f"{tally.stayed:,} failed")
    if tally.came_back:
        parts.append(f"{tally.came_back:,} came back")
    if expected and rate > 0 and seen < expected:
        parts.append(f"about {(expected - seen) / rate:,.0f} s left")
    return f"{head} {', '.join(parts)}"
