"""Runs: started, resumed, verified, undone, with the real journal and an account of boxes."""

from pathlib import Path
from typing import Any

import pytest

from opsctl.execution.inverse import inverse_of
from opsctl.journal.store import Journal
from opsctl.model.changes import Irreversible, Proof
from opsctl.model.errors import Drifted, OpsctlError, RefusedByGuard, Unproved
from opsctl.model.plan import FactCall, NextStep, Plan, PlanCheck
from opsctl.model.ports import Aws
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.registry import Registry
from opsctl.model.report import CheckResult, Evidence, JournalEvent
from opsctl.model.run import Context
from opsctl.workflow.checking import check_whole
from opsctl.workflow.reporting import recorded, report_of
from opsctl.workflow.run_context import RunContext
from opsctl.workflow.runs import proofs_of, refuse_drift, resume_run, start_run, verify_run
from opsctl.workflow.undo_plans import refuse_undone, undo_plan
from tests.kit.box_plans import add_item, get_box, irreversible, make_box, plan_of, two_step_plan
from tests.kit.ports import IDENTITY, AnswersReader, Box, FakeClock, Faulty, Killed, refusal

NO_QUEUES: Any = None
FINAL = Irreversible(because="it is final")


def context(aws: Aws, path: Path, plan_id: str = "undo-id") -> RunContext:
    return RunContext(
        aws=aws,
        fresh_reader=lambda: AnswersReader(aws),
        journal=Journal(path),
        registry=Registry(facts={}, actions={}),
        about=Context(identity=IDENTITY, plan_id=plan_id),
        clock=FakeClock(),
        progress=lambda _line: None,
        queues=NO_QUEUES,
        stopping=lambda: False,
        probe=lambda _url: "",
        request=lambda _service, operation, told, _token: (operation, told),
        stored=aws.read,
    )


def with_check(plan: Plan, query: str) -> Plan:
    call = FactCall(read=get_box("new"), query=query)
    check = PlanCheck(id="clean", none="facts.found", because="it is not", within_s=10, facts={"found": call})
    return plan.model_copy(update={"checks": (check,)}).sealed()


def test_a_run_ends_done_and_its_report_says_what_to_type_next(tmp_path: Path) -> None:
    plan, work = two_step_plan(), context(Box(), tmp_path)
    start_run(plan, work)
    journal = Journal(tmp_path)
    report = report_of(journal.run(plan.id), journal.plan(plan.id), journal.events(plan.id))
    assert report.status == "done"
    assert [result.status for result in report.changes] == ["done", "done"]
    assert report.next == (f"opsctl verify {plan.id}", f"opsctl undo {plan.id}")


def test_what_to_type_next_reaches_the_account_as_the_run_did_also_where_an_error_named_it(tmp_path: Path) -> None:
    plan, work = two_step_plan(), context(Box(), tmp_path)
    plan = plan.model_copy(update={"reached_by": ("--sandbox",)}).sealed()
    start_run(plan, work)
    journal = Journal(tmp_path)
    row, events = journal.run(plan.id), journal.events(plan.id)
    assert report_of(row, plan, events).next[0] == f"opsctl --sandbox verify {plan.id}"
    switches = ("--endpoint-url", "http://127.0.0.1:4566")
    here = report_of(
        row.model_copy(update={"status": "interrupted"}),
        plan,
        events,
        hint=f"opsctl resume {plan.id}",
        reached_by=switches,
    )
    assert here.hint == f"opsctl resume {plan.id} --endpoint-url http://127.0.0.1:4566"
    assert here.next == (here.hint.replace("resume", "runs show"), here.hint, here.hint.replace("resume", "undo"))


