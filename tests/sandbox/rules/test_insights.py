"""Logs Insights' own rules, asked with boto3: states, partial answers, stopping, limits."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from opsctl.sandbox.engine.clock import HandClock
from opsctl.sandbox.engine.conditions import Durations, hand_clock, set_conditions
from tests.kit.moto_account import World, client, fresh_world

GROUP = "aws-waf-logs-shop"
QUERY = "fields @timestamp, action | sort @timestamp desc"


@pytest.fixture
def logs() -> Iterator[Any]:
    with fresh_world() as made:
        clock = HandClock()
        set_conditions(made.account, clock=clock, durations=Durations(log_query=8))
        yield seeded(made)


def seeded(world: World) -> Any:
    import time

    logs = client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
    now = int(time.time() * 1000)
    lines = [{"timestamp": now - n, "message": json.dumps({"action": "BLOCK", "n": n})} for n in range(4)]
    logs.put_log_events(logGroupName=GROUP, logStreamName="s", logEvents=lines[::-1])
    logs.opsctl_account = world.account
    return logs


def start(logs: Any, **more: Any) -> str:
    asked = {"logGroupName": GROUP, "startTime": 0, "endTime": 4_000_000_000, "queryString": QUERY} | more
    asked = {name: value for name, value in asked.items() if value is not None}
    started: str = logs.start_query(**asked)["queryId"]
    return started


def wait(logs: Any, seconds: float) -> None:
    from opsctl.sandbox.engine.conditions import conditions

    clock = hand_clock(conditions(logs.opsctl_account))
    clock.move_to(clock.now() + seconds)


def test_a_query_is_scheduled_then_runs_with_a_part_of_its_rows_and_is_complete(logs: Any) -> None:
    query = start(logs)
    states = []
    for _ in range(3):
        found = logs.get_query_results(queryId=query)
        states.append((found["status"], len(found["results"]), found["statistics"]["recordsScanned"]))
        wait(logs, 4)
    assert states == [("Scheduled", 0, 0.0), ("Running", 2, 2.0), ("Complete", 4, 4.0)]
    assert [one["field"] for one in found["results"][0]] == ["@timestamp", "action", "@ptr"]
    assert found["statistics"]["bytesScanned"] > 4 * 26


def test_a_query_that_runs_can_be_stopped_and_one_that_has_ended_cannot(logs: Any) -> None:
    query = start(logs)
    assert logs.stop_query(queryId=query)["success"] is True
    assert logs.get_query_results(queryId=query)["status"] == "Cancelled"
    with pytest.raises(logs.exceptions.InvalidParameterException, match="not running"):
        logs.stop_query(queryId=query)


def test_queries_are_bounded_named_in_one_way_and_understood(logs: Any) -> None:
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        start(logs, logGroupName="nobody")
    with pytest.raises(logs.exceptions.InvalidParameterException):
        start(logs, logGroupNames=[GROUP])
    with pytest.raises(logs.exceptions.InvalidParameterException):
        start(logs, startTime=10, endTime=5)
    with pytest.raises(ClientError) as refused:
        start(logs, queryString="fields a | explode")
    assert refused.value.response["Error"]["Code"] == "MalformedQueryException"
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.get_query_results(queryId="none")


def test_a_hundred_queries_run_at_once_and_no_more(logs: Any) -> None:
    for _ in range(100):
        start(logs, logGroupName=None, logGroupIdentifiers=[GROUP])
    with pytest.raises(logs.exceptions.LimitExceededException):
        start(logs)
    wait(logs, 9)
    assert start(logs)


def test_a_huge_answer_comes_in_pages(logs: Any) -> None:
    query = start(logs)
    wait(logs, 9)
    first = logs.get_query_results(queryId=query, maxItems=3)
    rest = logs.get_query_results(queryId=query, maxItems=3, nextToken=first["nextToken"])
    assert [len(first["results"]), len(rest["results"]), "nextToken" in rest] == [3, 1, False]
