"""A fan-out by rules with boto3 as the witness: each queue gets what its pattern chooses, and nothing else."""

import json
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from opsctl.model.errors import InvalidInput, RefusedByGuard
from opsctl.model.value import Json
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import MemoryJournal

PAID = 'billing={"detail-type": ["paid"]}'


def make_bus(_: object) -> None:
    """A bus, and queues of both types."""
    client("events").create_event_bus(Name="orders")
    for name in ("billing", "audit"):
        client("sqs").create_queue(QueueName=name)
    client("sqs").create_queue(QueueName="plain.fifo", Attributes={"FifoQueue": "true"})
    by_content = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    client("sqs").create_queue(QueueName="ledger.fifo", Attributes=by_content)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with fresh_world(make_bus) as made:
        yield made


def wish(*queues: str, **more: Json) -> dict[str, Json]:
    return {"bus": "orders", "queues": list(queues)} | more


def rules() -> dict[str, Json]:
    """The rules of the bus with their targets."""
    events = client("events")
    return {
        one["Arn"]: events.list_targets_by_rule(Rule=one["Name"], EventBusName="orders")["Targets"]
        for one in events.list_rules(EventBusName="orders")["Rules"]
    }


def received(name: str) -> list[str]:
    url = client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    found = [
        one
        for _ in range(4)
        for one in client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages") or []
    ]
    return [json.loads(one["Body"])["detail-type"] for one in found]


def test_each_queue_gets_what_its_pattern_chooses(world: World) -> None:
    plan, journal = (
        world.plan("fanout-route", wish("billing", "audit", "ledger.fifo", patterns=[PAID])),
        MemoryJournal(),
    )
    run(plan, world.aws, world, journal)
    found = rules()
    assert len(found) == 3
    assert all(":rule/orders/opsctl-" in arn for arn in found)
    for arn, (target,) in found.items():
        name = target["Arn"].rpartition(":")[2]
        dead = target["DeadLetterConfig"]["Arn"].rpartition(":")[2]
        for queue in (name, dead):
            url = client("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
            told = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
            (statement,) = json.loads(told["Policy"])["Statement"]
            assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": arn}}
        assert target.get("SqsParameters") == ({"MessageGroupId": "orders"} if name == "ledger.fifo" else None)
    entries = [
        {"Source": "shop", "DetailType": kind, "Detail": "{}", "EventBusName": "orders"}
        for kind in ("paid", "sent")
    ]
    assert client("events").put_events(Entries=entries)["FailedEntryCount"] == 0
    assert (received("billing"), sorted(received("audit"))) == (["paid"], ["paid", "sent"])
    assert world.plan("fanout-route", wish("billing", "audit", "ledger.fifo", patterns=[PAID])).changes == ()
    undo(plan, world, journal)
    assert rules() == {}


def test_a_fifo_queue_without_deduplication_by_content_is_refused(world: World) -> None:
    with pytest.raises(RefusedByGuard, match="not-delivered"):
        world.plan("fanout-route", wish("plain.fifo"))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"patterns": ["billing={"]}, "refused"),
        ({"patterns": ['billing={"a": ["b"], "c": {"prefix": 1}}']}, "refused"),
        ({"patterns": ["shipping={}"]}, "shipping"),
        ({"patterns": ["billing"]}, "QUEUE=JSON"),
        ({"bus": "nobodys"}, "no event bus"),
    ],
)
def test_wrong_input_is_said_before_anything_is_made(world: World, more: dict[str, Json], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        world.plan("fanout-route", wish("billing", **more))


def test_a_sixth_target_is_refused_with_the_text_that_was_recorded(world: World) -> None:
    events = client("events")
    events.put_rule(Name="full", EventPattern='{"source": ["shop"]}')
    arn = f"arn:aws:sqs:us-east-1:{world.account}:billing"
    events.put_targets(Rule="full", Targets=[{"Id": str(one), "Arn": arn} for one in range(5)])
    events.put_targets(Rule="full", Targets=[{"Id": "4", "Arn": arn}])
    with pytest.raises(ClientError) as caught:
        events.put_targets(Rule="full", Targets=[{"Id": "5", "Arn": arn}])
    assert caught.value.response["Error"] == {
        "Code": "LimitExceededException",
        "Message": "The requested resource exceeds the maximum number allowed.",
    }
