"""The executor's one rule, and what survives faults at every call."""

from contextlib import suppress
from typing import Any

import pytest

from opsctl.execution.executor import Executor
from opsctl.execution.inverse import inverse_of, irreversible_in, references_of
from opsctl.model.changes import Change, Check, Instruction, Irreversible, Proof
from opsctl.model.errors import AwsRefused, Drifted, Interrupted, OpsctlError, OutcomeUnknown, Unproved
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.references import reference
from opsctl.model.value import Json
from opsctl.render.words import counts_of
from tests.kit.box_plans import add_item, get_box, irreversible, make_box, plan_of, two_step_plan
from tests.kit.ports import FAULTS, Box, FakeClock, Faulty, Killed, MemoryJournal, Wrapping, refusal


def run(
    plan: Plan, aws: Aws, journal: MemoryJournal, clock: FakeClock | None = None, stop_after: int = 10_000
) -> None:
    asked = iter(range(10_000))
    Executor(
        plan, aws, journal, clock or FakeClock(), lambda _line: None, lambda: next(asked) >= stop_after
    ).apply()


def undo_of(plan: Plan, journal: MemoryJournal) -> Plan:
    return plan_of(*inverse_of(plan, journal.intended()), plan_id="undo").model_copy(
        update={"references": references_of(plan)}
    )


def test_a_change_whose_proof_holds_is_skipped_and_never_undone() -> None:
    box = Box({"b": {"Items": ["x"], "Lock": 1}})
    journal = MemoryJournal()
    plan = plan_of(add_item("x", "b"))
    run(plan, box, journal)
    assert box.writes == []
    assert journal.last("add") == "skipped"
    assert inverse_of(plan, journal.intended()) == ()


def test_a_change_whose_expectation_fails_stops_the_run_as_drifted() -> None:
    box = Box({"new": {"Items": ["theirs"], "Lock": 1}})
    journal = MemoryJournal()
    with pytest.raises(Drifted, match="there is no such box"):
        run(two_step_plan(), box, journal)
    assert box.writes == []
    assert journal.last("make") == "drifted"


def test_the_intent_is_journalled_before_the_call() -> None:
    journal = MemoryJournal()
    seen: list[object] = []
    box = Box(before_write=lambda _operation: seen.append(journal.last("make")))
    run(plan_of(make_box("new")), box, journal)
    assert seen == ["intent"]


def test_an_output_of_an_earlier_change_is_found_by_a_read() -> None:
    box = Box()
    run(two_step_plan(), box, MemoryJournal())
    assert box.boxes["new"]["Items"] == ["ours", "x"]


def test_an_edit_that_loses_the_lock_keeps_the_colleagues_element() -> None:
    """Peers re-sent their old list after a lock conflict and lost a colleague's block."""
    box = Box({"b": {"Items": ["old"], "Lock": 1}})

    def colleague(_operation: str) -> None:
        box.before_write = None
        box.boxes["b"] = {"Items": ["old", "colleague"], "Lock": 2}

    box.before_write = colleague
    run(plan_of(add_item("x", "b")), box, MemoryJournal())
    assert box.boxes["b"]["Items"] == ["old", "colleague", "x"]


def test_an_edit_that_loses_the_lock_to_somebody_who_did_the_same_writes_no_more() -> None:
    box = Box({"b": {"Items": ["old"], "Lock": 1}})

    def same(_operation: str) -> None:
        box.before_write = None
        box.boxes["b"] = {"Items": ["old", "x"], "Lock": 2}

    box.before_write = same
    run(plan_of(add_item("x", "b")), box, MemoryJournal())
    assert box.writes == ["EditBox"], "the refused one"


def test_what_somebody_else_made_while_we_tried_is_theirs_to_undo() -> None:
    """Two responders block one address at the same moment: the second must not take the first one's block away."""
    for change, theirs in ((add_item("x", "b"), ["old", "x"]), (make_box("b"), ["ours"])):
        box, journal = Box({"b": {"Items": ["old"], "Lock": 1}} if change.kind == "edit" else {}), MemoryJournal()

        def faster(_operation: str, box: Box = box, theirs: list[str] = theirs) -> None:
            box.before_write = None
            box.boxes["b"] = {"Items": theirs, "Lock": 2}

        box.before_write = faster
        run(plan_of(change), box, journal)
        assert journal.records[-2:][0][1] == "intent"
        assert journal.last(change.id) == "skipped"
        assert inverse_of(plan_of(change), journal.intended()) == ()


