"""A replay of a custom event bus with boto3 as the witness: one queue gets the events, and no subscriber stays."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from opsctl.model.errors import InvalidInput, OpsctlError, RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.spans import utc
from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import Conditions
from opsctl.sandbox.worlds.shop_events import QUEUE, ROLE
from tests.kit.custom_bus import bus_arn, shipped, subscribers, world_of_a_custom_bus
from tests.kit.fault_rounds import Round, every, sampled
from tests.kit.ha_account import undo
from tests.kit.job_runs import carry_out
from tests.kit.moto_account import World, client
from tests.kit.outage import ago
from tests.kit.ports import Faulty, Killed, MemoryJournal
from tests.kit.queues import queue
from tests.kit.timed import move


@dataclass
class Shop:
    """The account, and what a replay there is asked for."""

    world: World
    about: Conditions
    path: Path

    def plan(self, **more: Json) -> Plan:
        """Plan a replay of the orders that were missed."""
        begun = client("eventbridgev2").describe_event_bus(EventBusArn=bus_arn())["CreationTime"]
        span = {"start": utc(begun), "end": utc(begun + timedelta(hours=1)), "settled": "1m"}
        return self.world.plan(
            "events-replay-custom-bus", {"bus": bus_arn(), "into": QUEUE, "role": ROLE} | span | more
        )

    def run(self, plan: Plan, journal: MemoryJournal, aws: Aws | None = None, stop_after: int = 10**6) -> None:
        """Apply, or go on; somebody interrupts after so many looks at whether anybody did."""
        looks = iter(range(10**6))
        place = self.path / plan.id
        place.mkdir(exist_ok=True)
        carry_out(plan, self.world, journal, place, aws, stopping=lambda: next(looks) >= stop_after)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with world_of_a_custom_bus() as (world, about):
        yield Shop(world, about, tmp_path)


def test_the_queue_gets_the_events_of_the_span_and_the_subscriber_goes(shop: Shop) -> None:
    plan, journal = shop.plan(), MemoryJournal()
    assert {one.id for one in plan.warnings} >= {"twice", "no-progress"}
    shop.run(plan, journal)
    assert shipped() == [1, 2, 3, 4, 5]
    assert subscribers() == []
    assert "about 5 messages" in str(journal.records)
    (made,) = [one for one in plan.changes if one.operation == "CreateSubscriber"]
    assert made.params["RetryPolicy"] == {"MaxRetryAttempts": 185, "MaxEventAgeInSeconds": 86_400}
    undo(plan, shop.world, journal)
    assert subscribers() == []


def test_interrupted_or_undone_the_subscriber_goes(shop: Shop) -> None:
    plan, journal = shop.plan(), MemoryJournal()
    with pytest.raises(OpsctlError):
        shop.run(plan, journal, stop_after=4)
    assert "the replay was ended" in str(journal.records)
    assert subscribers() == []
    plan, journal = shop.plan(), MemoryJournal()
    with suppress(Killed):
        shop.run(plan, journal, Faulty(shop.world.aws, "killed-after", 1))
    assert subscribers() == [f"opsctl-replay-{plan.id}"]
    undo(plan, shop.world, journal)
    assert subscribers() == []


def survive(shop: Shop, rounds: Callable[[int], list[Round]]) -> None:
    calls = sum(one.kind == "call" for one in shop.plan().changes)
    for one in rounds(calls):
        plan, journal = shop.plan(), MemoryJournal()
        with suppress(OpsctlError, Killed):
            shop.run(plan, journal, Faulty(shop.world.aws, one.fault, one.at))
        if one.resumed:
            shop.run(plan, journal)
            assert set(shipped()) == {1, 2, 3, 4, 5}, one
        undo(plan, shop.world, journal)
        assert subscribers() == [], one
        move(shop.about, 60)
        shipped()


def test_after_another_fault_at_each_call_no_subscriber_stays(shop: Shop) -> None:
    survive(shop, lambda calls: sampled("events-replay-custom-bus", calls))


@pytest.mark.exhaustive
def test_whatever_call_fails_no_subscriber_stays(shop: Shop) -> None:
    survive(shop, every)


def test_what_is_not_kept_a_role_that_may_not_and_wrong_names_are_refused(shop: Shop) -> None:
    with pytest.raises(RefusedByGuard, match="not-kept"):
        shop.plan(start=ago(shop.about, 30))
    queue("orders.fifo")
    move(shop.about, 5)
    with pytest.raises(RefusedByGuard, match="queue-refused"):
        shop.plan(into="orders.fifo")
    for wrong, more in (
        ("no custom event bus of this account", {"bus": "arn:aws:events:eu-west-1:1:event-busv2/a/b"}),
        ("there is no custom event bus", {"bus": f"{bus_arn()[:-3]}000"}),
        ("begins at", {"end": ago(shop.about, 25)}),
        ("yet to come", {"end": "2199-01-01T00:00:00Z"}),
        ("time and zone", {"start": "yesterday"}),
        ("there is no queue", {"into": "nowhere"}),
        ("role is required", {"role": ""}),
    ):
        with pytest.raises(InvalidInput, match=wrong):
            shop.plan(**dict[str, Json](more))
    client("iam").delete_role_policy(RoleName=ROLE, PolicyName="send")
    with pytest.raises(RefusedByGuard, match="role-refused"):
        shop.plan()
    client("iam").delete_role(RoleName=ROLE)
    with pytest.raises(RefusedByGuard) as gone:
        shop.plan()
    (evidence,) = [one for one in gone.value.evidence if "does not exist" in one]
    assert evidence.count("role ") == 1
    assert gone.value.hint.startswith("have the role trust events.amazonaws.com")
