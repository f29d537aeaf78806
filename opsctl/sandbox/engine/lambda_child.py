"""Runs each invocation in a process of its own, which has nothing of the sandbox's but its role's credentials.

It is no prison: the process has the rights of the user who started the sandbox. But it cannot take the sandbox
with it, it is told nothing of that user's environment, home directory or AWS files, and it ends.
"""

import io
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from opsctl.model.value import Json
from opsctl.sandbox.engine import lambda_runtime
from opsctl.sandbox.engine.conditions import Conditions
from opsctl.sandbox.engine.lambda_work import FUNCTION_AGENT, InvocationOutcome, Work
from opsctl.sandbox.engine.turns import aside

LOADING_S = 60
"""Lambda gives code ten seconds to load; a busy laptop may need more."""
AT_ONCE = 8
UNZIPPED_BYTES, ANSWER_BYTES, LOG_BYTES = 250 << 20, 6 << 20, 1 << 20
"""Lambda's own quotas of a package and an answer; what is printed beyond the last is dropped."""


class ChildRunner:
    """Runs functions that call an endpoint."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def __call__(self, work: Work, about: Conditions, told: Callable[[str], object]) -> InvocationOutcome:
        """Run one invocation; it has as much time as the function's timeout says once its code is loaded."""
        with aside(), self._places, tempfile.TemporaryDirectory(prefix="opsctl-function-") as place:
            task, home = Path(place, "task"), Path(place, "home")
            task.mkdir()
            home.mkdir()
            fault = _unpack(work.code, task)
            if fault:
                return InvocationOutcome(error={"errorType": "Runtime.ImportModuleError", "errorMessage": fault})
            return self._run(work, task, home, told)

    def _run(self, work: Work, task: Path, home: Path, told: Callable[[str], object]) -> InvocationOutcome:
        answers, theirs = os.pipe()
        process = subprocess.Popen(  # noqa: S603 - our own file, no shell
            # -I: neither PYTHON* variables nor the user's own packages; -B: nothing is written beside the code.
            [sys.executable, "-I", "-B", lambda_runtime.__file__, str(theirs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(theirs,),
            cwd=task,
            env=work.env | self._environment(work, task, home),
            start_new_session=True,
        )
        os.close(theirs)
        logs: list[str] = []
        reader = threading.Thread(target=_read_log, args=(process.stdout, logs, told), daemon=True)
        reader.start()
        try:
            with os.fdopen(answers, "rb") as pipe:
                _hand_over(process, work, task)
                outcome = _outcome(_Answers(pipe), work, process)
        finally:
            _end(process)
        reader.join(LOADING_S)
        outcome.logs = logs
        return outcome

    def _environment(self, work: Work, task: Path, home: Path) -> dict[str, str]:
        """What Lambda sets, and what keeps the SDK from looking anywhere else."""
        return {
            "AWS_ENDPOINT_URL": self._endpoint_url,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_EXECUTION_ENV": f"{FUNCTION_AGENT}3.{sys.version_info.minor}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(work.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{work.name}",
            "LAMBDA_TASK_ROOT": str(task),
            "_HANDLER": work.handler,
            "HOME": str(home),
            "TMPDIR": str(home),
            "LANG": "C.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "NO_PROXY": "*",
        }


class _Answers:
    """The lines that a child sends by its own pipe."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe, self._held = pipe, b""
        os.set_blocking(pipe.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(pipe, selectors.EVENT_READ)

    def line(self, within_s: float) -> bytes | None:
        """The next line; empty when the child is gone, None when it does not come in time.

        Raises:
            ValueError: it is longer than an answer may be.
        """
        deadline = time.monotonic() + within_s
        while b"\n" not in self._held:
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not self._selector.select(left_s):
                return None
            part = self._pipe.read(65_536)
            if not part:
                return b""
            self._held += part
            if len(self._held) > ANSWER_BYTES:
                raise ValueError("the answer is larger than 6 MB")
        line, _, self._held = self._held.partition(b"\n")
        return line


def _unpack(code: bytes, task: Path) -> str:
    """Unpack a function's code; says what is wrong with it."""
    try:
        with zipfile.ZipFile(io.BytesIO(code)) as archive:
            if sum(one.file_size for one in archive.infolist()) > UNZIPPED_BYTES:
                return "the code is larger than 250 MB when it is unzipped"
            archive.extractall(task)  # no name in a zip leads out of it
    except (zipfile.BadZipFile, OSError, NotImplementedError) as fault:
        return f"the code cannot be unzipped: {fault}"
    return ""


def _hand_over(process: subprocess.Popen[bytes], work: Work, task: Path) -> None:
    about: dict[str, Json] = {
        "arn": work.arn,
        "grace_s": LOADING_S,
        "handler": work.handler,
        "memory_mb": work.memory_mb,
        "path": [one for one in sys.path if one],
        "payload": work.payload,
        "request_id": work.request,
        "task_root": str(task),
        "timeout_s": work.timeout_s,
    }
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(about).encode() + b"\n")
            process.stdin.flush()


def _outcome(answers: _Answers, work: Work, process: subprocess.Popen[bytes]) -> InvocationOutcome:
    try:
        line = answers.line(LOADING_S)
        if line == b"loaded":
            line = answers.line(work.timeout_s)
        if line is None:
            told = f"Task timed out after {work.timeout_s:.2f} seconds"
            return InvocationOutcome(error={"errorType": "Sandbox.Timedout", "errorMessage": told})
        if not line:
            return InvocationOutcome(
                error={"errorType": "Runtime.ExitError", "errorMessage": _how_it_ended(process)}
            )
        said = json.loads(line)
    except ValueError as fault:
        return InvocationOutcome(error={"errorType": "Function.ResponseSizeTooLarge", "errorMessage": str(fault)})
    return InvocationOutcome(value=said.get("value"), error=said.get("error"), used_mb=said["used_mb"])


def _how_it_ended(process: subprocess.Popen[bytes]) -> str:
    try:
        code = process.wait(5)
    except subprocess.TimeoutExpired:
        return "Runtime closed its pipe without an answer"
    how = f"signal: {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
    return f"Runtime exited with error: {how}"


def _read_log(stream: IO[bytes], logs: list[str], told: Callable[[str], object]) -> None:
    left = LOG_BYTES
    for raw in iter(lambda: stream.readline(LOG_BYTES), b""):
        left -= len(raw)
        if left > 0:
            line = raw.decode(errors="replace").rstrip("\n")
            logs.append(line)
            told(line)
    stream.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End whatever the invocation has left running."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(OSError):
        (process.stdin or io.BytesIO()).close()
    process.wait()
