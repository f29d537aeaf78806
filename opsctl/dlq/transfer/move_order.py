"""What is to be moved, and since when."""

from dataclasses import dataclass

from opsctl.dlq.transfer.queue import Queue
from opsctl.model.jobs import Tools, Wire


@dataclass(frozen=True, kw_only=True)
class MoveOrder:
    """What is to be moved: how many at most (-1: all), how fast (0: as fast as possible), and how carefully.

    `expected` is about how many there are, and `at_least` how many are known to be there, whatever SQS counts.
    `others_hold_s` is how long messages that somebody else has in flight are waited for.
    """

    title: str
    limit: int = -1
    per_s: float = 0.0
    canary: int = 0
    returns_at_most: int = -1
    visibility_s: int
    others_hold_s: int
    expected: int = 0
    at_least: int = 0
    threads: int = 0


def set_out_ms(tools: Tools, queue: Queue, wire: Wire) -> int:
    """Return SQS's own time before anything is sent; a later process knows it, and needs no call."""
    if tools.checkpoint.recall("began_ms") is None:
        queue.depth()
    return int((wire.server_time() or tools.clock.now()) + 1) * 1000
