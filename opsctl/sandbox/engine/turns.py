"""One at a time: moto's accounts are plain dictionaries, and who looks through one while another writes breaks.

Whatever touches them takes its turn; whatever waits or runs foreign code steps aside, so that others get theirs.
Python would run only one of them at any moment anyway.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Like moto's own accounts, one for the process.
_LOCK = threading.RLock()
_HELD = threading.local()


@contextmanager
def turn() -> Iterator[None]:
    """Wait for a turn and have it; a turn within a turn is the same."""
    with _LOCK:
        _HELD.times = _times() + 1
        try:
            yield
        finally:
            _HELD.times -= 1


@contextmanager
def aside() -> Iterator[None]:
    """Let others have their turn meanwhile, then wait for the rest of one's own."""
    times = _times()
    _HELD.times = 0
    for _ in range(times):
        _LOCK.release()
    try:
        yield
    finally:
        for _ in range(times):
            _LOCK.acquire()
        _HELD.times = times


def _times() -> int:
    return getattr(_HELD, "times", 0)
