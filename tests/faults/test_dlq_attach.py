"""`dlq-attach` for each kind of source: applied, applied again, undone; every call of it against every fault."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from opsctl.model.errors import OpsctlError
from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import Durations
from opsctl.sandbox.rules import queue_settings as rules_queue_settings
from tests.kit.failing_world import attachments, make_sources, subscription
from tests.kit.fault_rounds import Round, every, sampled
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import MemoryJournal
from tests.kit.queues import arn, attribute, queue, send
from tests.kit.survival import through
from tests.kit.timed import MovingClock, timed_world

EXAMPLES: dict[str, Callable[[], str]] = {
    "queue": lambda: "orders",
    "fifo-queue": lambda: "ledger.fifo",
    "function": lambda: "function:resize",
    "subscription": lambda: subscription(client),
    "target": lambda: "rule:nightly#b",
    "schedule": lambda: "schedule:report",
}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with fresh_world(make_sources) as made:
        yield made


def statements(name: str) -> list[dict[str, Json]]:
    url = client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    found: list[dict[str, Json]] = json.loads(attribute(url, "Policy"))["Statement"]
    return found


def inputs(example: str) -> dict[str, Json]:
    # The alarm is the same change whatever the source.
    return {"source": EXAMPLES[example]()} | ({"alarm": "oncall"} if example == "queue" else {})


@pytest.mark.parametrize("example", EXAMPLES)
def test_applied_twice_changes_nothing_and_undone_is_as_before(world: World, example: str) -> None:
    start, asked, journal = attachments(client), inputs(example), MemoryJournal()
    plan = world.plan("dlq-attach", asked)
    run(plan, world.aws, world, journal)
    end = attachments(client)
    assert end != start
    assert world.plan("dlq-attach", asked).changes == (), "planning again finds everything in place"
    run(plan, world.aws, world, MemoryJournal())
    assert attachments(client) == end
    undo(plan, world, journal)
    assert attachments(client) == start


DAY_S = 86_400


@contextmanager
def scheduled(expression: str, **dates: float) -> Iterator[World]:
    """A schedule whose dates lie so many seconds from now; those of the past can no longer be asked for."""
    from moto.scheduler.models import scheduler_backends

    with timed_world(make_sources) as (world, about):
        world.clock = MovingClock(about)
        groups = scheduler_backends[world.account]["us-east-1"].schedule_groups
        (schedules,) = [one.schedules for one in groups.values()]
        schedules["report"].schedule_expression = expression
        for name, from_now in dates.items():
            setattr(schedules["report"], name, world.clock.now() + from_now)
        yield world


@pytest.mark.parametrize(
    ("expression", "dates", "kept"),
    [
        ("cron(0 3 * * ? *)", {"start_date": -DAY_S}, (False, True)),
        ("cron(0 3 * * ? *)", {"start_date": -60}, (True, True)),
        ("rate(1 hour)", {"start_date": DAY_S}, (True, True)),
        ("at(2026-12-24T18:00:00)", {"start_date": -DAY_S, "end_date": -60}, (False, False)),
    ],
)
def test_a_schedule_is_attached_without_the_dates_that_scheduler_takes_no_more(
    expression: str, dates: dict[str, float], kept: tuple[bool, bool]
) -> None:
    with scheduled(expression, **dates) as world:
        plan, journal = world.plan("dlq-attach", {"source": "schedule:report"}), MemoryJournal()
        run(plan, world.aws, world, journal)
        now = client("scheduler").get_schedule(Name="report")
        assert "DeadLetterConfig" in now["Target"]
        assert ("StartDate" in now, "EndDate" in now) == kept
        undo(plan, world, journal)
        assert "DeadLetterConfig" not in client("scheduler").get_schedule(Name="report")["Target"]


def test_a_rate_that_would_be_counted_anew_is_asked_for() -> None:
    with scheduled("rate(1 hour)", start_date=-DAY_S) as world:
        with pytest.raises(OpsctlError, match="refused by restarts"):
            world.plan("dlq-attach", {"source": "schedule:report"})
        run(
            world.plan("dlq-attach", {"source": "schedule:report"}, overrides=("restarts",)),
            world.aws,
            world,
            MemoryJournal(),
        )
        now = client("scheduler").get_schedule(Name="report")
        assert ("DeadLetterConfig" in now["Target"], "StartDate" in now) == (True, False)


@pytest.mark.parametrize("expression", ["cron(0 3 * * ? *)", "rate(1 hour)"])
def test_a_schedule_that_has_ended_is_not_set_going_again(expression: str) -> None:
    with scheduled(expression, end_date=-60) as world:
        with pytest.raises(OpsctlError, match="refused by ended"):
            world.plan("dlq-attach", {"source": "schedule:report"})
        assert client("scheduler").get_schedule(Name="report")["EndDate"]


def test_the_queue_for_a_standard_subscriber_of_a_fifo_topic_is_a_standard_one() -> None:
    with fresh_world() as world:
        sns = client("sns")
        topic = sns.create_topic(Name="prices.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
        made = {}
        for name in ("plain", "ordered.fifo"):
            endpoint = arn(queue(name))
            made[name] = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=endpoint)["SubscriptionArn"]
            run(world.plan("dlq-attach", {"source": made[name]}), world.aws, world, MemoryJournal())
        targets = [
            json.loads(sns.get_subscription_attributes(SubscriptionArn=one)["Attributes"]["RedrivePolicy"])
            for one in made.values()
        ]
        names = [one["deadLetterTargetArn"].rpartition(":")[2] for one in targets]
        assert names == ["prices-plain-dlq", "prices-ordered-dlq.fifo"]
        with pytest.raises(
            client("sns").exceptions.InvalidParameterException, match="must use a FIFO queue as DLQ"
        ):
            sns.set_subscription_attributes(
                SubscriptionArn=made["ordered.fifo"],
                AttributeName="RedrivePolicy",
                AttributeValue=json.dumps(targets[0]),
            )


def survive(world: World, example: str, rounds: Callable[[int], list[Round]]) -> None:
    asked = inputs(example)
    start, plan, journal = attachments(client), world.plan("dlq-attach", asked), MemoryJournal()
    assert plan.changes

    def then(one: Round) -> None:
        if one.resumed:
            run(plan, world.aws, world, journal)
            assert world.plan("dlq-attach", asked).changes == (), one
        undo(plan, world, journal)
        assert attachments(client) == start, one

    through(world, rounds(len(plan.changes)), lambda aws: run(plan, aws, world, journal), then, journal=journal)


@pytest.mark.parametrize("example", EXAMPLES)
def test_resume_reaches_the_end_and_undo_the_start_after_another_fault_at_each_call(
    world: World, example: str
) -> None:
    survive(world, example, lambda calls: sampled(example, calls))


@pytest.mark.exhaustive
@pytest.mark.parametrize("example", EXAMPLES)
def test_resume_reaches_the_end_and_undo_the_start_whatever_call_fails(world: World, example: str) -> None:
    survive(world, example, every)


def test_what_others_added_in_between_stays_and_so_does_the_queue_they_use(world: World) -> None:
    start, journal = attachments(client), MemoryJournal()
    plan = world.plan("dlq-attach", inputs("target"))
    run(plan, world.aws, world, journal)
    other, other_journal = (
        world.plan("dlq-attach", {"source": "rule:nightly#a", "dlq": "nightly-b-dlq"}),
        MemoryJournal(),
    )
    (first,) = [one["Sid"] for one in statements("nightly-b-dlq")]
    run(other, world.aws, world, other_journal)
    sids = [one["Sid"] for one in statements("nightly-b-dlq")]
    assert len(sids) == 2, "each target has a statement of its own, so that undoing one leaves the other"
    undo(plan, world, journal)
    targets = client("events").list_targets_by_rule(Rule="nightly")["Targets"]
    assert [one["Sid"] for one in statements("nightly-b-dlq")] == [sid for sid in sids if sid != first]
    assert [("DeadLetterConfig" in one) for one in targets] == [True, False]
    undo(other, world, other_journal)
    url = client("sqs").get_queue_url(QueueName="nightly-b-dlq")["QueueUrl"]
    client("sqs").delete_queue(QueueUrl=url)
    assert attachments(client) == start


def test_an_undo_never_deletes_a_queue_that_holds_messages(world: World) -> None:
    journal = MemoryJournal()
    plan = world.plan("dlq-attach", {"source": "orders"})
    run(plan, world.aws, world, journal)
    url = client("sqs").get_queue_url(QueueName="orders-dlq")["QueueUrl"]
    send(url)
    undo(plan, world, journal)
    assert client("sqs").get_queue_url(QueueName="orders-dlq")["QueueUrl"] == url
    assert world.plan("dlq-attach", {"source": "orders"}).changes
    client("sqs").delete_queue(QueueUrl=url)


def test_another_dead_letter_queue_is_replaced_only_when_asked_and_put_back_by_undo(world: World) -> None:
    first, journal = world.plan("dlq-attach", {"source": "function:resize"}), MemoryJournal()
    run(first, world.aws, world, journal)
    start = attachments(client)
    asked = {"source": "function:resize", "dlq": "other"}
    with pytest.raises(OpsctlError, match="refused by has-another-dlq"):
        world.plan("dlq-attach", asked)
    plan, again = world.plan("dlq-attach", asked, overrides=("has-another-dlq",)), MemoryJournal()
    run(plan, world.aws, world, again)
    assert attachments(client) != start
    undo(plan, world, again)
    assert attachments(client) == start
    undo(first, world, journal)


def test_a_queue_deleted_a_moment_ago_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules_queue_settings, "COOL_DOWN_S", 60)
    monkeypatch.setattr(rules_queue_settings, "now", world.clock.now)
    client("sqs").delete_queue(QueueUrl=queue("fresh-dlq"))
    plan, journal = world.plan("dlq-attach", {"source": "orders", "dlq": "fresh-dlq"}), MemoryJournal()
    before = world.clock.now()
    run(plan, world.aws, world, journal)
    assert 50 <= world.clock.now() - before <= 90
    undo(plan, world, journal)


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_queue_that_is_not_known_everywhere_at_first_is_waited_for(example: str) -> None:
    with timed_world(make_sources, durations=Durations(queue=15)) as (world, about):
        world.clock = MovingClock(about)
        start, asked, journal = attachments(client), inputs(example), MemoryJournal()
        plan = world.plan("dlq-attach", asked)
        run(plan, world.aws, world, journal)
        world.clock.sleep(20)
        assert world.plan("dlq-attach", asked).changes == ()
        undo(plan, world, journal)
        assert attachments(client) == start
