"""Drives fetchings: hands every batch of reads to a reader until the result is there."""

from typing import TypeVar

from opsctl.model.fetching import Fetching
from opsctl.model.ports import Reader

T = TypeVar("T")


def run_fetching(fetching: Fetching[T], reader: Reader) -> T:
    """Run a fetching to its end; what it raises comes through."""
    try:
        reads = next(fetching)
        while True:
            reads = fetching.send(reader.read_many(reads))
    except StopIteration as stop:
        result: T = stop.value
        return result
