"""Prose put together from parts."""

from collections.abc import Iterable


def sentence(text: str) -> str:
    """Return text as a sentence: a capital first and a full stop last; nothing stays nothing."""
    clean = text.strip()
    if not clean:
        return ""
    return clean[0].upper() + clean[1:] + ("" if clean[-1] in ".!?" else ".")


def first_few(texts: Iterable[str], at_most: int, joint: str = ", ") -> str:
    """Return the first texts in one line, and how many more there are."""
    listed = list(texts)
    more = f" and {len(listed) - at_most} more" if len(listed) > at_most else ""
    return joint.join(listed[:at_most]) + more
