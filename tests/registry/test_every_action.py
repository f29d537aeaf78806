"""Every action of the catalog has an example, which is planned, applied, undone, and survives every fault."""

from collections.abc import Callable
from pathlib import Path

import pytest

from opsctl.catalog import find_plugins
from opsctl.model.changes import Change, Irreversible
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.report import JournalEvent
from opsctl.model.value import Json
from tests.kit.fault_rounds import Round, every, sampled
from tests.kit.ports import Killed, MemoryJournal
from tests.kit.samples import part_of
from tests.kit.survival import through
from tests.registry.examples import EXAMPLES, action_of
from tests.registry.staging import Noting, staged

LATER_S = 5
"""Whoever goes on is another process, some seconds later: a queue is not known everywhere in its first second."""


class DyingJournal(MemoryJournal):
    """A journal in which the process dies right after the first record."""

    def record(self, change_id: str, event: JournalEvent, detail: Json = None) -> None:
        """Append, and die once."""
        super().record(change_id, event, detail)
        if len(self.records) == 1:
            raise Killed


ACTIONS = sorted(find_plugins().actions)


def is_final(change: Change) -> bool:
    return isinstance(change.undo, Irreversible)


def test_every_action_has_an_example_and_every_example_an_action() -> None:
    shown = {action_of(name) for name in EXAMPLES}
    missing, unknown = sorted(set(ACTIONS) - shown), sorted(shown - set(ACTIONS))
    assert not missing, (
        f"{', '.join(missing)}: no example. Add one to EXAMPLES in one of tests/registry/examples_*.py: a "
        "function that arranges an account and returns the fields of the action, as a playbook's `with:` would"
    )
    assert not unknown, f"{', '.join(unknown)}: examples of no action of the catalog"


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_is_planned_applied_and_undone_and_a_second_run_changes_nothing(name: str, tmp_path: Path) -> None:
    with staged(action_of(name), EXAMPLES[name], tmp_path) as stage:
        start, plan, journal = stage.look(), stage.plan(), MemoryJournal()
        assert plan.changes
        for change in filter(is_final, plan.changes):
            assert isinstance(change.undo, Irreversible)
            assert change.undo.because.strip(), f"{change.id} says why nothing brings it back"
        aws = Noting(stage.world.aws)
        stage.run(plan, journal, aws)
        calls, end = list(aws.done), stage.look()
        assert calls or not calls_of(plan), "it did what it planned"
        stage.run(plan, MemoryJournal() if not any(one.kind == "job" for one in plan.changes) else journal, aws)
        assert (aws.done, stage.look()) == (calls, end), "applied again it changes nothing"
        stage.undo(plan, journal)
        assert stage.look() == (end if all(map(is_final, plan.changes)) else start)


def calls_of(plan: Plan) -> int:
    return sum(change.kind in ("call", "edit") for change in plan.changes)


def survive(name: str, path: Path, rounds: Callable[[int], list[Round]]) -> None:
    """Put one example through its rounds; the faults of what a job calls are in the tests of the jobs."""
    with staged(action_of(name), EXAMPLES[name], path) as stage:
        before, plan, journal, noting = stage.look(), stage.plan(), MemoryJournal(), Noting(stage.world.aws)
        left = rounds(calls_of(plan))

        def then(one: Round) -> None:
            stage.world.clock.sleep(LATER_S)
            if one.resumed:
                stage.run(plan, journal, noting)
                assert len(noting.done) == calls_of(plan), f"{one}: each call is carried out once"
                assert all(journal.last(change.id) in ("done", "skipped") for change in plan.changes), one
            stage.undo(plan, journal)
            if not any(map(is_final, plan.changes)):
                assert stage.look() == before, one

        def start(aws: Aws) -> None:
            if journal.records:
                stage.world.clock.sleep(LATER_S)
            stage.run(plan, journal, aws)

        if left:
            through(stage.world, left, start, then, journal=journal, aws=noting, path=path)
        else:
            assert all(change.kind in ("job", "wait") for change in plan.changes)


@pytest.mark.parametrize("name", part_of(4, "faults", EXAMPLES))
def test_it_survives_another_fault_at_each_of_its_calls(name: str, tmp_path: Path) -> None:
    survive(name, tmp_path, lambda calls: sampled(name, calls))


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", EXAMPLES)
def test_it_survives_every_fault_at_each_of_its_calls(name: str, tmp_path: Path) -> None:
    survive(name, tmp_path, every)


@pytest.mark.parametrize("name", part_of(4, "killed", EXAMPLES))
def test_killed_as_soon_as_its_intent_is_written_it_is_gone_on_with(name: str, tmp_path: Path) -> None:
    with staged(action_of(name), EXAMPLES[name], tmp_path) as stage:
        plan, journal, noting = stage.plan(), DyingJournal(), Noting(stage.world.aws)
        job = any(change.kind == "job" for change in plan.changes)
        with pytest.raises(Killed):
            stage.run(plan, journal, noting)
        assert noting.done == []
        stage.run(plan, journal, noting)
        assert job or len(noting.done) == calls_of(plan)
        assert all(journal.last(change.id) in ("done", "skipped") for change in plan.changes)
        end = stage.look()
    if job:
        with staged(action_of(name), EXAMPLES[name], tmp_path / "again") as stage:
            stage.run(stage.plan(), MemoryJournal())
            assert stage.look() == end, "a job that was begun again ends as one that was not"
