"""Collects what could not be read, so that it is shown once for each reason and nothing passes for absent."""

from collections.abc import Iterable

from opsctl.model.reads import Answer, Refusal
from opsctl.model.value import Json

_NAMED = 3


class Refusals:
    """Takes answers apart: values are handed on, refusals are remembered with what they were about."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[Refusal, list[str]]] = {}
        self._cut: list[str] = []
        self.blind: set[str] = set()

    def value(self, answer: Answer, about: str, blinds: Iterable[str]) -> Json:
        """Return the value, empty when the thing does not exist (any more): lists lag behind deletions.

        None when it could not be read, which blinds whoever relies on it.
        """
        if answer.refusal is None or answer.known:
            return answer.value or {}
        key = (answer.refusal.api, answer.refusal.code)
        self._found.setdefault(key, (answer.refusal, []))[1].append(about)
        self.blind.update(blinds)
        return None

    def cut(self, what: str, blinds: Iterable[str]) -> None:
        """Remember what was left out on purpose."""
        self._cut.append(what)
        self.blind.update(blinds)

    def lines(self) -> tuple[str, ...]:
        """Say what could not be read, each reason once."""
        return (*(_line(refusal, names) for refusal, names in self._found.values()), *self._cut)


def _line(refusal: Refusal, about: list[str]) -> str:
    names = list(dict.fromkeys(about))
    shown = ", ".join(names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{shown}{more}: {refusal}"
