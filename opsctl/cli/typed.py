"""What was typed, so that a command which carries it on can be printed whole."""

import shlex
from collections.abc import Sequence
from contextvars import ContextVar

_TYPED: ContextVar[tuple[str, ...]] = ContextVar("typed", default=())
_ONLY_SHOWS = ("-n", "--dry-run", "--detailed-exitcode")


def remember(argv: Sequence[str]) -> None:
    """Keep the words of the command line that is about to run."""
    _TYPED.set(tuple(argv))


def typed_again(*more: str) -> str:
    """Return the command that was typed, with more words, for real: without what made it only show a plan."""
    typed = [word for word in _TYPED.get() if word not in _ONLY_SHOWS]
    end = typed.index("--") if "--" in typed else len(typed)
    return shlex.join(("opsctl", *typed[:end], *more, *typed[end:]))
