"""The terminal: widths, colours, progress on stderr, questions, and Ctrl-C."""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, TextIO

from opsctl.cli.leaving import end_at_once, leave

if TYPE_CHECKING:
    from opsctl.cli.spinner import ReadingSpinner
    from opsctl.model.reads import Read


def wants_colour(stream: TextIO) -> bool:
    """Decide for one stream whether it gets colour: NO_COLOR, FORCE_COLOR, TERM=dumb, then whether it is a tty."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return os.environ.get("TERM") != "dumb" and stream.isatty()


def width(stream: TextIO | None = None) -> int:
    """Columns to render for: COLUMNS or the terminal's own; what goes to a pipe or a file is not wrapped."""
    from opsctl.render.page import UNWRAPPED

    if not os.environ.get("COLUMNS") and not (stream or sys.stdout).isatty():
        return UNWRAPPED
    return max(40, shutil.get_terminal_size((80, 24)).columns)


class ProgressLines:
    """Progress on stderr: one line rewritten on a terminal, distinct lines otherwise, nothing when quiet.

    A line that ends with a newline stays on a terminal too.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._last = ""
        self._spinner: ReadingSpinner | None = None

    def __call__(self, line: str) -> None:
        """Show what is being done or waited for; while the spinner turns, in its line."""
        if self._spinner is not None:
            self._spinner.say(line.removesuffix("\n"))
            return
        stays = line.endswith("\n")
        text = "".join(char if char.isprintable() else "?" for char in line.removesuffix("\n"))
        step = text.partition(" (at most")[0]
        if self._quiet or (not self._live and step == self._last):
            return
        self._last = "" if stays else step
        if self._live and stays:
            sys.stderr.write(f"\r\x1b[K{text}\n")
        elif self._live:
            sys.stderr.write(f"\r\x1b[K{text[: width(sys.stderr) - 1]}")
        else:
            sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    @contextmanager
    def reading(self, what: str) -> "Iterator[Callable[[Read], None]]":
        """Show that the account is read; yields what is to be told of each answer."""
        self(what)
        if not self._live or self._quiet:
            yield lambda _read: None
            return
        from opsctl.cli.spinner import ReadingSpinner

        self.clear()
        with ReadingSpinner(what) as self._spinner:
            try:
                yield self._spinner.answered
            finally:
                self._spinner = None

    def clear(self) -> None:
        """Leave the line free for what comes next."""
        if self._live and self._last:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
        self._last = ""


class TerminalPrompter:
    """Asks on stderr, reads stdin; present only when both are terminals."""

    @property
    def present(self) -> bool:
        """Whether anybody can answer."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def ask(self, question: str, choices: str) -> str:
        """Ask and return the line that is typed from now on; at the end of input that is empty.

        What was typed before is no answer to this: nobody had seen what it is about. Ctrl-C leaves.
        """
        from opsctl.render.inert import visible
        from opsctl.render.page import wrapped

        lines = wrapped(visible(question), width(sys.stderr))
        fits = len(lines[-1]) + 1 + len(choices) < width(sys.stderr)
        _forget_typed()
        before = signal.signal(signal.SIGINT, _not_approved)
        try:
            sys.stderr.write("\n".join(lines) + (" " if fits else "\n") + choices)
            sys.stderr.flush()
            return sys.stdin.readline()
        finally:
            signal.signal(signal.SIGINT, before)

    def tell(self, lines: Sequence[str]) -> None:
        """Say something between two questions."""
        from opsctl.render.inert import visible

        sys.stderr.writelines(f"{visible(line)}\n" for line in lines)
        sys.stderr.flush()


def _forget_typed() -> None:
    """Throw away what the terminal holds that nobody has read yet."""
    import termios

    with suppress(termios.error, OSError, ValueError):
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


def _not_approved(_signum: int, _frame: FrameType | None) -> None:
    end_at_once("not approved")


def asked_over(progress: ProgressLines) -> Callable[[str], str | None]:
    """Return what puts a question on a line of its own; it answers None where nobody is at a terminal."""

    def ask(question: str) -> str | None:
        from opsctl.render.inert import visible

        if not TerminalPrompter().present:
            return None
        progress.clear()
        _forget_typed()
        sys.stderr.write(visible(question))
        sys.stderr.flush()
        return sys.stdin.readline()

    return ask


class StopFlag:
    """First Ctrl-C (or SIGTERM): finish the call in flight. Second: leave at once, the journal is on disk.

    Until somebody asks whether to stop, nobody does anything that would have to be finished: then the first one
    leaves at once.
    """

    def __init__(self, leave: Callable[[int, FrameType | None], None] = leave) -> None:
        self._asked = False
        self._heeded = False
        self._leave = leave

    def __call__(self) -> bool:
        """Whether to stop between two calls."""
        self._heeded = True
        return self._asked

    def install(self) -> None:
        """Take over SIGINT and SIGTERM."""
        signal.signal(signal.SIGINT, self.handle)
        signal.signal(signal.SIGTERM, self.handle)

    def handle(self, signum: int, frame: FrameType | None) -> None:
        """Answer a signal."""
        if not self._heeded:
            self._leave(signum, frame)
            return
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        sys.stderr.write("\nfinishing the call in flight; press Ctrl-C again to stop at once\n")
        sys.stderr.flush()
