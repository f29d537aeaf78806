"""What the sandbox writes of an invocation is what Lambda writes; each line from a recorded or documented one."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from opsctl.dlq.function_logs import parse_line
from opsctl.sandbox.engine.conditions import Conditions
from tests.kit.functions import function, queue, received
from tests.kit.moto_account import client
from tests.kit.timed import move, timed_world

FAILS = """
def lambda_handler(event, context):
    print("begun", context.aws_request_id)
    raise KeyError("address")
"""
SLOW = """
import time
def lambda_handler(event, context):
    time.sleep(9)
"""
GREETS = "def lambda_handler(event, context):\n    print('hello')\n"


@pytest.fixture(autouse=True)
def about() -> Iterator[Conditions]:
    with timed_world() as (_, about):
        yield about


def logged() -> list[str]:
    found = client("logs").filter_log_events(logGroupName="/aws/lambda/f")["events"]
    return [str(one["message"]) for one in found]


def invoked(**more: Any) -> str:
    """Invoke it; returns the id of the request."""
    answer = client("lambda").invoke(FunctionName="f", **more)
    return str(answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"])


def test_an_invocation_is_framed_by_start_end_and_report_with_the_id_of_the_request() -> None:
    function(GREETS, Timeout=3)
    request = invoked()
    start, said, end, report = logged()
    assert (start, said) == (f"START RequestId: {request} Version: $LATEST\n", "hello")
    assert end == f"END RequestId: {request}\n"
    figures = (
        r"\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB(\tMax Memory Used: \d+ MB)?\n"
    )
    assert re.fullmatch(f"REPORT RequestId: {request}{figures}", report)


def test_an_exception_is_one_event_however_many_lines_it_has() -> None:
    function(FAILS)
    request = invoked()
    _, said, raised, *_ = logged()
    assert said == f"begun {request}"
    assert raised.startswith("[ERROR] KeyError: 'address'\nTraceback (most recent call last):\n")


def test_only_the_report_tells_that_the_time_was_up() -> None:
    function(SLOW, Timeout=2)
    invoked()
    ends = [one for one in logged() if parse_line({"message": one}).bad]
    assert [one.rpartition("\t")[2] for one in ends] == ["Status: timeout\n"]


def test_all_tries_of_an_event_and_its_dead_letter_have_the_id_of_the_request(about: Conditions) -> None:
    url, arn = queue("dead")
    function(FAILS, DeadLetterConfig={"TargetArn": arn})
    request = invoked(InvocationType="Event")
    move(about, 600)
    starts = [one for one in logged() if one.startswith("START")]
    assert starts == [f"START RequestId: {request} Version: $LATEST\n"] * 3
    assert received(url)[0]["MessageAttributes"]["RequestID"]["StringValue"] == request


def test_an_on_failure_record_names_the_request_and_the_version_that_ran(about: Conditions) -> None:
    url, arn = queue("failed")
    function(FAILS)
    destination = {"OnFailure": {"Destination": arn}}
    client("lambda").put_function_event_invoke_config(FunctionName="f", DestinationConfig=destination)
    request = invoked(InvocationType="Event")
    move(about, 600)
    record = json.loads(received(url)[0]["Body"])
    assert record["requestContext"]["requestId"] == request
    assert record["responseContext"]["executedVersion"] == "$LATEST"


def test_invocations_failures_and_throttles_are_measured(about: Conditions) -> None:
    function(FAILS)
    client("lambda").put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0)
    invoked(InvocationType="Event")
    move(about, 60)
    client("lambda").put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    invoked(InvocationType="Event")
    move(about, 61)
    queries = [
        {
            "Id": name.lower(),
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Lambda",
                    "MetricName": name,
                    "Dimensions": [{"Name": "FunctionName", "Value": "f"}],
                },
                "Period": 3600,
                "Stat": "Sum",
            },
        }
        for name in ("Invocations", "Errors", "Throttles")
    ]
    span = {"StartTime": about.now() - 1800, "EndTime": about.now() + 1800}
    found = client("cloudwatch").get_metric_data(MetricDataQueries=queries, **span)["MetricDataResults"]
    assert {one["Id"]: sum(one["Values"]) for one in found} == {"invocations": 1, "errors": 1, "throttles": 2}
