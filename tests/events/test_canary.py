"""A canary of a fan-out with boto3 as the witness: it is seen in each queue, and nothing else is touched."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from opsctl.events.canary_messages import bus_canary, topic_canary
from opsctl.events.jobs.fanout_canary import CanaryQueue, FanoutCanary
from opsctl.model.errors import OpsctlError, RefusedByGuard, Unproved
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.value import Json
from opsctl.resources.event_patterns import Pattern, parsed
from opsctl.resources.sns_filters import FilterPolicy
from tests.kit.job_runs import carry_out
from tests.kit.moto_account import World, client, server
from tests.kit.ports import Faulty, Killed, MemoryJournal, Wrapping
from tests.kit.samples import part_of
from tests.kit.timed import MovingClock, timed_world

PAID = 'billing={"kind": ["paid"]}'


def make_queues(_: object) -> None:
    """Queues of both types, and a bus."""
    client("events").create_event_bus(Name="orders")
    for name in ("billing", "audit"):
        client("sqs").create_queue(QueueName=name)
    by_content = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    client("sqs").create_queue(QueueName="ledger.fifo", Attributes=by_content)


@pytest.fixture
def world() -> Iterator[World]:
    with timed_world(make_queues) as (made, about):
        made.clock = MovingClock(about)
        yield made


def url(name: str) -> str:
    found: str = client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    return found


def bodies(name: str) -> list[str]:
    """What is in a queue, received until nothing comes any more."""
    found = []
    while told := client("sqs").receive_message(QueueUrl=url(name), MaxNumberOfMessages=10).get("Messages"):
        found += [one["Body"] for one in told]
    return found


@dataclass
class Fan:
    """An account in which fan-outs are made and tried."""

    world: World
    path: Path

    def carry(self, plan: Plan, journal: MemoryJournal | None = None, aws: Aws | None = None) -> None:
        """Carry out a plan, or go on with it."""
        carry_out(plan, self.world, journal or MemoryJournal(), self.path, aws)

    def make(self, **wish: Json) -> None:
        """Make a fan-out without a canary."""
        self.carry(self.world.plan("fanout-create", wish))

    def tried(self, playbook: str, **wish: Json) -> Plan:
        """Make a fan-out with one."""
        plan = self.world.plan(playbook, wish | {"canary": True})
        assert plan.changes[-1].operation == "fanout.canary"
        self.carry(plan)
        return plan


@pytest.fixture
def fan(world: World, tmp_path: Path) -> Fan:
    return Fan(world, tmp_path)


@pytest.mark.parametrize(
    ("playbook", "wish"),
    [
        ("fanout-create", {"topic": "t", "queues": ["billing", "audit"]}),
        ("fanout-create", {"topic": "t", "queues": ["billing", "audit"], "raw_delivery": True, "filters": [PAID]}),
        (
            "fanout-create",
            {"topic": "t", "queues": ["billing"], "filters": [PAID], "scope": "MessageBody"},
        ),
        ("fanout-create", {"topic": "t.fifo", "queues": ["ledger.fifo", "billing"]}),
        (
            "fanout-route",
            {
                "bus": "orders",
                "queues": ["billing", "ledger.fifo"],
                "patterns": ['billing={"detail-type": ["paid"]}'],
            },
        ),
    ],
)
def test_it_is_seen_in_each_queue_and_taken_out(fan: Fan, playbook: str, wish: dict[str, Json]) -> None:
    fan.tried(playbook, **wish)
    for name in ("billing", "audit", "ledger.fifo"):
        assert bodies(name) == []


def test_what_others_sent_is_released(fan: Fan) -> None:
    client("sqs").send_message(QueueUrl=url("billing"), MessageBody="theirs")
    plan = fan.tried("fanout-create", topic="t", queues=["billing"])
    assert any(one.id == "canary-busy" for one in plan.warnings)
    assert bodies("billing") == ["theirs"]


def test_what_others_sent_is_received_once_however_long_it_takes(fan: Fan) -> None:
    dead = client("sqs").create_queue(QueueName="dead")["QueueUrl"]
    arn = client("sqs").get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
    client("sqs").set_queue_attributes(QueueUrl=url("billing"), Attributes={"RedrivePolicy": redrive})
    client("sqs").send_message(QueueUrl=url("billing"), MessageBody="theirs")
    fan.make(topic="t", queues=["billing"])
    client("sqs").set_queue_attributes(QueueUrl=url("billing"), Attributes={"Policy": ""})
    client("sns").set_subscription_attributes(
        SubscriptionArn=client("sns").list_subscriptions()["Subscriptions"][0]["SubscriptionArn"],
        AttributeName="RedrivePolicy",
        AttributeValue=json.dumps({"deadLetterTargetArn": arn.replace("dead", "audit")}),
    )
    with pytest.raises(Unproved, match="not seen in time"):
        fan.tried("fanout-create", topic="t", queues=["billing"])
    told = client("sqs").receive_message(QueueUrl=url("billing"), AttributeNames=["All"])["Messages"]
    assert [(one["Body"], one["Attributes"]["ApproximateReceiveCount"]) for one in told] == [("theirs", "2")]


def test_a_queue_with_many_messages_or_with_some_that_may_be_received_once_is_refused(fan: Fan) -> None:
    for _ in range(11):
        client("sqs").send_message(QueueUrl=url("billing"), MessageBody="theirs")
    with pytest.raises(RefusedByGuard, match="canary-crowded"):
        fan.tried("fanout-create", topic="t", queues=["billing"])


def test_without_it_nothing_is_sent(fan: Fan) -> None:
    fan.make(topic="t", queues=["billing"])
    assert bodies("billing") == []


def test_what_could_not_be_delivered_is_found_in_the_dead_letter_queue_and_proves_nothing(fan: Fan) -> None:
    fan.make(topic="t", queues=["billing"])
    client("sqs").set_queue_attributes(QueueUrl=url("billing"), Attributes={"Policy": ""})
    with pytest.raises(Unproved, match="could not be delivered"):
        fan.tried("fanout-create", topic="t", queues=["billing"])
    assert bodies("billing-undelivered") == []


def test_one_that_a_consumer_took_proves_nothing(fan: Fan) -> None:
    def consume(api: str) -> None:
        if api.endswith("ReceiveMessage"):
            server().before = None
            told = client("sqs").receive_message(QueueUrl=url("billing"))
            for one in told["Messages"]:
                took.append(one["Body"])
                client("sqs").delete_message(QueueUrl=url("billing"), ReceiptHandle=one["ReceiptHandle"])

    took: list[str] = []
    server().before = consume
    try:
        with pytest.raises(Unproved, match="a consumer may have taken it"):
            fan.tried("fanout-create", topic="t", queues=["billing"])
    finally:
        server().before = None
    assert len(took) == 1


def test_who_else_is_subscribed_has_to_be_accepted(fan: Fan) -> None:
    fan.make(topic="t", queues=["audit"])
    plan = fan.world.plan("fanout-create", {"topic": "t", "queues": ["billing"], "canary": True})
    assert plan.pending == ("canary-to-others",)
    assert fan.world.plan("fanout-create", {"topic": "t", "queues": ["billing"]}).pending == ()


FILTERS: list[tuple[Json, bool]] = [
    ({"kind": ["paid", "sent"]}, True),
    ({"total": [{"numeric": [">=", 10]}]}, True),
    ({"kind": [{"prefix": "pa"}], "region": [{"exists": True}]}, True),
    ({"kind": [{"anything-but": ["sent"]}]}, True),
    ({"kind": [{"exists": False}]}, True),
    ({"kind": [{"anything-but": ["opsctl-canary"]}]}, False),
    ({"total": [{"numeric": [">", 10, "<", 11]}]}, False),
]


@pytest.mark.parametrize(("policy", "passes"), FILTERS)
def test_a_message_passes_the_filter_or_it_is_said_that_none_does(policy: Json, passes: bool) -> None:
    text = json.dumps(policy)
    made = topic_canary("arn:aws:sns:us-east-1:1:t", "m", {"billing": text}, "MessageAttributes")
    told = made.sends[0].params
    assert FilterPolicy(text).takes(str(told["Message"]), told["MessageAttributes"]) is passes
    assert bool(made.untried) is not passes


def test_filters_that_no_message_passes_together_are_said() -> None:
    filters = {"a": '{"kind": ["paid"]}', "b": '{"kind": ["sent"]}'}
    made = topic_canary("arn:aws:sns:us-east-1:1:t", "m", filters, "MessageAttributes")
    assert [one.partition(":")[0] for one in made.untried] == ["b"]


def test_an_event_is_put_for_each_pattern_that_one_can_be_put_for() -> None:
    patterns: dict[str, Json] = {
        "all": {"source": [{"prefix": ""}]},
        "paid": {"detail-type": ["paid"], "detail": {"total": [{"numeric": [">=", 10]}]}},
        "s3": {"source": ["aws.s3"]},
    }
    made = bus_canary("orders", "m", patterns, {"account": "1", "region": "us-east-1"})
    entries = [entry for one in made.sends for entry in one.params["Entries"]]
    assert [one.partition(":")[0] for one in made.untried] == ["s3"]
    events = [
        parsed(
            json.dumps(
                {"source": one["Source"], "detail-type": one["DetailType"], "detail": json.loads(one["Detail"])}
            )
        )
        for one in entries
    ]
    for name in ("all", "paid"):
        assert any(Pattern(json.dumps(patterns[name])).matches(one) for one in events)


def test_a_bus_that_refuses_an_entry_ends_it(fan: Fan) -> None:
    send = {"operation": "PutEvents", "params": {"Entries": [{"Source": "s", "DetailType": "t", "Detail": "{"}]}}
    plan = fan.world.plan("fanout-route", {"bus": "orders", "queues": ["billing"], "canary": True})
    *before, last = plan.changes
    job = FanoutCanary(
        mark="m", service="events", sends=[send], queues=(CanaryQueue(name="billing", url=url("billing")),)
    )
    broken = last.model_copy(update={"params": job.model_dump(mode="json")})
    with pytest.raises(OpsctlError, match=r"not sent: Detail is malformed"):
        fan.carry(plan.model_copy(update={"changes": (*before, broken)}))


STOPPED = list(product(("killed-before", "killed-after", "lost-after", "lost-before"), (5, 6, 7)))


@pytest.mark.parametrize(("fault", "call"), part_of(4, "canary", STOPPED))
def test_stopped_and_resumed_it_is_taken_out_everywhere(fan: Fan, fault: str, call: int) -> None:
    plan = fan.world.plan("fanout-create", {"topic": "t", "queues": ["billing"], "canary": True})
    journal = MemoryJournal()
    with suppress(Killed, OpsctlError):
        fan.carry(plan, journal, Faulty(fan.world.aws, fault, call))
    fan.carry(plan, journal)
    assert journal.last(plan.changes[-1].id) == "done"
    assert bodies("billing") == []


def test_what_is_sent_anew_is_taken_out_where_the_first_was_seen_too(fan: Fan) -> None:
    """The first came to the one queue and not to the other, which is let in again before the run goes on."""
    fan.make(topic="t", queues=["billing", "audit"])
    policy = client("sqs").get_queue_attributes(QueueUrl=url("audit"), AttributeNames=["Policy"])["Attributes"]
    client("sqs").set_queue_attributes(QueueUrl=url("audit"), Attributes={"Policy": ""})
    plan = fan.world.plan("fanout-create", {"topic": "t", "queues": ["billing", "audit"], "canary": True})
    journal = MemoryJournal()
    with pytest.raises(Unproved, match="audit: it could not be delivered"):
        fan.carry(plan, journal)
    client("sqs").set_queue_attributes(QueueUrl=url("audit"), Attributes=policy)
    fan.carry(plan, journal)
    assert journal.last(plan.changes[-1].id) == "done"
    assert (bodies("billing"), bodies("audit")) == ([], [])


class OneAtATime(Wrapping):
    """SQS may hand out fewer messages than there are, and often does where there are few."""

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        few = {"MaxNumberOfMessages": 1} if operation == "ReceiveMessage" else {}
        return self.inner.write(service, operation, params | few, region)


def test_a_queue_that_gets_the_events_of_others_keeps_none_of_them(fan: Fan) -> None:
    wish: dict[str, Json] = {
        "bus": "orders",
        "queues": ["audit", "billing"],
        "patterns": [
            'audit={"source": [{"prefix": ""}]}',
            'billing={"detail-type": ["paid"], "source": ["shop"]}',
        ],
        "canary": True,
    }
    plan = fan.world.plan("fanout-route", wish)
    fan.carry(plan, aws=OneAtATime(fan.world.aws))
    assert (bodies("billing"), bodies("audit")) == ([], [])
