"""Faults in what people write, as data: where, what, and what to do about it."""

from opsctl.model.value import Value


class Where(Value):
    """A place in a file or a command line; line and column count from 1, 0 means unknown."""

    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.source
        return f"{self.source}:{self.line}:{self.column}" if self.column else f"{self.source}:{self.line}"


class Diagnostic(Value):
    """One fault: a stable code, a sentence, the offending text, a hint, and the place.

    `caret` is the character of the offending text that is wrong, counted from 1; 0 means unknown.
    """

    code: str
    summary: str
    where: Where
    offending: str = ""
    hint: str = ""
    caret: int = 0
