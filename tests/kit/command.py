"""opsctl as a user types it on an account of the embedded AWS: in a process of its own, or in the test's own."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from opsctl.aws import clients
from opsctl.cli.main import run
from tests.kit.forking import forked
from tests.kit.moto_account import KEY, server

HANGS_S = 600
"""Only what hangs takes so long, however busy the machine is."""


def environment(home: Path) -> dict[str, str]:
    """What a command sees: the embedded AWS, a home of its own, and nothing else of the caller's."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "OPSCTL_", "MOTO_"))
    }
    return clean | {
        "HOME": str(home),
        "OPSCTL_STATE_DIR": str(home / "state"),
        "AWS_ENDPOINT_URL": server().endpoint,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "COLUMNS": "100",
    }


def reviewed(plan_file: Path) -> tuple[str, ...]:
    """The switches of a script that applies just the plan that is in the file now."""
    digest: str = json.loads(plan_file.read_text(encoding="utf-8"))["digest"]
    return ("--digest", digest.removeprefix("sha256:")[:12], "--yes")


def opsctl_process(home: Path, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    return forked(argv, home, environment(home) | env)


def opsctl(home: Path, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command in this process; only its files and the account connect it with the one before."""
    out, err = io.StringIO(), io.StringIO()
    # The server is in this process as well, and tells accounts apart by a variable of its own.
    account = {name: value for name, value in os.environ.items() if name.startswith("MOTO_")}
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with (
        pytest.MonkeyPatch.context() as patch,
        mock.patch.dict(os.environ, environment(home) | env | account, clear=True),
        Path(os.devnull).open(encoding="utf-8") as nothing,
        chdir(home),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        patch.setattr(sys, "stdin", nothing)
        patch.setattr(clients, "_session", _without_a_connection(clients._session))
        try:
            code = run(list(argv))
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
    return subprocess.CompletedProcess(["opsctl", *argv], code, out.getvalue(), err.getvalue())


def _without_a_connection(make: Callable[[clients.Connection], Any]) -> Callable[[clients.Connection], Any]:
    """A session of a command calls the server of its own process at once."""

    def made(connection: clients.Connection) -> Any:
        session = make(connection)
        server().serve(session.get_component("event_emitter"))
        return session

    return made
