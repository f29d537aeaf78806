"""Running lookings side by side that give rise to more lookings."""

from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from opsctl.model.looking import Looking, together
from opsctl.model.reads import Answer, Read

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")


def unfold(first: Sequence[Looking[T]], more: Callable[[T], Sequence[Looking[T]]]) -> Looking[None]:
    """Run lookings until none is left; each result may start others, in the same round.

    Every round asks for the next batch of all that are under way, so the number of rounds is the depth of
    the longest chain and not the number of lookings.
    """
    waiting: list[tuple[Looking[T], Sequence[Read]]] = []

    def advance(looking: Looking[T], answers: Sequence[Answer] | None) -> None:
        try:
            reads = next(looking) if answers is None else looking.send(answers)
        except StopIteration as stop:
            for another in more(stop.value):
                advance(another, None)
        else:
            waiting.append((looking, reads))

    for looking in first:
        advance(looking, None)
    while waiting:
        batch = list(waiting)
        waiting.clear()
        answers = yield [read for _, reads in batch for read in reads]
        start = 0
        for looking, reads in batch:
            advance(looking, answers[start : start + len(reads)])
            start += len(reads)


def both(one: Looking[A], other: Looking[B]) -> Looking[tuple[A, B]]:
    """Run two lookings of different kinds side by side."""
    found: list[object] = yield from together([one, other])
    return cast("A", found[0]), cast("B", found[1])
