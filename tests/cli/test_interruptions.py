"""Ctrl-C ends with 130 and one line at any moment, and streams that are full or closed are told in one."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from opsctl.cli.terminal import StopFlag
from opsctl.model.outcomes import Outcome
from opsctl.render.json_text import SCHEMA, envelope_of
from tests.kit.command import HANGS_S

_IMPORTS = """
import os, signal, sys
from opsctl.__main__ import main
wanted, seen = int(sys.argv[1]), 0
def count(event, _args):
    global seen
    if event == "import":
        seen += 1
        if seen == wanted:
            os.kill(os.getpid(), signal.SIGINT)
sys.addaudithook(count)
sys.argv[1:] = sys.argv[2:]
try:
    main()
finally:
    print(seen, file=sys.__stderr__)
"""
COMMAND = ("doctor", "--region", "us-east-1", "--endpoint-url", "http://127.0.0.1:9")


def interrupted_at(moment: int, home: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run a command that imports nearly everything, and interrupt it at its so-and-so-many-th import."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "OPSCTL_"))}
    return subprocess.run(
        [sys.executable, "-c", _IMPORTS, str(moment), *COMMAND, *more],
        env=environment | {"HOME": str(home), "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=HANGS_S,
        check=False,
    )


def test_ctrl_c_while_opsctl_is_imported_ends_with_130_and_one_line(tmp_path: Path) -> None:
    whole = interrupted_at(0, tmp_path)
    assert whole.returncode == 1, whole.stderr
    total = int(whole.stderr.split()[-1])
    assert total > 500
    for moment in (1, 2, total // 4, total // 2, total - total // 10):
        done = interrupted_at(moment, tmp_path)
        assert (done.returncode, done.stdout) == (130, ""), done.stderr
        assert done.stderr.split("\n") == ["", "interrupted", ""]


def test_ctrl_c_has_its_envelope_where_json_was_asked_for(tmp_path: Path) -> None:
    for moment, command in ((30, ""), (500, "doctor")):
        done = interrupted_at(moment, tmp_path, "-o", "json")
        told = json.loads(done.stdout)
        assert (done.returncode, told["exit_code"], told["outcome"]) == (130, 130, "interrupted"), done.stderr
        assert (told["schema"], told["command"], told["errors"][0]["summary"]) == (SCHEMA, command, "interrupted")
        assert set(told) == set(envelope_of(command="", exit_code=0, outcome=Outcome.DONE, result=None))


def test_ctrl_c_leaves_quietly_whatever_was_typed_and_while_the_shell_completes() -> None:
    code = "import os, signal, sys; from opsctl.cli.leaving import leave; sys.argv[1:] = []; leave(2, None)"
    for more, said in (({}, b"\ninterrupted\n"), ({"_OPSCTL_COMPLETE": "complete_bash"}, b"")):
        done = subprocess.run(
            [sys.executable, "-c", code], env=os.environ | more, capture_output=True, timeout=HANGS_S, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (130, b"", said)


def test_a_query_finds_nothing_in_what_ctrl_c_ended(tmp_path: Path) -> None:
    assert interrupted_at(30, tmp_path, "--query", "result").stdout == ""


def flagged() -> tuple[StopFlag, list[int]]:
    left: list[int] = []
    return StopFlag(lambda signum, _: left.append(signum)), left


def test_until_somebody_asks_whether_to_stop_the_first_ctrl_c_leaves() -> None:
    """Nothing that plans or waits for an answer asks: only what has calls in flight does."""
    flag, left = flagged()
    flag.handle(signal.SIGINT, None)
    assert left == [signal.SIGINT]


def test_from_then_on_the_first_asks_to_stop_and_the_second_leaves() -> None:
    flag, left = flagged()
    assert not flag()
    flag.handle(signal.SIGINT, None)
    assert (flag(), left) == (True, [])
    with pytest.raises(KeyboardInterrupt):
        flag.handle(signal.SIGINT, None)


BAD = ("block-ip", "x", "--target", "y", "-o", "json")


@pytest.mark.parametrize(
    ("where", "argv", "code", "unbuffered"),
    [
        ("full", ("runs", "list"), 1, ""),
        ("full", ("playbook", "list", "-o", "json"), 1, "1"),
        ("closed", ("runs", "list", "-o", "json"), 1, "1"),
        ("closed", BAD, 2, ""),
        ("pipe", ("--help",), 1, ""),
        ("pipe", BAD, 2, "1"),
    ],
)
def test_output_that_cannot_be_written_is_told_in_one_line(
    tmp_path: Path, where: str, argv: tuple[str, ...], code: int, unbuffered: str
) -> None:
    reads, broken = os.pipe()
    os.close(reads)
    script = {"full": 'exec "$@" >/dev/full', "closed": 'exec "$@" >&-', "pipe": 'exec "$@"'}[where]
    done = subprocess.run(
        ["/bin/sh", "-c", script, "sh", sys.executable, "-m", "opsctl", *argv],
        env=os.environ | {"OPSCTL_STATE_DIR": str(tmp_path), "PYTHONUNBUFFERED": unbuffered},
        cwd=tmp_path,
        stdout=broken,
        stderr=subprocess.PIPE,
        text=True,
        timeout=HANGS_S,
        check=False,
    )
    os.close(broken)
    assert done.returncode == code, done.stderr
    assert done.stderr.count("the output cannot be written") == 1
    assert "Traceback" not in done.stderr


def test_messages_that_nobody_can_read_end_nothing(tmp_path: Path) -> None:
    for script in ('exec "$@" 2>/dev/full', 'exec "$@" 2>&- <&-'):
        done = subprocess.run(
            ["/bin/sh", "-c", script, "sh", sys.executable, "-m", "opsctl", "runs", "show", "no-such-run"],
            env=os.environ | {"OPSCTL_STATE_DIR": str(tmp_path)},
            cwd=tmp_path,
            timeout=HANGS_S,
            check=False,
        )
        assert done.returncode == 2
