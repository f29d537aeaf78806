"""Running fetchings side by side that give rise to more fetchings."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from opsctl.model.fetching import Fetching
from opsctl.model.fetching import both as both
from opsctl.model.reads import Answer, Read

T = TypeVar("T")


def unfold(first: Sequence[Fetching[T]], more: Callable[[T], Sequence[Fetching[T]]]) -> Fetching[None]:
    """Run fetchings until none is left; each result may start others, in the same round.

    Every round asks for the next batch of all that are under way, so the number of rounds is the depth of
    the longest chain and not the number of fetchings.
    """
    waiting: list[tuple[Fetching[T], Sequence[Read]]] = []

    def advance(fetching: Fetching[T], answers: Sequence[Answer] | None) -> None:
        try:
            reads = next(fetching) if answers is None else fetching.send(answers)
        except StopIteration as stop:
            for another in more(stop.value):
                advance(another, None)
        else:
            waiting.append((fetching, reads))

    for fetching in first:
        advance(fetching, None)
    while waiting:
        batch = list(waiting)
        waiting.clear()
        answers = yield [read for _, reads in batch for read in reads]
        start = 0
        for fetching, reads in batch:
            advance(fetching, answers[start : start + len(reads)])
            start += len(reads)