def test_what_an_earlier_call_of_the_run_may_have_made_is_ours_to_undo() -> None:
    box, journal = Box(), MemoryJournal()
    with pytest.raises(OutcomeUnknown):
        run(plan_of(make_box("b")), Faulty(box, "lost-before", 1), journal)

    def late(_operation: str) -> None:
        box.before_write = None
        box.boxes["b"] = {"Items": ["ours"], "Lock": 1}

    box.before_write = late
    run(plan_of(make_box("b")), box, journal)
    assert journal.last("make") == "done"
    assert journal.intended() == ["make"]


def test_an_edit_that_loses_the_lock_is_held_to_its_expectation_again() -> None:
    box = Box({"b": {"Items": ["old"], "Lock": 1}})
    change = add_item("x", "b")
    only_old = Check(read=get_box("b"), query="Items", op="within", value=["old"], says="nobody else is in it")
    plan = plan_of(change.model_copy(update={"expect": (*change.expect, only_old)}))

    def colleague(_operation: str) -> None:
        box.boxes["b"] = {"Items": ["old", "colleague"], "Lock": 2}

    box.before_write = colleague
    with pytest.raises(Drifted, match="nobody else is in it"):
        run(plan, box, MemoryJournal())
    assert box.boxes["b"]["Items"] == ["old", "colleague"]


def test_an_edit_gives_up_on_a_lock_that_it_never_gets_and_holds_on_long_enough_for_many_at_once() -> None:
    box, clock = Box({"b": {"Items": [], "Lock": 1}}), FakeClock()

    def always(_operation: str) -> None:
        box.boxes["b"]["Lock"] += 1

    box.before_write = always
    with pytest.raises(AwsRefused, match="StaleLock"):
        run(plan_of(add_item("x", "b")), box, MemoryJournal(), clock)
    assert 300 <= sum(clock.slept) < 320
    assert len(set(clock.slept)) > 20, "those who lost one lock do not come back at the same moment"


def test_a_creation_that_somebody_made_first_is_drift() -> None:
    box = Box()

    def faster(_operation: str) -> None:
        box.boxes["new"] = {"Items": ["theirs"], "Lock": 1}

    box.before_write = faster
    with pytest.raises(Drifted, match="changed concurrently"):
        run(plan_of(make_box("new")), box, MemoryJournal())
    assert box.boxes["new"]["Items"] == ["theirs"]


def test_a_call_that_does_nothing_ends_unproved_and_not_well() -> None:
    class Deaf(Box):
        def write(self, service: str, operation: str, params: object, region: str | None) -> object:
            return {}

    journal = MemoryJournal()
    with pytest.raises(Unproved, match="not confirmed after 5 s"):
        run(plan_of(make_box("new")), Deaf(), journal)
    assert journal.last("make") == "unproved"


