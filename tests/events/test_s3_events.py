"""Mistakes that others made with notifications, each with boto3 as the witness before and after."""

import json
from collections.abc import Iterator

import pytest

from opsctl.model.errors import OpsctlError, RefusedByGuard
from opsctl.model.reads import RefusalKind
from opsctl.model.value import Json
from opsctl.sandbox.worlds.uploads import BUCKET
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import MemoryJournal, Wrapping, refusal
from tests.kit.uploads import configuration, make_bucket, policy, put, queue_arn


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(make_bucket) as made:
        yield made


def wish(world: World, **more: Json) -> dict[str, Json]:
    """Thumbnails are to be told of pictures."""
    queue = queue_arn(world, "thumbnail-requests")
    return {"bucket": BUCKET, "destination": queue, "prefix": "img/", "skip_validation": True} | more


def added(before: dict[str, Json], after: dict[str, Json]) -> list[Json]:
    """The entries to queues that there were not before."""
    return [one for one in after["QueueConfigurations"] if one not in before["QueueConfigurations"]]


def test_what_others_have_is_the_same_before_after_and_after_the_undo(world: World) -> None:
    before = configuration()
    plan, journal = world.plan("s3-events-add", wish(world)), MemoryJournal()
    run(plan, world.aws, world, journal)
    after = configuration()
    (mine,) = added(before, after)
    assert mine["QueueArn"] == queue_arn(world, "thumbnail-requests")
    assert {**after, "QueueConfigurations": before["QueueConfigurations"]} == before
    client("s3").put_object(Bucket=BUCKET, Key="img/a.jpg", Body=b"")
    url = client("sqs").get_queue_url(QueueName="thumbnail-requests")["QueueUrl"]
    told = [one for _ in range(4) for one in client("sqs").receive_message(QueueUrl=url).get("Messages") or []]
    assert any("Records" in json.loads(one["Body"]) for one in told)
    undo(plan, world, journal)
    assert (configuration(), policy("thumbnail-requests")) == (before, "")


def test_a_dead_destination_of_somebody_else_is_named_before_anything_is_changed(world: World) -> None:
    before = configuration()
    with pytest.raises(RefusedByGuard) as caught:
        world.plan("s3-events-add", wish(world, skip_validation=False))
    assert "dead-destination" in str(caught.value)
    assert configuration() == before


@pytest.mark.parametrize("more", [{"prefix": "incoming/new"}, {"prefix": ""}])
def test_an_overlap_is_refused_before_the_permission_is_given(world: World, more: dict[str, Json]) -> None:
    with pytest.raises(RefusedByGuard) as caught:
        world.plan("s3-events-add", wish(world, **more))
    assert "overlap" in str(caught.value)
    assert policy("thumbnail-requests") == ""


class Busy(Wrapping):
    """S3 is busy with another change of the bucket for the first two writes of its configuration."""

    left: int = 2

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Refuse twice, as S3 does."""
        if operation == "PutBucketNotificationConfiguration" and self.left:
            self.left -= 1
            from opsctl.model.errors import AwsRefused

            raise AwsRefused(
                refusal(RefusalKind.CONFLICT, "OperationAborted", "s3.PutBucketNotificationConfiguration")
            )
        return self.inner.write(service, operation, params, region)


def test_a_bucket_that_is_being_changed_is_read_again_and_written_once(world: World) -> None:
    before = configuration()
    plan = world.plan("s3-events-add", wish(world))
    run(plan, Busy(world.aws), world, MemoryJournal())
    assert len(added(before, configuration())) == 1


class Overwritten(Wrapping):
    """Somebody who has read the configuration before writes it again right after the run has."""

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Write, and lose to the other."""
        done = self.inner.write(service, operation, params, region)
        if operation == "PutBucketNotificationConfiguration":
            put({"QueueConfigurations": params["NotificationConfiguration"]["QueueConfigurations"][-1:]})
        return done


def test_an_entry_that_vanished_is_named_and_can_be_put_back(world: World) -> None:
    before = configuration()
    plan, journal = world.plan("s3-events-add", wish(world)), MemoryJournal()
    with pytest.raises(OpsctlError) as caught:
        run(plan, Overwritten(world.aws), world, journal)
    assert "upload-scans" in str(caught.value)
    assert f"s3-events restore {BUCKET} --run {plan.id}" in str(caught.value) + str(caught.value.hint)
    document = json.dumps(plan.facts["notifications"]["document"])
    back = {"bucket": BUCKET, "document": document, "skip_validation": True}
    run(world.plan("s3-events-restore", back), world.aws, world, MemoryJournal())
    after = configuration()
    (mine,) = added(before, after)
    assert mine["Id"].startswith("opsctl-")
    assert {**after, "QueueConfigurations": [one for one in after["QueueConfigurations"] if one != mine]} == before


def test_what_was_added_since_the_plan_is_a_drift_only_where_it_is_ours_and_stays(world: World) -> None:
    plan = world.plan("s3-events-add", wish(world))
    theirs = {"QueueArn": queue_arn(world, "upload-scans"), "Events": ["s3:ObjectTagging:*"], "Id": "theirs"}
    now = configuration()
    put({**now, "QueueConfigurations": [*now["QueueConfigurations"], theirs]})
    run(plan, world.aws, world, MemoryJournal())
    assert {"theirs", f"opsctl-{plan.id}"} <= {one["Id"] for one in configuration()["QueueConfigurations"]}


def test_an_undo_leaves_the_permission_that_a_later_run_relies_on(world: World) -> None:
    first, journal = world.plan("s3-events-add", wish(world)), MemoryJournal()
    run(first, world.aws, world, journal)
    second, later = world.plan("s3-events-add", wish(world, prefix="doc/")), MemoryJournal()
    run(second, world.aws, world, later)
    undo(first, world, journal)
    ids = {one["Id"] for one in configuration()["QueueConfigurations"]}
    assert f"opsctl-{second.id}" in ids
    assert f"opsctl-{first.id}" not in ids
    assert "s3.amazonaws.com" in policy("thumbnail-requests")


def test_a_topic_is_notified_and_its_policy_is_as_it_was_after_the_undo(world: World) -> None:
    sns = client("sns")
    topic = sns.create_topic(Name="pictures")["TopicArn"]

    def its_policy() -> Json:
        return json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])

    before = its_policy()
    plan, journal = world.plan("s3-events-add", wish(world, destination=topic)), MemoryJournal()
    run(plan, world.aws, world, journal)
    assert topic in [one["TopicArn"] for one in configuration()["TopicConfigurations"]]
    assert len(its_policy()["Statement"]) == len(before["Statement"]) + 1
    undo(plan, world, journal)
    assert its_policy() == before
    assert topic not in [one["TopicArn"] for one in configuration()["TopicConfigurations"]]
