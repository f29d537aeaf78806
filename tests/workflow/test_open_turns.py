"""A plan about what an earlier run has left stopped begins with that run, and how it is gone on with."""

from pathlib import Path

import pytest

from opsctl.journal.store import Journal
from opsctl.model.changes import Change, Risk, Severity
from opsctl.model.errors import GuardRefusal, RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.model.run import Context
from opsctl.render import screen
from opsctl.workflow.open_turns import may_meet_open_turns, told_of_open_turns, warned_of_open_turns
from tests.kit.box_plans import make_box, plan_of
from tests.kit.ports import IDENTITY

ID = "20260101-000000-aaaa"


def in_turn(name: str, severity: Severity = Severity.LOW) -> Change:
    risk = Risk(severity=severity, affects=("i-a",) if severity is Severity.SEVERE else ())
    return make_box(name, name).model_copy(update={"turn": "1", "risk": risk})


def left_by(path: Path, *done: str) -> Journal:
    """A run that was to stop i-a, change it and start it, and came so far."""
    journal = Journal(path)
    changes = [in_turn("stop", Severity.SEVERE), in_turn("change"), in_turn("start")]
    plan = plan_of(*changes).model_copy(update={"id": ID, "reached_by": ("--profile", "prod")}).sealed()
    journal.begin(plan)
    for name in done:
        journal.of_run(ID).record(name, "intent")
        journal.of_run(ID).record(name, "done")
    journal.set_status(ID, "failed")
    return journal


def planned(name: str = "i-a") -> Plan:
    plan = plan_of(in_turn(name)).model_copy(update={"id": "20260102-000000-bbbb"})
    return plan.model_copy(update={"reached_by": ("--profile", "prod")}).sealed()


def evidence(plan: Plan, journal: Journal) -> list[str]:
    warned = warned_of_open_turns(plan, journal)
    assert warned.digest == warned.computed_digest()
    return [line for finding in warned.warnings for line in finding.evidence]


def test_a_run_that_stopped_it_is_the_first_thing_said(tmp_path: Path) -> None:
    journal = left_by(tmp_path, "stop")
    resume, undo = (f"opsctl {verb} {ID} --profile prod" for verb in ("resume", "undo"))
    assert evidence(planned(), journal) == [f"run {ID} stopped i-a: {resume} or {undo}"]
    text = screen.render_plan(warned_of_open_turns(planned(), journal), width=200, colour=False)
    assert text.splitlines()[2].startswith("! half-done-run: ")
    assert text.count("half-done-run") == 1


@pytest.mark.parametrize("done", [(), ("stop", "change", "start")], ids=["not-begun", "at-its-end"])
def test_a_run_that_left_nothing_stopped_is_not_named(done: tuple[str, ...], tmp_path: Path) -> None:
    assert evidence(planned(), left_by(tmp_path, *done)) == []


def test_what_is_about_something_else_does_not_name_it(tmp_path: Path) -> None:
    assert evidence(planned("i-b"), left_by(tmp_path, "stop")) == []


def test_a_refusal_about_it_says_first_how_that_run_is_gone_on_with(tmp_path: Path) -> None:
    refused = RefusedByGuard(
        "refused by state",
        "wait",
        guards=[GuardRefusal(guard="state", because="b", evidence=("i-a is stopping",))],
    )
    context = Context(identity=IDENTITY.model_copy(update={"reached_by": ("--profile", "prod")}), plan_id="p")
    with pytest.raises(RefusedByGuard) as caught, told_of_open_turns(context, lambda: left_by(tmp_path, "stop")):
        raise refused
    commands = " or ".join(f"opsctl {verb} {ID} --profile prod" for verb in ("resume", "undo"))
    assert caught.value.hint == f"first go on with it, or take it back: run {ID} stopped i-a: {commands}; wait"
    assert caught.value.guards == refused.guards


def test_a_refusal_about_something_else_stays_as_it_is(tmp_path: Path) -> None:
    refused = RefusedByGuard("refused by state", "wait", evidence=("i-b is stopping",))
    with (
        pytest.raises(RefusedByGuard) as caught,
        told_of_open_turns(Context(identity=IDENTITY, plan_id="p"), lambda: left_by(tmp_path, "stop")),
    ):
        raise refused
    assert caught.value is refused


def test_a_plan_without_turns_that_has_changes_asks_no_journal() -> None:
    assert may_meet_open_turns(planned())
    assert may_meet_open_turns(plan_of())
    assert not may_meet_open_turns(plan_of(make_box("a")))
