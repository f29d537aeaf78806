"""A filter over a FIFO queue as a user runs it: refused, done by way of a park, and taken back half way."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsctl.dlq.transfer.through import Through
from opsctl.model.jobs import JobResult
from opsctl.model.value import Json
from opsctl.wiring import SystemClock
from tests.kit.command import opsctl
from tests.kit.moto_account import client, fresh_world
from tests.kit.queues import TRACE, queue, receive, redrive

WHERE = ("--where", "body.wanted")
STOPPED = JobResult(says="0 moved; stopped: the network is gone", complete=False, details={})


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(SystemClock, "sleep", lambda _self, _seconds: None)
    with fresh_world():
        pay = queue("pay.fifo", RedrivePolicy=redrive(queue("pay-dlq.fifo")))
        assert pay
        for number in range(24):
            client("sqs").send_message(
                QueueUrl=url("pay-dlq.fifo"),
                MessageBody=json.dumps({"n": number, "wanted": number % 4 > 1}),
                MessageGroupId=f"g{number % 2}",
                MessageDeduplicationId=f"d{number}",
                MessageAttributes={"n": {"DataType": "Number", "StringValue": str(number)}},
                MessageSystemAttributes=TRACE,
            )
        yield


def url(name: str) -> str:
    return str(client("sqs").get_queue_url(QueueName=name)["QueueUrl"])


def parks() -> list[str]:
    found = client("sqs").list_queues(QueueNamePrefix="opsctl-park-").get("QueueUrls", [])
    return [str(one).rpartition("/")[2] for one in found]


def taken(name: str) -> dict[str, list[int]]:
    """Take everything out of a queue: the numbers by group, in order; attributes and trace header are there."""
    groups: dict[str, list[int]] = {}
    while got := receive(url(name)):
        for one in got:
            assert one["MessageAttributes"]["n"]["StringValue"] == str(json.loads(one["Body"])["n"])
            assert one["Attributes"]["AWSTraceHeader"] == TRACE["AWSTraceHeader"]["StringValue"]
            groups.setdefault(one["Attributes"]["MessageGroupId"], []).append(json.loads(one["Body"])["n"])
            client("sqs").delete_message(QueueUrl=url(name), ReceiptHandle=one["ReceiptHandle"])
    return groups


REST = {"g0": [0, 4, 8, 12, 16, 20], "g1": [1, 5, 9, 13, 17, 21]}
WANTED = {"g0": [2, 6, 10, 14, 18, 22], "g1": [3, 7, 11, 15, 19, 23]}


def test_a_filter_alone_is_refused_with_what_works(tmp_path: Path) -> None:
    for verb in ("redrive", "purge"):
        told = opsctl(tmp_path, "dlq", verb, "pay-dlq.fifo", *WHERE, "--yes")
        assert told.returncode == 3
        assert "fifo-filter" in told.stderr
        assert "--through" in told.stderr


def test_a_redrive_through_a_park_sends_home_what_is_meant_and_leaves_no_queue_behind(tmp_path: Path) -> None:
    done = opsctl(tmp_path, "dlq", "redrive", "pay-dlq.fifo", *WHERE, "--through", "--yes", "-o", "json", "-q")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)["result"]
    result = report["changes"][1]["result"]
    assert (result["moved"], result["left_by_filter"], result["parked"]["brought_back"]) == (12, 12, 12)
    assert not any("undo" in line for line in report["next"])
    assert parks() == []
    assert (taken("pay.fifo"), taken("pay-dlq.fifo")) == (WANTED, REST)


def test_a_purge_through_a_park_saves_what_is_meant_and_deletes_only_that(tmp_path: Path) -> None:
    asked = ("dlq", "purge", "pay-dlq.fifo", *WHERE, "--through", "--backup", "out.jsonl")
    planned = json.loads(opsctl(tmp_path, *asked, "-n", "-o", "json").stdout)["result"]["changes"][1]
    assert (planned["risk"]["severity"], planned["undo_risk"]["severity"]) == ("severe", "low")
    done = opsctl(tmp_path, *asked, "--confirm", "pay-dlq.fifo", "--yes")
    assert done.returncode == 0, done.stderr
    saved = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    found = sorted(json.loads(one["body"])["n"] for one in saved if "body" in one)
    assert found == sorted([*WANTED["g0"], *WANTED["g1"]])
    assert (parks(), taken("pay-dlq.fifo")) == ([], REST)


def half_way(tmp_path: Path) -> tuple[str, str, Any]:
    """A run that ended with everything taken out and nothing brought back: its id, its park and what it said."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Through, "_return", lambda _self: STOPPED.model_copy(update={"details": DETAILS}))
        told = opsctl(tmp_path, "dlq", "redrive", "pay-dlq.fifo", *WHERE, "--through", "--yes")
    assert told.returncode == 1
    (name,) = parks()
    return name.removeprefix("opsctl-park-").removesuffix(".fifo"), name, told


