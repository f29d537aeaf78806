"""Which part of a matrix the ordinary run takes: another with each change of the code, the same for the same code.

`-m exhaustive` takes all of it, or what the ordinary run left. A sample that failed is taken again with the
variable that the last line of a run tells.
"""

import os
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TypeVar
from zlib import crc32

import pytest
from _pytest.mark import ParameterSet

Each = TypeVar("Each")
SAMPLE = "OPSCTL_TESTS_SAMPLE"


def digest_of_the_code() -> str:
    """A short name of the code as it is, that is another after each change of it."""
    root, found = Path(__file__).parents[2], sha256()
    for one in (*sorted(root.glob("opsctl/**/*.py")), *sorted(root.glob("playbooks/*.yaml"))):
        found.update(one.read_bytes())
    return found.hexdigest()[:8]


def number_for(name: str) -> int:
    """Where the sample of a matrix begins."""
    return crc32(f"{os.environ[SAMPLE]} {name}".encode())


def one_in(share: int, name: str, rounds: Sequence[Each]) -> list[Each]:
    """One in so many rounds of a matrix, others with each change; never none."""
    start = number_for(name) % min(share, len(rounds))
    return list(rounds[start::share])


def some_or_all(share: int) -> list[ParameterSet]:
    """The share of a test that takes one in so many rounds, and all of them when asked for."""
    return [pytest.param(share, id="some"), pytest.param(1, id="all", marks=pytest.mark.exhaustive)]


def part_of(share: int, name: str, values: Iterable[object]) -> list[ParameterSet]:
    """All parameters of a test, of which the ordinary run takes one in so many; the others when asked for.

    A tuple is one parameter for each name.
    """
    every = list(values)
    taken = one_in(share, name, range(len(every)))
    return [
        pytest.param(
            *(one if isinstance(one, tuple) else (one,)), marks=() if number in taken else pytest.mark.exhaustive
        )
        for number, one in enumerate(every)
    ]
