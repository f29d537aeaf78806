"""The exit codes that scripts rely on."""

from enum import IntEnum


class Exit(IntEnum):
    """What a finished command tells the shell."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    DRIFTED = 4
    HAS_CHANGES = 5
    UNPROVED = 6
    INTERRUPTED = 130
