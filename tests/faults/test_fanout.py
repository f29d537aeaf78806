"""fanout against every fault: resumed it reaches the end, undone the start, and nothing of others is lost."""

import json
from collections.abc import Callable, Iterator

import pytest

from opsctl.events.send_rights import statements_in
from opsctl.model.value import Json
from tests.kit.fault_rounds import Round, every, sampled
from tests.kit.functions import TRUST
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import MemoryJournal
from tests.kit.survival import through

EXAMPLES: dict[str, tuple[str, dict[str, Json]]] = {
    "a new topic": ("fanout-create", {"topic": "orders", "queues": ["billing"]}),
    "a topic of others": ("fanout-create", {"topic": "theirs", "queues": ["billing"], "raw_delivery": True}),
    "rules of a bus": (
        "fanout-route",
        {"bus": "orders", "queues": ["billing"], "patterns": ['billing={"detail-type": ["paid"]}']},
    ),
    "a right taken away": ("fanout-finish", {"topic": "theirs", "producer": "checkout"}),
    "taken off": ("fanout-remove", {"topic": "theirs", "queues": ["shipping"]}),
}


def make_queues(_: object) -> None:
    """Two queues, a bus, a topic with the other queue, and a program that sends to that queue itself."""
    client("events").create_event_bus(Name="orders")
    urls = [client("sqs").create_queue(QueueName=name)["QueueUrl"] for name in ("billing", "shipping")]
    arn = client("sqs").get_queue_attributes(QueueUrl=urls[1], AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    topic = client("sns").create_topic(Name="theirs")["TopicArn"]
    client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    publishes = {"Effect": "Allow", "Action": ["sns:Publish", "sqs:SendMessage"], "Resource": [topic, arn]}
    document = json.dumps({"Version": "2012-10-17", "Statement": publishes})
    client("iam").create_role(RoleName="checkout", AssumeRolePolicyDocument=json.dumps(TRUST))
    client("iam").put_role_policy(RoleName="checkout", PolicyName="sends", PolicyDocument=document)


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(make_queues) as made:
        yield made


def look() -> Json:
    """Topics, who is subscribed how, rules with their targets, queues, and who may write to them."""
    sns, sqs, events = client("sns"), client("sqs"), client("events")
    rules = [one["Name"] for one in events.list_rules(EventBusName="orders")["Rules"]]
    urls = sorted(sqs.list_queues()["QueueUrls"])
    told = [
        sns.get_subscription_attributes(SubscriptionArn=one["SubscriptionArn"])["Attributes"]
        for one in sns.list_subscriptions()["Subscriptions"]
    ]
    rights = client("iam").get_role_policy(RoleName="checkout", PolicyName="sends")["PolicyDocument"]
    return {
        "rights": sorted(json.dumps(one, sort_keys=True) for one in statements_in(rights)),
        "rules": {one: events.list_targets_by_rule(Rule=one, EventBusName="orders")["Targets"] for one in rules},
        "topics": sorted(one["TopicArn"] for one in sns.list_topics()["Topics"]),
        "subscriptions": sorted(
            str({name: one[name] for name in one if name != "SubscriptionArn"}) for one in told
        ),
        "queues": {
            url: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes")
            for url in urls
        },
    }


def survive(world: World, example: str, rounds: Callable[[int], list[Round]]) -> None:
    playbook, inputs = EXAMPLES[example]
    over = ("still-in-use",) if playbook == "fanout-finish" else ()
    start, plan, journal = look(), world.plan(playbook, inputs, over), MemoryJournal()

    def then(one: Round) -> None:
        if one.resumed:
            run(plan, world.aws, world, journal)
            assert world.plan(playbook, inputs, over).changes == (), one
        undo(plan, world, journal)
        assert look() == start, one

    through(world, rounds(len(plan.changes)), lambda aws: run(plan, aws, world, journal), then, journal=journal)


@pytest.mark.parametrize("example", EXAMPLES)
def test_resumed_it_reaches_the_end_and_undone_the_start_after_another_fault_at_each_call(
    world: World, example: str
) -> None:
    survive(world, example, lambda calls: sampled(f"fanout-{example}", calls))


@pytest.mark.exhaustive
@pytest.mark.parametrize("example", EXAMPLES)
def test_resumed_it_reaches_the_end_and_undone_the_start_whatever_call_fails(world: World, example: str) -> None:
    survive(world, example, every)
