"""Log lines are found as CloudWatch Logs finds them: examples of its guide, and the newest first when asked."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from opsctl.dlq.function_logs import ERRORS, any_of
from opsctl.sandbox.rules.logs import matcher
from tests.kit.moto_account import client, fresh_world, server
from tests.kit.queues import refused

GUIDE = (
    "[ERROR 400] BAD REQUEST",
    "[ERROR 401] UNAUTHORIZED REQUEST",
    "[ERROR 419] MISSING ARGUMENTS",
    "[SUCCESS 200] AUTHORIZED REQUEST",
)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("ERROR", (0, 1, 2)),
        ("ERROR ARGUMENTS", (2,)),
        ('"BAD REQUEST"', (0,)),
        ("?BAD ?ARGUMENTS", (0, 2)),
        ('?"BAD REQUEST" ?SUCCESS', (0, 3)),
        ("ERROR -ARGUMENTS", (0, 1)),
        ("%AUTHORIZED%", (1, 3)),
        (r"%4\d[19]|\sBAD%", (0, 1, 2)),
        ("", (0, 1, 2, 3)),
    ],
)
def test_a_pattern_finds_the_lines_that_the_guide_says(pattern: str, found: tuple[int, ...]) -> None:
    matches = matcher(pattern)
    assert tuple(number for number, line in enumerate(GUIDE) if matches(line)) == found


@pytest.mark.parametrize("pattern", ["%(a|b)%", "%something!%", "%größe%"])
def test_groups_and_other_characters_are_no_pattern(pattern: str) -> None:
    with pytest.raises(ValueError, match="Invalid filter pattern"):
        matcher(pattern)


def test_the_patterns_that_opsctl_searches_with_are_allowed() -> None:
    assert matcher(ERRORS)("[ERROR] KeyError: 'address'")
    assert matcher(ERRORS)("REPORT RequestId: x\tStatus: timeout")
    assert not matcher(ERRORS)("START RequestId: x Version: $LATEST")
    assert matcher(any_of(["4725a167-21a7", "other"]))("END RequestId: 4725a167-21a7")


@pytest.fixture
def logs() -> Iterator[Any]:
    server()
    with fresh_world():
        found = client("logs")
        found.create_log_group(logGroupName="g")
        for stream in ("a", "b"):
            found.create_log_stream(logGroupName="g", logStreamName=stream)
        yield found


def test_the_newest_lines_of_all_streams_come_first_when_asked_for_a_page_at_a_time(logs: Any) -> None:
    now = int(time.time()) * 1000 - 10_000
    for number in range(5):
        event = {"timestamp": now + number, "message": f"ERROR {number}"}
        logs.put_log_events(logGroupName="g", logStreamName="ab"[number % 2], logEvents=[event])
    asked = {"logGroupName": "g", "filterPattern": "ERROR", "limit": 2, "startFromHead": False}
    first = logs.filter_log_events(**asked)
    second = logs.filter_log_events(**asked, nextToken=first["nextToken"])
    last = logs.filter_log_events(**asked, nextToken=second["nextToken"])
    assert [one["message"][-1] for page in (first, second, last) for one in page["events"]] == list("43210")
    assert "nextToken" not in last
    assert [one["message"][-1] for one in logs.filter_log_events(logGroupName="g")["events"]] == list("01234")


def test_a_pattern_that_is_none_is_refused(logs: Any) -> None:
    refused("InvalidParameterException", logs.filter_log_events, logGroupName="g", filterPattern="%(a)%")
