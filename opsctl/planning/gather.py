"""Drives lookings: hands every batch of reads to a reader until the result is there."""

from typing import TypeVar

from opsctl.model.looking import Looking
from opsctl.model.ports import Reader

T = TypeVar("T")


def gather(looking: Looking[T], reader: Reader) -> T:
    """Run a looking to its end; what it raises comes through."""
    try:
        reads = next(looking)
        while True:
            reads = looking.send(reader.read_many(reads))
    except StopIteration as stop:
        result: T = stop.value
        return result
