"""Leaves at once on Ctrl-C; imports hardly anything of opsctl, for it is needed while all is imported."""

import atexit
import json
import os
import select
import sys
import threading
from contextvars import ContextVar
from types import FrameType

from opsctl.cli.asked_form import asked_for_json, value_of

INTERRUPTED = 130

_COMMAND: ContextVar[str] = ContextVar("command", default="")


def at_work(command: str) -> None:
    """Keep what the command is called, once that is known."""
    _COMMAND.set(command)


def leave(_signum: int, _frame: FrameType | None) -> None:
    """End the process here and now: nothing is under way that would have to be finished or written down.

    An exception would have to pass through imports, which may swallow it or turn it into another.
    """
    # A spinner may have hidden the cursor, and is not asked to end.
    end_at_once("interrupted", "\x1b[?25h" if os.isatty(2) else "")


def end_with(code: object) -> None:
    """End the process with an exit code, all said and put away, without taking apart what was loaded for it.

    The interpreter lets go of a quarter of a million objects, one by one, for longer than it takes to draw a plan.
    That is left to it where a thread has not ended yet, or where what was said cannot be written.
    """
    others = set(threading.enumerate()) - {threading.main_thread()}
    if not isinstance(code, int) or not all(one.daemon for one in others):
        return
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return
    atexit._run_exitfuncs()
    os._exit(code)


def end_at_once(said: str, first: str = "") -> None:
    """Say so on stderr, and end the process; `-o json` has its envelope, unless a part of a result is out.

    While the shell completes a line, what stands there is the shell's.
    """
    if "_OPSCTL_COMPLETE" in os.environ:
        os._exit(INTERRUPTED)
    os.write(2, f"{first}\n{said}\n".encode())
    argv = sys.argv[1:]
    # What --query would find in it is not looked for here: that takes imports.
    if asked_for_json(argv) and not value_of(argv, "--query") and not getattr(sys.stdout, "begun", False):
        _write_envelope(said)
    os._exit(INTERRUPTED)


def _write_envelope(said: str) -> None:
    """Write it past what is buffered; whoever does not read now keeps nobody here."""
    error = {"code": "interrupted", "summary": said, "hint": ""}
    envelope = {
        "schema": "opsctl.result/v1",
        "command": _COMMAND.get(),
        "exit_code": INTERRUPTED,
        "outcome": "interrupted",
        "result": None,
        "errors": [error],
    }
    try:
        if select.select([], [1], [], 0)[1]:
            os.write(1, f"{json.dumps(envelope, indent=2)}\n".encode())
    except OSError:
        return  # closed, full or not there: the exit code says the same
