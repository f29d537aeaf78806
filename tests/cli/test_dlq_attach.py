"""`dlq attach` as a user runs it: saved and drifted plans, refusals with their exit codes, results as JSON."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.command import opsctl, reviewed
from tests.kit.failing_world import attachments, make_sources
from tests.kit.moto_account import WatchedServer, client, fresh_world, server
from tests.kit.queues import arn, queue


@pytest.fixture
def account() -> Iterator[WatchedServer]:
    with fresh_world(make_sources):
        yield server()


def test_a_dry_run_changes_nothing_and_applied_it_can_be_undone(account: WatchedServer, tmp_path: Path) -> None:
    start, before = attachments(client), len(account.mutations())
    asked = ("dlq", "attach", "rule:nightly#b", "--alarm", "oncall")
    seen = opsctl(tmp_path, *asked, "-n", "--detailed-exitcode", "-o", "json")
    assert seen.returncode == 5, seen.stderr
    assert [one["operation"] for one in json.loads(seen.stdout)["result"]["changes"]] == [
        "CreateQueue",
        "SetQueueAttributes",
        "PutTargets",
        "PutMetricAlarm",
    ]
    assert len(account.mutations()) == before
    done = opsctl(tmp_path, *asked, "--yes", "-o", "json", "-q")
    assert done.returncode == 0, done.stderr
    assert attachments(client) != start
    run = json.loads(opsctl(tmp_path, "runs", "list", "-o", "json").stdout)["result"][0]["id"]
    undone = opsctl(tmp_path, "undo", run, "--yes")
    assert undone.returncode == 0, undone.stderr
    assert attachments(client) == start


def test_a_saved_plan_is_refused_when_somebody_attached_another_queue(
    account: WatchedServer, tmp_path: Path
) -> None:
    assert opsctl(tmp_path, "dlq", "attach", "orders", "--out", "plan.json").returncode == 0
    policy = json.dumps({"deadLetterTargetArn": arn(queue("theirs")), "maxReceiveCount": 3})
    url = client("sqs").get_queue_url(QueueName="orders")["QueueUrl"]
    client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})
    start = attachments(client)
    late = opsctl(tmp_path, "apply", "plan.json", *reviewed(tmp_path / "plan.json"))
    assert late.returncode == 4, late.stderr
    assert attachments(client)[url] == start[url]


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (("nobody",), 2, "SOURCE: there is no queue 'nobody'"),
        (("rule:nightly",), 2, "has 2 targets"),
        (("rule:nightly#c",), 2, "has no target 'c'"),
        (("orders", "--alarm", "nobody"), 2, "--alarm: there is no topic 'nobody'"),
        (("orders", "--dlq", "dead.fifo"), 2, "--dlq: the dead-letter queue of queue orders"),
        (("function:resize", "--max-receive", "3"), 2, "--max-receive:"),
        (("orders", "--max-receive", "1001"), 2, "--max-receive"),
        (("function:\x1b[31mx",), 2, "control characters are not accepted"),
        (("orders",), 3, "is no one to ask"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    account: WatchedServer, tmp_path: Path, argv: tuple[str, ...], code: int, words: str
) -> None:
    start = attachments(client)
    ended = opsctl(tmp_path, "dlq", "attach", *argv)
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "\x1b" not in ended.stderr
    assert words in ended.stderr or code == 3
    assert attachments(client) == start


def test_somebody_elses_alarm_of_our_name_is_never_replaced(account: WatchedServer, tmp_path: Path) -> None:
    client("cloudwatch").put_metric_alarm(
        AlarmName="opsctl-dlq-orders-dlq",
        Namespace="Theirs",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    start = attachments(client)
    ended = opsctl(tmp_path, "dlq", "attach", "orders", "--alarm", "oncall", "--yes")
    assert ended.returncode == 3
    assert "alarm opsctl-dlq-orders-dlq exists" in ended.stderr
    assert attachments(client) == start
