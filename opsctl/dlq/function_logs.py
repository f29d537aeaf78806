"""What functions write to CloudWatch Logs: found in few calls, and each line understood.

A search has an end whatever the log holds: so many pages of so many lines, newest first, in a span of time. No
Logs Insights query is started, which is charged by what it scans.

Formats: Lambda guide, "Working with Lambda function logs" and "Configuring JSON and plain text log formats"; since
2026 a text log says only in its REPORT line that a function timed out. Patterns: CloudWatch Logs guide, "Filter
pattern syntax": terms with a question mark are alternatives, and a regular expression stands between percent
signs, has no groups, and writes a blank as a class.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from opsctl.model.fetching import Fetching, fetch
from opsctl.model.reads import Read, Refusal
from opsctl.model.value import Json, Value, json_object

PAGES_AT_MOST = 4
LINES_A_PAGE = 100
TEXT_AT_MOST = 400
ERRORS = r"%[Ee]rror|ERROR|[Ee]xception|FATAL|CRITICAL|Traceback|panic|[Tt]imeout|timed\sout|Process\sexited%"

Said: TypeAlias = Literal["timeout", "memory", "exit", "start-up", "error", "platform", "other"]
"""What a line tells: how an invocation ended, that code did not load, an error, Lambda's own doings, the rest."""


class LogLine(Value):
    """One line of a function's log, cut to a bounded length; its text belongs to the account.

    `at` is seconds since the epoch, `request` the invocation, `place` where in the code, where the line says so.
    A `report` is how Lambda sums an invocation up; `used_mb` and `of_mb` are the memory that it tells of.
    """

    at: float
    said: Said
    text: str
    stream: str = ""
    request: str = ""
    place: str = ""
    report: bool = False
    used_mb: int = 0
    of_mb: int = 0

    @property
    def bad(self) -> bool:
        """Whether it tells of a failure."""
        return self.said not in ("platform", "other")


class Searched(Value):
    """What a search found, oldest first; `whole` tells that there is no more, `refusal` why it ended early."""

    lines: tuple[LogLine, ...] = ()
    whole: bool = True
    refusal: Refusal | None = None


def search(
    group: str, pattern: str, start_s: float, end_s: float, *, stream: str = "", enough: int = LINES_A_PAGE
) -> Fetching[Searched]:
    """Search a log group from its newest line on, until there is enough, or after so many pages."""
    found: list[LogLine] = []
    token = ""
    for _ in range(PAGES_AT_MOST):
        answer = yield from fetch(_page(group, pattern, start_s, end_s, stream, token))
        if answer.refusal is not None:
            return Searched(lines=_sorted(found), whole=False, refusal=answer.refusal)
        found += [parse_line(one) for one in answer.value.get("events") or []]
        token = str(answer.value.get("nextToken") or "")
        if not token or len(found) >= enough:
            break
    return Searched(lines=_sorted(found), whole=not token)


def any_of(terms: Iterable[str]) -> str:
    """Return the pattern of lines that have any of these terms."""
    quoted = [f'"{re.sub(r"[^A-Za-z0-9:_.-]", "", term)}"' for term in terms]
    return quoted[0] if len(quoted) == 1 else " ".join(f"?{one}" for one in quoted)


def _page(group: str, pattern: str, start_s: float, end_s: float, stream: str, token: str) -> Read:
    params: dict[str, Json] = {
        "logGroupName": group,
        "startTime": int(start_s * 1000),
        "endTime": int(end_s * 1000),
        "limit": LINES_A_PAGE,
        "startFromHead": False,
    }
    params |= {"filterPattern": pattern} if pattern else {}
    params |= {"logStreamNames": [stream]} if stream else {}
    params |= {"nextToken": token} if token else {}
    return Read(service="logs", operation="FilterLogEvents", params=params)


def _sorted(lines: Sequence[LogLine]) -> tuple[LogLine, ...]:
    return tuple(sorted(lines, key=lambda one: one.at))


def parse_line(event: Json) -> LogLine:
    """Understand one event of FilterLogEvents, whatever it holds."""
    message = str(event.get("message", ""))
    line = _structured(message) or _plain(message)
    at = int(event.get("timestamp", 0)) / 1000
    text = line.text if len(line.text) <= TEXT_AT_MOST else line.text[: TEXT_AT_MOST - 1] + "…"
    return line.model_copy(update={"at": at, "stream": str(event.get("logStreamName", "")), "text": text})


