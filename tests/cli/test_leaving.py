"""The end of a process: its code, what was said and what is put away are as they would be without haste."""

import subprocess
import sys

import pytest

ENDING = """
import atexit, sys, threading
from opsctl.cli.leaving import end_with
atexit.register(lambda: print("put away", flush=True))
print("said")
print("told", file=sys.stderr)
{first}
end_with({code!r})
print("by the interpreter")
sys.exit({code!r})
"""
FULL = """
class Full:
    write = sys.stderr.write
    def flush(self):
        raise OSError
sys.stdout = Full()
"""


def ended(code: object, first: str = "") -> tuple[int, list[str], list[str]]:
    """Return the exit code of a process that ends so, and what it wrote to stdout and stderr."""
    text = ENDING.format(code=code, first=first)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


@pytest.mark.parametrize("code", [0, 3, 130])
def test_all_is_said_and_put_away(code: int) -> None:
    assert ended(code) == (code, ["said", "put away"], ["told"])


def test_a_thread_that_has_not_ended_is_waited_for() -> None:
    waits = """
go = threading.Event()
threading.Thread(target=lambda: go.wait(60) and print("done", flush=True)).start()
threading._register_atexit(go.set)
"""
    code, lines, _ = ended(0, waits)
    assert (code, lines) == (0, ["said", "by the interpreter", "done", "put away"])


def test_what_cannot_be_written_is_left_to_the_interpreter() -> None:
    assert "by the interpreter" in ended(0, FULL)[2]


def test_an_ending_without_a_number_is_the_interpreter_s() -> None:
    code, lines, _ = ended("no number")
    assert (code, lines) == (1, ["said", "by the interpreter", "put away"])
