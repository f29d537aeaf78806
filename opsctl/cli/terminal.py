"""The terminal: widths, colours, progress on stderr, questions, and Ctrl-C."""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import TextIO

from opsctl.cli.leaving import leave


def wants_colour(stream: TextIO) -> bool:
    """Decide for one stream whether it gets colour: NO_COLOR, FORCE_COLOR, TERM=dumb, then whether it is a tty."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return os.environ.get("TERM") != "dumb" and stream.isatty()


def width() -> int:
    """Columns to render for: COLUMNS or the terminal's own, 80 when piped."""
    return max(40, shutil.get_terminal_size((80, 24)).columns)


class ProgressLines:
    """Progress on stderr: one line rewritten on a terminal, distinct lines otherwise, nothing when quiet.

    A line that ends with a newline stays on a terminal too.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._last = ""

    def __call__(self, line: str) -> None:
        """Show what is being done or waited for."""
        stays = line.endswith("\n")
        text = "".join(char if char.isprintable() else "?" for char in line.removesuffix("\n"))
        step = text.partition(" (at most")[0]
        if self._quiet or (not self._live and step == self._last):
            return
        self._last = "" if stays else step
        if self._live and stays:
            sys.stderr.write(f"\r\x1b[K{text}\n")
        elif self._live:
            sys.stderr.write(f"\r\x1b[K{text[: width() - 1]}")
        else:
            sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

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

    def ask(self, question: str) -> str:
        """Ask and return the line; end of input is an empty answer."""
        sys.stderr.write(question)
        sys.stderr.flush()
        return sys.stdin.readline()


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
        sys.stderr.write("\nfinishing the call in flight; press Ctrl-C again to leave at once\n")
        sys.stderr.flush()
