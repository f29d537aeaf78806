"""A fan-out with boto3 as the witness: one Subscribe with everything, what SNS drops is refused, others stay."""

import json
from collections.abc import Iterator

import pytest

from opsctl.events.fanout_queues import FannedQueue, undelivered_name, why_refused
from opsctl.model.errors import InvalidInput, RefusedByGuard
from opsctl.model.value import Json
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world, server
from tests.kit.ports import MemoryJournal


def make_queues(_: object) -> None:
    """Queues of both types."""
    for name in ("billing", "shipping"):
        client("sqs").create_queue(QueueName=name)
    client("sqs").create_queue(QueueName="ledger.fifo", Attributes={"FifoQueue": "true"})


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(make_queues) as made:
        yield made


def wish(**more: Json) -> dict[str, Json]:
    """Two queues get what a topic gets."""
    return {"topic": "orders", "queues": ["billing", "shipping"]} | more


def received(name: str) -> list[str]:
    """What is in a queue."""
    url = client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    return [
        one["Body"] for _ in range(4) for one in client("sqs").receive_message(QueueUrl=url).get("Messages") or []
    ]


def test_one_message_reaches_every_queue_and_one_with_a_filter_gets_its_part(world: World) -> None:
    filters = ['shipping={"kind": ["paid"]}']
    plan, journal = world.plan("fanout-create", wish(raw_delivery=True, filters=filters)), MemoryJournal()
    before = len(server().calls)
    run(plan, world.aws, world, journal)
    calls = [one.rpartition(".")[2] for one in server().calls[before:]]
    assert calls.count("Subscribe") == 2
    assert "SetSubscriptionAttributes" not in calls
    topic = client("sns").list_topics()["Topics"][0]["TopicArn"]
    for kind in ("paid", "sent"):
        attributes = {"kind": {"DataType": "String", "StringValue": kind}}
        client("sns").publish(TopicArn=topic, Message=kind, MessageAttributes=attributes)
    assert sorted(received("billing")) == ["paid", "sent"]
    assert received("shipping") == ["paid"]
    (off,) = world.plan("fanout-remove", {"topic": "orders", "queues": ["shipping"]}).changes
    assert off.risk.affects == ('its filter {"kind": ["paid"]}',)
    undo(plan, world, journal)
    assert client("sns").list_topics()["Topics"] == []
    assert len(client("sqs").list_queues()["QueueUrls"]) == 3


def test_what_a_second_topic_cannot_deliver_is_kept_as_well(world: World) -> None:
    run(world.plan("fanout-create", wish(queues=["billing"])), world.aws, world, MemoryJournal())
    plan, journal = world.plan("fanout-create", wish(topic="refunds", queues=["billing"])), MemoryJournal()
    run(plan, world.aws, world, journal)
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName="billing-undelivered")["QueueUrl"]

    def policy() -> str:
        told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
        return str(told["Policy"])

    assert ":orders" in policy()
    assert ":refunds" in policy()
    undo(plan, world, journal)
    assert ":orders" in policy()
    assert ":refunds" not in policy()


def test_long_names_of_queues_have_dead_letter_queues_of_their_own() -> None:
    names = [undelivered_name(f"{'x' * 75}{end}") for end in ("-a", "-b", "-a.fifo")]
    assert len(set(names)) == 3
    assert {len(one) for one in names} == {80}
    assert names[2].endswith(".fifo")


@pytest.mark.parametrize(
    "topic",
    ["topic\u00e9", "x" * 257, "arn:aws-cn:sns:us-east-1:123456789012:orders", "arn:aws:sns:us-east-1:1:a:b"],
)
def test_what_is_no_topic_is_wrong_input(world: World, topic: str) -> None:
    with pytest.raises(InvalidInput):
        world.plan("fanout-create", wish(topic=topic))


def test_an_undo_keeps_a_topic_that_somebody_subscribed_to_and_failures_that_wait(world: World) -> None:
    plan, journal = world.plan("fanout-create", wish(queues=["billing"])), MemoryJournal()
    run(plan, world.aws, world, journal)
    topic = client("sns").list_topics()["Topics"][0]["TopicArn"]
    client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    url = client("sqs").get_queue_url(QueueName="billing-undelivered")["QueueUrl"]
    client("sqs").send_message(QueueUrl=url, MessageBody="not delivered")
    undo(plan, world, journal)
    assert [one["TopicArn"] for one in client("sns").list_topics()["Topics"]] == [topic]
    assert received("billing-undelivered") == ["not delivered"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"queues": ["ledger.fifo"]}, "is a FIFO queue"),
        ({"existing": True}, "no-topic"),
    ],
)
def test_what_sns_would_never_deliver_is_refused(world: World, more: dict[str, Json], says: str) -> None:
    with pytest.raises(RefusedByGuard) as caught:
        world.plan("fanout-create", wish(**more))
    assert says in str(caught.value) + str(caught.value.evidence)
    assert client("sns").list_topics()["Topics"] == []


def test_a_queue_with_a_key_of_awss_own_is_refused(world: World) -> None:
    url = client("sqs").get_queue_url(QueueName="billing")["QueueUrl"]
    client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": "alias/aws/sqs"})
    with pytest.raises(RefusedByGuard) as caught:
        world.plan("fanout-create", wish())
    assert "not-delivered" in str(caught.value)


