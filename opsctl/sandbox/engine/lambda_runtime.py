"""The process in which one invocation of a function runs. It is started by path, and imports nothing of opsctl.

It limits itself before a line of the function's code is loaded: what it opens, writes, allocates and computes, and
that it ends with the sandbox. Then it is as on Lambda: the code in its task directory, the SDK beside it, what it
prints is its log, and what the handler returns or raises goes back by a pipe of its own.
"""

import importlib
import json
import os
import resource
import signal
import sys
import threading
import time
import traceback

OPEN_FILES, FILE_BYTES, MIB = 1024, 512 << 20, 1 << 20
INTERPRETER_MB = 1024
"""Address space that the interpreter and the SDK take by themselves, beside what the function may have."""


class Context:
    """What Lambda hands to a handler beside the event."""

    def __init__(self, about: dict, ends: float) -> None:  # type: ignore[type-arg] # plain data from JSON
        self._ends = ends
        self.aws_request_id = about["request_id"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = "$LATEST"
        self.invoked_function_arn = about["arn"]
        self.memory_limit_in_mb = str(about["memory_mb"])
        self.log_group_name = f"/aws/lambda/{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """How long the invocation may still run."""
        return max(int((self._ends - time.monotonic()) * 1000), 0)


def limit(timeout_s: float, memory_mb: int, grace_s: float) -> None:
    """Let the kernel end what computes, allocates, writes or stays longer than it may."""
    seconds = int(timeout_s + grace_s) + 1
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, (memory_mb + INTERPRETER_MB) * MIB),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    ):
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))


def end_with(sandbox: int) -> None:
    """End this process when the sandbox closes its end of a pipe, or is killed."""

    def watch() -> None:
        os.read(sandbox, 1)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


class NotLoaded(Exception):
    """The code has no such handler; Lambda calls each kind of it by a name of its own."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def load(handler: str):  # type: ignore[no-untyped-def] # whatever the function's author wrote
    """Load the handler, or say in Lambda's words that it cannot be."""
    module, _, name = handler.rpartition(".")
    try:
        loaded = importlib.import_module(module.replace("/", "."))
    except ImportError as missing:
        raise NotLoaded("Runtime.ImportModuleError", f"Unable to import module '{module}': {missing}") from missing
    if not hasattr(loaded, name):
        raise NotLoaded("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module}'")
    return getattr(loaded, name)


def error_of(raised: BaseException, about: dict) -> dict:  # type: ignore[type-arg] # plain data from JSON
    """What Lambda's Python runtime tells of an exception: the frames of the function's own code."""
    task, own = about["task_root"], os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - no pathlib here
    frames = [one for one in traceback.format_tb(raised.__traceback__) if own not in one]
    return {
        "errorMessage": str(raised),
        "errorType": raised.kind if isinstance(raised, NotLoaded) else type(raised).__name__,
        "requestId": about["request_id"],
        "stackTrace": [one.replace(task, "/var/task") for one in frames],
    }


def used_mb() -> int:
    """The most memory that this process had; 0 where the system does not tell.

    The resource usage would not do: it begins with what the sandbox had when this process was forked.
    """
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as told:  # noqa: PTH123 - no pathlib here
            peak = next((line for line in told if line.startswith("VmHWM:")), "VmHWM: 0 kB")
    except OSError:
        return 0
    return int(peak.split()[1]) // 1024


def main(about: dict, answers: int) -> None:  # type: ignore[type-arg] # plain data from JSON
    """Load the code, say that it is loaded, run the handler and hand back what came of it."""
    limit(about["timeout_s"], about["memory_mb"], about["grace_s"])
    sys.path[:] = [about["task_root"], *about["path"]]
    with os.fdopen(answers, "w", encoding="utf-8") as told:
        try:
            handler = load(about["handler"])
            told.write("loaded\n")
            told.flush()
            context = Context(about, time.monotonic() + about["timeout_s"])
            answer = {"value": handler(json.loads(about["payload"] or "{}"), context)}
            line = json.dumps(answer | {"used_mb": used_mb()})
        except BaseException as raised:  # noqa: BLE001 - whatever the function raises is its answer
            line = json.dumps({"error": error_of(raised, about), "used_mb": used_mb()})
        told.write(f"{line}\n")


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr] # it is a pipe
    orders = os.dup(0)
    with os.fdopen(os.dup(0), encoding="utf-8") as given:
        first = given.readline()
    # The function finds nothing on its standard input.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    end_with(orders)
    main(json.loads(first), int(sys.argv[1]))
