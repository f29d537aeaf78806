"""A value chosen just before the call: what somebody took is passed over, and undo takes back what was used."""

from contextlib import suppress

import pytest

from opsctl.execution.asking import Asking
from opsctl.execution.choosing import as_made, bound, choose, none_free
from opsctl.execution.executor import SETTLE_WITHIN_S, Executor
from opsctl.execution.inverse import inverse_of
from opsctl.model.changes import Change, Check, Choice, Instruction, Proof, Query
from opsctl.model.errors import AwsRefused, Drifted, OpsctlError
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.report import EventRow
from opsctl.model.run import Progress
from tests.kit.box_plans import get_box, plan_of
from tests.kit.ports import FAULTS, Box, FakeClock, Faulty, Killed, MemoryJournal, Wrapping, refusal

LIST = Read(service="box", operation="ListBoxes")
THEIRS = {"Items": ["theirs"], "Lock": 1}


def one_of(*names: str) -> Change:
    """A box under the first free of some names."""

    def ours(op: str) -> Check:
        return Check.model_validate(
            {"read": get_box(names[0]), "query": "Items", "op": op, "value": ["ours"], "says": f"ours {op}"}
        )

    return Change(
        id="make",
        title="make a box",
        why="a box is needed",
        kind="call",
        service="box",
        operation="PutBox",
        params={"Name": names[0], "Items": ["ours"]},
        expect=(ours("excludes"),),
        proof=Proof(configured=(ours("contains"),), within_s=5),
        undo=Instruction(kind="call", service="box", operation="DropBox", params={"Name": names[0]}),
        choice=Choice(
            what="name",
            at=(
                "params.Name",
                "undo.params.Name",
                "expect.0.read.params.Name",
                "proof.configured.0.read.params.Name",
            ),
            values=names,
            taken=Query(read=LIST, query="Boxes[].Name"),
            conflicts=("BoxAlreadyExists",),
        ),
    )


PLAN = plan_of(one_of("a", "b", "c"))


def run(
    plan: Plan,
    aws: Aws,
    journal: MemoryJournal,
    clock: FakeClock | None = None,
    progress: Progress = lambda _line: None,
) -> None:
    Executor(plan, aws, journal, clock or FakeClock(), progress, lambda: False).apply()


def undo(plan: Plan, aws: Aws, journal: MemoryJournal) -> None:
    events = [EventRow(at="", change=name, event=event, detail=detail) for name, event, detail in journal.records]
    inverse = inverse_of(as_made(plan, events), journal.intended())
    run(plan_of(*inverse, plan_id="undo"), aws, MemoryJournal())


def ours_in(box: Box) -> list[str]:
    return [name for name, one in box.boxes.items() if one["Items"] == ["ours"]]


def test_the_first_value_that_is_free_is_used() -> None:
    box = Box({"a": THEIRS, "c": THEIRS})
    run(PLAN, box, MemoryJournal())
    assert ours_in(box) == ["b"]


def taking(box: Box, *names: str) -> None:
    """Somebody takes these names one after the other, each in the moment before our call."""
    waiting = list(names)

    def take(operation: str) -> None:
        if operation == "PutBox" and waiting:
            box.boxes[waiting.pop(0)] = dict(THEIRS)

    box.before_write = take


def test_a_value_that_is_taken_in_that_very_moment_is_passed_over() -> None:
    box, journal = Box(), MemoryJournal()
    taking(box, "a", "b")
    run(PLAN, box, journal)
    assert ours_in(box) == ["c"]
    chosen = [detail["chosen"] for _, event, detail in journal.records if event == "intent"]
    assert chosen == ["a", "b", "c"], "the journal says with which value each call was made"
    undo(PLAN, box, journal)
    assert box.boxes == {"a": THEIRS, "b": THEIRS}, "undo takes back what was used, and nothing else"


@pytest.mark.parametrize("late", [False, True])
def test_when_every_value_is_taken_the_run_is_drifted_and_nothing_was_changed(late: bool) -> None:
    box, journal = Box({} if late else {"a": THEIRS, "b": THEIRS, "c": THEIRS}), MemoryJournal()
    taking(box, *(("a", "b", "c") if late else ()))
    with pytest.raises(Drifted, match="one of these is free as name"):
        run(PLAN, box, journal)
    assert ours_in(box) == []
    assert journal.last("make") == "drifted"


