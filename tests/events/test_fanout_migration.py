"""What a program needs to publish once, in an account made with boto3, and what nobody can see from settings."""

import json
from collections.abc import Iterator

import pytest

from opsctl.events.facts.fanout_migration import FanoutMigration, FanoutMigrationRead
from opsctl.model.errors import InvalidInput
from opsctl.planning.run_fetching import run_fetching
from opsctl.render.views.fanout_migration import markdown_migration, render_migration
from tests.kit.functions import TRUST
from tests.kit.moto_account import World, client, fresh_world


def make_topic(_: object) -> None:
    """A topic with queues that get the body and the envelope; roles that may send, or publish."""
    topic = client("sns").create_topic(Name="orders")["TopicArn"]
    for name, raw in (("billing", "true"), ("audit", "false")):
        url = client("sqs").create_queue(QueueName=name, Attributes={"MaximumMessageSize": "1024"})["QueueUrl"]
        told = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        client("sns").subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=told["QueueArn"], Attributes={"RawMessageDelivery": raw}
        )
    for name, action in (("old", "sqs:SendMessage"), ("new", "sns:Publish")):
        client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
        document = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": [action], "Resource": "*"}],
        }
        client("iam").put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(document))


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with fresh_world(make_topic) as made:
        yield made


def migrated(world: World, producer: str, topic: str = "orders") -> FanoutMigrationRead:
    fact = FanoutMigration(topic=topic, producer=producer)
    found = run_fetching(fact.read(world.about()), world.reader())
    assert isinstance(found, FanoutMigrationRead)
    return found


def states(found: FanoutMigrationRead) -> list[tuple[str, str]]:
    return [(one.id, one.state) for one in found.points]


def test_a_role_that_only_sends_is_not_ready_and_its_queues_are_named(world: World) -> None:
    found = migrated(world, "old")
    assert ("may-publish", "not ready") in states(found)
    (sends,) = [one for one in found.points if one.id == "may-send"]
    assert "billing" in sends.says
    assert "audit" in sends.says
    assert [one.says.split()[0] for one in found.points if (one.id, one.state) == ("raw", "not ready")] == [
        "audit"
    ]
    assert [state for name, state in states(found) if name == "no-dlq"] == ["not ready"] * 2
    assert ("size", "ready") in states(found)


def test_a_role_that_may_publish_is_ready_for_that_and_sends_to_none(world: World) -> None:
    found = migrated(world, "new")
    assert ("may-publish", "ready") in states(found)
    assert "may-send" not in dict(states(found))


def test_what_no_setting_tells_is_never_ready(world: World) -> None:
    found = dict(states(migrated(world, "new")))
    assert {found[name] for name in ("attributes", "delay", "once")} == {"unknown"}


@pytest.mark.parametrize(
    ("producer", "topic", "says"), [("nobody", "orders", "neither"), ("new", "gone", "no topic")]
)
def test_a_name_of_nothing_is_said(world: World, producer: str, topic: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        migrated(world, producer, topic)


def test_both_forms_say_each_point_and_what_was_counted(world: World) -> None:
    found = migrated(world, "old")
    text = render_migration(found, width=400, colour=False)
    assert text.startswith("Moving old to topic orders: ")
    for one in found.points:
        assert f"{one.state}: {one.says}" in text
    assert "topic: 0 published, 0 filtered out" in text
    assert markdown_migration(found).count("\n- ") >= len(found.points)
