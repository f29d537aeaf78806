"""Two responders, one run or one target, at the same moment."""

import copy
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from opsctl.journal.store import Journal
from opsctl.model.errors import Drifted, OpsctlError, RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.workflow.runs import resume_run, start_run
from opsctl.workflow.undo_plans import undo_plan
from tests.kit.box_plans import add_item, make_box, plan_of, two_step_plan
from tests.kit.ports import Box, Faulty, Killed
from tests.workflow.test_runs import context

RUN = "20260101-000000-test"


def broken_run(box: Box, path: Path, fault: str = "denied", at: int = 2) -> Plan:
    """A run of two changes that broke at one of them."""
    plan = two_step_plan()
    with suppress(OpsctlError, Killed):
        start_run(plan, context(Faulty(box, fault, at), path))
    return plan


def at_first_write(box: Box, act: Callable[[], None]) -> None:
    """Let somebody else act just as a write is about to be made."""

    def once(_operation: str) -> None:
        box.before_write = None
        act()

    box.before_write = once


def test_an_undo_cannot_begin_while_its_run_is_resumed(tmp_path: Path) -> None:
    box = Box()
    plan = broken_run(box, tmp_path)
    undo, refused = undo_plan(plan, context(box, tmp_path)), []

    def other() -> None:
        with pytest.raises(RefusedByGuard, match="in use by another process") as told:
            start_run(undo, context(box, tmp_path))
        refused.append(told.value.summary)

    at_first_write(box, other)
    resume_run(plan, context(box, tmp_path))
    assert len(refused) == 1
    assert box.boxes["new"]["Items"] == ["ours", "x"]
    assert not Journal(tmp_path).has(undo.id)


def test_a_run_cannot_be_resumed_while_it_is_undone_nor_after(tmp_path: Path) -> None:
    box = Box()
    plan = broken_run(box, tmp_path)
    undo, refused = undo_plan(plan, context(box, tmp_path)), []

    def other() -> None:
        for run in (plan, undo):
            with pytest.raises(RefusedByGuard, match="in use by another process"):
                resume_run(run, context(box, tmp_path))
            refused.append(run.id)

    at_first_write(box, other)
    start_run(undo, context(box, tmp_path))
    assert refused == [plan.id, undo.id]
    with pytest.raises(RefusedByGuard, match=f"was undone by run {undo.id}"):
        resume_run(plan, context(box, tmp_path))
    assert box.boxes == {}


def test_an_undo_planned_before_its_run_went_on_is_drift_and_a_new_one_takes_all_back(tmp_path: Path) -> None:
    box = Box()
    plan = broken_run(box, tmp_path, at=2)
    early = undo_plan(plan, context(box, tmp_path, "20260101-000001-undo"))
    again = plan_of(*plan.changes, add_item("y", "new", "more")).model_copy(update={"id": plan.id})
    Journal(tmp_path)._db.write("UPDATE runs SET plan = ?", (again.sealed().model_dump_json(by_alias=True),))
    resume_run(again, context(box, tmp_path))
    with pytest.raises(Drifted, match="was resumed after its undo was planned"):
        start_run(early, context(box, tmp_path))
    assert box.boxes["new"]["Items"] == ["ours", "x", "y"]
    start_run(undo_plan(again, context(box, tmp_path, "20260101-000002-undo")), context(box, tmp_path))
    assert box.boxes == {}


def test_a_second_undo_planned_at_the_same_time_is_told_that_it_is_not_needed(tmp_path: Path) -> None:
    box, plan = Box(), two_step_plan()
    start_run(plan, context(box, tmp_path))
    first, second = (undo_plan(plan, context(box, tmp_path, name)) for name in ("first", "second"))
    start_run(first, context(box, tmp_path))
    with pytest.raises(Drifted, match=r"no longer needed: run \S+ was undone by run first"):
        start_run(second, context(box, tmp_path))


def test_a_run_of_which_a_part_was_undone_is_not_resumed_but_the_undo_is(tmp_path: Path) -> None:
    box, plan = Box(), two_step_plan()
    start_run(plan, context(box, tmp_path))
    undo = undo_plan(plan, context(box, tmp_path))
    with suppress(OpsctlError):
        start_run(undo, context(Faulty(box, "denied", 2), tmp_path))
    with pytest.raises(RefusedByGuard, match="started to undo run") as refused:
        resume_run(plan, context(box, tmp_path))
    assert refused.value.hint.startswith(f"opsctl resume {undo.id}")
    resume_run(undo, context(box, tmp_path))
    assert box.boxes == {}


