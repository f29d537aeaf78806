"""Searches log groups with CloudWatch Logs Insights: what it costs, which text is sent, what the rows tell.

A query is made of a parsed network and of names that AWS gave, never of text that somebody typed. The price is
worked out before, from the bytes that came in (metric IncomingBytes, which Insights bills by), else from what is
stored and the share of its age that is searched. Prices: CloudWatch's price list, 0.005 USD a GB in us-east-1;
elsewhere up to twice that is taken, so that a price is a most.
"""

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar

from opsctl.block.evidence.source import AskedAbout, EvidenceSource
from opsctl.model.dossier import Matter, Price, Sighting, SourceReport
from opsctl.model.fetching import Fetching
from opsctl.model.networks import Network
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Context
from opsctl.model.sentences import first_few
from opsctl.model.spans import utc
from opsctl.model.value import Json, Value
from opsctl.model.watch import Unwatched

USD_A_GB = {"us-east-1": 0.005}
ELSEWHERE_USD_A_GB = 0.01
LEAST_USD = 0.0001
"""A query is never free here, so that none is started where nobody agreed."""
ROWS = 50
MOST_FREQUENT = f"it is told of the {ROWS} most frequent alone"
NOT_ANSWERED = "NotAnswered"
"""The code of a query for which there was no time, or of whose start nobody knows."""
MOST_GROUPS = 10
_GB = 1_000_000_000


class LogTarget(Value):
    """A log group to search; `at` says what it is the log of, `fields` are its format where it has one of its own.

    `interfaces` are the network interfaces that count, where not all do.
    """

    group: str
    at: str
    region: str = ""
    fields: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()


class LogFindings(Value):
    """What the rows of one log tell."""

    found: tuple[Sighting, ...] = ()
    count: int = 0
    first: float = 0.0
    last: float = 0.0


class InsightsSource(EvidenceSource):
    """A source that searches log groups, after its price was agreed to."""

    matter: ClassVar[Matter] = "did"
    costs: ClassVar[bool] = True
    wants_ways: ClassVar[bool] = True

    @abstractmethod
    def targets(
        self, asked: AskedAbout, about: Context
    ) -> Fetching[tuple[tuple[LogTarget, ...], tuple[Unwatched, ...]]]:
        """Return the log groups to search, and what else there is that cannot be searched so."""

    @abstractmethod
    def query(self, network: Network, target: LogTarget) -> str:
        """Return the query for a network."""

    @abstractmethod
    def findings(self, target: LogTarget, rows: Sequence[Mapping[str, str]]) -> LogFindings:
        """Say what the rows tell."""

    def price(self, asked: AskedAbout, about: Context) -> Fetching[Price | SourceReport]:
        """Return what the search costs at most, without end where it is not priced, or why there is none."""
        targets, dark = yield from self.targets(asked, about)
        if not targets:
            return self._nowhere(asked, dark)
        searched = targets[:MOST_GROUPS]
        names = first_few((one.group for one in searched), 3)
        if not asked.priced:
            return Price(usd=math.inf, says=f"searching {names}")
        sizes = yield from _sizes(searched, asked, about)
        usd = sum(_usd(size, target.region or about.region) for target, size in zip(searched, sizes, strict=True))
        return Price(usd=max(usd, LEAST_USD), says=f"searching about {_size(sum(sizes))} of {names}")

    def look(self, asked: AskedAbout, about: Context) -> Fetching[SourceReport]:
        """Search each group, side by side; what was found before it ended early is kept."""
        targets, dark = yield from self.targets(asked, about)
        searched = targets[:MOST_GROUPS]
        if not searched:
            return self._nowhere(asked, dark)
        answers = yield [self._start(one, asked) for one in searched]
        missing = [f"{one.what}: {one.why}" for one in dark]
        todo = next((one.todo for one in dark if one.todo), "")
        missing += [f"{one.group} was left out" for one in targets[MOST_GROUPS:]]
        told: list[LogFindings] = []
        scanned = 0
        for target, answer in zip(searched, answers, strict=True):
            fault = _fault(answer)
            if answer.refusal is None:
                scanned += int(answer.value["scanned"])
                rows = answer.value["rows"]
                found = self.findings(target, rows)
                matched = int(answer.value.get("matched") or 0)
                told.append(found.model_copy(update={"count": max(found.count, matched)}))
                if len(rows) >= ROWS:
                    missing.append(f"{target.group}: {MOST_FREQUENT}")
                    todo = todo or "ask about a shorter time with --since"
            if fault:
                missing.append(f"{target.group}: {fault}")
                todo = _TODO
        if missing and not told:
            return self.report(asked, looked="no", why="; ".join(missing), todo=todo)
        return self._told(asked, told, missing, todo, f"{_size(scanned)} scanned")

    def _start(self, target: LogTarget, asked: AskedAbout) -> Read:
        return Read(
            service="logs",
            operation="StartQuery",
            params={
                "logGroupNames": [target.group],
                "startTime": int(asked.since),
                "endTime": int(asked.until),
                "queryString": self.query(asked.network, target),
                "limit": ROWS,
            },
            region=target.region or None,
        )

    def _told(
        self, asked: AskedAbout, told: Sequence[LogFindings], missing: Sequence[str], todo: str, cost: str
    ) -> SourceReport:
        found = [one for each in told for one in each.found]
        firsts = [one.first for one in told if one.first]
        lasts = [one.last for one in told if one.last]
        return self.report(
            asked,
            *found,
            looked="partly" if missing else "yes",
            why="; ".join(missing),
            todo=todo if missing else "",
            count=sum(one.count for one in told),
            first=moment(min(firsts)) if firsts else "",
            last=moment(max(lasts)) if lasts else "",
            cost=cost,
        )

    def _nowhere(self, asked: AskedAbout, dark: Sequence[Unwatched]) -> SourceReport:
        why = "; ".join(f"{one.what}: {one.why}" for one in dark) or "none goes to CloudWatch Logs"
        todo = next((one.todo for one in dark if one.todo), "send it to a log group of CloudWatch Logs")
        return self.report(asked, looked="no", why=why, todo=todo)


