"""Archives and replays against every fault: resumed they reach the end, undone the start."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from opsctl.model.errors import OpsctlError
from opsctl.model.value import Json
from tests.kit.fault_rounds import Round, every, sampled
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import Faulty, Killed, MemoryJournal

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
