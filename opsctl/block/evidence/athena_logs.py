"""What logs in S3 have of an address, by Athena: only tables that the user's own configuration names.

Sources: Athena user guide, "Query Application Load Balancer logs", "Query Network Load Balancer logs", "Query
Amazon CloudFront logs", "Query Amazon VPC flow logs", "Query AWS WAF logs" (their tables' columns); service model
of Athena, GetWorkGroup (BytesScannedCutoffPerQuery ends a query that scans more) and StartQueryExecution. Price: 5
USD a TB in us-east-1; elsewhere up to twice that is taken. The table's names are checked where the configuration
is read, and the address is a parsed network: no text of anybody gets into the SQL.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from opsctl.block.evidence.log_search import LEAST_USD, MOST_FREQUENT, ROWS, moment, number_of
from opsctl.block.evidence.source import AskedAbout, EvidenceSource
from opsctl.block.request_samples import cut
from opsctl.model.dossier import Matter, Price, Sighting, SourceReport
from opsctl.model.fetching import Fetching
from opsctl.model.networks import Network
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Context
from opsctl.model.sentences import first_few
from opsctl.model.settings import AthenaTable
from opsctl.model.value import Json

USD_A_TB = {"us-east-1": 5.0}
ELSEWHERE_USD_A_TB = 10.0
_TB = 1e12
_NONE = "logs in S3 are searched by Athena alone, and no table is configured"
_TODO = "name workgroup, database and table under athena: in your own configuration"


@dataclass(frozen=True)
class Columns:
    """The columns of a kind of log: of the address, of the time (or SQL that makes it), and what to count by.

    `clock` tells how the time is written: text of ISO 8601 with its zone or plain, seconds, or milliseconds.
    `what` is what a row counts.
    """

    address: str
    time: str
    clock: str
    by: tuple[str, ...]
    what: str


_OF_CLOUDFRONT = """concat(cast("date" AS varchar), 'T', "time", 'Z')"""
"""A day and a time of it in two columns, the day a date in one of Athena's tables and text in the other."""
KINDS: Mapping[str, Columns] = {
    "alb": Columns("client_ip", "time", "iso", ("elb_status_code", "request_verb", "request_url"), "requests"),
    "nlb": Columns("client_ip", "time", "plain", ("listener_id",), "TLS connections"),
    "vpc-flow": Columns("srcaddr", "start", "s", ("action", "interface_id", "dstport"), "records of packets"),
    "cloudfront": Columns("c_ip", _OF_CLOUDFRONT, "iso", ("sc_status", "cs_method", "cs_uri_stem"), "requests"),
    "waf": Columns("httprequest.clientip", "timestamp", "ms", ("action", "terminatingruleid"), "requests"),
}


class AthenaLogs(EvidenceSource):
    """Searches the tables of the configuration, in workgroups that limit what a query scans."""

    name: ClassVar[str] = "athena"
    title: ClassVar[str] = "logs in S3"
    matter: ClassVar[Matter] = "did"
    costs: ClassVar[bool] = True

    def price(self, asked: AskedAbout, about: Context) -> Fetching[Price | SourceReport]:
        """Return what the queries may scan at most, or why there is nothing to search."""
        tables = about.settings.athena
        if not tables:
            return self.report(asked, looked="no", why=_NONE, todo=_TODO)
        answers = yield [_workgroup(one) for one in tables]
        limits = [_limit(one) for one in answers]
        usable = [limit for limit in limits if limit]
        if not usable:
            why = "; ".join(_unlimited(one, answer) for one, answer in zip(tables, answers, strict=True))
            todo = "set BytesScannedCutoffPerQuery of the workgroup, and let the caller read it"
            return self.report(asked, looked="no", why=why, todo=todo)
        usd = sum(usable) / _TB * USD_A_TB.get(about.region, ELSEWHERE_USD_A_TB)
        names = first_few((one.table for one in tables), 3)
        says = f"searching at most {sum(usable) / 1e9:,.2f} GB of {names} by Athena"
        return Price(usd=max(usd, LEAST_USD), says=says)

    def look(self, asked: AskedAbout, about: Context) -> Fetching[SourceReport]:
        """Search each table whose workgroup has a limit."""
        tables = about.settings.athena
        groups = yield [_workgroup(one) for one in tables]
        limited = [(one, _limit(answer)) for one, answer in zip(tables, groups, strict=True)]
        searched = [one for one, limit in limited if limit]
        answers: list[Answer] = []
        if searched:
            answers = list((yield [_start(one, asked) for one in searched]))
        missing = [
            _unlimited(one, answer) for one, answer in zip(tables, groups, strict=True) if not _limit(answer)
        ]
        found, count, scanned = [], 0, 0
        for table, answer in zip(searched, answers, strict=True):
            if answer.refusal is not None:
                missing.append(f"{table.table}: {answer.refusal}")
                continue
            scanned += int(answer.value["scanned"])
            rows = answer.value["rows"]
            count += int(sum(number_of(row, "n") for row in rows))
            found += [_sighting(table, rows)] if rows else []
            missing += [f"{table.table}: {MOST_FREQUENT}"] if len(rows) >= ROWS else []
            if answer.value["status"] != "SUCCEEDED":
                why = str(answer.value.get("why") or "it was stopped")
                missing.append(f"{table.table}: the query {str(answer.value['status']).lower()}: {why}")
        if missing and not found:
            return self.report(asked, looked="no", why="; ".join(missing), todo=_TODO)
        return self.report(
            asked,
            *found,
            looked="partly" if missing else "yes",
            why="; ".join(missing),
            todo=_TODO if missing else "",
            count=count,
            cost=f"{scanned / 1e6:,.1f} MB scanned",
        )