_TODO = "let the caller start queries, or ask about a shorter time with --since or wait longer with --timeout"


def matches(field: str, network: Network) -> str:
    """Return the condition that a field is an address of a network."""
    if network.version == 4 and network.prefixlen == network.max_prefixlen:
        return f'{field} = "{network.network_address}"'
    return f'isIpv{network.version}InSubnet({field}, "{network}")'


def number_of(row: Mapping[str, str], name: str) -> float:
    """Return a value of a row as a number; what is none is nothing."""
    try:
        return float(row.get(name, "0"))
    except ValueError:
        return 0.0


def moment(at: float) -> str:
    """Write seconds since the epoch as RFC 3339 does."""
    return utc(datetime.fromtimestamp(int(at), UTC))


def _fault(answer: Answer) -> str:
    """Why a query did not come to its end, or nothing."""
    if answer.refusal is not None:
        return answer.refusal.message if answer.refusal.code == NOT_ANSWERED else str(answer.refusal)
    status = str(answer.value["status"])
    if status in ("Complete", "SUCCEEDED"):
        return ""
    why = str(answer.value.get("why") or "")
    return f"the query was stopped while it was {status.lower()}" if not why else f"the query {status}: {why}"


def _sizes(targets: Sequence[LogTarget], asked: AskedAbout, about: Context) -> Fetching[list[int]]:
    """Work out how many bytes a search of each group goes through."""
    answers = yield size_reads(targets, asked)
    sizes = []
    for number, target in enumerate(targets):
        came, stored = answers[number], answers[len(targets) + number]
        points = came.value.get("Datapoints") or () if came.refusal is None else ()
        sizes.append(int(sum(one.get("Sum", 0) for one in points)) or _share(target, stored, asked, about))
    return sizes


def size_reads(targets: Sequence[LogTarget], asked: AskedAbout) -> list[Read]:
    """The reads that tell how much each group has: first what came into each, then what is stored in each."""
    return [*(_incoming(one, asked) for one in targets), *(_described(one) for one in targets)]


def _incoming(target: LogTarget, asked: AskedAbout) -> Read:
    return Read(
        service="cloudwatch",
        operation="GetMetricStatistics",
        params={
            "Namespace": "AWS/Logs",
            "MetricName": "IncomingBytes",
            "Dimensions": [{"Name": "LogGroupName", "Value": target.group}],
            "StartTime": moment(asked.since),
            "EndTime": moment(asked.until),
            "Period": 3600,
            "Statistics": ["Sum"],
        },
        region=target.region or None,
    )


def _described(target: LogTarget) -> Read:
    params: dict[str, Json] = {"logGroupNamePrefix": target.group}
    return Read(service="logs", operation="DescribeLogGroups", params=params, region=target.region or None)


def _share(target: LogTarget, stored: Answer, asked: AskedAbout, about: Context) -> int:
    """The share of what is stored that is as old as the search, at least all of it for a young group."""
    groups = stored.value.get("logGroups") or () if stored.refusal is None else ()
    group = next((one for one in groups if one.get("logGroupName") == target.group), None)
    if group is None:
        return 0
    age = about.now - float(group.get("creationTime") or 0) / 1000
    kept = float(group.get("retentionInDays") or 0) * 86_400
    span = max(min(age, kept) if kept else age, 1.0)
    return int(float(group.get("storedBytes") or 0) * min((asked.until - asked.since) / span, 1.0))


def _usd(size: int, region: str) -> float:
    return size / _GB * USD_A_GB.get(region, ELSEWHERE_USD_A_GB)


def _size(size: int) -> str:
    for unit, bound in (("GB", _GB), ("MB", 1_000_000), ("kB", 1000)):
        if size >= bound:
            return f"{size / bound:.1f} {unit}"
    return f"{size} bytes"