def test_a_queue_whose_policy_has_no_room_is_refused_unless_sns_is_let_in_already() -> None:
    full = FannedQueue(name="billing", arn="arn:aws:sqs:us-east-1:123456789012:billing", url="", fifo=False)

    def why(**more: Json) -> str:
        queue = full.model_copy(update=more)
        return why_refused(queue, fifo_topic=False, topic="", key=None, account="123456789012")

    assert why(statements=19) == ""
    assert why(statements=20) == "billing: its policy has 20 statements, and SQS takes no more"
    assert why(statements=20, open=True) == ""


def test_a_standard_queue_on_a_fifo_topic_is_allowed_with_a_warning(world: World) -> None:
    plan = world.plan("fanout-create", wish(topic="orders.fifo", queues=["ledger.fifo", "billing"]))
    assert any("order and deduplication" in text for one in plan.warnings for text in one.evidence)
    run(plan, world.aws, world, MemoryJournal())
    topic = client("sns").list_topics()["Topics"][0]["TopicArn"]
    attributes = client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    assert attributes["FifoTopic"] == "true"
    policies = [
        json.loads(
            client("sns").get_subscription_attributes(SubscriptionArn=one["SubscriptionArn"])["Attributes"][
                "RedrivePolicy"
            ]
        )
        for one in client("sns").list_subscriptions()["Subscriptions"]
    ]
    assert sorted(one["deadLetterTargetArn"].rpartition(":")[2] for one in policies) == [
        "billing-undelivered",
        "ledger-undelivered.fifo",
    ]


@pytest.mark.parametrize(
    "filters",
    [["billing"], ["other={}"], ['billing={"a": ['], ['billing={"a": {"b": ["c"]}}'], ["billing=[1]"]],
)
def test_a_filter_that_is_none_is_refused_with_its_flag(world: World, filters: list[str]) -> None:
    with pytest.raises(InvalidInput):
        world.plan("fanout-create", wish(filters=filters))


def test_somebody_is_told_when_something_was_not_delivered(world: World) -> None:
    told = client("sns").create_topic(Name="oncall")["TopicArn"]
    plan, journal = world.plan("fanout-create", wish(alarm="oncall")), MemoryJournal()
    run(plan, world.aws, world, journal)
    alarms = client("cloudwatch").describe_alarms()["MetricAlarms"]
    watched = {one["Dimensions"][0]["Value"]: (one["MetricName"], one["AlarmActions"]) for one in alarms}
    depth = "ApproximateNumberOfMessagesVisible"
    assert watched == {f"{name}-undelivered": (depth, [told]) for name in ("billing", "shipping")}
    undo(plan, world, journal)
    assert client("cloudwatch").describe_alarms()["MetricAlarms"] == []


def test_an_undo_leaves_a_subscription_that_was_changed_since_whole(world: World) -> None:
    plan, journal = world.plan("fanout-create", wish(queues=["billing"])), MemoryJournal()
    run(plan, world.aws, world, journal)
    (one,) = client("sns").list_subscriptions()["Subscriptions"]
    client("sns").set_subscription_attributes(
        SubscriptionArn=one["SubscriptionArn"], AttributeName="FilterPolicy", AttributeValue='{"kind": ["paid"]}'
    )
    undo(plan, world, journal)
    attributes = {"kind": {"DataType": "String", "StringValue": "paid"}}
    client("sns").publish(TopicArn=one["TopicArn"], Message="paid", MessageAttributes=attributes)
    assert len(received("billing")) == 1
    queues = {url.rpartition("/")[2] for url in client("sqs").list_queues()["QueueUrls"]}
    assert "billing-undelivered" in queues
    assert "sns.amazonaws.com" in policy_of("billing")


def test_an_undo_leaves_the_dead_letter_queue_that_a_second_topic_uses(world: World) -> None:
    first, journal = world.plan("fanout-create", wish(queues=["billing"])), MemoryJournal()
    run(first, world.aws, world, journal)
    run(world.plan("fanout-create", wish(topic="refunds", queues=["billing"])), world.aws, world, MemoryJournal())
    undo(first, world, journal)
    assert ":refunds" in policy_of("billing-undelivered")
    assert [one["TopicArn"].rpartition(":")[2] for one in client("sns").list_subscriptions()["Subscriptions"]] == [
        "refunds"
    ]


def policy_of(name: str) -> str:
    """The policy of a queue."""
    url = client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    told = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes") or {}
    return str(told.get("Policy", ""))


def test_an_undo_goes_on_where_somebody_has_unsubscribed_the_queue(world: World) -> None:
    plan, journal = world.plan("fanout-create", wish(queues=["billing"])), MemoryJournal()
    run(plan, world.aws, world, journal)
    (one,) = client("sns").list_subscriptions()["Subscriptions"]
    client("sns").unsubscribe(SubscriptionArn=one["SubscriptionArn"])
    undo(plan, world, journal)
    assert client("sns").list_topics()["Topics"] == []
    assert policy_of("billing") == ""
    assert "billing-undelivered" not in {
        one.rpartition("/")[2] for one in client("sqs").list_queues()["QueueUrls"]
    }
