"""Notifications of buckets and destinations in other places, of other partitions, with names of other people."""

import json

import botocore.session
import pytest

from opsctl.events.actions.s3_notify import S3Notify
from opsctl.events.facts.s3_notifications import BucketNotifications, S3Notifications
from opsctl.events.s3_entries import EVENT_TYPES, S3Entry
from opsctl.events.s3_notification_calls import entry_is, still_there
from opsctl.expressions.evaluate import evaluate
from opsctl.model.errors import InvalidInput
from opsctl.model.run import Context, Identity
from opsctl.model.value import Json
from tests.kit.canned import ABOUT, ACCOUNT, REGION, Canned, denied, drive

URL = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/images"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:images"


def answers(policy: Json = None, **more: Canned) -> dict[str, Canned]:
    """A bucket of this region without notifications, and a queue."""
    attributes = {"Policy": json.dumps(policy)} if policy else {}
    return {
        "s3.GetBucketNotificationConfiguration": {},
        "s3.GetBucketLocation": {"LocationConstraint": REGION},
        "s3.GetBucketTagging": {"TagSet": []},
        "sqs.GetQueueUrl": {"QueueUrl": URL},
        "sqs.GetQueueAttributes": {"Attributes": attributes},
    } | {name.replace("_", "."): value for name, value in more.items()}


def found(canned: dict[str, Canned], *, about: Context = ABOUT, to: str = QUEUE) -> BucketNotifications:
    """What is read for one more notification."""
    told, _ = drive(S3Notifications(bucket="shop", destination=to).read(about), canned)
    assert isinstance(told, BucketNotifications)
    return told


def test_a_region_that_may_not_be_read_is_not_the_first_one() -> None:
    told = found(answers(s3_GetBucketLocation=denied("s3.GetBucketLocation")))
    assert told.refused == ()
    assert "the bucket's region" in told.unknown[0]


def test_tags_that_may_not_be_read_do_not_mean_that_nobody_owns_the_bucket() -> None:
    told = found(answers(s3_GetBucketTagging=denied("s3.GetBucketTagging")))
    assert "the bucket's tags" in told.unknown[0]


def test_ireland_by_its_first_name_is_the_same_region() -> None:
    assert found(answers(s3_GetBucketLocation={"LocationConstraint": "EU"})).region == "eu-west-1"


def test_a_bucket_elsewhere_is_no_reason_to_look_at_queues_of_the_same_name_here() -> None:
    with pytest.raises(InvalidInput) as caught:
        found(answers(s3_GetBucketLocation={"LocationConstraint": None}))
    assert "us-east-1" in str(caught.value)


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
def test_a_policy_for_the_bucket_of_another_partition_lets_it_in(partition: str) -> None:
    queue = QUEUE.replace("aws", partition, 1)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:{partition}:s3:::shop"}},
    }
    entry = {"Id": "theirs", "QueueArn": queue, "Events": ["s3:ObjectRemoved:*"]}
    canned = answers(
        {"Statement": [statement]}, s3_GetBucketNotificationConfiguration={"QueueConfigurations": [entry]}
    )
    caller = Identity(account=ACCOUNT, arn="", region=REGION, partition=partition)
    assert found(canned, about=ABOUT.model_copy(update={"identity": caller}), to=queue).dead == ()


def test_a_policy_that_only_aws_can_judge_is_doubtful_and_does_not_shut_s3_out() -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": QUEUE,
        "Condition": {"StringEquals": {"aws:SourceOrgID": "o-1"}},
    }
    entry = {"Id": "theirs", "QueueArn": QUEUE, "Events": ["s3:ObjectRemoved:*"]}
    told = found(
        answers({"Statement": [statement]}, s3_GetBucketNotificationConfiguration={"QueueConfigurations": [entry]})
    )
    assert (told.dead, len(told.unknown)) == ((), 1)


@pytest.mark.parametrize("skip", [False, True])
def test_the_policy_of_a_queue_that_was_not_looked_at_is_not_edited(*, skip: bool) -> None:
    wanted = S3Notify(
        bucket="shop",
        destination=QUEUE.replace(ACCOUNT, "999999999999"),
        events=("s3:ObjectCreated:*",),
        skip_validation=skip,
        why="x",
    )
    if skip:
        with pytest.raises(InvalidInput, match="999999999999"):
            drive(wanted.plan(ABOUT), answers())
        return
    changes, _ = drive(wanted.plan(ABOUT), answers())
    assert [one.id for one in changes] == ["entry"]


def test_an_undo_does_not_hang_on_the_destinations_of_others() -> None:
    wanted = S3Notify(bucket="shop", destination=QUEUE, events=("s3:ObjectCreated:*",), why="x")
    changes, _ = drive(wanted.plan(ABOUT), answers())
    assert changes[-1].params.get("SkipDestinationValidation") is None
    assert getattr(changes[-1].undo, "params", {})["SkipDestinationValidation"] is True


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:",
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:a:b",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:",
        f"arn:aws:sns:{REGION}:{ACCOUNT}:topic:0000",
        f"arn:aws-cn:sqs:{REGION}:{ACCOUNT}:images",
    ],
)
def test_what_is_no_destination_is_wrong_input(arn: str) -> None:
    with pytest.raises(InvalidInput):
        found(answers(), to=arn)


def test_event_types_are_those_of_the_service() -> None:
    model = botocore.session.get_session().get_service_model("s3")
    assert set(EVENT_TYPES) == set(model.shape_for("Event").enum)
    with pytest.raises(InvalidInput, match="Nonsense"):
        drive(S3Notifications(bucket="shop", destination=QUEUE, events=("s3:Nonsense",)).read(ABOUT), answers())


HOSTILE = ["it's", "back`tick", 'quo"te', "a\\b", "a'] || `true` || [?Id=='", "\u00e9"]


@pytest.mark.parametrize("name", HOSTILE)
def test_ids_of_other_people_are_data_of_a_query(name: str) -> None:
    entry = S3Entry(arn=QUEUE, events=("s3:ObjectCreated:*",), id=name)
    document = {"QueueConfigurations": [entry.written()]}
    assert evaluate(entry_is("shop", ACCOUNT, entry, there=True).query, document) == QUEUE
    assert evaluate(entry_is("shop", ACCOUNT, entry, there=False).query, document) == [name]
    other = entry.model_copy(update={"id": "other"})
    assert not evaluate(
        entry_is("shop", ACCOUNT, entry, there=False).query, {"QueueConfigurations": [other.written()]}
    )


def test_a_suffix_is_not_taken_for_the_prefix_that_it_replaced() -> None:
    entry = S3Entry(arn=QUEUE, events=("s3:ObjectCreated:*",), prefix="a", id="1")
    check = still_there("shop", ACCOUNT, entry)
    changed = S3Entry(arn=QUEUE, events=("s3:ObjectCreated:*",), suffix="a", id="1")
    assert isinstance(check.value, list)
    assert evaluate(check.query, {"QueueConfigurations": [entry.written()]}) == check.value
    assert evaluate(check.query, {"QueueConfigurations": [changed.written()]}) != check.value
