"""Archives and replays against every fault: resumed they reach the end, undone the start."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from opsctl.model.errors import OpsctlError
from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import QUICK
from opsctl.sandbox.worlds.outage import BUS, make_outage
from tests.kit.fault_rounds import Round, every, sampled
from tests.kit.ha_account import run, undo
from tests.kit.job_runs import carry_out
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.outage import ago, let_pass
from tests.kit.ports import Faulty, Killed, MemoryJournal
from tests.kit.queues import queue
from tests.kit.timed import MovingClock, timed_world

REPLAYED: dict[str, dict[str, Json]] = {"to a rule": {"rules": ["bill-orders"]}, "into a queue": {"into": "again"}}
ARCHIVED: dict[str, Json] = {"bus": "default", "days": "30"}


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world() as made:
        yield made


def look() -> Json:
    """Archives, and the rules that AWS makes for them."""
    events = client("events")
    names = sorted(one["ArchiveName"] for one in events.list_archives()["Archives"])
    return [names, sorted(one["Name"] for one in events.list_rules()["Rules"])]


def survive(world: World, rounds: Callable[[int], list[Round]]) -> None:
    start = look()
    for one in rounds(len(world.plan("events-archive", ARCHIVED).changes)):
        plan, journal = world.plan("events-archive", ARCHIVED), MemoryJournal()
        with suppress(OpsctlError, Killed):
            run(plan, Faulty(world.aws, one.fault, one.at), world, journal)
        if one.resumed:
            run(plan, world.aws, world, journal)
            assert look() != start, one
        undo(plan, world, journal)
        assert look() == start, one


def test_an_archive_is_made_or_not_after_a_fault_at_its_call(world: World) -> None:
    survive(world, lambda calls: sampled("events-archive", calls))


@pytest.mark.exhaustive
def test_an_archive_is_made_or_not_whatever_happens_to_its_call(world: World) -> None:
    survive(world, every)


def replay(path: Path, more: dict[str, Json], rounds: Callable[[int], list[Round]]) -> None:
    """Each round begins in an account of its own: a replay stays in its list for good."""
    with timed_world(make_outage) as (world, about):
        let_pass(about, 24)
        world.clock = MovingClock(about)
        url = queue("again")
        about.durations = QUICK
        inputs = {"bus": BUS, "start": ago(about, 24), "end": ago(about, 23.5)} | more
        events = client("events")

        def left() -> Json:
            told = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
            return [
                told.get("Attributes"),
                sorted(one["Name"] for one in events.list_rules(EventBusName=BUS)["Rules"]),
            ]

        start = left()
        calls = sum(one.kind in ("call", "edit") for one in world.plan("events-replay", inputs).changes)
        for number, one in enumerate(rounds(calls)):
            plan, journal = world.plan("events-replay", inputs), MemoryJournal()
            place = path / str(number)
            place.mkdir()
            with suppress(OpsctlError, Killed):
                carry_out(plan, world, journal, place, Faulty(world.aws, one.fault, one.at))
            if one.resumed:
                carry_out(plan, world, journal, place)
                assert events.describe_replay(ReplayName=plan.id)["State"] == "COMPLETED", one
            undo(plan, world, journal)
            assert left() == start, one
            names = [told["ReplayName"] for told in events.list_replays()["Replays"]]
            assert names.count(plan.id) <= 1, one


@pytest.mark.parametrize("how", REPLAYED)
def test_a_replay_is_made_once_and_its_rule_goes_after_another_fault_at_each_call(
    how: str, tmp_path: Path
) -> None:
    replay(tmp_path, REPLAYED[how], lambda calls: sampled(f"replay {how}", calls))


@pytest.mark.exhaustive
@pytest.mark.parametrize("how", REPLAYED)
def test_a_replay_is_made_once_and_its_rule_goes_whatever_call_fails(how: str, tmp_path: Path) -> None:
    replay(tmp_path, REPLAYED[how], every)