def sql_of(table: AthenaTable, network: Network, since: float, until: float) -> str:
    """Return the query of a table: counts by what became of it, the most first."""
    kind = KINDS[table.kind]
    by = ", ".join(_quoted(one) for one in kind.by)
    time = _quoted(kind.time)
    span = f"{time} >= {_time(kind.clock, since)} AND {time} <= {_time(kind.clock, until)}"
    days = ""
    if table.day_partition:
        day = _quoted(table.day_partition)
        days = f" AND {day} >= '{_day(since)}' AND {day} <= '{_day(until)}'"
    # Of names that the configuration's pattern admits, numbers, and a parsed network.
    return (
        f"SELECT {by}, count(*) AS n, min({time}) AS first, max({time}) AS last"  # noqa: S608 - see above
        f' FROM "{table.database}"."{table.table}"'
        f" WHERE {_matches(_quoted(kind.address), network)} AND {span}{days}"
        f" GROUP BY {by} ORDER BY n DESC LIMIT {ROWS}"
    )


def _matches(column: str, network: Network) -> str:
    if network.version == 4 and network.prefixlen == network.max_prefixlen:
        return f"{column} = '{network.network_address}'"
    return f"contains('{network}', try_cast({column} AS IPADDRESS))"


def _quoted(name: str) -> str:
    return name if "(" in name else ".".join(f'"{part}"' for part in name.split("."))


def _time(clock: str, at: float) -> str:
    if clock == "iso":
        return f"'{moment(at)}'"
    if clock == "plain":  # of NLB: without a zone
        return f"'{moment(at).removesuffix('Z')}'"
    return str(int(at * 1000) if clock == "ms" else int(at))


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y/%m/%d")


def _workgroup(table: AthenaTable) -> Read:
    return Read(service="athena", operation="GetWorkGroup", params={"WorkGroup": table.workgroup})


def _limit(answer: Answer) -> int:
    """How many bytes a query of a workgroup may scan; nothing where it has no limit, or nobody may know."""
    if answer.refusal is not None:
        return 0
    settings: Json = (answer.value.get("WorkGroup") or {}).get("Configuration") or {}
    return int(settings.get("BytesScannedCutoffPerQuery") or 0)


def _unlimited(table: AthenaTable, answer: Answer) -> str:
    if answer.refusal is not None:
        return f"workgroup {table.workgroup}: {answer.refusal}"
    return f"workgroup {table.workgroup} has no limit of what a query scans"


def _start(table: AthenaTable, asked: AskedAbout) -> Read:
    params: dict[str, Json] = {
        "QueryString": sql_of(table, asked.network, asked.since, asked.until),
        "QueryExecutionContext": {"Database": table.database},
        "WorkGroup": table.workgroup,
    }
    return Read(service="athena", operation="StartQueryExecution", params=params)


def _sighting(table: AthenaTable, rows: list[Mapping[str, str]]) -> Sighting:
    kind = KINDS[table.kind]
    count = int(sum(number_of(row, "n") for row in rows))
    listed = first_few((_line(row, kind) for row in rows), 3)
    return Sighting(says=f"{count:,} {kind.what} in {table.table}: {listed}", telling=64)


def _line(row: Mapping[str, str], kind: Columns) -> str:
    values = " ".join(cut(row.get(name)) for name in kind.by if row.get(name))
    return f"{values} ({int(number_of(row, 'n')):,})"
