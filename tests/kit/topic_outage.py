"""The world of a FIFO topic as tests see it: who is subscribed, what its queues have, and what is published."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import QUICK, Conditions
from opsctl.sandbox.rules.event_archives import begin_earlier
from opsctl.sandbox.worlds.topic_outage import TOPIC, make_topic_outage
from tests.kit.moto_account import World, client
from tests.kit.queues import receive
from tests.kit.timed import MovingClock, move, timed_world

HOUR = 3600


@contextmanager
def world_of_topics() -> Iterator[tuple[World, Conditions]]:
    """Give the world a day later: its orders were published between 25.5 and 24.5 hours ago."""
    with timed_world(make_topic_outage) as (world, about):
        begin_earlier(world.account)
        move(about, 24 * HOUR)
        about.durations = QUICK
        world.clock = MovingClock(about)
        yield world, about


def topic() -> str:
    """Its ARN."""
    return f"arn:aws:sns:us-east-1:{os.environ['MOTO_ACCOUNT_ID']}:{TOPIC}"


def publish(*numbers: int, group: str = "shop") -> None:
    """Publish orders now."""
    for number in numbers:
        client("sns").publish(TopicArn=topic(), Message=json.dumps({"order": number}), MessageGroupId=group)


def subscription_to(queue: str) -> str:
    """The ARN of the subscription of a queue."""
    listed = client("sns").list_subscriptions_by_topic(TopicArn=topic())["Subscriptions"]
    (found,) = [one["SubscriptionArn"] for one in listed if one["Endpoint"].endswith(f":{queue}")]
    return str(found)


def attributes_of(queue: str) -> dict[str, Json]:
    """What SNS says of the subscription of a queue."""
    told: dict[str, Json] = client("sns").get_subscription_attributes(SubscriptionArn=subscription_to(queue))[
        "Attributes"
    ]
    return told


def replay_of(queue: str) -> dict[str, Json]:
    """The replay policy of the subscription of a queue; empty where it has none."""
    found: dict[str, Json] = json.loads(attributes_of(queue).get("ReplayPolicy") or "{}")
    return found


def taken(queue: str) -> list[int]:
    """The orders that a queue got since it was asked for last, in their order; they are deleted."""
    url = client("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
    found: list[int] = []
    while got := receive(url):
        for one in got:
            client("sqs").delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        found += [json.loads(one["Body"])["order"] for one in got]
    return found
