"""What a plan expects is asked before its first change: for each change as far as that can be told by then."""

import pytest

from opsctl.execution.executor import Executor
from opsctl.model.changes import Change, Check, Irreversible, Proof
from opsctl.model.value import Json
from tests.kit.box_plans import add_item, get_box, make_box, plan_of
from tests.kit.ports import Box, FakeClock, MemoryJournal

BOXES = {"b": {"Items": ["x"], "Lock": 1}, "none": {"Items": [], "Lock": 1}}


def drifted(*changes: Change, boxes: Json = None) -> list[tuple[str, list[str]]]:
    box = Box(dict(BOXES if boxes is None else boxes))
    executor = Executor(plan_of(*changes), box, MemoryJournal(), FakeClock(), print, lambda: False)
    found = [(change.id, [one.says for one in broken]) for change, broken in executor.compared().drifted]
    assert box.writes == []
    return found


def expecting(*expect: Check, **more: Json) -> Change:
    return make_box("new", "c").model_copy(update={"expect": expect} | more)


def check(op: str, box: str, value: Json = None, says: str = "so it is") -> Check:
    return Check.model_validate({"read": get_box(box), "query": "Items", "op": op, "value": value, "says": says})


@pytest.mark.parametrize(
    ("broken", "of_what_must_be_absent"),
    [
        (check("empty", "b"), True),
        (check("excludes", "b", ["x"]), True),
        (check("present", "none"), False),
        (check("contains", "b", ["y"]), False),
        (check("equals", "b", ["y"]), False),
        (check("within", "b", ["y"]), False),
    ],
)
def test_what_earlier_changes_may_make_is_not_asked_of_a_change_that_depends_on_them(
    broken: Check, of_what_must_be_absent: bool
) -> None:
    assert drifted(expecting(broken)) == [("c", ["so it is"])]
    later = drifted(expecting(broken, depends_on=("other",)))
    assert later == ([("c", ["so it is"])] if of_what_must_be_absent else [])


def test_only_what_does_not_hold_is_told() -> None:
    holds, broken = check("present", "b", says="it is there"), check("present", "none", says="it is not")
    assert drifted(expecting(holds, broken)) == [("c", ["it is not"])]
    assert drifted(expecting(holds)) == []


def test_what_is_made_or_not_called_for_does_not_hide_what_comes_after_it() -> None:
    broken = expecting(check("present", "none"))
    idle = make_box("b", "idle").model_copy(update={"only_if": (check("present", "none"),)})
    assert [name for name, _ in drifted(add_item("x", "b", "made"), broken)] == ["c"]
    assert [name for name, _ in drifted(idle, broken)] == ["c"]


def test_a_job_is_held_to_what_it_expects_whatever_its_proof_says() -> None:
    """Its checkpoint alone knows what it has done."""
    job = Change(
        kind="job",
        service="opsctl",
        operation="test.work",
        id="job",
        title="work",
        why="it has to be done",
        expect=(check("present", "none"),),
        proof=Proof(configured=(check("present", "b"),)),
        undo=Irreversible(because="what is done is done"),
    )
    assert drifted(job) == [("job", ["so it is"])]
