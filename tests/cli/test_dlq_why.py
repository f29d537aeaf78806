"""`dlq why` as a person types it, on functions that really failed in the embedded AWS."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from opsctl.aws import account as live
from opsctl.aws.pages import fetch
from opsctl.cli.main import run
from opsctl.model.reads import Read
from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import set_conditions
from opsctl.sandbox.engine.lambda_jobs import run_due
from tests.kit.command import environment as environment_of
from tests.kit.functions import function, queue
from tests.kit.moto_account import client, fresh_world, server

HOSTILE = "\x1b[2J[red]<script>|`$(id)"
CODE = f"""
def lambda_handler(event, context):
    if event.get("hostile"):
        raise ValueError({HOSTILE!r})
    return event["address"]
"""


@pytest.fixture(scope="module")
def account() -> Iterator[str]:
    """Two letters of one cause and one of another, of a function that failed for real."""
    server()
    with fresh_world() as world:
        about = set_conditions(world.account)
        _, arn = queue("ship-failures")
        function(CODE, name="ship", DeadLetterConfig={"TargetArn": arn})
        client("lambda").put_function_event_invoke_config(FunctionName="ship", MaximumRetryAttempts=0)
        client("lambda").update_function_configuration(FunctionName="ship", MemorySize=256)
        for event in ({"order": 1}, {"order": 2}, {"hostile": True}):
            client("lambda").invoke(FunctionName="ship", InvocationType="Event", Payload=json.dumps(event))
        assert run_due(world.account) == 3
        assert len(about.invocations) == 3
        yield "ship-failures"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The account over HTTP, as from a shell."""
    for name, value in environment_of(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    old = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGINT, old[0])
    signal.signal(signal.SIGTERM, old[1])


def why(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> str:
    assert run(["dlq", "why", *argv]) == code
    told = capsys.readouterr()
    return told.err if code else told.out


def result(capsys: pytest.CaptureFixture[str], *argv: str) -> Json:
    return json.loads(why(capsys, *argv, "-o", "json", "-q"))


def deny(monkeypatch: pytest.MonkeyPatch, *apis: str) -> None:
    """Let AWS refuse these reads."""

    def denying(client_of_service: Any, read: Read) -> Json:
        if read.api in apis:
            error = {"Code": "AccessDenied", "Message": f"no {HOSTILE} for you"}
            raise ClientError({"Error": error}, read.operation)
        return fetch(client_of_service, read)

    monkeypatch.setattr(live, "fetch", denying)


def test_each_cause_has_the_lines_of_its_own_invocations(account: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = result(capsys, account)
    assert (told["command"], told["outcome"]) == ("dlq why", "explained")
    causes = told["result"]["causes"]
    assert [one["group"]["count"] for one in causes] == [2, 1]
    assert [log["by"] for one in causes for log in one["logs"]] == ["requests", "requests"]
    assert causes[0]["signs"][0] == "function ship logged 2 times: [ERROR] KeyError: 'address', at handler.py:5"
    assert "ValueError" in causes[1]["signs"][0]


def test_nothing_is_consumed_and_nothing_is_changed(account: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = len(server().mutations())
    result(capsys, account)
    url = client("sqs").get_queue_url(QueueName=account)["QueueUrl"]
    found = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert found["ApproximateNumberOfMessages"] == "3"
    changed = [one for one in server().mutations()[before:] if "ChangeMessageVisibility" not in str(one)]
    assert [one for one in changed if "ReceiveMessage" not in str(one)] == []


@pytest.mark.parametrize("width", ["80", "120"])
def test_hostile_lines_are_shown_as_text_at_any_width(
    account: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    out = why(capsys, account)
    assert "\x1b" not in out
    lines = [line for line in out.splitlines() if not line.startswith("  next: ")]
    assert max(map(len, lines)) <= int(width)
    assert "\\x1b[2J[red]<script>" in "".join(line.strip() for line in lines)


def test_markdown_takes_nothing_from_the_account_for_markup(
    account: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = why(capsys, account, "-o", "markdown")
    assert out.startswith("## ship-failures")
    assert "<script>" not in out
    assert "opsctl dlq redrive ship-failures --dry-run" in out


def test_it_ends_with_what_to_type_next(account: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = result(capsys, account, "--region", "us-east-1")["result"]
    assert told["next"][0].startswith("aws logs filter-log-events --log-group-name /aws/lambda/ship")
    assert told["next"][-1].startswith("opsctl dlq redrive ship-failures --dry-run --region us-east-1")


def test_the_policy_it_names_allows_what_it_read_and_nothing_more(
    account: str, capsys: pytest.CaptureFixture[str]
) -> None:
    allowed = {
        action: one["Resource"]
        for one in result(capsys, account)["result"]["iam_policy"]["Statement"]
        for action in one["Action"]
    }
    number = os.environ["MOTO_ACCOUNT_ID"]
    assert allowed["logs:FilterLogEvents"] == [f"arn:aws:logs:us-east-1:{number}:log-group:/aws/lambda/ship:*"]
    assert set(allowed) == {
        "cloudtrail:LookupEvents",
        "cloudwatch:GetMetricData",
        "lambda:GetFunctionConcurrency",
        "lambda:GetFunctionConfiguration",
        "lambda:ListFunctions",
        "logs:FilterLogEvents",
        "sqs:ChangeMessageVisibility",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ReceiveMessage",
    }


def test_who_made_the_last_change_is_named(account: str, capsys: pytest.CaptureFixture[str]) -> None:
    (ship,) = result(capsys, account)["result"]["consumers"]
    assert (ship["changed_what"], ship["changed_by"], ship["unknown"]) == ("configuration", "root", [])


def test_an_api_that_is_denied_is_unknown_and_stops_nothing(
    account: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deny(monkeypatch, "logs.FilterLogEvents", "cloudwatch.GetMetricData", "lambda.GetFunctionConfiguration")
    out = why(capsys, account)
    assert "\x1b" not in out
    words = " ".join(out.split())
    assert "access denied at logs.FilterLogEvents" in words
    assert "nothing was seen that explains it; that is no proof that all is well" in words


def test_the_same_care_is_taken_as_with_inspect(account: str, capsys: pytest.CaptureFixture[str]) -> None:
    url = client("sqs").get_queue_url(QueueName=account)["QueueUrl"]
    arn = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    client("sqs").create_queue(QueueName="working", Attributes={"RedrivePolicy": policy})
    assert "reading a message counts as a receive" in why(capsys, "working", code=3)
    assert "there is no queue" in why(capsys, "no-such-queue", code=2)
    assert "--output" in why(capsys, account, "-o", "html", code=2)