def test_what_somebody_made_alike_under_another_value_is_taken_for_done_and_left_alone() -> None:
    box, journal = Box({"b": {"Items": ["ours"], "Lock": 1}}), MemoryJournal()
    run(PLAN, box, journal)
    assert box.writes == []
    assert (journal.last("make"), journal.intended()) == ("skipped", [])


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("taken", [(), ("a",), ("a", "b")], ids=["nobody", "one", "two"])
def test_whatever_fails_at_whichever_call_there_is_one_box_in_the_end_and_none_after_undo(
    fault: str, taken: tuple[str, ...]
) -> None:
    for at in range(1, len(taken) + 2):
        for resumed in (True, False):
            box, journal = Box(), MemoryJournal()
            taking(box, *taken)
            with suppress(OpsctlError, Killed):
                run(PLAN, Faulty(box, fault, at), journal)
            if resumed:
                run(PLAN, box, journal)
                assert len(ours_in(box)) == 1, f"{fault} at call {at}"
            theirs = {name: one for name, one in box.boxes.items() if one["Items"] == ["theirs"]}
            undo(PLAN, box, journal)
            assert box.boxes == theirs, f"undone after {fault} at call {at}"


class Lagging(Wrapping):
    """An account whose lists and boxes come late for some reads, as eventually consistent ones do."""

    stale = 0

    def read(self, read: Read) -> Answer:
        if self.stale > 0:
            self.stale -= 1
            return Box().read(read)
        return self.inner.read(read)


def test_a_resumed_run_waits_for_its_own_call_before_it_takes_another_value() -> None:
    """Killed after the call: the account does not show it yet, and refuses the same value as taken."""
    box, journal = Box(), MemoryJournal()
    with suppress(Killed):
        run(PLAN, Faulty(box, "killed-after", 1), journal)
    lagging = Lagging(box)
    lagging.stale = 8
    run(PLAN, lagging, journal)
    assert ours_in(box) == ["a"]
    undo(PLAN, box, journal)
    assert box.boxes == {}


def test_a_dry_run_tells_drift_only_when_no_value_is_left() -> None:
    for boxes, drifted in (({"a": THEIRS}, []), ({"a": THEIRS, "b": THEIRS, "c": THEIRS}, ["make"])):
        executor = Executor(PLAN, Box(dict(boxes)), MemoryJournal(), FakeClock(), print, lambda: False)
        assert [change.id for change, _ in executor.compared().drifted] == drifted


def test_a_change_without_a_choice_is_itself() -> None:
    plain = PLAN.changes[0].model_copy(update={"choice": None})
    assert bound(plain, "b") == plain


def test_binding_replaces_the_value_wherever_it_stands() -> None:
    made = bound(PLAN.changes[0], "b")
    assert made.choice is not None
    assert made.choice.values == ("b",)
    text = made.model_copy(update={"choice": None}).model_dump_json()
    assert text.count('"Name":"b"') == 4
    assert '"Name":"a"' not in text


def test_choosing_asks_the_account_and_not_the_plan() -> None:
    found = choose(PLAN.changes[0], Asking(Box({"a": THEIRS}), {}))
    assert found is not None
    assert found.params["Name"] == "b"


class Unlisted(Box):
    """An account whose list does not show what its calls are refused for."""

    def read(self, read: Read) -> Answer:
        return Answer(value={"Boxes": []}) if read.operation == "ListBoxes" else super().read(read)


def test_what_aws_says_is_taken_is_not_tried_again_though_no_list_shows_it() -> None:
    box, journal, lines, clock = Unlisted({"a": THEIRS, "b": THEIRS}), MemoryJournal(), list[str](), FakeClock()
    run(PLAN, box, journal, clock, lines.append)
    assert (ours_in(box), box.writes, clock.slept) == (["c"], ["PutBox"] * 3, [])
    told = [line for line in lines if "already in use" in line]
    assert told == [f"make a box: name {name} is already in use; trying the next" for name in ("a", "b")]
    full = Unlisted(dict.fromkeys("abc", THEIRS))
    with pytest.raises(Drifted, match="one of these is free as name"):
        run(PLAN, full, MemoryJournal())
    assert full.writes == ["PutBox"] * 3


