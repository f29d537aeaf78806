"""The shell of a guest reads scripts as POSIX says, and knows no program that is not there."""

import subprocess

import pytest

from opsctl.sandbox.engine.guest_shell import Done, Program, Shell
from opsctl.sandbox.engine.guest_tools import TOOLS


class Bare:
    """A machine with the small programs and a few files."""

    def __init__(self) -> None:
        self.files = {"/etc/os-release": 'ID="amzn"\nVERSION_ID="2023"\n', "/etc/hosts": "one two\nthree\n"}

    def program(self, name: str) -> Program | None:
        return TOOLS.get(name)

    def read(self, path: str) -> str | None:
        return self.files.get(path)

    def write(self, path: str, text: str) -> None:
        self.files[path] = text

    def listed(self, path: str) -> list[str]:
        prefix = f"{path.rstrip('/')}/"
        return sorted({one.removeprefix(prefix).split("/")[0] for one in self.files if one.startswith(prefix)})


def ran(script: str) -> Done:
    return Shell(Bare()).run(script)


SCRIPTS = [
    "echo one two; echo 'three  four' \"five  six\"",
    "name=world; echo \"hello $name\" '$name' ${name}s",
    "for x in a b 'c d'; do echo \"<$x>\"; done",
    "false && echo no || echo yes; true && echo and",
    "false || { echo said; echo before >&2; exit 4; }; echo never",
    "if test 3 -gt 2; then echo more; elif true; then echo other; else echo less; fi",
    "if false; then echo a; else echo b; fi",
    "printf '%s=%s\\n' a 1 b 2",
    "echo one two three | cut -d ' ' -f 2",
    "printf 'b\\na\\nb\\n' | sort -u",
    "printf 'x: 1\\ny: 2\\nz: 30\\n' | grep -E '^(x|z):' | tr -d ' '",
    "printf 'x\\ny\\n' | grep -c x; printf 'x\\n' | grep -q z; echo $?",
    "set -e; false || true; echo here; false; echo never",
    "set -e; if false; then echo a; fi; echo b; (exit 3); echo never",
    'x=$(echo inner; exit 4); echo "$x $?"',
    "echo out; echo err >&2; echo gone >/dev/null 2>&1; false 2>/dev/null",
    "{ echo a; echo b; } | tail -n 1",
    "exit 7",
    "! true; echo $?; ! false; echo $?",
    "for x in 1 2 3; do [ $x = 2 ] && continue; echo $x; done",
    "for x in 1 2 3; do if [ $x -eq 2 ]; then break; fi; echo $x; done",
    "echo a\\\nb # a comment\necho '#' no comment",
    'words=\'a  b\'; for x in $words; do echo "$x"; done; for x in "$words"; do echo "$x"; done',
    'X=1 true; echo "<$X>"; X=2; echo $X$X',
    "nonsense --now; echo $?",
    "set -o pipefail; false | true; echo $?",
]


@pytest.mark.parametrize("number", range(len(SCRIPTS)))
def test_what_it_says_and_its_exit_code_are_those_of_the_machines_own_shell(number: int) -> None:
    script = SCRIPTS[number]
    # Nothing in these scripts touches anything.
    real = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    guest = ran(script)
    assert (guest.out, guest.code) == (real.stdout, real.returncode)
    assert bool(guest.err) == bool(real.stderr)


@pytest.mark.parametrize(
    "script", ["echo 'open", "for x in a; echo", "if true; then echo", "echo $(echo", "| grep", "echo; )"]
)
def test_what_no_shell_can_read_is_a_syntax_error(script: str) -> None:
    real = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert real.returncode != 0
    assert (ran(script).code, "sh: " in ran(script).err) == (2, True)


@pytest.mark.parametrize(
    "script", ["while true; do echo; done", "case a in a) echo;; esac", "cat <<X\na\nX", "echo $((1+1))"]
)
def test_what_it_does_not_know_is_refused_before_anything_ran(script: str) -> None:
    done = ran(f"echo first\n{script}")
    assert (done.out, done.code) == ("", 2)
    assert "not known to guests of the sandbox" in done.err


def test_a_program_that_is_not_there_is_not_found_with_the_code_that_shells_have_for_it() -> None:
    assert (ran("nonsense").code, ran("nonsense").err) == (127, "sh: nonsense: command not found\n")
    assert ran("command -v nonsense").code == 1
    assert ran("command -v grep").code == 0


def test_files_are_sourced_read_and_written() -> None:
    shell = Shell(Bare())
    done = shell.run('. /etc/os-release; echo "$ID $VERSION_ID"; echo a > /root/x; echo b >> /root/x; cat /root/x')
    assert done.out == "amzn 2023\na\nb\n"
    assert ran("cat /nowhere").code == ran(". /nowhere").code == 1


def test_sleeping_takes_no_time_here_and_is_counted_but_for_what_is_in_the_background() -> None:
    assert ran("sleep 3; for x in 1 2; do sleep 1; done; y=$(sleep 2)").slept == 7
    assert ran("sleep 30 & echo on").slept == 0
