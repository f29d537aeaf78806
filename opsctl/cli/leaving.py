"""Leaves at once on Ctrl-C; imports nothing else of opsctl, for it is needed while everything is imported."""

import os
from types import FrameType

INTERRUPTED = 130


def leave(_signum: int, _frame: FrameType | None) -> None:
    """End the process here and now: nothing is under way that would have to be finished or written down.

    An exception would have to pass through imports, which may swallow it or turn it into another.
    """
    # A spinner may have hidden the cursor, and is not asked to end.
    os.write(2, b"\x1b[?25h\ninterrupted\n" if os.isatty(2) else b"\ninterrupted\n")
    os._exit(INTERRUPTED)