def test_a_playbooks_own_next_commands_are_named_once_everything_is_done_and_never_after_undo(
    tmp_path: Path,
) -> None:
    step = NextStep(words=("dlq", "inspect", "two words"), because="what stayed")
    for number, change in enumerate((make_box("new"), irreversible(make_box("last", "last")))):
        plan, work = (
            plan_of(change).model_copy(update={"next": (step,)}).sealed(),
            context(Box(), tmp_path / str(number)),
        )
        start_run(plan, work)
        journal = Journal(tmp_path / str(number))
        row, events = journal.run(plan.id), journal.events(plan.id)
        done = report_of(row, plan, events)
        assert done.next[1] == "opsctl dlq inspect 'two words'"
        assert done.next_because == {done.next[1]: "what stayed"}
        assert report_of(row.model_copy(update={"status": "failed"}), plan, events).next_because == {}
        assert report_of(row, plan, events, undone_by="other").next == ("opsctl runs show other",)
        if number == 0:
            assert undo_plan(plan, work).next == ()


def test_a_check_of_the_whole_that_does_not_hold_ends_unproved(tmp_path: Path) -> None:
    plan, work = with_check(two_step_plan(), "Items[?@=='x']"), context(Box(), tmp_path)
    with pytest.raises(Unproved, match="clean"):
        start_run(plan, work)
    assert Journal(tmp_path).run(plan.id).status == "unproved"


def test_a_check_that_cannot_be_read_ends_unproved_and_is_not_a_refusal(tmp_path: Path) -> None:
    """A refusal means that nothing was changed, and here everything was."""

    class Blind(Box):
        def read(self, read: Read) -> Answer:
            if read.operation == "CountBoxes":
                return Answer(refusal=refusal(RefusalKind.DENIED, "AccessDenied", read.api))
            return super().read(read)

    listing = FactCall(read=Read(service="box", operation="CountBoxes"))
    none = PlanCheck(id="clean", none="facts.boxes", because="it is not", within_s=10, facts={"boxes": listing})
    plan = two_step_plan().model_copy(update={"checks": (none,)}).sealed()
    with pytest.raises(Unproved, match=r"clean: it is not: .*AccessDenied"):
        start_run(plan, context(Blind(), tmp_path))
    (result,) = check_whole(plan, context(Blind(), tmp_path), wait=False).checks
    assert not result.held


def test_a_killed_run_is_resumed_to_its_end(tmp_path: Path) -> None:
    box, plan = Box(), two_step_plan()
    with pytest.raises(Killed):
        start_run(plan, context(Faulty(box, "killed-after", 1), tmp_path))
    row = Journal(tmp_path).run(plan.id)
    assert row.status == "interrupted"
    resume_run(plan, context(box, tmp_path))
    assert box.boxes["new"]["Items"] == ["ours", "x"]
    assert box.writes == ["PutBox", "EditBox"], "the call that landed is not sent again"


def test_undo_is_a_run_of_its_own_and_ends_the_first(tmp_path: Path) -> None:
    box, plan = Box(), two_step_plan()
    start_run(plan, context(box, tmp_path))
    work = context(box, tmp_path)
    undo = undo_plan(plan, work)
    assert undo.undo_of == plan.id
    assert undo.digest == undo.computed_digest()
    start_run(undo, work)
    assert box.boxes == {}
    journal = Journal(tmp_path)
    assert journal.undone_by(plan.id) == undo.id
    with pytest.raises(RefusedByGuard, match="was undone by"):
        refuse_undone(plan.id, journal.undone_by(plan.id))


def test_an_undo_is_not_undone_and_does_not_offer_it(tmp_path: Path) -> None:
    box, plan = Box(), two_step_plan()
    start_run(plan, context(box, tmp_path))
    work = context(box, tmp_path)
    undo = undo_plan(plan, work)
    start_run(undo, work)
    with pytest.raises(RefusedByGuard, match=f"is itself the undo of run {plan.id}"):
        undo_plan(undo, work)
    journal = Journal(tmp_path)
    report = report_of(journal.run(undo.id), undo, journal.events(undo.id))
    assert [line.split()[1] for line in report.next] == ["verify"]