def test_a_value_that_somebody_took_is_passed_over_at_once_unless_it_may_have_been_us() -> None:
    patient = PLAN.changes[0].model_copy(
        update={"proof": PLAN.changes[0].proof.model_copy(update={"within_s": 3000})}
    )
    plan, box, journal, clock = plan_of(patient), Unlisted(), MemoryJournal(), FakeClock()
    with suppress(Killed):
        run(plan, Faulty(box, "killed-before", 1), journal, clock)
    box.boxes["a"] = THEIRS
    lagging = Lagging(box)
    lagging.stale = 4
    run(plan, lagging, journal, clock)
    assert ours_in(box) == ["b"]
    assert sum(clock.slept) == SETTLE_WITHIN_S, "as long as our own call may take to show"


def test_another_refusal_than_taken_is_told_at_once_also_when_resumed() -> None:
    journal, clock = MemoryJournal(), FakeClock()
    with suppress(Killed):
        run(PLAN, Faulty(Box(), "killed-before", 1), journal, clock)
    slept = list(clock.slept)
    lagging = Lagging(Faulty(Box(), "denied", 1))
    with pytest.raises(AwsRefused):
        run(PLAN, lagging, journal, clock)
    assert clock.slept[len(slept) :] == []


def test_what_an_earlier_call_made_is_no_failure_when_it_is_refused_the_second_time() -> None:
    box, journal = Box(), MemoryJournal()
    with suppress(Killed):
        run(PLAN, Faulty(box, "killed-after", 1), journal)
    lagging = Lagging(box)
    lagging.stale = 8
    run(PLAN, lagging, journal)
    assert "failed" not in [event for _, event, _ in journal.records]


def test_when_none_is_free_it_is_told_which_there_are_and_which_are_taken() -> None:
    one = PLAN.changes[0]
    for boxes, tried, taken in ((["a", "b", "c"], [], ["a", "b", "c"]), (["a"], ["b", "c"], ["a", "b", "c"])):
        asking = Asking(Box(dict.fromkeys(boxes, THEIRS)), {})
        (result,) = none_free(one, asking, tried)
        assert (result.held, result.expected, result.found) == (False, ["a", "b", "c"], taken)
    for nothing_found in (Asking(Unlisted({"a": THEIRS}), {}), Asking(Box({"b": THEIRS}), {})):
        assert none_free(one, nothing_found) == ()
        (result,) = none_free(one, nothing_found, ["a", "b", "c"])
        assert result.found[-3:] == ["a", "b", "c"]
    assert none_free(one.model_copy(update={"choice": None}), asking) == ()


def test_a_value_is_bound_inside_of_lists_too() -> None:
    one = PLAN.changes[0]
    choice = one.choice.model_copy(update={"at": ("params.Items.1", "params.Deep.0.Name")}) if one.choice else None
    made = bound(
        one.model_copy(update={"choice": choice, "params": {"Items": ["x", "a"], "Deep": [{"Name": "a"}]}}), "b"
    )
    assert made.params == {"Items": ["x", "b"], "Deep": [{"Name": "b"}]}


OURS = {"Items": ["ours"], "Lock": 1}


def test_what_somebody_made_alike_under_the_value_that_came_next_is_theirs_to_undo() -> None:
    """Three responders, two of them with one address: the first number goes to the third, the second is shared."""
    box, journal, waiting = Box(), MemoryJournal(), [("a", THEIRS), ("b", OURS)]

    def take(_operation: str) -> None:
        if waiting:
            name, one = waiting.pop(0)
            box.boxes[name] = dict(one)

    box.before_write = take
    run(PLAN, box, journal)
    assert (journal.last("make"), journal.intended()) == ("skipped", [])
    undo(PLAN, box, journal)
    assert box.boxes == {"a": THEIRS, "b": OURS}


def test_undo_takes_back_the_value_whose_call_was_not_refused() -> None:
    """One call was cut off and landed, the next, with another value, was refused for certain."""
    box, journal = Box(), MemoryJournal()
    with suppress(Killed):
        run(PLAN, Faulty(box, "killed-after", 1), journal)
    journal.record("make", "intent", {"api": "box.PutBox", "chosen": "b"})
    refused = refusal(RefusalKind.DENIED, "AccessDenied", "box.PutBox")
    journal.record("make", "failed", refused.model_dump(mode="json"))
    undo(PLAN, box, journal)
    assert box.boxes == {}
