"""A FIFO topic with an archive, whose orders did not reach the queue of the ledger: its policy let nobody in.

Another subscription, of the parcels, had them all, and must not get them twice.
"""

import json
from collections.abc import Callable
from typing import Any

Clients = Callable[[str], Any]
TOPIC, MISSED, HAD = "order-events.fifo", "ledger-orders.fifo", "parcel-orders.fifo"
ORDERS = 6


def make_topic_outage(clients: Clients) -> None:
    """Make the topic and its queues, publish orders, and mend the policy."""
    sns = clients("sns")
    attributes = {
        "FifoTopic": "true",
        "ContentBasedDeduplication": "true",
        "ArchivePolicy": json.dumps({"MessageRetentionPeriod": "30"}),
    }
    topic = sns.create_topic(Name=TOPIC, Attributes=attributes)["TopicArn"]
    missed = _subscribed(clients, topic, MISSED)
    _let_in(clients, topic, _subscribed(clients, topic, HAD))
    for number in range(1, ORDERS + 1):
        sns.publish(TopicArn=topic, Message=json.dumps({"order": number}), MessageGroupId=f"shop-{number % 2}")
    _let_in(clients, topic, missed)


def _subscribed(clients: Clients, topic: str, name: str) -> str:
    """Make a FIFO queue and subscribe it; returns its URL."""
    sqs = clients("sqs")
    url: str = sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"]
    raw = {"RawMessageDelivery": "true"}
    clients("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=_arn(sqs, url), Attributes=raw)
    return url


def _let_in(clients: Clients, topic: str, url: str) -> None:
    sqs = clients("sqs")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": _arn(sqs, url),
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


def _arn(sqs: Any, url: str) -> str:
    arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return arn
