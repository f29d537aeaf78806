"""Prose put together from parts."""

import re
from collections.abc import Callable, Iterable

_BETWEEN = re.compile(r"(?<=[.!?]) (?=[A-Z0-9])")


def sentence(text: str) -> str:
    """Return text as a sentence: a capital first and a full stop last; nothing stays nothing.

    An ARN, or another name that begins it, stays as it is written.
    """
    clean = text.strip()
    if not clean:
        return ""
    first = clean.split(" ")[0].rstrip(",;:.!?")
    start = clean[0].upper() if first.isalpha() else clean[0]
    return start + clean[1:] + ("" if clean[-1] in ".!?" else ".")


def sentences(text: str) -> list[str]:
    """Return the sentences of a text."""
    return _BETWEEN.split(text)


def first_few(texts: Iterable[str], at_most: int, joint: str = ", ", shown: Callable[[str], str] = str) -> str:
    """Return the first texts in one line, each as it is to be `shown`, and how many more there are."""
    listed = list(texts)
    more = f" and {len(listed) - at_most} more" if len(listed) > at_most else ""
    return joint.join(map(shown, listed[:at_most])) + more