def test_a_run_that_did_nothing_has_nothing_to_undo(tmp_path: Path) -> None:
    box, plan = Box({"new": {"Items": ["ours", "x"], "Lock": 1}}), two_step_plan()
    start_run(plan, context(box, tmp_path))
    with pytest.raises(RefusedByGuard, match="no change that can be undone"):
        undo_plan(plan, context(box, tmp_path))


def test_what_cannot_be_undone_is_told_when_the_rest_is(tmp_path: Path) -> None:
    plan = plan_of(make_box("kept", "kept"), irreversible(make_box("final", "final")))
    start_run(plan, context(Box(), tmp_path))
    undo = undo_plan(plan, context(Box(), tmp_path))
    assert [change.id for change in undo.changes] == ["undo:kept"]
    assert undo.warnings[0].evidence == ("make box final: it is gone for good",)


def test_drift_is_refused_before_the_first_change(tmp_path: Path) -> None:
    box = Box({"new": {"Items": ["theirs"], "Lock": 1}})
    with pytest.raises(Drifted, match="there is no such box"):
        refuse_drift(two_step_plan(), context(box, tmp_path))
    assert box.writes == []


def test_a_failed_run_is_recorded_as_failed(tmp_path: Path) -> None:
    plan = two_step_plan()
    with pytest.raises(OpsctlError):
        start_run(plan, context(Faulty(Box(), "denied", 2), tmp_path))
    journal = Journal(tmp_path)
    row = journal.run(plan.id)
    assert row.status == "failed"
    report = report_of(row, plan, journal.events(plan.id))
    assert [result.status for result in report.changes] == ["done", "failed"]
    assert "AccessDenied" in report.changes[1].detail


def test_a_hint_names_the_command_as_it_has_to_be_typed(tmp_path: Path) -> None:
    plan = two_step_plan().model_copy(update={"reached_by": ("--sandbox",)})
    start_run(plan, context(Box(), tmp_path))
    report = report_of(Journal(tmp_path).run(plan.id), plan, (), hint="opsctl verify r-1, or opsctl undo r-1")
    assert report.hint == "opsctl --sandbox verify r-1, or opsctl --sandbox undo r-1"


def test_verify_asks_every_proof_again(tmp_path: Path) -> None:
    box, plan = Box(), two_step_plan()
    work = context(box, tmp_path)
    start_run(plan, work)
    box.boxes["new"]["Items"].remove("x")
    proofs = proofs_of(plan, work)
    assert [results[0].held for results in proofs.values()] == [True, False]
    assert check_whole(plan_of(), work, wait=False).checks == ()


def test_what_verify_finds_is_kept_with_its_time_beside_what_the_run_found(tmp_path: Path) -> None:
    box, plan = Box(), with_check(two_step_plan(), "Items[?@=='y']")
    work = context(box, tmp_path)
    start_run(plan, work)
    journal = Journal(tmp_path)
    (ended,) = recorded(journal, journal.run(plan.id)).evidence
    assert (ended.by, ended.holds, [check.held for check in ended.checks]) == ("run", True, [True])
    work.clock.sleep(3600)
    box.boxes["new"]["Items"].append("y")
    assert not verify_run(plan, work).holds
    report = recorded(journal, journal.run(plan.id))
    assert [(one.by, one.holds) for one in report.evidence] == [("run", True), ("verify", False)]
    assert [check.held for check in report.checks] == [False], "what was found last is what is told"
    assert [[one.held for one in result.checks] for result in report.changes] == [[True], [True]]
    dates = [one.at for one in report.evidence]
    assert dates == sorted(set(dates))
    assert {check.at for check in report.checks} == {dates[1]}


