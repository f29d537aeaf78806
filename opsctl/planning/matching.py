"""Matches text against a pattern that somebody else wrote, which may be one that takes for ever."""

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

PATIENCE_S = 1.0
"""Of the processor's time: on a machine that is busy with others everything takes long."""


class _TooLong(Exception):
    """Matching has taken longer than anything that is meant well does."""


def fits(pattern: str, text: str) -> bool:
    """Tell whether the whole text matches a regular expression.

    Raises:
        ValueError: the pattern is none, or takes so long with this text that it cannot be told.
    """
    try:
        with _patience():
            return re.fullmatch(pattern, text) is not None
    except _TooLong:
        raise ValueError(f"the pattern {pattern!r} takes too long to match") from None
    except (re.error, RecursionError, OverflowError) as fault:
        raise ValueError(f"{pattern!r} is no regular expression: {fault}") from None


@contextmanager
def _patience() -> Iterator[None]:
    """Interrupt what takes too long. Only the main thread can be, and inputs are parsed there."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGVTALRM, interrupt)
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
