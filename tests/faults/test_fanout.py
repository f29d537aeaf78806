"""fanout against every fault: resumed it reaches the end, undone the start, and nothing of others is lost."""

from collections.abc import Callable, Iterator

import pytest

from opsctl.model.value import Json
from tests.kit.fault_rounds import Round, every, sampled
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import MemoryJournal
from tests.kit.survival import through

EXAMPLES: dict[str, tuple[str, dict[str, Json]]] = {
    "a new topic": ("fanout-create", {"topic": "orders", "queues": ["billing"]}),
    "a topic of others": ("fanout-create", {"topic": "theirs", "queues": ["billing"], "raw": True}),
    "rules of a bus": (
        "fanout-route",
        {"bus": "orders", "queues": ["billing"], "patterns": ['billing={"detail-type": ["paid"]}']},
    ),
    "taken off": ("fanout-remove", {"topic": "theirs", "queues": ["shipping"]}),
}


def make_queues(_: object) -> None:
    """Two queues, a bus, and a topic to which somebody subscribed the other queue."""
    client("events").create_event_bus(Name="orders")
    urls = [client("sqs").create_queue(QueueName=name)["QueueUrl"] for name in ("billing", "shipping")]
    arn = client("sqs").get_queue_attributes(QueueUrl=urls[1], AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    topic = client("sns").create_topic(Name="theirs")["TopicArn"]
    client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )


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
    return {
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
    start, plan, journal = look(), world.plan(playbook, inputs), MemoryJournal()

    def then(one: Round) -> None:
        if one.resumed:
            run(plan, world.aws, world, journal)
            assert world.plan(playbook, inputs).changes == (), one
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
