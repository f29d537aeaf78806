"""What somebody may have meant who typed a word that nothing has, and never its opposite."""

import difflib
import re
from collections.abc import Sequence

_SIMILAR = 0.8
_NOT = ("un", "dis", "de")
_WITHOUT = {"no", "not", "non", "without", "skip"}
_PAIRS = (
    "add remove",
    "allow deny",
    "allow block",
    "attach detach",
    "authorize revoke",
    "close open",
    "contains excludes",
    "create delete",
    "decrease increase",
    "decrypt encrypt",
    "deny grant",
    "deregister register",
    "disable enable",
    "disabled enabled",
    "down up",
    "egress ingress",
    "exclude include",
    "export import",
    "grant revoke",
    "inbound outbound",
    "max min",
    "maximum minimum",
    "private public",
    "put delete",
    "resume suspend",
    "start stop",
)
_OPPOSITES = {frozenset(pair.split()) for pair in _PAIRS}
_WORDS = sorted({word for pair in _OPPOSITES for word in pair})


def closest(word: str, known: Sequence[str]) -> str:
    """Return the known word that is most like this one, nothing where none is like it or means the same."""
    found = difflib.get_close_matches(word, known, n=5)
    return next((one for one in found if not opposed(word, one)), "")


def opposed(one: str, other: str) -> bool:
    """Tell whether one text says the opposite of the other, however either is misspelt."""
    ours, theirs = _parts(one), _parts(other)
    if bool(_WITHOUT & set(ours)) != bool(_WITHOUT & set(theirs)):
        return True
    only_ours = [part for part in ours if part not in theirs]
    only_theirs = [part for part in theirs if part not in ours]
    return any(_opposite(mine, yours) for mine in only_ours for yours in only_theirs)


def _parts(text: str) -> list[str]:
    parts = [part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", text)]
    if len(parts) > 1 and parts[0] in _NOT:  # un-block
        return [parts[0] + parts[1], *parts[2:]]
    return parts


def _opposite(one: str, other: str) -> bool:
    if frozenset((_meant(one), _meant(other))) in _OPPOSITES:
        return True
    return any(
        word.startswith(prefix)
        and not plain.startswith(prefix)
        and _is_nearer(plain, word.removeprefix(prefix), word)
        for prefix in _NOT
        for word, plain in ((one, other), (other, one))
    )


def _meant(word: str) -> str:
    """The word of a pair that this one is, or is a misspelling of."""
    return next(iter(difflib.get_close_matches(word, _WORDS, n=1, cutoff=_SIMILAR)), word)


def _is_nearer(plain: str, bare: str, word: str) -> bool:
    """Tell whether a word is like another without its prefix, and less like it with the prefix."""
    alike = difflib.SequenceMatcher(None, bare, plain).ratio()
    return len(bare) > 2 and alike >= _SIMILAR and alike > difflib.SequenceMatcher(None, word, plain).ratio()
