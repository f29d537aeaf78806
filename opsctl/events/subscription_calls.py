"""SNS: subscribing a queue to a topic with everything in one call, and whether it is subscribed."""

from collections.abc import Mapping

from opsctl.model.changes import Check, Instruction, Query
from opsctl.model.reads import Read
from opsctl.model.value import Json


def subscribe(topic: str, queue: str, attributes: Mapping[str, Json]) -> Instruction:
    """Subscribe a queue; attributes that are set later take effect within 15 minutes only (SNS guide)."""
    return Instruction(
        kind="call",
        service="sns",
        operation="Subscribe",
        params={
            "TopicArn": topic,
            "Protocol": "sqs",
            "Endpoint": queue,
            "Attributes": dict(attributes),
            "ReturnSubscriptionArn": True,
        },
    )


def unsubscribe(subscription: Json) -> Instruction:
    """Take a subscription away; SNS answers the same when it is gone already."""
    params = {"SubscriptionArn": subscription}
    return Instruction(kind="call", service="sns", operation="Unsubscribe", params=params)


def subscription_of(topic: str, queue: str) -> Query:
    """The ARN of the subscription that a queue has to a topic."""
    read = Read(service="sns", operation="ListSubscriptionsByTopic", params={"TopicArn": topic})
    return Query(read=read, query=f"Subscriptions[?Endpoint=='{queue}'].SubscriptionArn | [0]")


def is_subscribed(topic: str, queue: str, *, there: bool) -> Check:
    """A queue is subscribed to a topic, or is not."""
    found = subscription_of(topic, queue)
    words = "is subscribed to" if there else "is not subscribed to"
    return Check(
        read=found.read,
        query=found.query,
        op="present" if there else "empty",
        says=f"queue {queue.rpartition(':')[2]} {words} topic {topic.rpartition(':')[2]}",
    )
