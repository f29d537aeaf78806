"""Which faults a run is put through: one at each of its calls in the ordinary suite, all of them when asked for.

`-m exhaustive` asks: every fault at every call, with the run resumed and with it undone. The ordinary suite takes
another fault, and another way on, at each call, by turns, so that all of them come up many times in one run.
"""

from typing import NamedTuple
from zlib import crc32

from tests.kit.ports import FAULTS


class Round(NamedTuple):
    """One run: at which of its calls, from 1, what happens, and whether it is resumed before it is undone."""

    at: int
    fault: str
    resumed: bool


def sampled(name: str, calls: int) -> list[Round]:
    """One round for each call of a run; where in the circle of faults it begins depends on the run's name."""
    first = crc32(name.encode())
    circle = [(fault, resumed) for resumed in (True, False) for fault in FAULTS]
    return [Round(at, *circle[(first + at * len(FAULTS) + at) % len(circle)]) for at in range(1, calls + 1)]


def every(calls: int) -> list[Round]:
    """Every round."""
    return [
        Round(at, fault, resumed) for at in range(1, calls + 1) for fault in FAULTS for resumed in (True, False)
    ]
