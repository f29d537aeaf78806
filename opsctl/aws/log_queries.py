"""Runs queries of logs for evidence: started, waited for, and stopped whatever comes.

A query is no read of the account's set-up: it starts something that costs by what it scans, and CloudWatch goes on
with it when nobody waits any more. So it is on no list of reads, no playbook and no plan can make one, and this is
the only place that starts any: docs/decisions/0014-queries-of-logs.md. To a fact it is one read, `logs.StartQuery`
or `athena.StartQueryExecution`, whose answer is the rows, what was scanned, and how the query ended.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.reads import Answer, Read, Refusal, RefusalKind
from opsctl.model.run import Clock
from opsctl.model.value import Json

POLL_S = 0.5
LONGEST_POLL_S = 5.0
_MARGIN_S = 3.0
_GOING_ON = ("Scheduled", "Running", "QUEUED", "RUNNING")
_ROWS = 1000


class QueryCaller(Protocol):
    """Makes calls: what are reads as such, others as what they are."""

    def read(self, read: Read) -> Answer:
        """Make one read now."""
        ...

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Make one call that is no read."""
        ...


@dataclass(frozen=True)
class QueryKind:
    """How a service runs queries: what stops one, and how its answers say how it stands."""

    service: str
    stop: str
    id: str


_INSIGHTS = QueryKind(service="logs", stop="StopQuery", id="queryId")
_ATHENA = QueryKind(service="athena", stop="StopQueryExecution", id="QueryExecutionId")
_KINDS = {"logs.StartQuery": _INSIGHTS, "athena.StartQueryExecution": _ATHENA}


class LogQueries:
    """Reads as an account does, and runs queries until a moment; `stop_all` leaves none behind."""

    def __init__(self, account: QueryCaller, clock: Clock, stopping: Callable[[], bool], within_s: float) -> None:
        self._account = account
        self._clock = clock
        self._stopping = stopping
        # What is there is fetched and the query stopped before whoever waits has gone.
        self._until = clock.now() + max(within_s - _MARGIN_S, within_s / 2)
        self._running: dict[tuple[str, str], tuple[QueryKind, str | None]] = {}
        self._lock = Lock()
        self._closed = False

    def read(self, read: Read) -> Answer:
        """Make a read, or run a query to its end or to the moment when nobody waits any more."""
        kind = _KINDS.get(read.api)
        if kind is None:
            return self._account.read(read)
        try:
            return self._run(kind, read)
        except AwsRefused as refused:
            return Answer(refusal=refused.refusal)
        except OutcomeUnknown as lost:
            self._stop_lost(kind, read)
            return Answer(refusal=_lost(read, str(lost)))

    def stop_all(self) -> None:
        """Stop what still runs, and start nothing more; a query that has ended cannot be stopped, and need not."""
        with self._lock:
            self._closed = True
            left = dict(self._running)
        for (_, query), (kind, region) in left.items():
            self._stop(kind, query, region)

    def _run(self, kind: QueryKind, read: Read) -> Answer:
        if self._is_over():
            return Answer(refusal=_lost(read, "there was no time left to start it"))
        started = self._account.write(read.service, read.operation, read.params, read.region)
        query = str(started[kind.id])
        with self._lock:
            closed = self._closed
            self._running[kind.service, query] = (kind, read.region)
        if closed:
            self._stop(kind, query, read.region)
            return Answer(refusal=_lost(read, "nobody waited any more"))
        try:
            return Answer(value=self._awaited(kind, query, read.region))
        finally:
            self._stop(kind, query, read.region)

    def _awaited(self, kind: QueryKind, query: str, region: str | None) -> Json:
        wait_s = POLL_S
        while True:
            found = self._insights(query, region) if kind is _INSIGHTS else self._athena(query, region)
            if found["status"] not in _GOING_ON:
                with self._lock:
                    self._running.pop((kind.service, query), None)
                return found
            if self._is_over():
                return found
            self._clock.sleep(min(wait_s, max(self._until - self._clock.now(), 0.0)))
            wait_s = min(wait_s * 1.5, LONGEST_POLL_S)

    def _insights(self, query: str, region: str | None) -> Json:
        """How a query of Logs Insights stands: rows by their fields without the pointer, and its statistics."""
        told = self._account.write("logs", "GetQueryResults", {"queryId": query}, region)
        rows = [
            {str(one["field"]): str(one.get("value", "")) for one in row if one.get("field") != "@ptr"}
            for row in told.get("results") or ()
        ]
        statistics = told.get("statistics") or {}
        return {
            "status": str(told.get("status", "Unknown")),
            "rows": rows[:_ROWS],
            "scanned": int(statistics.get("bytesScanned") or 0),
            "matched": int(statistics.get("recordsMatched") or 0),
        }

    def _athena(self, query: str, region: str | None) -> Json:
        """How a query of Athena stands; its rows are there when it has succeeded, the first is the header."""
        told = self._account.write("athena", "GetQueryExecution", {"QueryExecutionId": query}, region)
        execution = told.get("QueryExecution") or {}
        status = execution.get("Status") or {}
        scanned = int((execution.get("Statistics") or {}).get("DataScannedInBytes") or 0)
        state, why = str(status.get("State", "UNKNOWN")), str(status.get("StateChangeReason", ""))
        found: dict[str, Json] = {"status": state, "rows": [], "scanned": scanned, "why": why}
        if state != "SUCCEEDED":
            return found
        params: dict[str, Json] = {"QueryExecutionId": query, "MaxResults": _ROWS}
        answer = self._account.write("athena", "GetQueryResults", params, region)
        lines = [[str(cell.get("VarCharValue", "")) for cell in row.get("Data") or ()] for row in _rows_of(answer)]
        header, body = (lines[0], lines[1:]) if lines else ([], [])
        return found | {"rows": [dict(zip(header, row, strict=False)) for row in body]}

    def _stop(self, kind: QueryKind, query: str, region: str | None) -> None:
        with self._lock:
            running = self._running.pop((kind.service, query), None)
        if running is None:
            return
        try:
            self._account.write(kind.service, kind.stop, {kind.id: query}, region)
        except (AwsRefused, OutcomeUnknown):
            return  # it has ended meanwhile, or ends by itself: there is nothing more to do about it

    def _stop_lost(self, kind: QueryKind, read: Read) -> None:
        """Find a query whose start was not answered, by its text, and stop it."""
        if kind is not _INSIGHTS:
            return  # Athena's has a token: the SDK sent the same, and a query that nobody reads is bounded
        group = str((read.params.get("logGroupNames") or [""])[0])
        for status in ("Running", "Scheduled"):
            params: dict[str, Json] = {"logGroupName": group, "status": status}
            asked = Read(service="logs", operation="DescribeQueries", params=params, region=read.region)
            answer = self._account.read(asked)
            queries = (answer.value or {}).get("queries") or () if answer.refusal is None else ()
            for one in queries:
                if one.get("queryString") == read.params["queryString"]:
                    with self._lock:
                        self._running["logs", str(one["queryId"])] = (kind, read.region)
                    self._stop(kind, str(one["queryId"]), read.region)

    def _is_over(self) -> bool:
        return self._closed or self._stopping() or self._clock.now() >= self._until


def _rows_of(answer: Json) -> list[Json]:
    rows: list[Json] = (answer.get("ResultSet") or {}).get("Rows") or []
    return rows


def _lost(read: Read, why: str) -> Refusal:
    return Refusal(kind=RefusalKind.UNREACHABLE, code="NotAnswered", message=why, api=read.api)
