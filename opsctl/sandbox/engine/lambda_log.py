"""The log of an invocation in Lambda's text format, as it is written and as it ends.

Source: Lambda guide, "Working with Lambda function logs" and "Log and monitor Python Lambda functions"; recorded
lines of failed starts, exits and timeouts, of which since 2026 only the report tells.
"""

import time
import uuid
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.engine.lambda_work import InvocationOutcome
from opsctl.sandbox.engine.turns import turn

TIMED_OUT = "Sandbox.Timedout"


class FunctionLog:
    """One invocation in a log stream of its own; lines are there as they are printed, not only at the end."""

    def __init__(self, function: Any, request: str) -> None:
        self._function, self._request = function, request
        self._logs, self._group = function.logs_backend, function.logs_group_name
        self._stream = f"{time.strftime('%Y/%m/%d')}/[{function.version}]{uuid.uuid4().hex}"

    def begin(self) -> None:
        """Say that it starts."""
        self._logs.ensure_log_group(self._group)
        self._logs.create_log_stream(self._group, self._stream)
        self._put(f"START RequestId: {self._request} Version: {self._function.version}\n")

    def line(self, text: str) -> None:
        """Write what the function printed, each line by itself."""
        for part in text.splitlines():
            self._put(part)

    def end(self, outcome: InvocationOutcome, took_s: float) -> None:
        """Say what became of it."""
        error = outcome.error or {}
        kind = str(error.get("errorType", ""))
        if kind == "Runtime.ExitError":
            self._put(f"RequestId: {self._request} Error: {error['errorMessage']}\n{kind}\n")
        elif error and kind != TIMED_OUT:
            self._put(_raised(error))
        self._put(f"END RequestId: {self._request}\n")
        self._put(self._report(kind, outcome.used_mb, took_s))

    def _report(self, kind: str, used_mb: int, took_s: float) -> str:
        took_ms = took_s * 1000
        parts = [
            f"REPORT RequestId: {self._request}",
            f"Duration: {took_ms:.2f} ms",
            f"Billed Duration: {int(took_ms) + 1} ms",
            f"Memory Size: {self._function.memory_size} MB",
        ]
        parts += [f"Max Memory Used: {used_mb} MB"] if used_mb else []
        if kind == TIMED_OUT:
            parts.append("Status: timeout")
        elif kind.startswith("Runtime."):
            parts += ["Status: error", f"Error Type: {kind}"]
        return "\t".join(parts) + "\n"

    def _put(self, message: str) -> None:
        if message:
            # The machine's time: CloudWatch Logs takes nothing that is older than two weeks.
            event = {"timestamp": int(time.time() * 1000), "message": message}
            with turn():
                self._logs.put_log_events(self._group, self._stream, [event])


def _raised(error: dict[str, Json]) -> str:
    """What the Python runtime writes of an exception: one event, whatever its lines."""
    frames = "".join(str(one) for one in error.get("stackTrace") or [])
    first = f"[ERROR] {error.get('errorType')}: {error.get('errorMessage')}"
    return f"{first}\nTraceback (most recent call last):\n{frames}"
