"""Queues in the moto account: made, filled, and asked what is in them."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from opsctl.sandbox.endpoint import REGION
from opsctl.sandbox.engine import queue_contents
from opsctl.sandbox.rules.sqs_messages import contents
from tests.kit.moto_account import client

TRACE = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}}


def refused(code: str, call: Any, **params: Any) -> str:
    """Expect the error code, and give the message."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    assert caught.value.response["Error"]["Code"] == code
    return str(caught.value.response["Error"]["Message"])


def _lets_in(service: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


SNS_MAY_SEND = _lets_in("sns.amazonaws.com")
"""The policy of a queue that any topic may write to."""
EVENTS_MAY_SEND = _lets_in("events.amazonaws.com")
"""The policy of a queue that any rule may write to."""


def queue(name: str, **attributes: str) -> str:
    """Make a queue, of the type its name says."""
    if name.endswith(".fifo"):
        attributes = {"FifoQueue": "true"} | attributes
    url: str = client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url


def attribute(url: str, name: str) -> str:
    """One attribute of a queue, or nothing."""
    found = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name]).get("Attributes", {})
    return str(found.get(name, ""))


def arn(url: str) -> str:
    """The queue's ARN."""
    return attribute(url, "QueueArn")


def redrive(dead: str) -> str:
    """A redrive policy that gives a message one chance."""
    return json.dumps({"deadLetterTargetArn": arn(dead), "maxReceiveCount": 1})


def pair(name: str = "orders", suffix: str = "") -> tuple[str, str]:
    """A queue and its dead-letter queue."""
    dead = queue(f"{name}-dlq{suffix}")
    return queue(f"{name}{suffix}", RedrivePolicy=redrive(dead), VisibilityTimeout="0"), dead


def send(url: str, body: str = "{}", **more: Any) -> str:
    """Send a message and give its id."""
    sent: str = client("sqs").send_message(QueueUrl=url, MessageBody=body, **more)["MessageId"]
    return sent


@contextmanager
def every_host() -> Iterator[None]:
    """Let short polls find everything, where a test only wants to see what is there."""
    kept, queue_contents.SAMPLED_BELOW = queue_contents.SAMPLED_BELOW, 0
    try:
        yield
    finally:
        queue_contents.SAMPLED_BELOW = kept


def receive(url: str, **more: Any) -> list[dict[str, Any]]:
    """Receive up to ten messages with all there is to know."""
    asked = {"MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"]}
    with every_host():
        answer = client("sqs").receive_message(QueueUrl=url, **(asked | more))
    found: list[dict[str, Any]] = answer.get("Messages", [])
    return found


def fail(url: str) -> None:
    """Receive everything and once more, so that what was received goes to the dead-letter queue."""
    receive(url)
    assert receive(url) == []


def there(name: str) -> int:
    """How many messages a queue has, whatever SQS counts."""
    from moto.sqs.models import sqs_backends

    return len(contents(sqs_backends[os.environ["MOTO_ACCOUNT_ID"]][REGION].queues[name]))


def count(url: str) -> int:
    """How many messages could be received now."""
    return int(attribute(url, "ApproximateNumberOfMessages"))