def moment(at: float) -> str:
    """Say a moment in whole seconds, as RFC 3339 does."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


_ID = r"(?P<request>[0-9a-f]{8}-[0-9a-f-]{27})"
_REQUEST = re.compile(rf"RequestId: {_ID}|\b{_ID.replace('request', 'other')}\b")
_PLACE = re.compile(r'(?:/var/task/|File ")(?P<file>[^\s"\'():]+)(?:", line |:)(?P<line>\d+)')
_OWN = re.compile(r"(?:START|END|INIT_START|EXTENSION|XRAY)\b|\[WARN(?:ING)?\].*LAMBDA_WARNING")
_REPORT = re.compile(r"(?:INIT_)?REPORT\b")
_USED = re.compile(r"Memory Size: (\d+) MB\s+Max Memory Used: (\d+) MB")
_STATUS = re.compile(r"Status: (\w+)(?:\s+Error Type: (\S+))?")
_CALM = re.compile(r"\[?\b(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING)\b\]?")
_BAD = re.compile(
    r"\b(?:ERROR|FATAL|CRITICAL)\b|\b[\w.]*(?:Error|Exception)\b|\berror\b|\bpanic\b|Traceback|Process exited"
)


def _plain(message: str) -> LogLine:
    """A line of the text format, or what a program printed."""
    text = message.strip()
    found = _REQUEST.search(text)
    request = (found["request"] or found["other"]) if found else ""
    if _REPORT.match(text):
        return _report(text, request)
    place = _place(text)
    first = text.splitlines()[0].strip() if text else ""
    return LogLine(at=0, said=_said(text, first), text=first, request=request, place=place)


def _said(text: str, first: str) -> Said:
    if _OWN.match(text):
        return "platform"
    if "Task timed out after" in first:
        return "timeout"
    if "Runtime.ImportModuleError" in text or "Runtime.HandlerNotFound" in text:
        return "start-up"
    if "signal: killed" in text or "OutOfMemory" in text or first.startswith("[ERROR] MemoryError"):
        return "memory"
    if "Runtime exited" in first or "Process exited before" in first:
        return "exit"
    # The level is among the first words; what an INFO line speaks of later is no error of the function.
    if _CALM.search(" ".join(first.split()[:3])):
        return "other"
    return "error" if _BAD.search(text) else "other"


def _report(text: str, request: str) -> LogLine:
    used, status = _USED.search(text), _STATUS.search(text)
    of_mb, used_mb = (int(used[1]), int(used[2])) if used else (0, 0)
    ended, kind = (status[1], status[2] or "") if status else ("", "")
    return LogLine(
        at=0,
        said=_ended(ended, kind, starting=text.startswith("INIT_")),
        text=" ".join(text.split("\n")[0].split()),
        request=request,
        report=True,
        used_mb=used_mb,
        of_mb=of_mb,
    )


def _ended(status: str, kind: str, *, starting: bool) -> Said:
    """What the status of a report means: `success` is none, `failure` is told by the function's own lines."""
    if status == "timeout":
        return "timeout"
    if "OutOfMemory" in kind:
        return "memory"
    if status in ("error", "failure") and (starting or "Import" in kind or "HandlerNotFound" in kind):
        return "start-up"
    return "exit" if status in ("error", "failure") and kind.startswith("Runtime.") else "platform"


def _place(text: str) -> str:
    found = list(_PLACE.finditer(text))
    own = [one for one in found if "/var/runtime/" not in one[0] and "/var/lang/" not in one[0]]
    # Python tells the innermost frame last, everybody else first.
    one = own[-1 if "Traceback" in text else 0] if own else None
    return f"{one['file'].removeprefix('/var/task/')}:{one['line']}" if one else ""


def _structured(message: str) -> LogLine | None:
    """A line of the JSON format: Lambda's own has a type, an application's a level."""
    found = json_object(message)
    if found is None:
        return None
    kind = str(found.get("type", ""))
    if kind.startswith("platform."):
        return _of_platform(kind, found.get("record"))
    inner = found.get("message")
    told = found | inner if isinstance(inner, dict) else found
    error, words = str(told.get("errorType") or ""), str(told.get("errorMessage") or "")
    text = f"{error}: {words}" if error else words or (inner if isinstance(inner, str) else message)
    level = str(found.get("level", "")).upper()
    stack = told.get("stackTrace") or told.get("stack") or ""
    place = _place(f"Traceback {_joined(stack)}" if "File " in _joined(stack) else _joined(stack))
    calm = level in ("TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING")
    said = _said(text, text.splitlines()[0] if text else "")
    if level in ("ERROR", "FATAL", "CRITICAL") and said == "other":
        said = "error"
    request = str(found.get("requestId") or found.get("AWSRequestId") or found.get("aws_request_id") or "")
    first = text.splitlines()[0] if text else ""
    return LogLine(at=0, said="other" if calm else said, text=first, request=request, place=place)


def _joined(stack: Json) -> str:
    return "\n".join(str(one) for one in stack) if isinstance(stack, list) else str(stack)


def _of_platform(kind: str, record: Json) -> LogLine:
    told = record if isinstance(record, dict) else {}
    measured = told.get("metrics")
    metrics = measured if isinstance(measured, dict) else {}
    status, error = str(told.get("status", "")), str(told.get("errorType") or "")
    said = _ended(status, error, starting=kind.startswith("platform.init"))
    ended = kind in ("platform.report", "platform.initReport", "platform.runtimeDone")
    words = " ".join(word for word in (kind, status, error) if word)
    duration = metrics.get("durationMs")
    return LogLine(
        at=0,
        said=said if ended else "platform",
        text=f"{words}, {duration} ms" if duration is not None else words,
        request=str(told.get("requestId", "")),
        report=ended,
        used_mb=int(metrics.get("maxMemoryUsedMB") or 0),
        of_mb=int(metrics.get("memorySizeMB") or 0),
    )
