"""Logs in S3: which tables are asked, at what price, and with which SQL; sqlite runs what it knows of that."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from opsctl.block.evidence.athena_logs import KINDS, AthenaLogs, sql_of
from opsctl.block.evidence.source import AskedAbout
from opsctl.model.dossier import Price, SourceReport
from opsctl.model.errors import InvalidInput
from opsctl.model.networks import parse_network
from opsctl.model.reads import Answer, Read
from opsctl.model.settings import AthenaTable, Settings
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.playbook.settings_file import load_settings
from tests.block.evidence.asked_sources import NOW
from tests.kit.canned import ABOUT, Canned, CannedReader, denied

ALB = AthenaTable(kind="alb", workgroup="oncall", database="logs", table="alb_logs", day_partition="day")
ASKED = AskedAbout(address="203.0.113.9/32", since=NOW - 3600, until=NOW)
HERE = ABOUT.model_copy(update={"now": NOW, "settings": Settings(athena=(ALB,))})


def group(limit: int | None) -> dict[str, Canned]:
    settings = {"BytesScannedCutoffPerQuery": limit} if limit else {}
    return {"athena.GetWorkGroup": {"WorkGroup": {"Name": "oncall", "Configuration": settings}}}


def priced(answers: Mapping[str, Canned], settings: Settings = HERE.settings) -> Price | SourceReport:
    about = HERE.model_copy(update={"settings": settings})
    return run_fetching(AthenaLogs().price(ASKED, about), CannedReader(answers))


class Running(CannedReader):
    """A reader whose queries of Athena end in a state, with rows."""

    def __init__(self, state: str, *rows: Json) -> None:
        super().__init__(group(10**9))
        self.state, self.found = state, list(rows)

    def _answer(self, read: Read) -> Answer:
        if read.api != "athena.StartQueryExecution":
            return super()._answer(read)
        assert read.params["WorkGroup"] == "oncall"
        return Answer(value={"status": self.state, "rows": self.found, "scanned": 3_000_000, "why": "cut off"})


def test_without_a_table_of_the_configuration_nothing_is_asked() -> None:
    report = priced({}, Settings())
    assert isinstance(report, SourceReport)
    assert (report.looked, "no table is configured" in report.why, "athena:" in report.todo) == ("no", True, True)


def test_a_workgroup_has_to_limit_what_a_query_scans_and_the_limit_is_the_price() -> None:
    price = priced(group(10**10))
    assert isinstance(price, Price)
    assert price.usd == pytest.approx(0.1)
    assert price.says == "searching at most 10.00 GB of alb_logs by Athena"
    for answers in (group(None), {"athena.GetWorkGroup": denied("athena.GetWorkGroup")}):
        report = priced(answers)
        assert isinstance(report, SourceReport)
        assert (report.looked, "BytesScannedCutoffPerQuery" in report.todo) == ("no", True)


def test_rows_are_counted_and_a_query_that_was_cut_off_says_so() -> None:
    row = {"elb_status_code": "403", "request_verb": "GET", "request_url": "https://x/\x1b[31m", "n": "12"}
    found = run_fetching(AthenaLogs().look(ASKED, HERE), Running("SUCCEEDED", row))
    assert (found.looked, found.count, found.cost) == ("yes", 12, "3.0 MB scanned")
    assert found.found[0].says.startswith("12 requests in alb_logs: 403 GET https://x/")
    cut = run_fetching(AthenaLogs().look(ASKED, HERE), Running("CANCELLED"))
    assert (cut.looked, "cut off" in cut.why) == ("no", True)


@pytest.mark.parametrize("kind", ["alb", "vpc-flow"])
def test_the_query_counts_what_an_address_did_in_the_span(kind: str) -> None:
    table = ALB.model_copy(update={"kind": kind, "day_partition": "day" if kind == "alb" else ""})
    columns = KINDS[kind]
    base = sqlite3.connect(":memory:")
    base.execute("ATTACH ':memory:' AS logs")
    base.execute(f"CREATE TABLE logs.alb_logs ({', '.join((columns.address, columns.time, 'day', *columns.by))})")
    times = (
        ["2026-09-21T14:10:00.5Z", "2026-09-21T12:00:00Z"] if kind == "alb" else [int(NOW) - 60, int(NOW) - 9999]
    )
    for address in ("203.0.113.9", "203.0.113.90"):
        for at in times:
            values = (address, at, "2026/09/21", *("x" for _ in columns.by))
            base.execute(f"INSERT INTO logs.alb_logs VALUES ({', '.join('?' for _ in values)})", values)  # noqa: S608
    sql = sql_of(table, parse_network("203.0.113.9"), NOW - 3600, NOW)
    assert [row[len(columns.by)] for row in base.execute(sql)] == [1]
    base.close()


def test_of_cloudfront_the_day_and_the_time_are_put_together() -> None:
    base = sqlite3.connect(":memory:")
    base.create_function("concat", -1, lambda *parts: "".join(map(str, parts)))
    base.execute("ATTACH ':memory:' AS logs")
    base.execute('CREATE TABLE logs.cf ("date", "time", c_ip, sc_status, cs_method, cs_uri_stem)')
    for day, time in (("2026-09-21", "14:10:00"), ("2026-09-21", "12:10:00"), ("2026-09-20", "14:10:00")):
        base.execute("INSERT INTO logs.cf VALUES (?, ?, '203.0.113.9', '403', 'GET', '/login')", (day, time))
    table = ALB.model_copy(update={"kind": "cloudfront", "table": "cf", "day_partition": ""})
    (row,) = base.execute(sql_of(table, parse_network("203.0.113.9"), NOW - 3600, NOW))
    assert row == ("403", "GET", "/login", 1, "2026-09-21T14:10:00Z", "2026-09-21T14:10:00Z")
    base.close()


def test_blocks_and_ipv6_are_compared_as_addresses() -> None:
    waf = ALB.model_copy(update={"kind": "waf"})
    assert 'contains(\'2001:db8::/64\', try_cast("httprequest"."clientip" AS IPADDRESS))' in sql_of(
        waf, parse_network("2001:db8::/64"), 0, 1
    )
    assert "contains('203.0.113.0/24'" in sql_of(ALB, parse_network("203.0.113.0/24"), 0, 1)


@pytest.mark.parametrize(
    "fields",
    [{"table": 'x"; DROP'}, {"database": "a.b"}, {"workgroup": "a b"}, {"day_partition": "d'"}, {"kind": "s3"}],
)
def test_names_that_are_none_do_not_get_into_the_configuration(fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        AthenaTable.model_validate(ALB.model_dump() | fields)


def test_a_file_of_the_directory_may_not_name_a_table(tmp_path: Path) -> None:
    text = "athena:\n  - {kind: alb, workgroup: oncall, database: logs, table: alb_logs}\n"
    own, theirs = tmp_path / "own.yaml", tmp_path / "opsctl.yaml"
    own.write_text(text, encoding="utf-8")
    assert load_settings(None, own, theirs).athena[0].table == "alb_logs"
    theirs.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput):
        load_settings(None, tmp_path / "none.yaml", theirs)
