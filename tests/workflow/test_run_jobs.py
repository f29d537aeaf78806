"""What a run hands to its jobs, which proofs it asks for again, and what it says to do after a check failed."""

from pathlib import Path
from typing import ClassVar

import pytest

from opsctl.journal.store import Journal
from opsctl.model.changes import Change, Check, Instruction, Irreversible, Proof
from opsctl.model.errors import Drifted, OpsctlError, RefusedByGuard, Unproved
from opsctl.model.fetching import Fetching
from opsctl.model.jobs import Job, JobResult, Tools
from opsctl.model.plan import FactCall, Plan, PlanCheck
from opsctl.model.registry import Registry
from opsctl.model.report import CheckResult, JournalEvent
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value
from opsctl.workflow.checking import check_whole
from opsctl.workflow.run_context import RunContext
from opsctl.workflow.runs import proofs_of, refuse_drift, resume_run, start_run, verify_run
from opsctl.workflow.undo_plans import undo_plan
from tests.kit.box_plans import add_item, choosing, get_box, make_box, plan_of, two_step_plan
from tests.kit.ports import IDENTITY, Box, Faulty
from tests.workflow.test_runs import context

HANDED: list[tuple[str, Tools]] = []


class Noted(Job):
    """A job that keeps what it was handed."""

    name: ClassVar[str] = "box.note"
    what: str

    def run(self, tools: Tools) -> JobResult:
        """Be done."""
        HANDED.append((self.what, tools))
        return JobResult(says="noted", complete=True)


def noting() -> Change:
    return Change(
        id="note",
        title="Note",
        why="it is asked for",
        kind="job",
        service="opsctl",
        operation="box.note",
        params={"what": "this"},
        expect=(),
        proof=Proof(configured=()),
        undo=Irreversible(because="it is noted"),
    )


def told(path: Path, plan: Plan, box: Box) -> tuple[RunContext, Tools]:
    """Carry a plan with a job out; return what it was carried out with, and what the job was handed."""
    given = vars(context(box, path))
    registry = Registry(facts={}, actions={}, jobs={"box.note": Noted})
    by = IDENTITY.model_copy(update={"reached_by": ("--profile", "prod")})
    about = Context(identity=by, plan_id="x")
    work = RunContext(**{**given, "registry": registry, "about": about, "queues": lambda _region: None})
    HANDED.clear()
    start_run(plan, work)
    ((what, tools),) = HANDED
    assert what == "this"
    return work, tools


def test_a_job_works_with_what_its_run_works_with_and_keeps_its_place_under_its_own_change(tmp_path: Path) -> None:
    plan = plan_of(noting())
    work, tools = told(tmp_path, plan, Box())
    for name in ("aws", "queues", "clock", "progress", "stopping", "probe"):
        assert getattr(tools, name) is getattr(work, name), name
    assert tools.commands.reached_by == ("--profile", "prod")
    said = CheckResult(says="the job reported that it finished", held=True)
    assert proofs_of(plan, work) == {"note": (said,)}
    tools.checkpoint.undeleted(["m"])
    assert work.journal.checkpoint(plan.id, "note").all_undeleted() == ["m"]


def test_a_job_is_told_when_its_run_last_set_out_to_call_an_api_and_nothing_of_other_calls(tmp_path: Path) -> None:
    plan = plan_of(make_box("a", "first"), make_box("b", "second"), add_item("x", "a"), noting())
    _, tools = told(tmp_path, plan, Box())
    database = Journal(tmp_path)._db
    for number, name in enumerate(("first", "second", "add", "note")):
        for event, more in (("intent", 0), ("done", 5)):
            at = f"2026-01-01T00:0{number}:0{more}Z"
            database.write("UPDATE events SET at = ? WHERE change = ? AND event = ?", (at, name, event))
    assert tools.called_at("box.PutBox") == 1_767_225_660.0, "the second of the two, when it was about to be made"
    assert tools.called_at("box.EditBox") == 1_767_225_720.0
    assert tools.called_at("box.DropBox") is None


@pytest.mark.parametrize("event", ["kept", "done"])
def test_verify_does_not_ask_for_what_was_kept_for_others(tmp_path: Path, event: JournalEvent) -> None:
    box, plan = Box(), two_step_plan()
    work = context(box, tmp_path)
    start_run(plan, work)
    work.journal.of_run(plan.id).record("add", event)
    assert list(proofs_of(plan, work)) == (["make"] if event == "kept" else ["make", "add"])


def test_verify_does_not_ask_for_what_is_only_gone_through(tmp_path: Path) -> None:
    add = add_item("x", "b")
    passing = add.model_copy(update={"id": "pass", "proof": add.proof.model_copy(update={"passing": True})})
    plan, box = plan_of(passing, add_item("y", "b")), Box({"b": {"Items": [], "Lock": 1}})
    work = context(box, tmp_path)
    start_run(plan, work)
    assert list(proofs_of(plan, work)) == ["add"]


