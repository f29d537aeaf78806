"""Archives and replays of FIFO topics in the sandbox, by what the SNS guide says of them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from opsctl.events.topic_archives import point
from opsctl.sandbox.engine.conditions import Conditions
from opsctl.sandbox.worlds.topic_outage import HAD, MISSED, TOPIC
from tests.kit.moto_account import client
from tests.kit.queues import queue, receive, refused
from tests.kit.timed import move
from tests.kit.topic_outage import attributes_of, publish, subscription_to, taken, topic, world_of_topics

HOUR = 3600


@pytest.fixture
def about() -> Iterator[Conditions]:
    with world_of_topics() as (_, told):
        taken(HAD)
        yield told


def replay(about: Conditions, queue: str, hours: float, until: float | None = None, **more: Any) -> None:
    policy = {"PointType": "Timestamp", "StartingPoint": point(about.now() - hours * HOUR)}
    if until is not None:
        policy["EndingPoint"] = point(about.now() - until * HOUR)
    client("sns").set_subscription_attributes(
        SubscriptionArn=subscription_to(queue),
        AttributeName="ReplayPolicy",
        AttributeValue=json.dumps(policy | more),
    )


def test_only_a_fifo_topic_has_an_archive_of_1_to_365_days_and_cannot_be_deleted_with_it(
    about: Conditions,
) -> None:
    sns = client("sns")
    plain = sns.create_topic(Name="plain")["TopicArn"]
    wish = {"AttributeName": "ArchivePolicy", "AttributeValue": '{"MessageRetentionPeriod": "30"}'}
    refused("InvalidParameter", sns.set_topic_attributes, TopicArn=plain, **wish)
    for bad in ('{"MessageRetentionPeriod": "0"}', '{"MessageRetentionPeriod": "366"}', "x", '{"Days": 1}'):
        wrong = wish | {"AttributeValue": bad}
        refused("InvalidParameter", sns.set_topic_attributes, TopicArn=topic(), **wrong)
    refused("InvalidState", sns.delete_topic, TopicArn=topic())
    told = sns.get_topic_attributes(TopicArn=topic())["Attributes"]
    assert json.loads(told["ArchivePolicy"]) == {"MessageRetentionPeriod": "30"}
    begun = datetime.fromisoformat(told["BeginningArchiveTime"])
    assert begun < datetime.fromtimestamp(about.now(), UTC)
    sns.set_topic_attributes(TopicArn=topic(), AttributeName="ArchivePolicy", AttributeValue="{}")
    assert "ArchivePolicy" not in sns.get_topic_attributes(TopicArn=topic())["Attributes"]
    sns.delete_topic(TopicArn=topic())


def test_an_archive_that_is_switched_off_has_lost_its_messages_when_it_is_switched_on_again(
    about: Conditions,
) -> None:
    for policy in ("{}", '{"MessageRetentionPeriod": "30"}'):
        client("sns").set_topic_attributes(TopicArn=topic(), AttributeName="ArchivePolicy", AttributeValue=policy)
    move(about, HOUR)
    replay(about, MISSED, 0.9)
    move(about, HOUR)
    assert taken(MISSED) == []


def test_with_an_end_the_subscription_gets_nothing_new_afterwards_until_a_policy_without_one(
    about: Conditions,
) -> None:
    replay(about, MISSED, 26, 23)
    assert attributes_of(MISSED)["ReplayStatus"] == "Pending"
    move(about, 60)
    assert attributes_of(MISSED)["ReplayStatus"] == "Completed"
    came = taken(MISSED)
    assert sorted(came) == [1, 2, 3, 4, 5, 6]
    assert [one for one in came if one % 2] == [1, 3, 5]
    publish(7)
    assert taken(MISSED) == []
    assert taken(HAD) == [7]
    replay(about, MISSED, 0.1)
    move(about, 60)
    assert taken(MISSED) == [7]
    publish(8)
    assert taken(MISSED) == [8]


def test_without_an_end_it_goes_on_with_what_is_published_while_it_runs(about: Conditions) -> None:
    replay(about, MISSED, 26)
    publish(7)
    assert taken(MISSED) == []
    move(about, 60)
    publish(8)
    assert sorted(taken(MISSED)) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_new_policy_takes_the_place_of_the_replay_that_runs(about: Conditions) -> None:
    replay(about, MISSED, 26, 23)
    replay(about, MISSED, 0.1)
    move(about, 60)
    assert taken(MISSED) == []
    publish(7)
    assert taken(MISSED) == [7]


def test_a_replayed_message_has_its_id_and_time_says_that_it_is_one_and_passes_the_filter(
    about: Conditions,
) -> None:
    sns, url = client("sns"), queue("audit.fifo", Policy=_anybody())
    move(about, 5)
    arn = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    wish = {"FilterPolicy": '{"order": [{"numeric": ["<", 3]}]}', "FilterPolicyScope": "MessageBody"}
    sns.subscribe(TopicArn=topic(), Protocol="sqs", Endpoint=arn, Attributes=wish)
    replay(about, "audit.fifo", 26, 23)
    move(about, 60)
    told = [json.loads(one["Body"]) for one in receive(url)]
    assert [json.loads(one["Message"])["order"] for one in told] == [1, 2]
    assert all(one["Replayed"] is True for one in told)
    assert len({one["MessageId"] for one in told}) == 2
    sent = [datetime.fromisoformat(one["Timestamp"]).timestamp() for one in told]
    assert all(about.now() - 26 * HOUR < one < about.now() - 23 * HOUR for one in sent)


def test_a_start_before_the_archive_or_yet_to_come_and_a_topic_without_one_are_refused(
    about: Conditions,
) -> None:
    sns = client("sns")
    plain = sns.create_topic(Name="other.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    url = queue("other.fifo")
    move(about, 5)
    arn = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    told = sns.subscribe(TopicArn=plain, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    policy = {"PointType": "Timestamp", "StartingPoint": point(about.now() - HOUR)}
    ours, other = subscription_to(MISSED), told["SubscriptionArn"]

    def asked(subscription: str, **more: Any) -> dict[str, str]:
        value = json.dumps(policy | more)
        return {"SubscriptionArn": subscription, "AttributeName": "ReplayPolicy", "AttributeValue": value}

    refused("InvalidParameter", sns.set_subscription_attributes, **asked(other))
    for bad in (
        {"StartingPoint": point(about.now() - 90 * HOUR)},
        {"StartingPoint": point(about.now() + 90 * HOUR)},
        {"StartingPoint": "yesterday"},
        {"EndingPoint": point(about.now() - 2 * HOUR)},
        {"PointType": "Sequence"},
        {"More": "x"},
    ):
        refused("InvalidParameter", sns.set_subscription_attributes, **asked(ours, **bad))


def _anybody() -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_the_queue_that_missed_the_orders_has_none_and_the_other_one_had_them(about: Conditions) -> None:
    assert (taken(MISSED), taken(HAD)) == ([], [])
    assert topic().endswith(TOPIC)
