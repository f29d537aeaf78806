"""Logs Insights as CloudWatch runs it: queries take time, have states, are bounded, and can be stopped.

Sources: the service model of CloudWatch Logs (StartQuery, GetQueryResults, StopQuery: their texts, errors and
limits); CloudWatch Logs user guide, "Analyzing log data with CloudWatch Logs Insights" (100 queries at once).
"""

import json
import uuid
from dataclasses import dataclass
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.insights import DEFAULT_LIMIT, QueryAnswer, answer_query
from opsctl.sandbox.engine.insights_conditions import Malformed
from opsctl.sandbox.engine.insights_fields import fields_of

_AT_ONCE = 100
_GROUPS = 50
_PAGE = 10_000
_NAMED = ("logGroupName", "logGroupNames", "logGroupIdentifiers")


def install() -> None:
    """Put the rules in place of moto's queries, which know neither filters nor states."""
    from moto.logs.responses import LogsResponse

    LogsResponse.start_query = _start
    LogsResponse.get_query_results = _results
    LogsResponse.stop_query = _stop
    LogsResponse.describe_queries = _describe


@dataclass
class RunningQuery:
    """One query: what it found is known from its beginning, and told when its time has come."""

    id: str
    text: str
    groups: tuple[str, ...]
    began: float
    takes: float
    answer: QueryAnswer
    scanned: int
    size: int
    cancelled: bool = False

    def status(self, now: float) -> str:
        """Return its state at a moment."""
        if self.cancelled:
            return "Cancelled"
        if now >= self.began + self.takes:
            return "Complete"
        return "Scheduled" if now < self.began + self.takes / 4 else "Running"


def _refused(code: str, message: str) -> Exception:
    from moto.logs.exceptions import LogsClientError

    refusal: Exception = LogsClientError(code, message)
    return refusal


def _queries(response: Any) -> dict[str, RunningQuery]:
    backend = response.logs_backend
    if not hasattr(backend, "opsctl_queries"):
        backend.opsctl_queries = {}
    found: dict[str, RunningQuery] = backend.opsctl_queries
    return found


def _start(self: Any) -> str:
    asked = json.loads(self.body)
    groups = _groups(self, asked)
    now = conditions(self.current_account).now()
    known = _queries(self)
    if sum(one.status(now) in ("Scheduled", "Running") for one in known.values()) >= _AT_ONCE:
        raise _refused("LimitExceededException", "Account maximum query concurrency limit of 100 reached.")
    start, end = asked["startTime"], asked["endTime"]
    if end < start or start < 0:
        raise _refused("InvalidParameterException", "Query time range is invalid: the start is after the end.")
    limit = asked.get("limit") or DEFAULT_LIMIT
    events = [
        fields_of(
            one.message, one.timestamp, stream.log_stream_name, f"{self.current_account}:{group.name}", _ptr(one)
        )
        for group in groups
        for stream in group.streams.values()
        for one in stream.events
        if start * 1000 <= one.timestamp <= end * 1000 + 999
    ]
    try:
        answer = answer_query(asked["queryString"], events, limit)
    except Malformed as fault:
        raise _refused("MalformedQueryException", str(fault)) from None
    query = RunningQuery(
        id=str(uuid.uuid4()),
        text=asked["queryString"],
        groups=tuple(one.name for one in groups),
        began=now,
        takes=conditions(self.current_account).durations.log_query,
        answer=answer,
        scanned=len(events),
        size=sum(len(one["@message"].encode()) + 26 for one in events),
    )
    known[query.id] = query
    return json.dumps({"queryId": query.id})


def _ptr(event: Any) -> str:
    return f"CmEK{event.event_id:032d}"


def _groups(response: Any, asked: dict[str, Json]) -> list[Any]:
    """The log groups asked about: named in exactly one way, 50 at most, and all there."""
    ways = [name for name in _NAMED if asked.get(name)]
    if len(ways) != 1:
        raise _refused("InvalidParameterException", f"Exactly one of {', '.join(_NAMED)} has to be given.")
    named = asked[ways[0]]
    names = [named] if isinstance(named, str) else list(named)
    if len(names) > _GROUPS:
        raise _refused("InvalidParameterException", f"At most {_GROUPS} log groups can be queried at once.")
    found = []
    for name in names:
        plain = name.partition(":log-group:")[2].removesuffix(":*") or name
        if plain not in response.logs_backend.groups:
            raise _refused("ResourceNotFoundException", f"Log group '{plain}' does not exist for account ID")
        found.append(response.logs_backend.groups[plain])
    return found


def _query(response: Any) -> RunningQuery:
    found = _queries(response).get(json.loads(response.body)["queryId"])
    if found is None:
        raise _refused("ResourceNotFoundException", "The specified query does not exist.")
    return found


def _results(self: Any) -> str:
    """What there is so far; while it runs that is a part of the events, and none of what is added up."""
    query, asked = _query(self), json.loads(self.body)
    status = query.status(conditions(self.current_account).now())
    rows = query.answer.shown()
    if status != "Complete":
        rows = rows[: len(rows) // 2] if query.answer.plain and status != "Scheduled" else []
    start, most = int(asked.get("nextToken") or 0), asked.get("maxItems") or _PAGE
    told: dict[str, Json] = {
        "queryLanguage": "CWLI",
        "results": rows[start : start + most],
        "statistics": _statistics(query, status, len(rows)),
        "status": status,
    }
    if start + most < len(rows):
        told["nextToken"] = str(start + most)
    return json.dumps(told)


def _statistics(query: RunningQuery, status: str, rows: int) -> Json:
    share = {"Complete": 1.0, "Scheduled": 0.0}.get(status, 0.5)
    return {
        "recordsMatched": float(int(query.answer.matched * share)),
        "recordsScanned": float(int(query.scanned * share)),
        "estimatedRecordsSkipped": 0.0,
        "bytesScanned": float(int(query.size * share)),
        "estimatedBytesSkipped": 0.0,
        "logGroupsScanned": float(len(query.groups)),
        "resultCount": float(rows),
    }


def _stop(self: Any) -> str:
    """A query that has ended cannot be stopped: that is an error, as the model says."""
    query = _query(self)
    if query.status(conditions(self.current_account).now()) not in ("Scheduled", "Running"):
        raise _refused("InvalidParameterException", "Query is not running")
    query.cancelled = True
    return json.dumps({"success": True})


def _describe(self: Any) -> str:
    asked = json.loads(self.body)
    now = conditions(self.current_account).now()
    found = [
        {
            "queryLanguage": "CWLI",
            "queryId": one.id,
            "queryString": one.text,
            "status": one.status(now),
            "createTime": int(one.began * 1000),
            "logGroupName": one.groups[0],
        }
        for one in reversed(_queries(self).values())
        if asked.get("logGroupName", one.groups[0]) in one.groups
        and asked.get("status", "") in ("", one.status(now))
    ]
    return json.dumps({"queries": found[: asked.get("maxResults") or 1000]})
