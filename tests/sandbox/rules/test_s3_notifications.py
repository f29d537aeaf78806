"""S3's notification rules of the sandbox, each as AWS's pages or its recorded answers have it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from opsctl.model.value import Json
from opsctl.sandbox.engine.clock import HandClock
from opsctl.sandbox.engine.conditions import Durations, conditions, set_conditions
from tests.kit.moto_account import World, client, fresh_world, server
from tests.kit.queues import receive
from tests.kit.timed import move


@pytest.fixture
def account() -> Iterator[str]:
    """An account with a bucket, and a queue that lets it in."""
    server()
    with fresh_world() as world:
        assert isinstance(world, World)
        client("s3").create_bucket(Bucket="uploads")
        make_queue(world.account, "images")
        yield world.account


def make_queue(account: str, name: str) -> None:
    """A queue that lets the bucket in."""
    arn = arn_of(account, name)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {
            "ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:uploads"},
            "StringEquals": {"aws:SourceAccount": account},
        },
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client("sqs").create_queue(QueueName=name, Attributes={"Policy": policy})


def arn_of(account: str, name: str) -> str:
    """The ARN of a queue."""
    return f"arn:aws:sqs:us-east-1:{account}:{name}"


def entry(account: str, queue: str, *events: str, **rules: str) -> Json:
    """A notification to a queue."""
    made: Json = {"QueueArn": arn_of(account, queue), "Events": list(events)}
    if rules:
        made["Filter"] = {
            "Key": {"FilterRules": [{"Name": name, "Value": value} for name, value in rules.items()]}
        }
    return made


def put(*queues: Json, **more: Any) -> None:
    """Replace the configuration."""
    configuration = {"QueueConfigurations": list(queues)} | more.pop("configuration", {})
    client("s3").put_bucket_notification_configuration(
        Bucket="uploads", NotificationConfiguration=configuration, **more
    )


def told() -> Json:
    """The configuration, without what comes with every answer."""
    answer = client("s3").get_bucket_notification_configuration(Bucket="uploads")
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def refused(*queues: Json, **more: Any) -> Json:
    """The error that a configuration is refused with."""
    with pytest.raises(ClientError) as caught:
        put(*queues, **more)
    error: Json = caught.value.response["Error"]
    return error


def test_what_was_read_can_be_written_back_and_is_the_same(account: str) -> None:
    one = entry(account, "images", "s3:ObjectCreated:*", prefix="a/", suffix="")
    put(one, configuration={"EventBridgeConfiguration": {}})
    before = told()
    assert before["EventBridgeConfiguration"] == {}
    (read,) = before["QueueConfigurations"]
    assert [rule["Name"] for rule in read["Filter"]["Key"]["FilterRules"]] == ["Prefix", "Suffix"]
    assert read["Id"]
    client("s3").put_bucket_notification_configuration(Bucket="uploads", NotificationConfiguration=before)
    assert told() == before
    client("s3").put_bucket_notification_configuration(Bucket="uploads", NotificationConfiguration={})
    assert told() == {}


@pytest.mark.parametrize(
    ("one", "other", "refused_together"),
    [
        (("s3:ObjectCreated:*", {}), ("s3:ObjectCreated:Put", {}), True),
        (("s3:ObjectCreated:*", {}), ("s3:ObjectRemoved:*", {}), False),
        (("s3:ObjectCreated:*", {"prefix": "img/"}), ("s3:ObjectCreated:*", {"prefix": "img/a"}), True),
        (("s3:ObjectCreated:*", {"prefix": "img/"}), ("s3:ObjectCreated:*", {"prefix": "doc/"}), False),
        (
            ("s3:ObjectCreated:*", {"prefix": "i", "suffix": "jpg"}),
            ("s3:ObjectCreated:*", {"prefix": "i", "suffix": "png"}),
            False,
        ),
        (("s3:ObjectCreated:*", {"suffix": "jpg"}), ("s3:ObjectCreated:*", {"suffix": "pg"}), True),
        (("s3:ObjectCreated:*", {"prefix": "img/"}), ("s3:ObjectCreated:*", {"suffix": ".jpg"}), True),
    ],
)
def test_overlaps(account: str, one: Any, other: Any, *, refused_together: bool) -> None:
    entries = [entry(account, "images", each[0], **each[1]) for each in (one, other)]
    if refused_together:
        assert "ambiguously defined" in refused(*entries)["Message"]
    else:
        put(*entries)
        assert len(told()["QueueConfigurations"]) == 2


def test_every_destination_is_looked_at_unless_that_is_skipped(account: str) -> None:
    client("sqs").create_queue(QueueName="shut")
    gone, shut = entry(account, "gone", "s3:ObjectRemoved:*"), entry(account, "shut", "s3:ObjectCreated:*")
    error = refused(gone, shut)
    assert error["Message"] == "Unable to validate the following destination configurations"
    assert error["ArgumentValue1"] == "The destination queue does not exist"
    assert "do not allow S3" in error["ArgumentValue2"]
    put(gone, shut, SkipDestinationValidation=True)
    assert len(told()["QueueConfigurations"]) == 2
    assert "does not exist" in refused(gone)["ArgumentValue1"]


def test_fifo_queues_unknown_events_and_malformed_arns_are_refused(account: str) -> None:
    assert "FIFO" in refused(entry(account, "images.fifo", "s3:ObjectCreated:*"))["Message"]
    assert refused(entry(account, "images", "s3:Nothing"))["Code"] == "InvalidArgument"
    malformed = {"QueueArn": "images", "Events": ["s3:ObjectCreated:*"]}
    assert refused(malformed, SkipDestinationValidation=True)["Message"] == "The ARN could not be parsed"
    many = [entry(account, "images", "s3:ObjectCreated:*", prefix=f"{number:03}/") for number in range(101)]
    assert "100" in refused(*many)["Message"]


def test_an_object_is_told_by_the_entry_that_takes_it_and_there_is_a_test_message(account: str) -> None:
    put(entry(account, "images", "s3:ObjectCreated:*", Prefix="img/", Suffix=""))
    client("s3").put_object(Bucket="uploads", Key="img/a.jpg", Body=b"x")
    client("s3").put_object(Bucket="uploads", Key="other.jpg", Body=b"x")
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName="images")["QueueUrl"]
    received = [one for _ in range(6) for one in sqs.receive_message(QueueUrl=url).get("Messages") or []]
    bodies = [json.loads(one["Body"]) for one in received]
    assert [one["Event"] for one in bodies if "Event" in one] == ["s3:TestEvent"]
    keys = [one["Records"][0]["s3"]["object"]["key"] for one in bodies if "Records" in one]
    assert keys == ["img%2Fa.jpg"]


def test_a_destination_that_lets_s3_in_no_more_gets_nothing_and_the_put_of_an_object_succeeds(
    account: str,
) -> None:
    put(entry(account, "images", "s3:ObjectCreated:*"))
    received("images")
    url = client("sqs").get_queue_url(QueueName="images")["QueueUrl"]
    client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    client("s3").put_object(Bucket="uploads", Key="a.jpg", Body=b"x")
    assert received("images") == []
    make_queue_open(account, url)
    client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": "alias/aws/sqs"})
    client("s3").put_object(Bucket="uploads", Key="b.jpg", Body=b"x")
    assert received("images") == []


def test_eventbridge_gets_an_object_on_the_default_bus_as_it_was_recorded(account: str) -> None:
    events = client("events")
    events.create_event_bus(Name="other")
    arns = [
        events.put_rule(Name="r", EventBusName=bus, EventPattern='{"source": ["aws.s3"]}')["RuleArn"]
        for bus in ("default", "other")
    ]
    open_to = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Statement": [open_to | {"Resource": "*"}]})
    client("sqs").create_queue(QueueName="told", Attributes={"Policy": policy})
    for bus in ("default", "other"):
        events.put_targets(Rule="r", EventBusName=bus, Targets=[{"Id": "q", "Arn": arn_of(account, "told")}])
    put(configuration={"EventBridgeConfiguration": {}})
    client("s3").put_object(Bucket="uploads", Key="a b.jpg", Body=b"x")
    assert len(arns) == 2
    (event,) = received("told")
    assert (event["detail-type"], event["detail"]["reason"]) == ("Object Created", "PutObject")
    assert (event["detail"]["object"]["key"], "etag" in event["detail"]["object"]) == ("a b.jpg", True)
    assert "version-id" not in event["detail"]["object"]
    client("s3").put_object_tagging(
        Bucket="uploads", Key="a b.jpg", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}
    )
    assert [one["detail-type"] for one in received("told")] == ["Object Tags Added"]


def make_queue_open(account: str, url: str) -> None:
    """Let S3 in again, whatever the bucket."""
    may = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:*", "Resource": "*"}
    client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [may]})})


def received(name: str) -> list[Json]:
    """What is in a queue; it is taken out."""
    url = client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    found = receive(url)
    for one in found:
        client("sqs").delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    return [json.loads(one["Body"]) for one in found]


def test_s3_follows_a_change_after_a_while_and_answers_with_it_at_once() -> None:
    server()
    with fresh_world() as world:
        about = set_conditions(world.account, clock=HandClock())
        s3 = client("s3")
        s3.create_bucket(Bucket="uploads")
        make_queue(world.account, "images")
        about.durations = Durations(notified=300)
        put(entry(world.account, "images", "s3:ObjectCreated:*"))
        assert told()["QueueConfigurations"]
        s3.put_object(Bucket="uploads", Key="early", Body=b"")
        move(about, 301)
        s3.put_object(Bucket="uploads", Key="late", Body=b"")
        url = client("sqs").get_queue_url(QueueName="images")["QueueUrl"]
        bodies = [json.loads(one["Body"]) for one in receive(url)]
        keys = [one["Records"][0]["s3"]["object"]["key"] for one in bodies if "Records" in one]
        assert keys == ["late"]


def test_a_bucket_that_is_being_changed_takes_no_notifications(account: str) -> None:
    faults = conditions(account).faults
    faults.busy_buckets.add("uploads")
    with pytest.raises(ClientError) as caught:
        put(entry(account, "images", "s3:ObjectCreated:*"))
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == ("OperationAborted", 409)
    faults.busy_buckets.clear()
    put(entry(account, "images", "s3:ObjectCreated:*"))