def test_an_interrupt_stops_between_calls_and_the_run_can_be_resumed() -> None:
    box, journal, plan = Box(), MemoryJournal(), two_step_plan()
    with pytest.raises(Interrupted):
        run(plan, box, journal, stop_after=1)
    assert box.writes == ["PutBox"]
    run(plan, box, journal)
    assert box.boxes["new"]["Items"] == ["ours", "x"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("at", [1, 2])
def test_resume_reaches_the_plans_end_whatever_call_fails(fault: str, at: int) -> None:
    box, journal, plan = Box({"other": {"Items": ["o"], "Lock": 1}}), MemoryJournal(), two_step_plan()
    with suppress(OpsctlError, Killed):
        run(plan, Faulty(box, fault, at), journal)
    run(plan, box, journal)
    assert box.boxes["new"]["Items"] == ["ours", "x"]
    assert box.boxes["other"] == {"Items": ["o"], "Lock": 1}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("at", [1, 2])
def test_undo_reaches_the_start_whatever_call_fails(fault: str, at: int) -> None:
    box, journal, plan = Box(), MemoryJournal(), two_step_plan()
    with suppress(OpsctlError, Killed):
        run(plan, Faulty(box, fault, at), journal)
    run(undo_of(plan, journal), box, MemoryJournal())
    assert box.boxes == {}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("at", [1, 2])
def test_an_undo_that_fails_half_way_can_be_resumed(fault: str, at: int) -> None:
    box, journal, plan = Box(), MemoryJournal(), two_step_plan()
    run(plan, box, journal)
    undo, undo_journal = undo_of(plan, journal), MemoryJournal()
    with suppress(OpsctlError, Killed):
        run(undo, Faulty(box, fault, at), undo_journal)
    run(undo, box, undo_journal)
    assert box.boxes == {}


def test_a_lost_answer_that_landed_is_settled_by_the_proof() -> None:
    box, journal = Box(), MemoryJournal()
    run(plan_of(make_box("new")), Faulty(box, "lost-after", 1), journal)
    assert journal.last("make") == "done"
    assert box.writes == ["PutBox"]


def test_a_lost_call_that_never_landed_fails_and_is_not_sent_twice() -> None:
    box, journal = Box(), MemoryJournal()
    with pytest.raises(OutcomeUnknown):
        run(plan_of(make_box("new")), Faulty(box, "lost-before", 1), journal)
    assert box.writes == []
    assert journal.last("make") == "failed"


class SlowBox(Box):
    """An account in which a new box has nothing in it for a while: it is neither absent nor ours yet."""

    def __init__(self, clock: FakeClock, takes_s: float) -> None:
        super().__init__()
        self.clock, self.takes_s, self.there_at = clock, takes_s, 0.0

    def read(self, read: Read) -> Answer:
        """Answer; a box that is on its way has other contents."""
        answer = super().read(read)
        if answer.value and self.clock.now() < self.there_at:
            return Answer(value={"Items": ["on its way"], "Lock": 1})
        return answer

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Carry out, with an effect that shows later."""
        self.there_at = self.clock.now() + self.takes_s
        return super().write(service, operation, params, region)


def slow_plan(within_s: int) -> Plan:
    change = make_box("new")
    return plan_of(change.model_copy(update={"proof": change.proof.model_copy(update={"within_s": within_s})}))


def test_resume_waits_for_a_call_that_was_sent_and_takes_effect_late() -> None:
    clock, journal = FakeClock(), MemoryJournal()
    box = SlowBox(clock, takes_s=100)
    with pytest.raises(Killed):
        run(slow_plan(300), Faulty(box, "killed-after", 1), journal, clock)
    run(slow_plan(300), box, journal, clock)
    assert [event for _, event, _ in journal.records] == ["intent", "done"]
    assert journal.records[-1][2]["note"], "it is told whose it is"
    assert box.writes == ["PutBox"]


def test_a_lost_answer_is_waited_for_as_long_as_the_call_shows_its_beginning() -> None:
    clock, journal = FakeClock(), MemoryJournal()
    run(slow_plan(300), Faulty(SlowBox(clock, takes_s=100), "lost-after", 1), journal, clock)
    assert journal.last("make") == "done"


def test_what_somebody_else_changed_while_the_process_was_dead_is_still_drift() -> None:
    box, journal = Box(), MemoryJournal()
    with pytest.raises(Killed):
        run(slow_plan(300), Faulty(box, "killed-before", 1), journal)
    box.boxes["new"] = {"Items": ["theirs"], "Lock": 1}
    with pytest.raises(Drifted, match="there is no such box"):
        run(slow_plan(300), box, journal)


def test_undo_removes_only_what_the_run_added() -> None:
    box, journal = Box({"b": {"Items": ["old"], "Lock": 1}}), MemoryJournal()
    plan = plan_of(add_item("x", "b"))
    run(plan, box, journal)
    box.boxes["b"]["Items"].append("later")
    run(undo_of(plan, journal), box, MemoryJournal())
    assert box.boxes["b"]["Items"] == ["old", "later"]


def test_the_inverse_of_an_inverse_does_the_same_as_the_plan() -> None:
    box, journal, plan = Box(), MemoryJournal(), two_step_plan()
    run(plan, box, journal)
    undo, undo_journal = undo_of(plan, journal), MemoryJournal()
    run(undo, box, undo_journal)
    redo = undo_of(undo, undo_journal)
    assert [change.id for change in redo.changes] == [change.id for change in plan.changes]
    run(redo, box, MemoryJournal())
    assert box.boxes["new"]["Items"] == ["ours", "x"]


def test_what_cannot_be_undone_is_listed_and_never_dropped() -> None:
    plan = plan_of(irreversible(make_box("new")))
    journal = MemoryJournal()
    run(plan, Box(), journal)
    assert inverse_of(plan, journal.intended()) == ()
    assert [(c.id, why) for c, why in irreversible_in(plan, journal.intended())] == [
        ("make", "it is gone for good")
    ]


def test_drift_is_found_before_anything_is_changed() -> None:
    box = Box({"new": {"Items": ["theirs"], "Lock": 1}})
    executor = Executor(two_step_plan(), box, MemoryJournal(), FakeClock(), lambda _line: None, lambda: False)
    assert [change.id for change, _ in executor.compared().drifted] == ["make"]
    assert box.writes == []


def test_a_wait_gives_up_when_what_it_waits_for_has_failed() -> None:
    box = Box({"b": {"Items": ["failed"], "Lock": 1}})
    wait = Change(
        **dict(Instruction(kind="wait", service="box", operation="GetBox")),
        id="wait",
        title="wait for x",
        why="it takes time",
        expect=(
            Check(read=get_box("b"), query="Items", op="excludes", value=["failed"], says="it has not failed"),
        ),
        proof=Proof(
            configured=(Check(read=get_box("b"), query="Items", op="contains", value=["x"], says="x is there"),),
            within_s=86_400,
        ),
        undo=Irreversible(because="waiting changes nothing"),
    )
    clock = FakeClock()
    with pytest.raises(Drifted, match="it has not failed"):
        run(plan_of(wait), box, MemoryJournal(), clock)
    assert clock.slept == []
    assert counts_of(plan_of(wait)).endswith("nothing is changed.")


def test_each_look_of_a_wait_asks_once_for_success_and_failure() -> None:
    box = Box({"b": {"Items": [], "Lock": 1}})
    read = get_box("b")
    wait = Change(
        **dict(Instruction(kind="wait", service="box", operation="GetBox")),
        id="wait",
        title="wait for x",
        why="it takes time",
        expect=(Check(read=read, query="Items", op="excludes", value=["failed"], says="it has not failed"),),
        proof=Proof(
            configured=(Check(read=read, query="Items", op="contains", value=["x"], says="x is there"),),
            within_s=20,
        ),
        undo=Irreversible(because="waiting changes nothing"),
    )
    clock = FakeClock()
    with pytest.raises(Unproved, match="x is there"):
        run(plan_of(wait), box, MemoryJournal(), clock)
    assert len(box.reads) == len(clock.slept) + 1
    assert len(clock.slept) > 3


def test_a_call_whose_proof_can_never_come_is_not_waited_for() -> None:
    """Somebody terminates an instance that was just started: it will never run."""
    box = Box({"b": {"Items": ["gone"], "Lock": 1}})
    there = Check(read=get_box("b"), query="Items", op="excludes", value=["gone"], says="nobody took the box away")
    never = Check(read=get_box("b"), query="Items", op="contains", value=["y"], says="y is there")
    add = add_item("x", "b")
    change = add.model_copy(update={"proof": Proof(configured=(never,), possible=(there,), within_s=900)})
    clock, journal = FakeClock(), MemoryJournal()
    with pytest.raises(Drifted, match="nobody took the box away"):
        run(plan_of(change), box, journal, clock)
    assert clock.slept == []
    assert journal.last(change.id) == "drifted"
    (back,) = inverse_of(plan_of(change), [change.id])
    assert back.proof.possible == (there,)


def test_what_was_settled_is_not_made_again_though_a_later_change_has_superseded_it() -> None:
    """A process is suspended, and resumed at the end: going on with such a run must not suspend it again."""
    add = add_item("x", "b")
    (drop,) = inverse_of(plan_of(add), ["add"])
    plan, box, journal = plan_of(add, drop), Box({"b": {"Items": [], "Lock": 1}}), MemoryJournal()
    run(plan, box, journal)
    assert box.writes == ["EditBox", "EditBox"]
    run(plan, box, journal)
    assert box.writes == ["EditBox", "EditBox"]


def ready(box: str, **more: Any) -> Change:
    """Wait for a box that somebody else makes."""
    there = Check(read=get_box(box), query="Items", op="present", says=f"{box} is there")
    read = Instruction(kind="wait", service="box", operation="GetBox")
    proof = Proof(configured=(there,), within_s=5, otherwise="ask whoever makes it, then run the undo again")
    no = Irreversible(because="it is a part of an undo")
    about = {"title": f"Wait for {box}", "why": "it comes first", "expect": (), "undo": no}
    return Change(**dict(read), id="ready", proof=proof, **about, **more)


def test_what_an_undo_has_to_settle_first_comes_right_before_it_and_is_no_part_of_the_run() -> None:
    box, journal = Box(), MemoryJournal()
    plan = plan_of(make_box("new").model_copy(update={"undo_first": (ready("theirs"),)}))
    run(plan, box, journal)
    undo = undo_of(plan, journal)
    assert [(one.id, one.depends_on) for one in undo.changes] == [("ready", ()), ("undo:make", ("ready",))]
    with pytest.raises(Unproved, match="Wait for theirs: not so after 5 s: theirs is there, found") as told:
        run(undo, box, MemoryJournal())
    assert told.value.hint == "ask whoever makes it, then run the undo again"
    assert "new" in box.boxes
    assert told.value.summary.endswith("theirs is there, found None")
    box.boxes["theirs"] = {"Items": ["t"], "Lock": 1}
    run(undo, box, MemoryJournal())
    assert set(box.boxes) == {"theirs"}


def test_a_wait_that_is_not_called_for_is_left_out() -> None:
    journal = MemoryJournal()
    absent = Check(read=get_box("theirs"), query="Items", op="present", says="somebody wants it")
    run(plan_of(ready("theirs", only_if=(absent,))), Box(), journal)
    assert journal.last("ready") == "kept"


def test_what_is_not_called_for_is_no_drift() -> None:
    wanted = Check(read=get_box("theirs"), query="Items", op="present", says="somebody wants it")
    taken = Box({"new": {"Items": ["theirs"], "Lock": 1}})

    def drift(change: Change) -> list[str]:
        executor = Executor(
            plan_of(change), taken, MemoryJournal(), FakeClock(), lambda _line: None, lambda: False
        )
        return [one.id for one, _ in executor.compared().drifted]

    change = make_box("new")
    assert (drift(change), drift(change.model_copy(update={"only_if": (wanted,)}))) == (["make"], [])


def test_what_has_to_reach_the_edge_is_awaited_once_everything_is_configured() -> None:
    class Edge(Box):
        """An account that spreads a box over ten reads of its list."""

        def read(self, read: Read) -> Answer:
            answer = super().read(read)
            if read.operation == "ListBoxes" and self.reads.count(read.api) < 10:
                return Answer(value={"Boxes": []})
            return answer

    spread = Check(
        read=Read(service="box", operation="ListBoxes"),
        query="Boxes[].Name",
        op="contains",
        value=["new"],
        says="so",
    )
    change = make_box("new")
    plan = plan_of(
        change.model_copy(
            update={
                "proof": change.proof.model_copy(update={"effective": (spread,), "within_s": 600}),
                "outputs": {},
            }
        ),
        make_box("last", "last"),
    )
    box, clock, journal = Edge(), FakeClock(), MemoryJournal()
    run(plan, box, journal, clock)
    assert (box.reads.count("box.ListBoxes"), box.writes) == (10, ["PutBox", "PutBox"])
    assert sum(clock.slept) > 60
    with pytest.raises(Unproved, match="made, but not confirmed after 600 s"):
        run(plan, Wrapping(_never_spread()), MemoryJournal(), FakeClock())
    assert journal.last("make") == "done"


def _never_spread() -> Box:
    class Stuck(Box):
        def read(self, read: Read) -> Answer:
            return Answer(value={"Boxes": []}) if read.operation == "ListBoxes" else super().read(read)

    return Stuck()


def test_the_effect_of_what_was_so_before_is_not_waited_for() -> None:
    never = Check(read=get_box("other"), query="Items", op="present", says="it never comes")
    change = make_box("b")
    skipped = change.model_copy(update={"proof": change.proof.model_copy(update={"effective": (never,)})})
    journal = MemoryJournal()
    run(plan_of(skipped), Box({"b": {"Items": ["ours"], "Lock": 1}}), journal)
    assert journal.last("make") == "skipped"


@pytest.mark.parametrize("kind", [RefusalKind.DENIED, RefusalKind.UNREADABLE, RefusalKind.MISSING])
def test_an_edit_does_not_go_on_when_its_document_cannot_be_read(kind: RefusalKind) -> None:
    class Unreadable(Box):
        def read(self, read: Read) -> Answer:
            return Answer(refusal=refusal(kind, "NoDocument", read.api)) if read.whole else super().read(read)

    box, journal = Unreadable({"b": {"Items": ["old"], "Lock": 1}}), MemoryJournal()
    with pytest.raises(AwsRefused, match="NoDocument"):
        run(plan_of(add_item("x", "b")), box, journal)
    assert (box.writes, box.boxes["b"]["Items"], journal.last("add")) == ([], ["old"], "failed")


def unproved_by_anything(change: Change) -> Plan:
    """A plan of the change with a proof that says nothing; no such plan can be made or loaded."""
    broken = change.model_copy(update={"proof": Proof(configured=(), within_s=5)})
    return plan_of(change).model_copy(update={"changes": (broken,)})


def test_a_proof_that_says_nothing_is_never_taken_for_held() -> None:
    plan, there = unproved_by_anything(make_box("new")), Box({"new": {"Items": ["ours"], "Lock": 1}})
    executor = Executor(plan, there, MemoryJournal(), FakeClock(), lambda _line: None, lambda: False)
    assert [change.id for change, _ in executor.compared().drifted] == ["make"]
    with pytest.raises(Drifted):
        executor.apply()
    for fault, end in (("", Unproved), ("lost-after", OutcomeUnknown), ("killed-after", Killed)):
        box, journal = Box(), MemoryJournal()
        with pytest.raises(end):
            run(plan, Faulty(box, fault, 1) if fault else box, journal)
        with pytest.raises(OpsctlError):
            run(plan, box, journal)
        assert journal.last("make") != "done"
    with pytest.raises(Unproved, match="a proof is defined"):
        run(unproved_by_anything(ready("theirs")), Box(), MemoryJournal())


def test_a_change_whose_proof_cannot_fail_is_none() -> None:
    for configured in (
        (),
        (Check(read=get_box("b"), query="Items", op="contains", value=[], says="all of none"),),
    ):
        with pytest.raises(ValueError, match="the proof of make cannot fail"):
            Change.model_validate(make_box("b").model_dump() | {"proof": {"configured": configured}})


class Recording(Box):
    """An account that keeps what each call was made with, and knows what one of them takes."""

    def takes(self, service: str, operation: str) -> frozenset[str]:
        """The members that an edit takes."""
        return frozenset({"Items", "Lock"} if (service, operation) == ("box", "EditBox") else ())

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Keep, and carry out."""
        self.calls = [*getattr(self, "calls", []), (service, operation, params, region)]
        return super().write(service, operation, params, region)


def test_a_call_goes_to_its_service_and_region_with_references_answered_also_in_the_elements_of_an_edit() -> None:
    make, add = two_step_plan().changes
    assert add.edit is not None
    (element,) = add.edit.elements
    edit = add.edit.model_copy(
        update={
            "carry": {},
            "document": "@",
            "elements": (element.model_copy(update={"value": reference("make", "name")}),),
        }
    )
    proof = Proof(configured=(Check(read=get_box("new"), query="Items", op="contains", value=["new"], says="so"),))
    changes = (
        make.model_copy(update={"region": "eu-west-1"}),
        add.model_copy(update={"edit": edit, "region": "us-west-2", "proof": proof}),
    )
    box = Recording()
    run(plan_of(*changes), box, MemoryJournal())
    assert box.calls == [
        ("box", "PutBox", {"Name": "new", "Items": ["ours"]}, "eu-west-1"),
        ("box", "EditBox", {"Name": "new", "Items": ["ours", "new"], "Lock": 1}, "us-west-2"),
    ]
