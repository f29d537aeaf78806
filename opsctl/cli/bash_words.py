"""Completion in bash, which takes words apart at `=` and `:` (COMP_WORDBREAKS) and replaces only the last part."""

import io
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout

_BREAKS = "=:"


def completes_in_bash() -> bool:
    """Tell whether bash asks what may stand at the end of a line."""
    return os.environ.get("_OPSCTL_COMPLETE") == "complete_bash" and "\n" in os.environ.get("COMP_WORDS", "")


def complete(run: Callable[[], int]) -> int:
    """Answer as if the words were whole, and leave out of each answer what bash keeps; returns the exit code."""
    words, at, kept = joined(os.environ["COMP_WORDS"].split("\n"), int(os.environ.get("COMP_CWORD") or 0))
    os.environ.update(COMP_WORDS="\n".join(words), COMP_CWORD=str(at))
    answered = io.StringIO()
    try:
        with redirect_stdout(answered):
            return run()
    finally:  # the library ends the process once it has answered
        sys.stdout.writelines(f"{line.removeprefix(kept)}\n" for line in answered.getvalue().splitlines())


def joined(words: list[str], at: int) -> tuple[list[str], int, str]:
    """Return the words put together, which of them is completed, and how that begins up to its last break."""
    whole: list[str] = []
    place, behind_break = at, False
    for number, word in enumerate(words):
        breaks = bool(word) and not word.strip(_BREAKS)
        if len(whole) > 1 and (breaks or behind_break):
            whole[-1] += word
        else:
            whole.append(word)
        behind_break = breaks
        place = len(whole) - 1 if number == at else place
    word = whole[place] if place < len(whole) else ""
    kept = word[: max(word.rfind(one) for one in _BREAKS) + 1]
    return whole, place, kept
