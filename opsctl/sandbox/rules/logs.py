"""CloudWatch Logs' filter patterns and order of lines, which moto lacks.

Source: CloudWatch Logs guide, "Filter pattern syntax" (terms with a question mark are alternatives, those without
must all be there) and "Supported regular expressions (regex) syntax" (between percent signs; letters, digits, some
symbols and some operators, no groups); API reference, FilterLogEvents (`startFromHead` false: newest first).
"""

import json
import re
from collections.abc import Callable
from typing import Any

_ALLOWED = re.compile(r"[A-Za-z0-9:_#=@/;,\-^$?\[\]{}|\\*+.]*")
_TERM = re.compile(r'(?P<sign>[?-]?)(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))')


def install() -> None:
    """Put the rules around moto's search."""
    from moto.logs.responses import LogsResponse

    LogsResponse.filter_log_events = _filtered(LogsResponse.filter_log_events)


def matcher(pattern: str) -> Callable[[str], bool]:
    """Return what tells whether a line has a pattern of terms or a regular expression.

    Raises:
        ValueError: the pattern is not allowed.
    """
    if len(pattern) > 1 and pattern.startswith("%") and pattern.endswith("%"):
        inner = pattern[1:-1]
        if not _ALLOWED.fullmatch(inner):
            raise ValueError("Invalid filter pattern")
        found = re.compile(inner)
        return lambda line: found.search(line) is not None
    terms = [(one["sign"], one["phrase"] or one["word"] or "") for one in _TERM.finditer(pattern)]
    some = [text for sign, text in terms if sign == "?"]
    every = [text for sign, text in terms if not sign]
    none = [text for sign, text in terms if sign == "-"]
    return lambda line: (
        (not some or any(text in line for text in some))
        and all(text in line for text in every)
        and not any(text in line for text in none)
    )


def _filtered(method: Callable[..., Any]) -> Callable[..., Any]:
    """Search with the pattern; one about members of JSON or columns is left to moto, which lets all through."""

    def filter_log_events(self: Any) -> Any:
        from moto.logs.exceptions import InvalidParameterException

        asked = json.loads(self.body)
        pattern, newest_first = asked.get("filterPattern") or "", asked.get("startFromHead") is False
        if pattern.startswith(("{", "[")):
            return method(self)
        try:
            matches = matcher(pattern)
        except ValueError as fault:
            raise InvalidParameterException(str(fault)) from None
        group, streams = asked["logGroupName"], asked.get("logStreamNames") or []
        span = (asked.get("startTime"), asked.get("endTime"))
        found, _, searched = self.logs_backend.filter_log_events(group, streams, *span, None, None, "", True)
        lines = [one for one in found if matches(one["message"])]
        start, limit = int(asked.get("nextToken") or 0), asked.get("limit") or 10_000
        ordered = list(reversed(lines)) if newest_first else lines
        token = str(start + limit) if start + limit < len(ordered) else None
        answer = {"events": ordered[start : start + limit], "nextToken": token, "searchedLogStreams": searched}
        return json.dumps(answer)

    return filter_log_events