DETAILS = {"stayed_messages": [], "reasons": [], "sent_not_deleted": [], "stopped": "the network is gone"}


@pytest.mark.parametrize("verb", ["resume", "undo"])
def test_what_is_parked_is_named_wherever_one_looks_and_brought_back_by_resume_and_undo(
    tmp_path: Path, verb: str
) -> None:
    run, name, told = half_way(tmp_path)
    assert f"12 are parked in {name}" in " ".join(told.stdout.split())
    assert f"opsctl resume {run}" in told.stdout
    listed = json.loads(opsctl(tmp_path, "dlq", "list", "-o", "json").stdout)["result"]["rows"]
    assert [(one["state"], one["depth"]) for one in listed if one["name"] == name] == [("parked", 12)]
    audited = json.loads(opsctl(tmp_path, "dlq", "audit", "-o", "json").stdout)["result"]["findings"]
    (fix,) = [one["fix"] for one in audited if one["id"] == "left-parked"]
    assert fix.startswith(f"opsctl resume {run} ")
    seen = json.loads(opsctl(tmp_path, "dlq", "inspect", name, "-o", "json").stdout)["result"]
    assert seen["note"].startswith(f"run {run} parked messages of pay-dlq.fifo here: opsctl resume {run}")
    assert opsctl(tmp_path, "dlq", "purge", name, "--yes", "--confirm", name).returncode == 3
    again = opsctl(tmp_path, "dlq", "redrive", "pay-dlq.fifo", *WHERE, "--through", "-n")
    assert f"{name}: opsctl resume {run}" in " ".join(again.stdout.split())
    done = opsctl(tmp_path, verb, run, *(("--yes",) if verb == "undo" else ()))
    assert done.returncode == 0, done.stderr
    assert (parks(), taken("pay.fifo"), taken("pay-dlq.fifo")) == ([], WANTED, REST)


def test_without_the_run_a_plain_redrive_brings_back_what_is_parked(tmp_path: Path) -> None:
    _, name, _ = half_way(tmp_path)
    done = opsctl(tmp_path, "dlq", "redrive", name, "--to", "pay-dlq.fifo", "--yes")
    assert done.returncode == 0, done.stderr
    assert taken("pay-dlq.fifo") == REST


def test_the_plan_names_every_call_that_it_needs(tmp_path: Path) -> None:
    asked = ("dlq", "redrive", "pay-dlq.fifo", *WHERE, "--through", "-n", "-o", "json")
    plan = json.loads(opsctl(tmp_path, *asked).stdout)["result"]
    allowed = {
        (action, resource.rpartition(":")[2].partition("-2")[0])
        for part in plan["iam_policy"]["apply"]["Statement"]
        for action in part["Action"]
        for resource in part["Resource"]
    }
    assert {("sqs:CreateQueue", "opsctl-park"), ("sqs:DeleteQueue", "opsctl-park")} <= allowed
    assert ("sqs:TagQueue", "*") in allowed
    for queue_name in ("opsctl-park", "pay-dlq.fifo"):
        for one in ("ReceiveMessage", "SendMessage", "DeleteMessage", "ChangeMessageVisibility"):
            assert (f"sqs:{one}", queue_name) in allowed
    assert ("sqs:SendMessage", "pay.fifo") in allowed
    assert [resource for action, resource in allowed if action == "sqs:DeleteQueue"] == ["opsctl-park"]