def test_a_run_that_is_killed_before_its_evidence_is_kept_looks_again_when_it_is_resumed(tmp_path: Path) -> None:
    class Killing(Journal):
        """Dies where the evidence would be written."""

        def add_evidence(self, run_id: str, evidence: Evidence) -> None:
            raise Killed

    box, plan = Box(), with_check(two_step_plan(), "Items[?@=='y']")
    work = context(box, tmp_path)
    work.journal = Killing(tmp_path)
    with pytest.raises(Killed):
        start_run(plan, work)
    journal = Journal(tmp_path)
    report = recorded(journal, journal.run(plan.id))
    assert (report.status, report.evidence, report.checks) == ("interrupted", (), ()), "nothing is claimed"
    resume_run(plan, context(box, tmp_path))
    report = recorded(journal, journal.run(plan.id))
    assert (report.status, [one.holds for one in report.evidence]) == ("done", [True])


def test_a_run_without_checks_has_no_evidence_of_the_whole(tmp_path: Path) -> None:
    plan, work = two_step_plan(), context(Box(), tmp_path)
    start_run(plan, work)
    assert work.journal.evidence(plan.id) == []


def test_a_check_keeps_the_ways_in_as_it_saw_them(tmp_path: Path) -> None:
    plan, work = with_check(two_step_plan(), "Items[?@=='y']"), context(Box(), tmp_path)
    seen = plan.checks[0].model_copy(update={"paths": "{left: facts.found}"})
    plan = plan.model_copy(update={"checks": (seen,)}).sealed()
    start_run(plan, work)
    (ended,) = work.journal.evidence(plan.id)
    assert ended.paths == {"left": []}


def test_verify_takes_nothing_asked_for_nothing_proved() -> None:
    held, broken = CheckResult(says="s", held=True), CheckResult(says="s", held=False)

    def holds(proofs: dict[str, tuple[CheckResult, ...]], *checks: CheckResult) -> bool:
        return Evidence(at="", by="verify", proofs=proofs, checks=checks).holds

    assert not holds({})
    assert not holds({"a": ()})
    assert holds({"a": (held,)})
    assert holds({}, held)
    assert not holds({"a": (held, broken)}, held)
    assert not holds({"a": (held,)}, broken)


def test_verify_asks_the_journal_for_what_a_job_came_to(tmp_path: Path) -> None:
    job = make_box("b").model_copy(update={"kind": "job", "proof": Proof(configured=()), "undo": FINAL})
    plan, work = plan_of(job), context(Box(), tmp_path)
    work.journal.begin(plan)
    records = work.journal.of_run(plan.id)
    told: dict[JournalEvent, bool] = {"intent": False, "failed": False, "unproved": False, "done": True}
    for event, held in told.items():
        records.record("make", event)
        assert [result.held for result in proofs_of(plan, work)["make"]] == [held]


def test_verify_does_not_ask_for_what_a_later_change_of_the_run_has_altered(tmp_path: Path) -> None:
    """Processes are suspended while a group is built and resumed at its end."""
    add = add_item("x", "b")
    (drop,) = inverse_of(plan_of(add), ["add"])
    plan, box = plan_of(add, drop), Box({"b": {"Items": [], "Lock": 1}})
    work = context(box, tmp_path)
    start_run(plan, work)
    proofs = proofs_of(plan, work)
    assert list(proofs) == ["undo:add"]
    assert all(result.held for result in proofs["undo:add"])


class Lossy(Box):
    """An account whose documents have members that the SDK does not know."""

    def read(self, read: Read) -> Answer:
        """Refuse to read a document whole."""
        if read.whole and read.params == {"Name": "new"}:
            return Answer(refusal=refusal(RefusalKind.INVALID, "UnknownMember", read.api))
        return super().read(read)


def test_an_undo_that_would_write_back_less_than_there_is_is_refused_unless_that_edit_has_nothing_to_do(
    tmp_path: Path,
) -> None:
    box, plan = Lossy(), two_step_plan()
    start_run(plan, context(Box(box.boxes), tmp_path))
    with pytest.raises(RefusedByGuard, match="members that the installed SDK does not know"):
        undo_plan(plan, context(Lossy(box.boxes), tmp_path))
    box.boxes["new"]["Items"].remove("x")
    assert [one.id for one in undo_plan(plan, context(box, tmp_path)).changes] == ["undo:add", "undo:make"]
