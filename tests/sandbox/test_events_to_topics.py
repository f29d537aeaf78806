"""Whether EventBridge reaches a topic: EventBridge user guide, resource-based policies and dead-letter queues."""

import json
from collections.abc import Iterator

import pytest

from opsctl.model.run import Identity
from opsctl.model.value import Json
from opsctl.resources.actions.sns_topic import publishing_policy, topic_arn
from opsctl.sandbox.endpoint import REGION
from opsctl.sandbox.engine.conditions import Conditions
from opsctl.sandbox.engine.events import emit
from tests.kit.moto_account import World, client
from tests.kit.queues import EVENTS_MAY_SEND
from tests.kit.timed import move, timed_world


@pytest.fixture
def world() -> Iterator[tuple[World, Conditions]]:
    with timed_world() as made:
        yield made


def undelivered(world: World, about: Conditions, policy: dict[str, Json]) -> list[str]:
    arn = topic_arn("ops", world.identity)
    client("sns").create_topic(Name="ops", Attributes={"Policy": json.dumps(policy)})
    url = client("sqs").create_queue(QueueName="dlq", Attributes={"Policy": EVENTS_MAY_SEND})["QueueUrl"]
    queue = f"arn:aws:sqs:{REGION}:{world.account}:dlq"
    client("events").put_rule(Name="failures", EventPattern=json.dumps({"source": ["aws.autoscaling"]}))
    target: dict[str, Json] = {"Id": "1", "Arn": arn, "DeadLetterConfig": {"Arn": queue}}
    client("events").put_targets(Rule="failures", Targets=[target])
    emit(world.account, REGION, source="aws.autoscaling", detail_type="x", resources=[], detail={})
    move(about, 1)
    found = client("sqs").receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages", [])
    return [one["MessageAttributes"]["ERROR_CODE"]["StringValue"] for one in found]


def policy_of(world: World) -> dict[str, Json]:
    identity: Identity = world.identity
    return publishing_policy(topic_arn("ops", identity), identity.account, identity.partition)


def test_eventbridge_publishes_to_a_topic_that_opsctl_made(world: tuple[World, Conditions]) -> None:
    account, about = world
    assert undelivered(account, about, policy_of(account)) == []


def test_a_condition_on_eventbridge_s_statement_lets_nothing_through(world: tuple[World, Conditions]) -> None:
    account, about = world
    policy = policy_of(account)
    for statement in policy["Statement"]:
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account.account}}
    assert undelivered(account, about, policy) == ["NO_PERMISSIONS"]
