"""Orders that have to get to several queues: a program that sends to each itself, and a topic that loses them.

Of the topic's queues one lets nobody in, one has a key of AWS's own, and one has a filter that nothing passes. A
trail logs the calls of the account.
"""

import json
from collections.abc import Callable
from typing import Any

Clients = Callable[[str], Any]
TOPIC, PRODUCER, TRAIL = "order-placed", "checkout", "account-calls"
STANDARD, FIFO = ("billing", "shipping", "audit"), ("billing.fifo", "shipping.fifo", "audit.fifo")
NEVER = {"kind": ["no-such-kind"]}


def make_fanout(clients: Clients) -> None:
    """Make the queues, the program's role, the topic, and the trail."""
    sqs = clients("sqs")
    arns = [_queue(sqs, name) for name in STANDARD]
    for name in FIFO:
        _queue(sqs, name, FifoQueue="true", ContentBasedDeduplication="true")
    _make_producer(clients("iam"), arns[:2])
    _make_topic(clients)
    _make_trail(clients)


def _queue(sqs: Any, name: str, **attributes: str) -> str:
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    told: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return told["QueueArn"]


def _make_producer(iam: Any, queues: list[str]) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    sends = {"Sid": "Send", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queues}
    iam.create_role(RoleName=PRODUCER, AssumeRolePolicyDocument=_document(trust))
    iam.put_role_policy(RoleName=PRODUCER, PolicyName="queues", PolicyDocument=_document(sends))


def _make_topic(clients: Clients) -> None:
    sns, sqs = clients("sns"), clients("sqs")
    topic = sns.create_topic(Name=TOPIC)["TopicArn"]
    _subscribe(sns, topic, _queue(sqs, "labels"))
    encrypted = _queue(sqs, "invoices", KmsMasterKeyId="alias/aws/sqs")
    loyalty = _queue(sqs, "loyalty")
    for arn in (encrypted, loyalty):
        allowed = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        url = sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": _document(allowed)})
    _subscribe(sns, topic, encrypted)
    _subscribe(sns, topic, loyalty, FilterPolicy=json.dumps(NEVER))


def _subscribe(sns: Any, topic: str, queue: str, **attributes: str) -> None:
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=attributes)


def _make_trail(clients: Clients) -> None:
    clients("s3").create_bucket(Bucket=f"{TRAIL}-logs")
    trails = clients("cloudtrail")
    trails.create_trail(Name=TRAIL, S3BucketName=f"{TRAIL}-logs", IsMultiRegionTrail=True)
    trails.start_logging(Name=TRAIL)


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
