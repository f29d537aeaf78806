"""Prose put together from parts."""


def sentence(text: str) -> str:
    """Return text as a sentence: a capital first and a full stop last; nothing stays nothing."""
    clean = text.strip()
    if not clean:
        return ""
    return clean[0].upper() + clean[1:] + ("" if clean[-1] in ".!?" else ".")