def test_the_park_is_as_closed_and_as_encrypted_as_the_queue(tmp_path: Path) -> None:
    denial: dict[str, Json] = {
        "Sid": "tls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": "*",
    }
    denial |= {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    policy = {"Statement": [denial, {**denial, "Effect": "Allow"}]}
    settings = {
        "KmsMasterKeyId": "alias/pay",
        "KmsDataKeyReusePeriodSeconds": "600",
        "Policy": json.dumps(policy),
        "DeduplicationScope": "messageGroup",
        "FifoThroughputLimit": "perMessageGroupId",
    }
    client("sqs").set_queue_attributes(QueueUrl=url("pay-dlq.fifo"), Attributes=settings)
    asked = ("dlq", "redrive", "pay-dlq.fifo", *WHERE, "--through", "-n", "-o", "json")
    change = json.loads(opsctl(tmp_path, *asked).stdout)["result"]["changes"][0]
    told = change["params"]["Attributes"]
    arn = f"arn:aws:sqs:us-east-1:{url('pay.fifo').split('/')[-2]}:{change['params']['QueueName']}"
    assert json.loads(told.pop("Policy"))["Statement"] == [denial | {"Resource": arn}]
    assert told == {
        "FifoQueue": "true",
        "MessageRetentionPeriod": "1209600",
        "VisibilityTimeout": "120",
        "MaximumMessageSize": "1048576",
        **{name: value for name, value in settings.items() if name != "Policy"},
    }


@pytest.mark.parametrize(
    ("attributes", "guard"),
    [
        ({"MaximumMessageSize": "1024"}, "too-small"),
        (
            {"Policy": '{"Statement":{"Effect":"Deny","Principal":"*","Action":"sqs:Send*","Resource":"*"}}'},
            "closed-for-sending",
        ),
    ],
)
def test_a_queue_that_would_not_take_them_back_is_refused_beforehand(
    tmp_path: Path, attributes: dict[str, str], guard: str
) -> None:
    client("sqs").set_queue_attributes(QueueUrl=url("pay-dlq.fifo"), Attributes=attributes)
    told = opsctl(tmp_path, "dlq", "redrive", "pay-dlq.fifo", *WHERE, "--through", "--yes")
    assert (told.returncode, parks()) == (3, [])
    assert guard in told.stderr


def test_a_queue_of_several_sources_is_refused_because_none_could_be_told_from_the_other(tmp_path: Path) -> None:
    queue("refunds.fifo", RedrivePolicy=redrive(url("pay-dlq.fifo")))
    for verb in ("redrive", "purge"):
        told = opsctl(tmp_path, "dlq", verb, "pay-dlq.fifo", *WHERE, "--through", "--yes")
        assert (told.returncode, parks()) == (3, [])
        assert "several-homes" in told.stderr
        assert "refunds.fifo" in told.stderr


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("redrive", "pay-dlq.fifo", "--through"), "--through"),
        (("purge", "pay-dlq.fifo", "--through"), "--through"),
        (("redrive", "plain-dlq", *WHERE, "--through"), "plain-dlq is not a FIFO queue"),
    ],
)
def test_where_nothing_has_to_be_parked_the_flag_is_a_mistake(
    tmp_path: Path, argv: tuple[str, ...], says: str
) -> None:
    queue("plain-dlq")
    told = opsctl(tmp_path, "dlq", *argv, "--yes")
    assert told.returncode == 2
    assert says in told.stderr


def test_of_an_empty_queue_nothing_is_made(tmp_path: Path) -> None:
    client("sqs").purge_queue(QueueUrl=url("pay-dlq.fifo"))
    told = opsctl(tmp_path, "dlq", "redrive", "pay-dlq.fifo", *WHERE, "--through", "--yes")
    assert told.returncode == 0, told.stderr
    assert parks() == []
