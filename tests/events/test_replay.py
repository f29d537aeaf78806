"""Replays with boto3 as the witness: only who was named gets events, one replay a plan, nothing is left behind."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from opsctl.model.errors import InvalidInput, OpsctlError, RefusedByGuard, Unproved
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import QUICK, Conditions
from opsctl.sandbox.worlds.outage import BUS, make_outage
from tests.kit.ha_account import undo
from tests.kit.job_runs import carry_out
from tests.kit.moto_account import World, client
from tests.kit.outage import ago, let_pass, orders_in, put_orders
from tests.kit.ports import Faulty, Killed, MemoryJournal, Wrapping
from tests.kit.queues import EVENTS_MAY_SEND, queue
from tests.kit.timed import MovingClock, move, timed_world


@dataclass
class Outage:
    """An account a day after it was made, and what a replay there is asked for."""

    world: World
    about: Conditions
    path: Path

    def plan(self, *, accept: tuple[str, ...] = (), **more: Json) -> Plan:
        """Plan a replay of the hour before."""
        span = {"bus": BUS, "start": ago(self.about, 1), "end": ago(self.about, 0.2)}
        return self.world.plan("events-replay", span | more, accept)

    def run(self, plan: Plan, journal: MemoryJournal, aws: Aws | None = None, stop_after: int = 10**6) -> None:
        """Apply, or go on; somebody interrupts after so many looks at whether anybody did."""
        looks = iter(range(10**6))
        carry_out(plan, self.world, journal, self.path, aws, stopping=lambda: next(looks) >= stop_after)


@pytest.fixture
def outage(tmp_path: Path) -> Iterator[Outage]:
    with timed_world(make_outage) as (world, about):
        let_pass(about, 24)
        world.clock = MovingClock(about)
        about.durations = QUICK
        yield Outage(world, about, tmp_path)


def url_of(name: str) -> str:
    found: str = client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    return found


def replays() -> list[tuple[str, str]]:
    return [(one["ReplayName"], one["State"]) for one in client("events").list_replays()["Replays"]]


def rules() -> set[str]:
    return {one["Name"] for one in client("events").list_rules(EventBusName=BUS)["Rules"]}


def second_rule() -> str:
    """Another rule for the same orders, with a queue of its own."""
    url = queue("shipping", Policy=EVENTS_MAY_SEND)
    arn = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = json.dumps({"source": ["shop.orders"]})
    client("events").put_rule(Name="ship-orders", EventBusName=BUS, EventPattern=pattern)
    client("events").put_targets(Rule="ship-orders", EventBusName=BUS, Targets=[{"Id": "q", "Arn": arn}])
    return url


def test_a_rule_that_was_named_gets_the_events_and_another_rules_queue_stays_empty(outage: Outage) -> None:
    put_orders(outage.about, 101, 102, minutes_ago=50)
    orders_in(url_of("order-bills"))
    shipping = second_rule()
    plan, journal = outage.plan(rules=["bill-orders"]), MemoryJournal()
    outage.run(plan, journal)
    assert orders_in(url_of("order-bills")) == [101, 102]
    assert orders_in(shipping) == []
    (started,) = client("events").list_replays()["Replays"]
    told = client("events").describe_replay(ReplayName=started["ReplayName"])
    assert (started["ReplayName"], told["State"]) == (plan.id, "COMPLETED")
    assert [one.rpartition("rule/")[2] for one in told["Destination"]["FilterArns"]] == [f"{BUS}/bill-orders"]
    assert "failed deliveries: unknown" in str(journal.records)


def test_a_start_whose_answer_was_lost_is_found_again_and_not_made_twice(outage: Outage) -> None:
    put_orders(outage.about, 101, minutes_ago=50)
    orders_in(url_of("order-bills"))
    for fault in ("lost-after", "killed-after"):
        plan, journal = outage.plan(rules=["bill-orders"]), MemoryJournal()
        with suppress(Killed):
            outage.run(plan, journal, Faulty(outage.world.aws, fault, 1))
        outage.run(plan, journal)
        assert [name for name, _ in replays()].count(plan.id) == 1
        assert orders_in(url_of("order-bills")) == [101]


def test_a_window_before_the_archive_or_beyond_its_days_is_refused_with_both_times(outage: Outage) -> None:
    with pytest.raises(RefusedByGuard) as caught:
        outage.plan(rules=["bill-orders"], start=ago(outage.about, 30))
    assert "not-archived" in str(caught.value)
    said = str([one.evidence for one in caught.value.guards])
    assert "was made at" in said
    assert ago(outage.about, 30) in said
    let_pass(outage.about, 40 * 24)
    with pytest.raises(RefusedByGuard) as caught:
        outage.plan(rules=["bill-orders"], start=ago(outage.about, 31 * 24))
    assert "keeps 30 days" in str([one.evidence for one in caught.value.guards])


def test_the_last_ten_minutes_are_refused_unless_somebody_is_sure(outage: Outage) -> None:
    with pytest.raises(RefusedByGuard, match="fresh"):
        outage.plan(rules=["bill-orders"], end=ago(outage.about, 0.1))
    assert outage.plan(rules=["bill-orders"], end=ago(outage.about, 0.1), accept=("fresh",)).changes


def test_who_gets_the_events_is_said_once_and_can_get_them(outage: Outage) -> None:
    for more in ({}, {"rules": ["bill-orders"], "all_rules": True}, {"rules": ["x"], "into": "q"}):
        with pytest.raises(InvalidInput, match="one of them"):
            outage.plan(**more)
    with pytest.raises(InvalidInput, match="has no rule nobody"):
        outage.plan(rules=["nobody"])
    with pytest.raises(InvalidInput, match="begins at"):
        outage.plan(rules=["bill-orders"], end=ago(outage.about, 1))
    with pytest.raises(InvalidInput, match="time and zone"):
        outage.plan(rules=["bill-orders"], end="2026-01-01T00:00:00")
    pattern = json.dumps({"source": ["shop.orders"], "replay-name": [{"exists": False}]})
    client("events").put_rule(Name="once", EventBusName=BUS, EventPattern=pattern)
    client("events").disable_rule(Name="bill-orders", EventBusName=BUS)
    for name in ("once", "bill-orders"):
        with pytest.raises(RefusedByGuard, match="useless"):
            outage.plan(rules=[name])


def test_all_rules_are_severe_and_a_mail_that_comes_twice_has_to_be_accepted(outage: Outage) -> None:
    plan = outage.plan(all_rules=True)
    assert plan.changes[0].risk.severity == "severe"
    assert plan.changes[0].risk.affects == ("bill-orders", "mail-customers")
    (found,) = [one for one in plan.warnings if one.pending]
    assert found.id == "repeats"
    assert "tells email again" in str(found)
    assert "repeats" not in {one.id for one in outage.plan(rules=["bill-orders"]).warnings}


def test_into_a_queue_reaches_nobody_else_and_leaves_nothing_behind(outage: Outage) -> None:
    put_orders(outage.about, 101, minutes_ago=50)
    put_orders(outage.about, 7, minutes_ago=50, source="shop.stock")
    orders_in(url_of("order-bills"))
    again, before = queue("again"), rules()
    plan = outage.plan(into="again", pattern='{"source": ["shop.orders"]}')
    outage.run(plan, MemoryJournal())
    assert orders_in(again) == [101]
    assert orders_in(url_of("order-bills")) == []
    assert rules() == before
    assert "Policy" not in client("sqs").get_queue_attributes(QueueUrl=again, AttributeNames=["All"])["Attributes"]


def test_a_live_event_never_goes_through_the_rule_of_a_replay(outage: Outage) -> None:
    again = queue("again")
    plan, journal = outage.plan(into="again"), MemoryJournal()
    with pytest.raises(Killed):
        outage.run(plan, journal, Faulty(outage.world.aws, "killed-before", 4))
    put_orders(outage.about, 500)
    assert orders_in(again) == []
    undo_all(outage, plan, journal)


def undo_all(outage: Outage, plan: Plan, journal: MemoryJournal) -> None:
    before = rules()
    undo(plan, outage.world, journal)
    assert rules() == {one for one in before if not one.startswith("opsctl-replay")}


def test_a_replay_that_aws_refuses_takes_its_rule_and_permission_away_by_itself(outage: Outage) -> None:
    outage.about.durations = replace(QUICK, replay_start=86_400)
    events = client("events")
    arn = f"arn:aws:events:us-east-1:{outage.world.account}"
    for number in range(10):
        events.start_replay(
            ReplayName=f"busy-{number}",
            EventSourceArn=f"{arn}:archive/orders-archive",
            EventStartTime=ago(outage.about, 2),
            EventEndTime=ago(outage.about, 1),
            Destination={"Arn": f"{arn}:event-bus/{BUS}"},
        )
    again, before = queue("again"), rules()
    with pytest.raises(OpsctlError, match="taken back"):
        outage.run(outage.plan(into="again"), MemoryJournal())
    assert rules() == before
    assert "Policy" not in client("sqs").get_queue_attributes(QueueUrl=again, AttributeNames=["All"])["Attributes"]


def test_interrupted_it_is_cancelled_and_says_up_to_when_it_had_sent(outage: Outage) -> None:
    for number in range(6):
        put_orders(outage.about, number, minutes_ago=50 - number)
    orders_in(url_of("order-bills"))
    outage.about.durations = replace(QUICK, replay_interval=60)
    plan, journal = outage.plan(rules=["bill-orders"]), MemoryJournal()
    with pytest.raises(OpsctlError):
        outage.run(plan, journal, stop_after=8)
    assert "cancelled: sent up to" in str(journal.records)
    move(outage.about, 600)
    assert replays() == [(plan.id, "CANCELLED")]
    undo(plan, outage.world, journal)
    assert replays() == [(plan.id, "CANCELLED")]
    assert 0 < len(orders_in(url_of("order-bills"))) < 6


def test_killed_while_it_watches_it_is_gone_on_with_and_ends_as_it_would_have(outage: Outage) -> None:
    put_orders(outage.about, 101, minutes_ago=50)
    orders_in(url_of("order-bills"))
    again = queue("again")
    plan, journal, before = outage.plan(into="again"), MemoryJournal(), rules()

    class Dying(Wrapping):
        def read(self, read):  # type: ignore[no-untyped-def]
            if read.operation == "DescribeReplay" and replays() == [(plan.id, "RUNNING")]:
                raise Killed
            return super().read(read)

    outage.about.durations = replace(QUICK, replay_interval=30)
    with pytest.raises(Killed):
        outage.run(plan, journal, Dying(outage.world.aws))
    outage.run(plan, journal)
    assert replays() == [(plan.id, "COMPLETED")]
    assert orders_in(again) == [101]
    assert rules() == before


def test_one_that_somebody_cancels_ends_the_run_with_a_failure_and_without_its_rule(outage: Outage) -> None:
    put_orders(outage.about, 101, minutes_ago=50)
    queue("again")
    plan, before = outage.plan(into="again"), rules()

    class Cancelling(Wrapping):
        def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
            answer = super().write(service, operation, params, region)
            if operation == "StartReplay":
                client("events").cancel_replay(ReplayName=plan.id)
            return answer

    with pytest.raises(OpsctlError, match="neither failed nor was cancelled"):
        outage.run(plan, MemoryJournal(), Cancelling(outage.world.aws))
    assert rules() == before


def test_a_target_that_aws_did_not_take_though_it_answered_ends_the_run_as_unproved(outage: Outage) -> None:
    queue("again")
    plan, journal, before = outage.plan(into="again"), MemoryJournal(), rules()

    class HalfTaken(Wrapping):
        def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
            if operation == "PutTargets":
                return {"FailedEntryCount": 1, "FailedEntries": [{"TargetId": "opsctl", "ErrorCode": "Internal"}]}
            return super().write(service, operation, params, region)

    with pytest.raises(Unproved):
        outage.run(plan, journal, HalfTaken(outage.world.aws))
    assert replays() == []
    undo(plan, outage.world, journal)
    assert rules() == before


def test_a_queue_whose_policy_has_no_room_is_refused(outage: Outage) -> None:
    statement = json.loads(EVENTS_MAY_SEND)["Statement"][0]
    for count in (19, 20):
        statements = [statement | {"Sid": f"s{number}"} for number in range(count)]
        url = queue(f"room-{count}", Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
        assert url
    let_pass(outage.about, 0.01)
    assert outage.plan(into="room-19").changes
    with pytest.raises(RefusedByGuard, match="queue-refused"):
        outage.plan(into="room-20")
