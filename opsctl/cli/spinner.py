"""What is being read, at a terminal: rich's spinner with the last answer, and how many came."""

from threading import Event, Thread
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

    from opsctl.model.reads import Read


class ReadingSpinner:
    """Turns while the account is read; rich is loaded beside the first calls, which do not wait for it."""

    def __init__(self, what: str) -> None:
        """Say what is read."""
        self._what = what
        self._answers = 0
        self._last = ""
        self._ended = Event()
        self._thread = Thread(target=self._turn, daemon=True)

    def __enter__(self) -> "ReadingSpinner":
        """Begin to turn."""
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _fault: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Leave the line free for what comes next."""
        self._ended.set()
        self._thread.join()

    def answered(self, read: "Read") -> None:
        """Count an answer."""
        self._answers += 1
        self._last = read.api

    def say(self, text: str) -> None:
        """Show something else than the last answer, until the next one comes."""
        self._last = "".join(char if char.isprintable() else "?" for char in text)

    def _turn(self) -> None:
        import sys

        from rich.console import Console
        from rich.live import Live
        from rich.spinner import Spinner

        if self._ended.is_set():
            return
        spinner = Spinner("dots", self._text())
        console = Console(file=sys.stderr)
        with Live(spinner, console=console, transient=True, redirect_stdout=False, redirect_stderr=False):
            while not self._ended.wait(0.1):
                spinner.update(text=self._text())

    def _text(self) -> "Text":
        from rich.text import Text

        count = f"{self._answers} answer{'s' if self._answers != 1 else ''}"
        return Text(
            f"{self._what}: {count}{f', {self._last}' if self._last else ''}", no_wrap=True, overflow="crop"
        )