def test_verify_asks_for_the_value_that_the_run_chose_and_finds_one_made_without_a_record(tmp_path: Path) -> None:
    plan, box = plan_of(choosing()), Box({"n1": {"Items": ["theirs"], "Lock": 1}})
    work = context(box, tmp_path)
    start_run(plan, work)
    assert verify_run(plan, work).holds
    box.boxes = {"n1": {"Items": ["ours"], "Lock": 1}}
    assert not verify_run(plan, work).holds, "another name is not what the run chose"
    box.boxes = {"n2": {"Items": ["ours"], "Lock": 1}}
    elsewhere = context(box, tmp_path / "another")
    elsewhere.journal.begin(plan)
    assert verify_run(plan, elsewhere).holds, "whichever of the names it is under"


def test_verify_asks_what_has_to_reach_the_edge_as_well(tmp_path: Path) -> None:
    there = Check(read=get_box("edge"), query="Items", op="contains", value=["x"], says="it is at the edge")
    box = Box({"b": {"Items": [], "Lock": 1}, "edge": {"Items": ["x"], "Lock": 1}})
    add = add_item("x", "b")
    plan = plan_of(add.model_copy(update={"proof": add.proof.model_copy(update={"effective": (there,)})}))
    work = context(box, tmp_path)
    start_run(plan, work)
    del box.boxes["edge"]
    assert [one.held for one in proofs_of(plan, work)["add"]] == [True, False]


def test_drift_is_told_as_the_run_would_tell_it(tmp_path: Path) -> None:
    box = Box({"new": {"Items": ["theirs"], "Lock": 1}})
    with pytest.raises(Drifted) as seen:
        refuse_drift(two_step_plan(), context(box, tmp_path))
    with pytest.raises(Drifted) as met:
        start_run(two_step_plan(), context(box, tmp_path))
    assert (seen.value.summary, seen.value.hint) == (met.value.summary, met.value.hint)
    refuse_drift(two_step_plan(), context(Box(), tmp_path))


def checked(*accepts: str) -> Plan:
    """A plan with a check for each name, of which each finds what was foreseen and not accepted."""
    call = FactCall(read=get_box("new"), query="Items[?@=='x']")
    checks = tuple(
        PlanCheck(
            id=f"clean-{name}",
            none="facts.found",
            because="it is not",
            within_s=11,
            stays=("x",) if name else (),
            accept=name,
            facts={"found": call},
        )
        for name in accepts
    )
    return two_step_plan().model_copy(update={"checks": checks}).sealed()


def test_a_failed_check_says_what_to_do(tmp_path: Path) -> None:
    plan = checked("")
    with pytest.raises(Unproved) as plain:
        start_run(plan, context(Box(), tmp_path / "1"))
    assert plain.value.summary == "applied, but a check does not hold: clean-: it is not: x"
    assert plain.value.hint == f"opsctl verify {plan.id}, or opsctl undo {plan.id}"
    with pytest.raises(Unproved) as named:
        start_run(checked("one", "two"), context(Box(), tmp_path / "2"))
    assert named.value.hint == "if that is intended, plan again with: --accept one --accept two"


def test_a_check_is_asked_every_5_seconds_until_its_time_is_over_and_verify_asks_once(tmp_path: Path) -> None:
    box, plan = Box(), checked("")
    work = context(box, tmp_path)
    with pytest.raises(Unproved):
        start_run(plan, work)
    for wait, slept in ((True, [5.0, 5.0, 1.0]), (False, [])):
        work = context(box, tmp_path)
        (result,) = check_whole(plan, work, wait=wait).checks
        assert work.clock.slept == slept  # type: ignore[attr-defined]
        assert (result.held, result.expected, result.found, result.shown) == (False, "nothing", ["x"], ())


def test_whoever_waits_for_a_check_is_told_what_for_and_sees_what_the_check_shows(tmp_path: Path) -> None:
    lines: list[str] = []
    box = Box({"new": {"Items": ["a", "b", "c", "d"], "Lock": 1}})
    call = FactCall(read=get_box("new"), query="Items")
    check = PlanCheck(
        id="clean",
        none="facts.found",
        because="it is not",
        within_s=1,
        shows="facts.found[:2]",
        facts={"found": call},
    )
    plan = plan_of().model_copy(update={"checks": (check,)})
    work = RunContext(**{**vars(context(box, tmp_path)), "progress": lines.append})
    (result,) = check_whole(plan, work, wait=True).checks
    assert lines == ["check clean: not yet: a, b, c (at most 1s)"]
    assert (result.says, result.shown) == ("clean: it is not", ("a", "b"))


