"""What an undo warns of: facts of the run's playbook, looked up when the undo is planned and no earlier."""

from pathlib import Path

import pytest

from opsctl.model.plan import FactCall, Plan, UndoWarning
from opsctl.model.value import fingerprint
from opsctl.workflow.undo_plans import undo_plan
from tests.kit.box_plans import get_box, two_step_plan
from tests.workflow.test_runs import context
from tests.workflow.test_undo_plans import Asked, boxes, made


def warned(box_read: str, tmp_path: Path, denied: tuple[str, ...] = ()) -> tuple[Plan, Plan]:
    """A run whose undo looks at a box; its plan, and that of the undo."""
    fact = FactCall(read=get_box(box_read), query="Items")
    one = UndoWarning(id="in-it", warn="facts.items[?@ != 'old']", because="others rely", facts={"items": fact})
    plan = two_step_plan().model_copy(update={"undo_warnings": (one,)}).sealed()
    box = boxes("b", "watched")
    made(plan, box, tmp_path)
    box.boxes["watched"]["Items"] = ["old", "new since"]
    return plan, undo_plan(plan, context(Asked(box, denied=denied), tmp_path))


def test_what_came_since_the_run_is_named(tmp_path: Path) -> None:
    plan, undo = warned("watched", tmp_path)
    assert [(one.id, one.because, one.evidence) for one in undo.warnings] == [
        ("in-it", "others rely", ("new since",))
    ]
    assert plan.warnings == ()
    assert undo.undo_warnings == (), "an undo is not undone"


@pytest.mark.parametrize(("name", "denied"), [("gone", ()), ("watched", ("watched",))])
def test_what_cannot_be_told_is_said_and_keeps_nobody_from_undoing(
    tmp_path: Path, name: str, denied: tuple[str, ...]
) -> None:
    _, undo = warned(name, tmp_path, denied)
    (one,) = undo.warnings
    assert one.evidence[0].startswith("cannot tell: ")
    assert undo.changes


def test_nothing_found_is_no_warning(tmp_path: Path) -> None:
    _, undo = warned("b", tmp_path)
    assert undo.warnings == ()


def test_a_plan_without_such_warnings_has_the_digest_that_it_had_before_there_were_any() -> None:
    plan = two_step_plan().sealed()
    before = {name: v for name, v in plan.to_json().items() if name not in ("digest", "evidence", "undo_warnings")}
    assert plan.digest == fingerprint(before)
    one = UndoWarning(id="a", warn="`[]`", because="b", facts={})
    assert plan.model_copy(update={"undo_warnings": (one,)}).computed_digest() != plan.digest
