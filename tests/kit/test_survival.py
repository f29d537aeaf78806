"""The kit's matrix of faults: each kind of end is met at each call, and what a run does wrong is found out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsctl.model.plan import Plan
from opsctl.model.report import JournalEvent
from opsctl.model.value import Json
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.fault_rounds import Round, every
from tests.kit.forks import aside
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, fresh_world, state
from tests.kit.ports import MemoryJournal
from tests.kit.survival import through


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def planned(world: World) -> Plan:
    return world.plan("block-ip", {"addresses": ["203.0.113.9"], "ttl": "never", "target": "api.example.com"})


def put(world: World, plan: Plan, journal: MemoryJournal, told: Path) -> None:
    """Put a plan through every round, and write down those that are made to their ends."""
    start = state()

    def then(one: Round) -> None:
        with told.open("a") as file:
            file.write(f"{one.at} {one.fault} {one.resumed}\n")
        if one.resumed:
            run(plan, world.aws, world, journal)
            assert planned(world).changes == ()
        undo(plan, world, journal)
        assert state() == start

    rounds = every(len(plan.changes))
    through(world, rounds, lambda aws: run(plan, aws, world, journal), then, journal=journal)


def test_each_way_to_end_is_taken_back_at_each_call_and_the_account_is_left_alone(
    world: World, tmp_path: Path
) -> None:
    start, plan, told = state(), planned(world), tmp_path / "told"
    calls = len(plan.changes)
    put(world, plan, MemoryJournal(), told)
    made = told.read_text().splitlines()
    for at in range(1, calls + 1):
        # A call that is refused leaves what was before it, a lost request what a kill leaves, one that is carried
        # out what is before the next; and one whose answer is lost is seen to be made.
        faults = ["not-sent", "lost-before"] + ["killed-after"] * (at == calls)
        undone = [one for one in made if one.startswith(f"{at} ") and one.endswith("False")]
        assert [one for one in undone if "none" not in one] == [f"{at} {fault} False" for fault in faults]
    assert made[0] == f"{calls} none True"
    assert made.count(f"{calls} none False") == 1, "after the lost answers"
    assert state() == start


class Forgetful(MemoryJournal):
    """Knows of no call that may have been made."""

    def open_intents(self, change_id: str) -> list[Json]:
        """None."""
        return []


class Confused(MemoryJournal):
    """Takes what was meant for done."""

    def last(self, change_id: str) -> JournalEvent | None:
        """The last event, but for that."""
        found = super().last(change_id)
        return "done" if found == "intent" else found


@pytest.mark.parametrize("journal", [Forgetful, Confused])
def test_a_run_that_goes_on_in_a_wrong_way_is_found_out(
    world: World, tmp_path: Path, journal: type[MemoryJournal]
) -> None:
    with pytest.raises(AssertionError):
        put(world, planned(world), journal(), tmp_path / "told")


def test_what_fails_in_a_copy_fails_here_and_its_files_are_put_back(tmp_path: Path) -> None:
    kept, gone = tmp_path / "kept", tmp_path / "gone"
    kept.write_text("before")

    def fail() -> None:
        with aside(tmp_path) as copy:
            if copy.is_copy:
                kept.write_text("after")
                gone.write_text("more")
                raise ValueError("as it should")

    with pytest.raises(AssertionError, match="as it should"):
        fail()
    assert (kept.read_text(), gone.exists()) == ("before", False)
    with aside() as copy:
        if copy.is_copy:
            copy.told = b"told"
    assert copy.told == b"told"
