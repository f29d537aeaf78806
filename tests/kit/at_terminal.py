"""opsctl at a terminal of its own: what somebody types, and what stands on the screen."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from types import TracebackType

from tests.kit.command import HANGS_S, environment

# The terminal has to be the process's own, or Ctrl-C would reach nobody.
_OWN = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.executable, sys.argv[1:])"
)
_DRAWING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class AtTerminal:
    """One command at a terminal of 80 columns and 24 lines."""

    def __init__(self, home: Path, *argv: str, columns: int = 80, lines: int = 24) -> None:
        """Start the command; what is typed from now on waits for whoever reads it."""
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        env = environment(home) | {"TERM": "xterm"}
        del env["COLUMNS"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _OWN, sys.executable, "-m", "opsctl", *argv],
            cwd=home,
            env=env,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._shown = ""

    def __enter__(self) -> "AtTerminal":
        """Be it."""
        return self

    def __exit__(self, *_fault: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Leave nothing running."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        os.close(self._ours)

    def type(self, text: str) -> None:
        """Type something."""
        os.write(self._ours, text.encode())

    def until(self, text: str) -> str:
        """Wait for a text that was not there before, and return what was shown up to its end."""
        until = time.monotonic() + HANGS_S
        while text not in self._shown:
            assert time.monotonic() < until, f"{text!r} was not shown in time: {self._shown!r}"
            assert self._more(), f"{text!r} was never shown: {self._shown!r}"
        before, _, self._shown = self._shown.partition(text)
        return _plain(before + text)

    def end(self) -> tuple[int, str]:
        """Wait for the end, and return the exit code and what was shown since."""
        while self._more():
            pass
        return self._process.wait(HANGS_S), _plain(self._shown)

    def _more(self) -> bool:
        """Read on; false at the end."""
        ready, _, _ = select.select([self._ours], [], [], HANGS_S)
        try:
            read = os.read(self._ours, 65536) if ready else b""
        except OSError:  # how Linux says that nobody has the other end any more
            read = b""
        self._shown += read.decode(errors="replace")
        return bool(read)


def _plain(shown: str) -> str:
    """Return what is left on the screen: a line that was drawn again only as it was last."""
    lines = _DRAWING.sub("", shown.replace("\r\n", "\n").replace("\r\x1b[K", "\r")).split("\n")
    return "\n".join(line.rpartition("\r")[2] for line in lines)