def test_what_is_there_again_after_an_undo_is_undone_again(tmp_path: Path) -> None:
    box, plan = Box(), two_step_plan()
    start_run(plan, context(box, tmp_path))
    end = copy.deepcopy(box.boxes)
    first = undo_plan(plan, context(box, tmp_path, "first"))
    start_run(first, context(box, tmp_path))
    with pytest.raises(RefusedByGuard, match="was undone by run first"):
        undo_plan(plan, context(box, tmp_path))
    box.boxes = end
    second = undo_plan(plan, context(box, tmp_path, "second"))
    assert [(one.id, one.evidence) for one in second.warnings] == [
        ("undone-before", (f"run first undid run {plan.id}",))
    ]
    start_run(second, context(box, tmp_path))
    assert box.boxes == {}


def test_what_a_later_run_made_anew_is_left_to_that_run(tmp_path: Path) -> None:
    box = Box({"b": {"Items": ["old"], "Lock": 1}})
    one = plan_of(make_box("new"), add_item("x", "b"), plan_id="20260101-000000-aaaa")
    later = plan_of(add_item("x", "b", "again"), plan_id="20260101-000001-bbbb")
    start_run(one, context(box, tmp_path))
    box.boxes["b"]["Items"].remove("x")
    start_run(later, context(box, tmp_path))
    undo = undo_plan(one, context(box, tmp_path))
    assert [change.id for change in undo.changes] == ["undo:make"]
    assert [(found.id, found.evidence) for found in undo.warnings] == [("made-again", ("add x",))]
    start_run(undo, context(box, tmp_path))
    assert box.boxes == {"b": {"Items": ["old", "x"], "Lock": box.boxes["b"]["Lock"]}}
    start_run(undo_plan(later, context(box, tmp_path, "undo-later")), context(box, tmp_path))
    assert box.boxes["b"]["Items"] == ["old"]


def test_what_a_later_run_failed_to_make_is_still_the_first_runs_to_undo(tmp_path: Path) -> None:
    box = Box({"b": {"Items": ["old"], "Lock": 1}})
    one = plan_of(add_item("x", "b"), plan_id="20260101-000000-aaaa")
    later = plan_of(add_item("x", "b", "again"), plan_id="20260101-000001-bbbb")
    start_run(one, context(box, tmp_path))
    box.boxes["b"]["Items"].remove("x")
    with suppress(OpsctlError):
        start_run(later, context(Faulty(box, "denied", 1), tmp_path))
    box.boxes["b"]["Items"].append("x")
    undo = undo_plan(one, context(box, tmp_path))
    assert [change.id for change in undo.changes] == ["undo:add"]
    assert undo.warnings == ()


@pytest.mark.parametrize("shared", [True, False], ids=["one journal", "two laptops"])
def test_one_plan_applied_twice_at_once_is_made_once(tmp_path: Path, shared: bool) -> None:
    box, plan = Box(), two_step_plan()
    others = tmp_path if shared else tmp_path / "other"
    ended: list[str] = []

    def other() -> None:
        try:
            start_run(plan, context(box, others))
            ended.append("done")
        except RefusedByGuard:
            ended.append("refused")

    at_first_write(box, other)
    start_run(plan, context(box, tmp_path))
    assert ended == ["refused" if shared else "done"]
    assert box.boxes["new"]["Items"] == ["ours", "x"]


def test_of_two_plans_for_one_target_the_slower_joins_and_its_undo_leaves_the_faster_ones_alone(
    tmp_path: Path,
) -> None:
    box = Box()
    slow = two_step_plan()
    fast = plan_of(*two_step_plan().changes, plan_id="20260101-000001-fast")

    def faster() -> None:
        start_run(fast, context(box, tmp_path / "fast"))

    at_first_write(box, faster)
    start_run(slow, context(box, tmp_path / "slow"))
    with pytest.raises(RefusedByGuard, match="made no change that can be undone"):
        undo_plan(slow, context(box, tmp_path / "slow"))
    start_run(undo_plan(fast, context(box, tmp_path / "fast")), context(box, tmp_path / "fast"))
    assert box.boxes == {}


def test_two_resumes_at_once_are_one(tmp_path: Path) -> None:
    box = Box()
    plan = broken_run(box, tmp_path, "killed-after", 1)

    def other() -> None:
        with pytest.raises(RefusedByGuard, match="in use by another"):
            resume_run(plan, context(box, tmp_path))

    at_first_write(box, other)
    resume_run(plan, context(box, tmp_path))
    resume_run(plan, context(box, tmp_path))
    assert box.writes == ["PutBox", "EditBox"]
    assert Journal(tmp_path).run(RUN).status == "done"
