"""When AWS refuses a call for good, what the run made in the same turn is taken back at once, and only that."""

from dataclasses import dataclass, field

import pytest

from opsctl.execution.executor import Executor
from opsctl.execution.inverse import inverse_of
from opsctl.model.changes import ANY_REFUSAL, Change, Check, Instruction, Irreversible, Proof
from opsctl.model.errors import AwsRefused, Drifted, OpsctlError
from opsctl.model.plan import Plan
from opsctl.model.reads import RefusalKind
from opsctl.model.value import Json
from tests.kit.box_plans import add_item, choosing, get_box, make_box, plan_of
from tests.kit.ports import Box, FakeClock, Killed, MemoryJournal, Wrapping, refusal

FULL = "NoRoom"


@dataclass
class Full(Wrapping):
    """An account without room for one box; the process may die at the n-th write."""

    name: str = "c"
    code: str = FULL
    kind: RefusalKind = RefusalKind.INVALID
    dies_at: int = 0
    done: list[str] = field(default_factory=list)

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Refuse the box, or pass on."""
        if operation == "PutBox" and params["Name"] == self.name:
            raise AwsRefused(refusal(self.kind, self.code, "box.PutBox"))
        if len(self.done) + 1 == self.dies_at:
            raise Killed
        self.done.append(f"{operation} {params['Name']}")
        return self.inner.write(service, operation, params, region)


def in_turn(turn: str, *changes: Change) -> tuple[Change, ...]:
    return tuple(one.model_copy(update={"turn": turn}) for one in changes)


def last_of(turn: str) -> Change:
    change = make_box("c", "start").model_copy(update={"goes_back": (FULL,), "depends_on": ("fill",)})
    return in_turn(turn, change)[0]


PLAN = plan_of(
    *in_turn("1", make_box("a", "first")),
    *in_turn("2", make_box("b", "reserve"), add_item("x", "b", "fill", ("reserve",))),
    last_of("2"),
    *in_turn("2", make_box("d", "release")),
)


def carry_out(aws: Full, journal: MemoryJournal, plan: Plan = PLAN) -> None:
    Executor(plan, aws, journal, FakeClock(), lambda _line: None, lambda: False).apply()


def test_a_refusal_takes_its_own_turn_back_newest_first_and_leaves_earlier_turns_and_later_changes_alone() -> None:
    box, journal = Box(), MemoryJournal()
    full = Full(box)
    with pytest.raises(OpsctlError) as told:
        carry_out(full, journal)
    assert full.done == ["PutBox a", "PutBox b", "EditBox b", "EditBox b", "DropBox b"]
    assert sorted(box.boxes) == ["a"]
    assert "NoRoom happened" in told.value.summary
    assert "taken back" in told.value.summary
    assert [journal.last(one.id) for one in PLAN.changes] == ["done", "reverted", "reverted", "reverted", None]


def test_what_went_back_is_neither_gone_on_with_nor_undone_and_what_came_before_is_undone() -> None:
    box, journal = Box(), MemoryJournal()
    with pytest.raises(OpsctlError):
        carry_out(Full(box), journal)
    again = Full(box, name="nothing is refused any more")
    with pytest.raises(OpsctlError, match="does not go on"):
        carry_out(again, journal)
    assert again.done == []
    assert journal.intended() == ["first"]
    assert [one.id for one in inverse_of(PLAN, journal.intended())] == ["undo:first"]


@pytest.mark.parametrize("at", [4, 5])
def test_killed_while_it_goes_back_it_is_resumed_there(at: int) -> None:
    box, journal = Box(), MemoryJournal()
    with pytest.raises(Killed):
        carry_out(Full(box, dies_at=at), journal)
    with pytest.raises(OpsctlError, match="make box c: the run took this back"):
        carry_out(Full(box), journal)
    assert sorted(box.boxes) == ["a"]
    assert [journal.last(one.id) for one in PLAN.changes] == ["done", "reverted", "reverted", "reverted", None]


@pytest.mark.parametrize("at", [4, 5])
def test_killed_while_it_goes_back_it_is_undone_as_well(at: int) -> None:
    box, journal = Box(), MemoryJournal()
    with pytest.raises(Killed):
        carry_out(Full(box, dies_at=at), journal)
    carry_out(Full(box), MemoryJournal(), plan_of(*inverse_of(PLAN, journal.intended())))
    assert box.boxes == {}


def test_another_refusal_takes_nothing_back() -> None:
    box, journal = Box(), MemoryJournal()
    with pytest.raises(AwsRefused):
        carry_out(Full(box, code="SomethingElse"), journal)
    assert sorted(box.boxes) == ["a", "b"]
    assert journal.last("start") == "failed"


@pytest.mark.parametrize(
    ("kind", "back"),
    [
        (RefusalKind.INVALID, True),
        (RefusalKind.DENIED, False),
        (RefusalKind.THROTTLED, False),
        (RefusalKind.UNREACHABLE, False),
        (RefusalKind.CONFLICT, True),
        (RefusalKind.MISSING, True),
    ],
)
def test_any_refusal_is_what_aws_calls_invalid_and_nothing_that_may_pass(kind: RefusalKind, back: bool) -> None:
    every = PLAN.changes[-2].model_copy(update={"goes_back": (ANY_REFUSAL,)})
    box, journal = Box(), MemoryJournal()
    with pytest.raises(OpsctlError):
        carry_out(Full(box, code="Unheard", kind=kind), journal, plan_of(*PLAN.changes[:3], every))
    assert (sorted(box.boxes) == ["a"]) is back


@pytest.mark.parametrize("kind", [RefusalKind.MISSING, RefusalKind.CONFLICT])
def test_what_is_gone_or_was_changed_by_somebody_else_takes_the_turn_back(kind: RefusalKind) -> None:
    box, journal = Box(), MemoryJournal()
    with pytest.raises(OpsctlError, match=r"SomethingElse happened.*taken back"):
        carry_out(Full(box, code="SomethingElse", kind=kind), journal)
    assert sorted(box.boxes) == ["a"]
    assert journal.last("start") == "reverted"


@pytest.mark.parametrize("kind", [RefusalKind.DENIED, RefusalKind.THROTTLED])
def test_what_a_resume_can_finish_takes_nothing_back(kind: RefusalKind) -> None:
    box, journal = Box(), MemoryJournal()
    with pytest.raises(AwsRefused):
        carry_out(Full(box, code="SomethingElse", kind=kind), journal)
    assert sorted(box.boxes) == ["a", "b"]
    carry_out(Full(box, name="nothing is refused any more"), journal)
    assert [journal.last(one.id) for one in PLAN.changes] == ["done"] * 5


def test_a_turn_that_has_not_begun_has_drifted_and_goes_nowhere() -> None:
    there = Check(read=get_box("z"), query="Items", op="present", says="z is there")
    start = PLAN.changes[3].model_copy(update={"expect": (there,), "depends_on": ()})
    box, journal = Box(), MemoryJournal()
    with pytest.raises(Drifted, match="z is there"):
        carry_out(Full(box), journal, plan_of(PLAN.changes[0], start))
    assert journal.last("start") == "drifted"


def test_an_expectation_that_no_longer_holds_takes_the_turn_back_before_the_call() -> None:
    empty = Check(read=get_box("b"), query="Items", op="excludes", value=["x"], says="x is not in it")
    start = PLAN.changes[3].model_copy(update={"expect": (empty,)})
    box, journal = Box(), MemoryJournal()
    aws = Full(box, name="nothing is refused")
    with pytest.raises(OpsctlError, match=r"expected that x is not in it .*taken back"):
        carry_out(aws, journal, plan_of(*PLAN.changes[:3], start))
    assert "PutBox c" not in aws.done
    assert sorted(box.boxes) == ["a"]


def test_a_wait_whose_expectation_fails_takes_its_turn_back() -> None:
    gone = Check(read=get_box("b"), query="Items", op="excludes", value=["x"], says="x is not in it")
    never = Check(read=get_box("e"), query="Items", op="present", says="e is there")
    waiting = Change(
        **dict(Instruction(kind="wait", service="box", operation="GetBox")),
        id="running",
        title="wait",
        why="it takes a while",
        expect=(gone,),
        proof=Proof(configured=(never,), within_s=5),
        undo=Irreversible(because="waiting changes nothing"),
        goes_back=(FULL,),
        turn="2",
    )
    box, journal = Box(), MemoryJournal()
    with pytest.raises(OpsctlError, match="x is not in it does not hold"):
        carry_out(Full(box), journal, plan_of(*PLAN.changes[:3], waiting))
    assert sorted(box.boxes) == ["a"]


def test_a_plan_without_turns_keeps_the_digest_that_it_had() -> None:
    assert {"turn", "goes_back"}.isdisjoint(make_box("a").model_dump())
    assert last_of("2").model_dump()["goes_back"] == (FULL,)


class Fuller(Full):
    """No box of two names is made."""

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Refuse both, or pass on."""
        self.name = params["Name"] if params["Name"] in ("n1", "n2") else ""
        return super().write(service, operation, params, region)


def test_of_several_values_to_choose_each_is_tried_before_it_goes_back() -> None:
    box, journal = Box(), MemoryJournal()
    start = choosing().model_copy(update={"goes_back": (FULL,), "depends_on": ("reserve",)})
    assert start.choice is not None
    start = start.model_copy(update={"choice": start.choice.model_copy(update={"conflicts": (FULL,)})})
    plan = plan_of(*in_turn("1", make_box("b", "reserve"), start))
    carry_out(Full(box, name="n1"), journal, plan)
    assert sorted(box.boxes) == ["b", "n2"], "the second is as good"
    box, journal = Box(), MemoryJournal()
    with pytest.raises(OpsctlError, match="NoRoom happened"):
        carry_out(Fuller(box), journal, plan)
    assert box.boxes == {}
    assert [journal.last(one.id) for one in plan.changes] == ["reverted", "reverted"]
