"""Which faults a run is put through: one at each of its calls in the ordinary suite, all of them when asked for.

`-m exhaustive` asks: every fault at every call, with the run resumed and with it undone. The ordinary suite takes
another fault, and another way on, at each call, by turns, so that all of them come up many times in one run. Where
it begins is another with each change of the code: tests/kit/samples.py.
"""

from typing import NamedTuple

from tests.kit.ports import FAULTS
from tests.kit.samples import number_for


class Round(NamedTuple):
    """One run: at which of its calls, from 1, what happens, and whether it is resumed before it is undone."""

    at: int
    fault: str
    resumed: bool


def sampled(name: str, calls: int) -> list[Round]:
    """One round for each call of a run; where in the circle it begins depends on the name and on the code."""
    first = number_for(name)
    circle = [(fault, resumed) for resumed in (True, False) for fault in FAULTS]
    return [Round(at, *circle[(first + at * len(FAULTS) + at) % len(circle)]) for at in range(1, calls + 1)]


def every(calls: int) -> list[Round]:
    """Every round."""
    return [
        Round(at, fault, resumed) for at in range(1, calls + 1) for fault in FAULTS for resumed in (True, False)
    ]
