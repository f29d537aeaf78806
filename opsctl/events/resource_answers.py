"""Reading one resource whole: what was refused becomes words, and what does not exist is told apart from it."""

from collections.abc import Iterator, Sequence

from opsctl.model.fetching import Fetching
from opsctl.model.reads import Answer, Read
from opsctl.model.value import Json


class ResourceAnswers:
    """Answers about one resource, with what could not be read."""

    def __init__(self) -> None:
        self.unknown: list[str] = []
        self.missing: set[str] = set()

    def ask(self, reads: Sequence[tuple[str, Read]]) -> Fetching[dict[str, Json]]:
        """Make named reads at once; a value is empty where there is none, None where it was refused."""
        answers = yield [read for _, read in reads]
        return {name: self._value(name, answer) for (name, _), answer in zip(reads, answers, strict=True)}

    def _value(self, name: str, answer: Answer) -> Json:
        if answer.refusal is None:
            return answer.value or {}
        if answer.known:
            self.missing.add(name)
            return {}
        self.unknown.append(f"{name}: {answer.refusal}")
        return None


def read_of(service: str, operation: str, **params: Json) -> Read:
    """Return a read of the run's Region."""
    return Read(service=service, operation=operation, params=params)


def items_of(value: Json, name: str) -> Iterator[Json]:
    """Go through a list of an answer that may be missing."""
    yield from (value or {}).get(name) or []
