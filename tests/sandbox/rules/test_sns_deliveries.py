"""SNS delivers only where it is let in; what a queue does not take is lost or in the dead-letter queue."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from opsctl.sandbox.engine.conditions import conditions
from tests.kit import functions
from tests.kit.moto_account import client, fresh_world, server


@pytest.fixture
def account() -> Iterator[str]:
    server()
    with fresh_world() as world:
        yield world.account


def queue(account: str, name: str, topic: str = "") -> str:
    """A queue that lets a topic in, or nobody."""
    arn = f"arn:aws:sqs:us-east-1:{account}:{name}"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    attributes = {"Policy": json.dumps({"Statement": [statement]})} if topic else {}
    client("sqs").create_queue(QueueName=name, Attributes=attributes)
    return arn


def received(name: str) -> list[str]:
    """What is in a queue."""
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return [one["Body"] for _ in range(4) for one in sqs.receive_message(QueueUrl=url).get("Messages") or []]


def subscribed(topic: str, endpoint: str, **attributes: str) -> Any:
    """Subscribe a queue."""
    return client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=endpoint, Attributes=attributes, ReturnSubscriptionArn=True
    )


def test_a_queue_that_does_not_let_sns_in_gets_nothing_and_publish_answers_all_the_same(account: str) -> None:
    topic = client("sns").create_topic(Name="shop")["TopicArn"]
    open_, shut, dead = queue(account, "open", topic), queue(account, "shut"), queue(account, "dead", topic)
    subscribed(topic, open_)
    subscribed(topic, shut, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead}))
    subscribed(topic, f"arn:aws:sqs:us-east-1:{account}:gone")
    assert client("sns").publish(TopicArn=topic, Message="hello")["MessageId"]
    assert len(received("open")) == 1
    assert received("shut") == []
    assert received("dead") == ["hello"]


def test_raw_delivery_of_more_than_ten_attributes_is_discarded(account: str) -> None:
    topic = client("sns").create_topic(Name="shop")["TopicArn"]
    subscribed(topic, queue(account, "open", topic), RawMessageDelivery="true")
    for count in (10, 11):
        attributes = {f"a{n}": {"DataType": "String", "StringValue": "x"} for n in range(count)}
        client("sns").publish(TopicArn=topic, Message=str(count), MessageAttributes=attributes)
    assert received("open") == ["10"]


def test_a_second_subscribe_is_the_first_unless_its_attributes_differ(account: str) -> None:
    topic = client("sns").create_topic(Name="shop")["TopicArn"]
    arn = queue(account, "open", topic)
    first = subscribed(topic, arn, FilterPolicy='{"kind": ["paid"]}')
    again = subscribed(topic, arn, FilterPolicy='{"kind": ["paid"]}')
    assert again["SubscriptionArn"] == first["SubscriptionArn"]
    assert subscribed(topic, arn)["SubscriptionArn"] == first["SubscriptionArn"]
    with pytest.raises(ClientError, match="already exists with different attributes"):
        subscribed(topic, arn, FilterPolicy='{"kind": ["sent"]}')


def test_a_queue_with_a_key_that_does_not_let_sns_in_gets_nothing(account: str) -> None:
    topic = client("sns").create_topic(Name="shop")["TopicArn"]
    kms = client("kms")
    for name, statement in (("usable", USES), ("without", {**USES, "Action": "kms:Decrypt"})):
        key = kms.create_key(Policy=json.dumps({"Statement": [statement]}))["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
    for name, key in (("of-aws", "alias/aws/sqs"), ("usable", "alias/usable"), ("without", "alias/without")):
        subscribed(topic, queue(account, name, topic))
        url = client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
        client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": key})
    assert client("sns").publish(TopicArn=topic, Message="hello")["MessageId"]
    assert [len(received(name)) for name in ("of-aws", "usable", "without")] == [0, 1, 0]
    kms.disable_key(KeyId=kms.describe_key(KeyId="alias/usable")["KeyMetadata"]["KeyId"])
    client("sns").publish(TopicArn=topic, Message="again")
    assert received("usable") == []


USES = {
    "Effect": "Allow",
    "Principal": {"Service": "sns.amazonaws.com"},
    "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
    "Resource": "*",
}


def test_the_keys_of_aws_are_there_once_they_are_described(account: str) -> None:
    told = client("kms").describe_key(KeyId="alias/aws/sqs")["KeyMetadata"]
    assert (told["KeyManager"], told["KeyState"]) == ("AWS", "Enabled")
    again = client("kms").describe_key(KeyId="alias/aws/sqs")["KeyMetadata"]
    assert again["KeyId"] == told["KeyId"]


def test_a_function_gets_the_message_as_a_record_when_its_policy_lets_the_topic_in(account: str) -> None:
    topic = client("sns").create_topic(Name="shop")["TopicArn"]
    role = functions.role()
    for name in ("open", "shut"):
        subscribed_function = functions.function("def lambda_handler(e, c): return 1", name, role)
        client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=subscribed_function)
    client("lambda").add_permission(
        FunctionName="open",
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=topic,
    )
    client("sns").publish(TopicArn=topic, Message="hello")
    (job,) = conditions(account).jobs
    (record,) = json.loads(job.payload)["Records"]
    assert (job.function, record["EventSource"]) == ("open", "aws:sns")
    assert (record["Sns"]["Message"], record["Sns"]["TopicArn"]) == ("hello", topic)
