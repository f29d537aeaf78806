"""A value chosen just before the call: what somebody took is passed over, and undo takes back what was used."""

from contextlib import suppress

import pytest

from opsctl.execution.choosing import as_made, bound, choose
from opsctl.execution.executor import Executor
from opsctl.execution.inverse import inverse_of
from opsctl.model.changes import Change, Check, Choice, Instruction, Proof, Query
from opsctl.model.errors import Drifted, OpsctlError
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.reads import Answer, Read
from opsctl.model.report import EventRow
from tests.kit.box_plans import get_box, plan_of
from tests.kit.ports import FAULTS, Box, FakeClock, Faulty, Killed, MemoryJournal, Wrapping

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


def run(plan: Plan, aws: Aws, journal: MemoryJournal) -> None:
    Executor(plan, aws, journal, FakeClock(), lambda _line: None, lambda: False).apply()


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
        assert [change.id for change, _ in executor.drifted()] == drifted


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
    from opsctl.execution.asking import Asking

    found = choose(PLAN.changes[0], Asking(Box({"a": THEIRS}), {}))
    assert found is not None
    assert found.params["Name"] == "b"
