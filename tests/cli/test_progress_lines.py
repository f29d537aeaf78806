"""Progress on stderr: one line that is rewritten, and lines that stay."""

import io
import sys

import pytest

from opsctl.cli.terminal import ProgressLines


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.mark.parametrize(
    ("stream", "shown"),
    [
        (Screen(), "\r\x1b[Kwaiting\r\x1b[K+1 s it began\n\r\x1b[Kwaiting"),
        (io.StringIO(), "waiting\n+1 s it began\nwaiting\n"),
    ],
)
def test_a_line_that_ends_with_a_newline_stays(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, shown: str
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", stream)
    progress = ProgressLines(quiet=False)
    progress("waiting")
    progress("+1 s it began\n")
    progress("waiting")
    assert stream.getvalue() == shown
