"""`dlq-attach` for each kind of source: applied, applied again, undone; every call of it against every fault."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from opsctl.model.errors import OpsctlError
from opsctl.model.value import Json
from opsctl.sandbox import rules_queue_settings
from tests.faults.test_actions import run, undo
from tests.kit.failing_world import attachments, make_sources, subscription
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import FAULTS, Faulty, Killed, MemoryJournal
from tests.kit.queues import attribute, queue, send

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


def test_a_schedule_that_began_long_ago_is_attached_without_the_date_that_scheduler_takes_no_more() -> None:
    from moto.scheduler.models import scheduler_backends

    with fresh_world(make_sources) as world:
        account = client("sts").get_caller_identity()["Account"]
        (schedules,) = [one.schedules for one in scheduler_backends[account]["us-east-1"].schedule_groups.values()]
        schedules["report"].start_date = world.clock.now() - 86_400
        plan, journal = world.plan("dlq-attach", {"source": "schedule:report"}), MemoryJournal()
        run(plan, world.aws, world, journal)
        now = client("scheduler").get_schedule(Name="report")
        assert ("DeadLetterConfig" in now["Target"], "StartDate" in now) == (True, False)
        assert now["EndDate"].year == 2099, "everything else stays"
        undo(plan, world, journal)
        assert "DeadLetterConfig" not in client("scheduler").get_schedule(Name="report")["Target"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("example", EXAMPLES)
def test_resume_reaches_the_end_and_undo_the_start_whatever_call_fails(
    world: World, example: str, fault: str
) -> None:
    asked, start = inputs(example), attachments(client)
    # Each round ends where it began, so that one plan serves them all.
    plan = world.plan("dlq-attach", asked)
    assert plan.changes
    for at in range(1, len(plan.changes) + 1):
        journal = MemoryJournal()
        with suppress(OpsctlError, Killed):
            run(plan, Faulty(world.aws, fault, at), world, journal)
        if (at + FAULTS.index(fault)) % 2:
            run(plan, world.aws, world, journal)
            assert world.plan("dlq-attach", asked).changes == (), f"resumed after {fault} at call {at}"
        undo(plan, world, journal)
        assert attachments(client) == start, f"undone after {fault} at call {at}"


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
