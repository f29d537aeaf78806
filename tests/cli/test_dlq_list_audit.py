"""`dlq list` and `dlq audit` as a person types them, on an account with every kind of source."""

import json
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
from opsctl.sandbox.worlds.dead_letters import make_dead_letters
from opsctl.sandbox.worlds.queues import make_queues
from tests.kit.moto_account import KEY, WatchedServer, client, fresh_world, server

HOSTILE = "\x1b[2J[red]<script>|`$(id)"


MINE = """\
schema: opsctl.playbook/v1
name: mine
version: "1"
summary: Refuse where dead letters are badly kept.
facts:
  audit: {uses: dlq.audit, with: {queues: [thumbnails]}}
guards:
  - id: badly-kept
    refuse: "facts.audit.findings[?severity=='high'].says"
    because: first things first
"""


@pytest.fixture(scope="module")
def account() -> Iterator[WatchedServer]:
    with fresh_world(make_queues, make_dead_letters):
        client("cloudwatch").put_metric_alarm(
            AlarmName=HOSTILE,
            Namespace="AWS/SQS",
            MetricName="ApproximateNumberOfMessagesVisible",
            Dimensions=[{"Name": "QueueName", "Value": "orders-dlq"}],
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
        )
        yield server()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server().endpoint)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("OPSCTL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    old = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGINT, old[0])
    signal.signal(signal.SIGTERM, old[1])


def result(capsys: pytest.CaptureFixture[str]) -> Json:
    return json.loads(capsys.readouterr().out)


def deny(monkeypatch: pytest.MonkeyPatch, *apis: str) -> None:
    """Let AWS refuse these reads."""

    def denying(client_of_service: Any, read: Read) -> Json:
        if read.api in apis:
            error = {"Code": "AccessDenied", "Message": f"no {HOSTILE} for you"}
            raise ClientError({"Error": error}, read.operation)
        return fetch(client_of_service, read)

    monkeypatch.setattr(live, "fetch", denying)


def test_the_list_shows_every_kind_on_a_real_looking_account(
    account: WatchedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(account.mutations())
    assert run(["dlq", "list", "-o", "json", "-q"]) == 0
    found = result(capsys)
    rows = {row["name"]: row for row in found["result"]["rows"]}
    states = {name: row["state"] for name, row in rows.items()}
    assert states == {
        "orders-dlq": "serving",
        "ledger-dlq.fifo": "serving",
        "resize-images-failures": "serving",
        "order-events-dlq": "serving",
        "report-failures": "serving",
        "close-books-dlq": "serving",
        "send-invoice-failed": "serving",
        "oncall": "serving",
        "legacy-import-dlq": "serves nothing",
        "payments-dlq": "source gone",
        "inventory-dlq": "does not exist",
    }
    assert {one["kind"] for row in rows.values() for one in row["sources"]} == {
        "queue",
        "function",
        "subscription",
        "target",
        "schedule",
        "destination",
    }
    assert (rows["orders-dlq"]["depth"], rows["orders-dlq"]["alarm"]) == (14, "unheard")
    assert rows["order-events-dlq"]["alarm"] in ("ok", "no data")
    assert rows["orders-dlq"]["oldest_s"] is not None
    assert found["result"]["unknown"] == []
    assert (found["command"], found["outcome"], found["exit_code"]) == ("dlq list", "listed", 0)
    assert len(account.mutations()) == before


@pytest.mark.parametrize("columns", ["80", "120"])
def test_the_list_fits_the_terminal(
    account: WatchedServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert run(["dlq", "list"]) == 0
    out = capsys.readouterr().out
    # A command stands on one line, however narrow the terminal.
    lines = [line for line in out.splitlines() if not line.startswith("  next: ")]
    assert max(len(line) for line in lines) <= int(columns)
    assert "orders-dlq" in out
    assert "from rule target nightly-report#queue" in out
    assert "next: opsctl dlq inspect " in out


def test_the_audit_finds_what_is_wrong_and_names_a_command_for_each(
    account: WatchedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["dlq", "audit", "-o", "json", "-q"]) == 0
    findings = result(capsys)["result"]["findings"]
    assert {(one["id"], one["resource"]) for one in findings} >= {
        ("endless-loop", "queue thumbnails"),
        ("visibility-short", "queue thumbnails"),
        ("dlq-missing", "queue inventory"),
        ("delivery-denied", "rule target nightly-report#queue"),
        ("retention-short", "queue orders-dlq"),
        ("no-alarm", "queue close-books-dlq"),
        ("alarm-unheard", "queue orders-dlq"),
        ("allow-policy-open", "queue order-events-dlq"),
        ("subscription-no-dlq", "subscription order-events to https hooks.example.com"),
        ("target-no-dlq", "rule target order-shipped#queue"),
        ("schedule-no-dlq", "schedule send-reminders"),
    }
    assert all(one["fix"].startswith(("opsctl dlq ", "aws ")) for one in findings)
    assert all(one["why"] and one["what"] and one["arn"] for one in findings)


def test_the_exit_code_tells_findings_only_when_asked(
    account: WatchedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["dlq", "audit", "--queue", "thumbnails", "-q"]) == 0
    assert run(["dlq", "audit", "--queue", "thumbnails", "--detailed-exitcode", "-q"]) == 5
    assert run(["dlq", "audit", "--queue", "legacy-import-dlq", "--detailed-exitcode", "-q"]) == 0
    capsys.readouterr()
    assert run(["dlq", "audit", "--queue", "thumbnails", "--detailed-exitcode", "-o", "json", "-q"]) == 5
    assert result(capsys)["exit_code"] == 5


def test_a_command_stays_on_one_line_to_be_copied(
    account: WatchedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["dlq", "audit", "--queue", "order-events-dlq", "-q"]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    end = f"--endpoint-url {server().endpoint}"
    assert [line for line in lines if line.startswith("aws sqs set-queue-attributes") and line.endswith(end)]


@pytest.mark.parametrize("command", ["list", "audit"])
def test_hostile_names_are_shown_as_text(
    account: WatchedServer, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    for form in ("text", "markdown", "json"):
        assert run(["dlq", command, "-o", form, "-q"]) == 0
        out = capsys.readouterr().out
        assert "\x1b" not in out
        assert ("<script>" not in out) or form != "markdown" or "`" in out
        if form == "json":
            json.loads(out)
        elif form == "text":
            assert "\\x1b[2J[red]<script>" in out


def test_markdown_is_one_table(account: WatchedServer, capsys: pytest.CaptureFixture[str]) -> None:
    for command, columns in (("list", 9), ("audit", 6)):
        assert run(["dlq", command, "-o", "markdown", "-q"]) == 0
        lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
        assert len(lines) > 10
        unescaped = [line.replace("\\|", "") for line in lines]
        assert {line.count("|") for line in unescaped} == {columns + 1}


@pytest.mark.parametrize("command", ["list", "audit"])
def test_what_is_denied_is_named_and_the_rest_shown(
    account: WatchedServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    deny(monkeypatch, "sns.ListSubscriptions", "cloudwatch.DescribeAlarms", "kms.DescribeKey")
    assert run(["dlq", command, "-q"]) == 0
    out = capsys.readouterr().out
    assert "Could not be read, so something may be missing here" in out
    assert "access denied at sns.ListSubscriptions" in out.replace("\n  ", " ")
    assert "\x1b" not in out
    assert "orders-dlq" in out
    assert "alarm watches" not in out


def test_with_everything_denied_nothing_is_claimed(
    account: WatchedServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = [
        *("ListQueues", "ListFunctions", "ListEventSourceMappings", "ListSubscriptions", "ListEventBuses"),
        *("ListSchedules", "DescribeAlarms", "DescribeEventBus", "ListRules"),
    ]
    services = ("sqs", "lambda", "sns", "events", "scheduler", "cloudwatch")
    deny(monkeypatch, *(f"{service}.{name}" for service in services for name in lists))
    assert run(["dlq", "list", "-q"]) == 0
    assert "as far as could be read" in capsys.readouterr().out.replace("\n", " ")
    assert run(["dlq", "audit", "-q", "--detailed-exitcode"]) == 0
    assert capsys.readouterr().out.startswith("As far as could be read, nothing is wrong")


def test_an_empty_region_gets_a_sentence(
    account: WatchedServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert run(["dlq", "list", "-q"]) == 0
    assert capsys.readouterr().out.startswith("No dead-letter queues in eu-north-1, account ")
    assert run(["dlq", "audit", "-q"]) == 0
    assert capsys.readouterr().out.startswith("Nothing is wrong with dead letters in eu-north-1, account ")


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["audit", "--queue", "no such"], "--queue"),
        (["audit", "--queue", "no-such-queue"], "there is no queue"),
        (["audit", "--queue", "arn:aws:sqs:us-east-1:999999999999:x"], "belongs to account 999999999999"),
        (["audit", "-o", "html"], "--output"),
        (["list", "-o", "html"], "--output"),
        (["list", "extra"], "extra"),
        (["list", "--query", "a..b"], "--query"),
    ],
)
def test_wrong_input_is_one_line_and_exit_two(
    account: WatchedServer, capsys: pytest.CaptureFixture[str], argv: list[str], says: str
) -> None:
    assert run(["dlq", *argv]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert "Traceback" not in error


def test_the_audit_is_a_playbook_too_that_plans_nothing_and_warns(
    account: WatchedServer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["run", "dlq-audit", "-o", "json", "-q"]) == 0
    plan = result(capsys)["result"]
    assert plan["changes"] == []
    warned = {one["id"]: one["evidence"] for one in plan["warnings"]}
    assert any("endless-loop: queue thumbnails" in line for line in warned["high"])
    mine = tmp_path / "mine.yaml"
    mine.write_text(MINE)
    assert run(["run", str(mine), "-q"]) == 3
    assert "endless-loop: queue thumbnails" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["list", "audit"])
def test_help_has_an_example(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert run(["dlq", command, "--help"]) == 0
    assert "Examples" in capsys.readouterr().out
