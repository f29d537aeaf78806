"""Progress on stderr: one line that is rewritten, and lines that stay."""

import io
import sys
from threading import Event

import pytest

from opsctl.cli.terminal import ProgressLines
from opsctl.model.reads import Read
from tests.kit.command import HANGS_S


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


class Watched(Screen):
    """A terminal of which somebody waits to see something."""

    def __init__(self, awaited: str) -> None:
        super().__init__()
        self.seen = Event()
        self._awaited = awaited

    def write(self, text: str) -> int:
        """Notice it."""
        if self._awaited in text:
            self.seen.set()
        return super().write(text)


def test_a_terminal_shows_what_is_read_and_how_many_answers_came(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Watched("reading the account: 2 answers, sqs.ListQueues")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", stream)
    with ProgressLines(quiet=False).reading("reading the account") as answered:
        answered(Read(service="ec2", operation="DescribeVpcs"))
        answered(Read(service="sqs", operation="ListQueues"))
        assert stream.seen.wait(HANGS_S)
    assert stream.getvalue().rstrip("\n\r").endswith(("\x1b[2K", "\x1b[?25h")), (
        "the line is free, the cursor there"
    )


def test_what_is_said_while_the_spinner_turns_stands_in_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Watched("reading: 0 answers, AWS throttles")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", stream)
    progress = ProgressLines(quiet=False)
    with progress.reading("reading"):
        progress("AWS throttles ec2.DescribeVpcs")
        assert stream.seen.wait(HANGS_S)
    progress("comparing")
    assert stream.getvalue().endswith("\r\x1b[Kcomparing")


@pytest.mark.parametrize(("stream", "quiet", "shown"), [(io.StringIO(), False, "reading\n"), (Screen(), True, "")])
def test_a_pipe_gets_one_line_about_reading_and_whoever_wants_quiet_none(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, shown: str, *, quiet: bool
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    with ProgressLines(quiet=quiet).reading("reading") as answered:
        answered(Read(service="ec2", operation="DescribeVpcs"))
    assert stream.getvalue() == shown
