"""The result on one screen: what does not hold is never called done."""

import pytest

from opsctl.model.changes import Check
from opsctl.model.report import ChangeResult, ChangeStatus, CheckResult, Report, RunStatus
from opsctl.render import outcome, screen, short
from tests.kit.box_plans import make_box, plan_of

PLAN = plan_of(make_box("b", "one"), make_box("c", "two"))


def report(*checks: CheckResult, whole: tuple[CheckResult, ...] = ()) -> Report:
    results = (
        ChangeResult(change_id="one", status="done", checks=checks),
        ChangeResult(change_id="two", status="done"),
    )
    return Report(
        run_id="r", status="done", plan=PLAN, started="2026-01-01T00:00:00Z", changes=results, checks=whole
    )


def shown(found: Report) -> tuple[str, str]:
    return outcome.render_report(found, width=80, colour=False), short.render_report(found, "more: x")


def test_what_is_done_and_holds_says_so_and_nothing_about_single_changes() -> None:
    text, chat = shown(report(CheckResult(says="it is there", held=True)))
    assert text.startswith("DONE: ")
    assert "2 changes: 2 done and proved\n" in text
    assert PLAN.changes[0].title not in text
    assert chat.startswith("DONE: ")


def test_a_proof_that_does_not_hold_any_more_is_the_first_word() -> None:
    text, chat = shown(report(CheckResult(says="it is there", held=False, found=None)))
    assert text.startswith("DOES NOT HOLD: ")
    assert "2 done and proved, 1 of them NOT SO ANY MORE\n" in text
    assert "DOES NOT HOLD: it is there; found null" in text
    assert chat.startswith("DOES NOT HOLD: ")
    assert "does not hold: it is there" in chat


@pytest.mark.parametrize("status", ["failed", "intended", "unproved"])
def test_what_was_never_so_is_not_counted_as_so_no_more(status: ChangeStatus) -> None:
    found = report(CheckResult(says="it is there", held=False))
    first = found.changes[0].model_copy(update={"status": status})
    text, _ = shown(found.model_copy(update={"changes": (first, found.changes[1])}))
    assert "NOT SO ANY MORE" not in text
    assert "DOES NOT HOLD: it is there" in text


def test_a_check_of_the_whole_that_does_not_hold_is_the_first_word_too() -> None:
    text, chat = shown(report(whole=(CheckResult(says="dropped-everywhere", held=False, found=["a way"]),)))
    assert text.startswith("DOES NOT HOLD: ")
    assert 'DOES NOT HOLD: dropped-everywhere; found ["a way"]' in text
    assert "does not hold: dropped-everywhere" in chat


def test_a_run_that_went_back_is_over_and_says_so() -> None:
    plan = plan_of(make_box("a"))
    result = ChangeResult(change_id="make", status="reverted", detail="NoRoom: no room for a")
    found = Report(run_id="r", status="failed", plan=plan, started="2026-09-21T13:33:20Z", changes=(result,))
    text = outcome.render_report(found, width=200, colour=False)
    assert "1 change: 1 taken back" in text
    assert "taken back by the run itself: NoRoom: no room for a" in text
    assert "Went back:" in text
    assert "can be resumed" not in text


def in_a_turn(status: RunStatus, *made: ChangeStatus, undone_by: str = "") -> str:
    changes = [make_box(name, name).model_copy(update={"turn": "1"}) for name in ("a", "b", "c")]
    results = tuple(
        ChangeResult(change_id=change.id, status=one) for change, one in zip(changes, made, strict=False)
    )
    began = "2026-09-21T13:33:20Z"
    found = Report(
        run_id="r", status=status, plan=plan_of(*changes), started=began, changes=results, undone_by=undone_by
    )
    return outcome.render_report(found, width=200, colour=False)


STAYS = "what it stopped or reserved stays so until the run is resumed or undone"


@pytest.mark.parametrize("status", ["interrupted", "failed", "unproved"])
def test_a_run_that_ends_in_the_middle_of_a_turn_says_that_it_has_left_something_so(status: RunStatus) -> None:
    assert STAYS in in_a_turn(status, "done", "pending", "pending")
    assert STAYS not in in_a_turn(status, "pending", "pending", "pending")
    assert STAYS not in in_a_turn(status, "done", "done", "done")
    assert STAYS not in in_a_turn(status, "done", "pending", "pending", undone_by="u")


def test_a_way_back_that_is_not_at_its_end_is_not_called_over() -> None:
    text = in_a_turn("failed", "done", "reverted", "returning")
    assert STAYS in text
    assert "the run is over" not in text


def undone(*results: ChangeResult, only_if: tuple[Check, ...] = ()) -> Report:
    """An undo of three boxes, and what became of each of its changes."""
    inverse = [make_box(name, f"undo:{name}").model_copy(update={"only_if": only_if}) for name in ("a", "b", "c")]
    plan = plan_of(*inverse).model_copy(update={"undo_of": "20260101-000000-aaaa"})
    return Report(run_id="r", status="done", plan=plan, started="2026-09-21T13:33:20Z", changes=results)


def test_what_an_undo_has_left_is_named_with_the_reason_once() -> None:
    both = [
        ChangeResult(change_id=f"undo:{name}", status="kept", detail="not so: nobody uses it") for name in "ab"
    ]
    text = outcome.render_report(
        undone(*both, ChangeResult(change_id="undo:c", status="kept")), width=200, colour=False
    )
    a, b, c = (make_box(name).title for name in "abc")
    assert f"left: {a}; {b}\n    not so: nobody uses it\n" in text
    assert f"left: {c}\n    others rely on it, or it is gone\n" in text
    assert text.count("not so: nobody uses it") == 1


def test_a_failure_in_the_middle_of_a_turn_says_once_that_it_can_be_resumed_or_undone() -> None:
    assert in_a_turn("failed", "done", "failed", "pending").count("resumed or undone") == 1


def test_the_plan_of_an_undo_marks_what_conditions_decide_of() -> None:
    free = undone().plan
    bound = undone(only_if=make_box("a").expect).plan
    shown = [screen.render_plan(plan, width=200, colour=False) for plan in (free, bound)]
    assert [text.count(" *\n") for text in shown] == [0, 3]
    assert ["* left, and named" in text for text in shown] == [False, True]
