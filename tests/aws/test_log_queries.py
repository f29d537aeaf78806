"""Queries of logs are started, waited for, and stopped whatever comes; answers have AWS's own shapes."""

from collections.abc import Callable
from typing import Any

import pytest

from opsctl.aws.log_queries import LogQueries
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.readonly import why_no_read
from opsctl.model.reads import Answer, Read, Refusal, RefusalKind
from opsctl.model.value import Json
from tests.kit.ports import FakeClock

QUERY = Read(
    service="logs",
    operation="StartQuery",
    params={"logGroupNames": ["g"], "startTime": 0, "endTime": 9, "queryString": "limit 1"},
)
ATHENA = Read(service="athena", operation="StartQueryExecution", params={"QueryString": "SELECT 1"})


def rows(*values: str) -> list[Json]:
    return [[{"field": "n", "value": value}, {"field": "@ptr", "value": "p"}] for value in values]


class Account:
    """Answers queries: each state in turn, the last for ever."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)
        self.calls: list[str] = []
        self.refuse: dict[str, Exception] = {}
        self.known: list[Json] = []
        self.hook: Callable[[str], None] = lambda _: None

    def read(self, read: Read) -> Answer:
        self.calls.append(read.operation)
        return Answer(value={"queries": self.known})

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        self.calls.append(operation)
        self.hook(operation)
        if operation in self.refuse:
            raise self.refuse[operation]
        state = self.states[0] if len(self.states) == 1 else ""
        if (
            operation in ("GetQueryResults", "GetQueryExecution")
            and service + operation != "athenaGetQueryResults"
        ):
            state = self.states[0] if len(self.states) == 1 else self.states.pop(0)
        answers: dict[str, Any] = {
            "StartQuery": {"queryId": "q1"},
            "StartQueryExecution": {"QueryExecutionId": "q1"},
            "StopQuery": {"success": True},
            "StopQueryExecution": {},
            "GetQueryExecution": {
                "QueryExecution": {"Status": {"State": state}, "Statistics": {"DataScannedInBytes": 10}}
            },
        }
        if operation == "GetQueryResults" and service == "athena":
            cells = [[{"VarCharValue": "n"}], [{"VarCharValue": "5"}]]
            return {"ResultSet": {"Rows": [{"Data": one} for one in cells]}}
        statistics = {"bytesScanned": 2048.0, "recordsMatched": 7.0}
        insights = {"status": state, "results": rows("1", "2"), "statistics": statistics}
        return answers.get(operation, insights)


def refusal(code: str = "AccessDeniedException") -> AwsRefused:
    return AwsRefused(Refusal(kind=RefusalKind.DENIED, code=code, message="no", api="logs.StartQuery"))


def runner(account: Account, within_s: float = 60, *, stopping: bool = False) -> tuple[LogQueries, FakeClock]:
    clock = FakeClock()
    return LogQueries(account, clock, lambda: stopping, within_s), clock


def test_a_query_is_waited_for_and_answered_with_its_rows_and_what_it_scanned() -> None:
    account = Account("Scheduled", "Running", "Complete")
    queries, clock = runner(account)
    answer = queries.read(QUERY)
    told = {"status": "Complete", "rows": [{"n": "1"}, {"n": "2"}], "scanned": 2048, "matched": 7}
    assert answer.value == told
    assert account.calls == ["StartQuery", *["GetQueryResults"] * 3]
    assert clock.slept == [0.5, 0.75]
    queries.stop_all()
    assert "StopQuery" not in account.calls


def test_one_that_takes_too_long_is_stopped_and_what_is_there_is_kept() -> None:
    account = Account("Running")
    queries, clock = runner(account, within_s=10)
    began = clock.now()
    answer = queries.read(QUERY)
    assert answer.value["status"] == "Running"
    assert len(answer.value["rows"]) == 2
    assert account.calls[-1] == "StopQuery"
    assert clock.now() - began < 10


def test_one_is_stopped_when_somebody_interrupts_and_none_is_started_after_that() -> None:
    account = Account("Running")
    queries, _ = runner(account, stopping=True)
    assert queries.read(QUERY).refusal is not None
    assert account.calls == []


def test_what_still_runs_when_all_is_over_is_stopped_and_what_is_started_just_then_too() -> None:
    account = Account("Running")
    queries, _ = runner(account)
    account.hook = lambda operation: queries.stop_all() if operation == "StartQuery" else None
    assert queries.read(QUERY).refusal is not None
    assert account.calls == ["StartQuery", "StopQuery"]


def test_one_whose_answers_are_refused_is_stopped_and_one_that_has_ended_is_no_fault() -> None:
    account = Account("Running")
    account.refuse = {"GetQueryResults": refusal("ThrottlingException"), "StopQuery": refusal()}
    answer = runner(account)[0].read(QUERY)
    assert answer.refusal is not None
    assert answer.refusal.code == "ThrottlingException"
    assert account.calls == ["StartQuery", "GetQueryResults", "StopQuery"]


@pytest.mark.parametrize("code", ["AccessDeniedException", "LimitExceededException", "MalformedQueryException"])
def test_one_that_is_refused_is_an_answer(code: str) -> None:
    account = Account("Running")
    account.refuse = {"StartQuery": refusal(code)}
    answer = runner(account)[0].read(QUERY)
    assert answer.refusal is not None
    assert (answer.refusal.code, account.calls) == (code, ["StartQuery"])


def test_one_whose_start_was_not_answered_is_found_by_its_text_and_stopped() -> None:
    account = Account("Running")
    account.refuse = {"StartQuery": OutcomeUnknown("the connection was lost")}
    account.known = [{"queryId": "q0", "queryString": "limit 5"}, {"queryId": "q7", "queryString": "limit 1"}]
    answer = runner(account)[0].read(QUERY)
    assert answer.refusal is not None
    assert account.calls.count("StopQuery") >= 1
    assert "DescribeQueries" in account.calls


def test_athena_runs_in_the_same_way_and_its_header_names_the_values() -> None:
    account = Account("QUEUED", "RUNNING", "SUCCEEDED")
    answer = runner(account)[0].read(ATHENA)
    assert answer.value["rows"] == [{"n": "5"}]
    assert answer.value["scanned"] == 10
    late = Account("RUNNING")
    runner(late, within_s=5)[0].read(ATHENA)
    assert late.calls[-1] == "StopQueryExecution"


def test_no_playbook_and_no_plan_can_start_a_query_for_none_is_a_read() -> None:
    for service, operations in (
        ("logs", ("StartQuery", "StopQuery")),
        ("athena", ("StartQueryExecution", "StopQueryExecution")),
    ):
        assert all(why_no_read(service, one) for one in operations)
