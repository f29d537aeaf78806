"""Standard streams that may be closed or full: results are lost loudly, progress quietly."""

import io
import os
import sys
from collections.abc import Iterable
from typing import TextIO, cast


class LostOutput(Exception):
    """Stdout does not take what is written to it; whatever was to be shown before an approval was not."""


def prepare_streams() -> None:
    """Put something in place of streams that were closed, and say what happens when something gets lost.

    A file that is opened later would otherwise take the number of a closed stream, and get its text.
    """
    for number, way in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, way)  # takes the lowest number that is free: this one
    # Python has no objects for what was closed when it began; that of results cannot be written to, and says so.
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    for stream in (stdout, stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a terminal of another encoding than the account's names
    sys.stdout = cast("TextIO", _Results(stdout))
    sys.stderr = cast("TextIO", _Messages(stderr))


def give_up_results() -> None:
    """Let what stdout still holds go nowhere, so that the end of the process does not fail with it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Stream:
    """A stream that does something of its own when it cannot be written to."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.begun = False

    def write(self, text: str) -> int:
        """Write text; `begun` tells that some was."""
        self.begun = True
        try:
            return self._stream.write(text)
        except OSError as fault:
            self._failed(fault)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Write out what is held back."""
        try:
            self._stream.flush()
        except OSError as fault:
            self._failed(fault)

    def _failed(self, fault: OSError) -> None:
        raise NotImplementedError

    def __getattr__(self, name: str) -> object:
        """Be the stream in everything else."""
        return getattr(self._stream, name)


class _Results(_Stream):
    def _failed(self, fault: OSError) -> None:
        raise LostOutput(fault.strerror or str(fault)) from fault


class _Messages(_Stream):
    """A run does not end because nobody can read how it goes on."""

    def _failed(self, fault: OSError) -> None:
        return
