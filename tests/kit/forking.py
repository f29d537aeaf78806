"""Processes of opsctl that need not import it anew: each is a fork of one that has done nothing else yet.

As a program this is the one that is forked: it reads orders on its stdin, one a line, and answers each with the
exit code of the command. How opsctl is imported, and what happens meanwhile, is tested with other processes.
"""

import json
import os
import pkgutil
import sys
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from subprocess import PIPE, CompletedProcess, Popen
from tempfile import TemporaryDirectory
from typing import Any

ENGINE = ("opsctl.__main__", "opsctl.sandbox.engine", "opsctl.sandbox.rules", "opsctl.sandbox.worlds")
"""What a command does not import."""


def forked(argv: Sequence[str], cwd: Path, env: dict[str, str], stdin: str = "") -> CompletedProcess[str]:
    """Run `python -m opsctl`, as `subprocess.run` would."""
    with TemporaryDirectory() as kept:
        given, *told = (str(Path(kept, name)) for name in ("stdin", "stdout", "stderr"))
        Path(given).write_text(stdin, encoding="utf-8")
        order = {"argv": list(argv), "cwd": str(cwd), "env": env, "files": (given, *told)}
        parent = _parent(os.getpid())
        assert parent.stdin is not None
        assert parent.stdout is not None
        parent.stdin.write(json.dumps(order) + "\n")
        parent.stdin.flush()
        code = int(parent.stdout.readline())
        out, err = (Path(one).read_text(encoding="utf-8") for one in told)
    return CompletedProcess(["opsctl", *argv], code, out, err)


@lru_cache(maxsize=1)
def _parent(_process: int) -> Popen[str]:
    return Popen(
        [sys.executable, "-m", "tests.kit.forking"],
        cwd=Path(__file__).parents[2],
        stdin=PIPE,
        stdout=PIPE,
        text=True,
    )


def _import_everything() -> None:
    import opsctl

    for module in pkgutil.walk_packages(opsctl.__path__, "opsctl.", onerror=None):
        if not module.name.startswith(ENGINE):
            import_module(module.name)


def _serve() -> dict[str, Any]:
    """Fork for each order; returns in the forks alone."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            answers.close()
            order: dict[str, Any] = json.loads(line)
            return order
        _, status = os.waitpid(pid, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
    os._exit(0)


def _become(order: dict[str, Any]) -> None:
    for number, name in enumerate(order["files"]):
        opened = os.open(name, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(0, encoding="utf-8")
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    sys.argv[1:] = order["argv"]


if __name__ == "__main__":
    _import_everything()
    _become(_serve())
    from opsctl.__main__ import main

    main()
