"""Checks of the whole: what was foreseen to be found is not waited for, and no success unless it was accepted."""

from pathlib import Path

import pytest

from opsctl.journal.store import Journal
from opsctl.model.errors import Unproved
from opsctl.model.plan import FactCall, Plan, PlanCheck
from opsctl.model.report import Report
from opsctl.workflow.checking import check_whole
from opsctl.workflow.reporting import recorded
from opsctl.workflow.runs import start_run
from tests.kit.box_plans import get_box, two_step_plan
from tests.kit.ports import Box, FakeClock
from tests.workflow.test_runs import context


def plan_with(query: str, *, stays: tuple[str, ...], accepted: bool) -> Plan:
    """A plan whose check looks at what is in the box that it makes."""
    call = FactCall(read=get_box("new"), query=query)
    check = PlanCheck(
        id="clean",
        none="facts.found",
        because="it is not",
        within_s=120,
        tells="join(', ', facts.found)",
        stays=stays,
        accept="left-open",
        accepted=accepted,
        facts={"found": call},
    )
    return two_step_plan().model_copy(update={"checks": (check,)}).sealed()


def reported(path: Path, plan: Plan) -> Report:
    journal = Journal(path)
    return recorded(journal, journal.run(plan.id))


def test_what_was_foreseen_fails_at_once_and_the_journal_alone_tells_it(tmp_path: Path) -> None:
    plan, work = plan_with("Items[?@=='x']", stays=("x",), accepted=False), context(Box(), tmp_path)
    with pytest.raises(Unproved, match="clean: it is not: x") as caught:
        start_run(plan, work)
    assert "--accept left-open" in caught.value.hint
    assert isinstance(work.clock, FakeClock)
    assert sum(work.clock.slept) < 60, "nobody waits for what cannot come"
    report = reported(tmp_path, plan)
    assert (report.status, report.told) == ("unproved", ("x",))
    assert [check.held for check in report.checks] == [False]


def test_what_was_accepted_is_no_failure_and_is_told_all_the_same(tmp_path: Path) -> None:
    plan = plan_with("Items[?@=='x']", stays=("x",), accepted=True)
    (check,) = start_run(plan, context(Box(), tmp_path))
    assert check.held
    assert check.says == "clean, except what was accepted (left-open)"
    report = reported(tmp_path, plan)
    assert (report.status, report.told) == ("done", ("x",))


def test_acceptance_covers_what_was_foreseen_and_nothing_else(tmp_path: Path) -> None:
    plan, work = plan_with("Items[?@=='x']", stays=("another",), accepted=True), context(Box(), tmp_path)
    with pytest.raises(Unproved):
        start_run(plan, work)
    assert isinstance(work.clock, FakeClock)
    assert sum(work.clock.slept) >= 120, "what the plan was to bring about is waited for"


def test_verify_judges_as_the_run_did(tmp_path: Path) -> None:
    work = context(Box(), tmp_path)
    start_run(plan_with("Items[?@=='x']", stays=("x",), accepted=True), work)
    for accepted in (True, False):
        plan = plan_with("Items[?@=='x']", stays=("x",), accepted=accepted)
        (check,) = check_whole(plan, work, wait=False).checks
        assert (check.held, check.told) == (accepted, ("x",))
