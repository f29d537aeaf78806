"""Fetching from the account without calling it: generators that yield reads and are sent the answers.

A fact or an action is a generator. It yields a batch of reads, is sent one answer for each in the same
order, and returns its result. Whoever drives it decides how the reads are made, so the code that thinks is
pure, and the number of batches is the number of sequential round trips.
"""

from collections.abc import Generator, Sequence
from typing import TypeAlias, TypeVar, cast

from opsctl.model.errors import FactUnknown
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.value import Json

A = TypeVar("A")
B = TypeVar("B")
T = TypeVar("T")

Fetching: TypeAlias = Generator[Sequence[Read], Sequence[Answer], T]


def gather(fetchings: Sequence[Fetching[T]]) -> Fetching[list[T]]:
    """Run several fetchings side by side: each round asks for the next batch of all of them at once."""
    results: dict[int, T] = {}
    waiting: dict[int, Sequence[Read]] = {}

    def advance(index: int, answers: Sequence[Answer] | None) -> None:
        try:
            fetching = fetchings[index]
            waiting[index] = next(fetching) if answers is None else fetching.send(answers)
        except StopIteration as stop:
            results[index] = stop.value

    for index in range(len(fetchings)):
        advance(index, None)
    while waiting:
        batch = dict(waiting)
        waiting.clear()
        answers = yield [read for reads in batch.values() for read in reads]
        start = 0
        for index, reads in batch.items():
            advance(index, answers[start : start + len(reads)])
            start += len(reads)
    return [results[index] for index in range(len(fetchings))]


def both(one: Fetching[A], other: Fetching[B]) -> Fetching[tuple[A, B]]:
    """Run two fetchings of different kinds side by side."""
    found: list[object] = yield from gather([one, other])
    return cast("A", found[0]), cast("B", found[1])


def first_reads(fetching: Fetching[T]) -> Sequence[Read]:
    """Return what a fetching asks for first, if anything; it goes no further."""
    reads = next(fetching, ())
    fetching.close()
    return reads


def elsewhere(fetching: Fetching[T], region: str) -> Fetching[T]:
    """Run a fetching whose reads are all made in another Region."""
    try:
        reads = next(fetching)
        while True:
            answers = yield [read.model_copy(update={"region": region}) for read in reads]
            reads = fetching.send(answers)
    except StopIteration as stop:
        found: T = stop.value
        return found


def fetch(read: Read) -> Fetching[Answer]:
    """Make one read and hand back its answer, refusals included."""
    answers = yield [read]
    return answers[0]


def require(read: Read) -> Fetching[Json]:
    """Make one read whose answer the caller cannot do without.

    Raises:
        FactUnknown: AWS refused the read.
    """
    answer = yield from fetch(read)
    if answer.refusal is not None:
        raise FactUnknown(answer.refusal)
    return answer.value


def require_all(reads: Sequence[Read]) -> Fetching[list[Json]]:
    """Make reads at once whose answers the caller cannot do without, and return them in order.

    Raises:
        FactUnknown: AWS refused one of them.
    """
    answers = (yield reads) if reads else []
    for answer in answers:
        if answer.refusal is not None:
            raise FactUnknown(answer.refusal)
    return [answer.value for answer in answers]


def fetch_if_exists(read: Read) -> Fetching[Json]:
    """Make one read of something that need not exist, and return None where it does not.

    Raises:
        FactUnknown: AWS refused the read, so nobody knows.
    """
    answer = yield from fetch(read)
    if answer.refusal is not None and answer.refusal.kind is not RefusalKind.MISSING:
        raise FactUnknown(answer.refusal)
    return answer.value