def test_a_check_is_waited_for_no_longer_once_somebody_stops_the_run(tmp_path: Path) -> None:
    box = Box({"new": {"Items": ["x"], "Lock": 1}})
    work = RunContext(**{**vars(context(box, tmp_path)), "stopping": lambda: True})
    (result,) = check_whole(checked(""), work, wait=True).checks
    assert not result.held
    assert work.clock.slept == []  # type: ignore[attr-defined]


def test_a_run_counts_as_running_while_it_is_resumed(tmp_path: Path) -> None:
    box, plan, seen = Box(), two_step_plan(), list[str]()
    with pytest.raises(OpsctlError):
        start_run(plan, context(Faulty(box, "denied", 2), tmp_path))
    box.before_write = lambda _operation: seen.append(Journal(tmp_path).run(plan.id).status)
    assert Journal(tmp_path).run(plan.id).status == "failed"
    resume_run(plan, context(box, tmp_path))
    assert seen == ["running"]
    assert Journal(tmp_path).run(plan.id).status == "done"


def test_a_run_that_was_undone_wholly_or_in_part_is_refused_by_its_name(tmp_path: Path) -> None:
    box, plan = Box(), two_step_plan()
    start_run(plan, context(box, tmp_path))
    undo = undo_plan(plan, context(box, tmp_path))
    with pytest.raises(OpsctlError):
        start_run(undo, context(Faulty(box, "denied", 2), tmp_path))
    with pytest.raises(RefusedByGuard, match=f"^run undo-id started to undo run {plan.id} and"):
        resume_run(plan, context(box, tmp_path))
    resume_run(undo, context(box, tmp_path))
    with pytest.raises(RefusedByGuard, match=f"^run {plan.id} was undone by run undo-id;"):
        resume_run(plan, context(box, tmp_path))


class Planned(Value):
    """What the fact below finds."""

    plan: str
    boxes: tuple[str, ...]


class OfPlan(Fact):
    """A fact that tells whom it looks for."""

    name: ClassVar[str] = "box.plan"
    Result: ClassVar[type[Value]] = Planned
    box: str

    def read(self, about: Context) -> Fetching[Value]:
        """Read one box."""
        (answer,) = yield [get_box(self.box)]
        return Planned(plan=about.plan_id, boxes=tuple(answer.value["Items"]))


def test_a_check_looks_up_what_the_playbook_named_and_knows_the_inputs(tmp_path: Path) -> None:
    check = PlanCheck(
        id="clean",
        none="inputs.asked && facts.found.boxes",
        because="it is not",
        within_s=0,
        tells="facts.found.plan",
        facts={"found": FactCall(uses="box.plan", arguments={"box": "new"})},
    )
    registry = Registry(facts={"box.plan": OfPlan}, actions={})
    box = Box({"new": {"Items": ["a"], "Lock": 1}})
    work = RunContext(**{**vars(context(box, tmp_path)), "registry": registry})
    for asked, says, found in ((False, "clean", []), (True, "clean: it is not", ["a"])):
        plan = plan_of().model_copy(update={"checks": (check,), "inputs": {"asked": asked}})
        (result,) = check_whole(plan, work, wait=False).checks
        assert (result.says, result.held, result.found) == (says, not found, found)
        assert result.told == ("undo-id",)


@pytest.mark.parametrize(
    ("raised", "status", "message"),
    [
        (KeyboardInterrupt(), "interrupted", "stopped at once by a second Ctrl-C"),
        (OpsctlError("it broke"), "failed", "it broke"),
        (Drifted("it moved"), "drifted", "it moved"),
        (Unproved("not seen"), "unproved", "not seen"),
    ],
)
def test_what_ends_a_run_is_written_down(tmp_path: Path, raised: BaseException, status: str, message: str) -> None:
    def ending(_operation: str) -> None:
        raise raised

    box = Box()
    box.before_write = ending
    with pytest.raises(type(raised)):
        start_run(two_step_plan(), context(box, tmp_path))
    row = Journal(tmp_path).run(two_step_plan().id)
    assert (row.status, row.message) == (status, message)


def test_a_job_that_takes_back_another_is_handed_that_ones_checkpoint(tmp_path: Path) -> None:
    noted = noting()
    back = Instruction(kind="job", service="opsctl", operation="box.note", params={"what": "this"})
    plan = plan_of(noted.model_copy(update={"undo": back}))
    work, tools = told(tmp_path, plan, Box())
    tools.checkpoint.remember("in hand", "a message")
    undo = undo_plan(plan, RunContext(**{**vars(work), "about": Context(identity=IDENTITY, plan_id="undo-id")}))
    HANDED.clear()
    start_run(undo, work)
    ((_, taking_back),) = HANDED
    assert taking_back.checkpoint.recall("in hand") == "a message"
