"""How a run is taken back: in which order, with what proof, and what is not taken back at all."""

from typing import Any

import pytest

from opsctl.execution.inverse import inverse_of, irreversible_in, references_of
from opsctl.execution.undo_titles import undo_title
from opsctl.model.changes import Change, Check, Instruction, Irreversible, Proof, Query, Risk, Severity
from opsctl.model.plan import Plan
from opsctl.model.value import Json
from tests.kit.box_plans import get_box, irreversible, make_box, plan_of


def check(says: str, *, context: bool = False) -> Check:
    return Check(read=get_box("b"), query="Items", op="contains", value=[says], says=says, context=context)


BEFORE, BESIDE = check("before"), check("beside", context=True)
MADE, ALSO = check("made"), check("also", context=True)
ONE = make_box("b", "one").model_copy(
    update={
        "expect": (BEFORE, BESIDE),
        "proof": Proof(configured=(MADE, ALSO), within_s=77),
        "only_if": (check("called for"),),
        "undo_only_if": (check("nobody relies on it"),),
        "risk": Risk(severity=Severity.HIGH, note="it hurts"),
        "origin": "step",
    }
)


def with_(change: Change = ONE, **update: Json) -> Change:
    return change.model_copy(update=update)


def inverse(change: Change) -> Change:
    (one,) = inverse_of(plan_of(change), [change.id])
    return one


def test_an_inverse_proves_that_it_is_as_before_and_that_what_was_made_is_gone() -> None:
    undo = inverse(ONE)
    assert undo.proof == Proof(configured=(BEFORE,), gone=(MADE,), within_s=77)
    assert undo.expect == (MADE,)
    only_context = inverse(with_(proof=Proof(configured=(ALSO,))))
    assert (only_context.expect, only_context.proof.gone) == ((ALSO,), (ALSO,)), "better that than nothing"
    assert inverse(with_(undo_leaves_it=True)).proof.gone == ()


def test_an_inverse_makes_the_undos_call_and_is_undone_by_the_changes() -> None:
    undo = inverse(ONE)
    assert {name: getattr(undo, name) for name in Instruction.model_fields} == dict(ONE.undo)
    assert isinstance(undo.undo, Instruction)
    assert dict(undo.undo) == {name: getattr(ONE, name) for name in Instruction.model_fields}
    assert (undo.id, undo.title, undo.origin, undo.risk) == ("undo:one", undo_title(ONE.title), "step", ONE.risk)
    assert (undo.only_if, undo.undo_only_if) == (ONE.undo_only_if, ONE.only_if)


def test_an_undo_has_the_risk_that_was_said_of_it_and_its_own_undo_that_of_the_change() -> None:
    undo = inverse(with_(undo_risk=Risk(note="it only brings back")))
    assert undo.risk == Risk(note="it only brings back")
    assert inverse(undo).risk == ONE.risk
    assert inverse(inverse(undo)).risk == undo.risk


def test_a_change_without_a_risk_of_its_undo_is_written_as_before_there_was_one() -> None:
    assert "undo_risk" not in ONE.model_dump(mode="json")
    named = with_(undo_risk=Risk(note="none"))
    assert Change.model_validate(named.model_dump(mode="json")) == named


def test_an_undo_expects_what_was_said_where_a_part_may_be_gone_by_then() -> None:
    undo = inverse(with_(undo_expect=(ALSO,)))
    assert (undo.expect, undo.proof) == ((ALSO,), inverse(ONE).proof)
    assert "undo_expect" not in ONE.model_dump(mode="json"), "plans of before keep their digest"


def test_the_inverse_of_an_inverse_is_known_by_its_first_name_and_needs_nothing_gone() -> None:
    """What the first inverse proved gone need not be there in full before it is made again."""
    again = inverse(inverse(ONE))
    assert (again.id, again.title) == (ONE.id, ONE.title)
    assert again.proof.gone == ()
    assert again.proof.configured == (MADE,)


def run_of_four() -> Plan:
    """`b` and `c` need `a`; `d` needs `b` and cannot be undone."""
    return plan_of(
        make_box("a", "a"),
        with_(make_box("b", "b"), depends_on=("a",)),
        with_(make_box("c", "c"), depends_on=("a",)),
        irreversible(with_(make_box("d", "d"), depends_on=("b",))),
    )


@pytest.mark.parametrize("intended", [["a", "b", "c", "d"], ["d", "b", "c", "a"]])
def test_what_needs_a_thing_is_taken_back_before_it_newest_first(intended: list[str]) -> None:
    undo = inverse_of(run_of_four(), intended)
    assert [(one.id, one.depends_on) for one in undo] == [
        ("undo:c", ()),
        ("undo:b", ()),
        ("undo:a", ("undo:c", "undo:b")),
    ]


def test_only_what_was_set_out_to_be_made_is_taken_back_or_said_to_stay() -> None:
    plan = run_of_four()
    assert [(one.id, one.depends_on) for one in inverse_of(plan, ["a", "b"])] == [
        ("undo:b", ()),
        ("undo:a", ("undo:b",)),
    ]
    assert irreversible_in(plan, ["a", "b"]) == ()
    assert [(one.id, why) for one, why in irreversible_in(plan, ["a", "d"])] == [("d", "it is gone for good")]


def test_what_comes_first_waits_for_all_that_the_inverse_waits_for_and_for_one_another() -> None:
    first, second = make_box("x", "x"), make_box("y", "y")
    plan = plan_of(with_(undo_first=(first, second)), with_(make_box("c", "c"), depends_on=("one",)))
    assert [(one.id, one.depends_on, one.origin) for one in inverse_of(plan, ["one", "c"])] == [
        ("undo:c", (), ""),
        ("x", ("undo:c",), "step"),
        ("y", ("undo:c", "x"), "step"),
        ("undo:one", ("undo:c", "x", "y"), "step"),
    ]


NOTHING_TO_SEE: dict[str, Any] = {"expect": (), "undo_leaves_it": True}


def test_what_no_read_could_show_taken_back_is_said_to_stay() -> None:
    blind = with_(**NOTHING_TO_SEE)
    assert inverse_of(plan_of(blind), ["one"]) == ()
    ((change, why),) = irreversible_in(plan_of(blind), ["one"])
    assert (change.id, why) == ("one", "no read can show whether it was undone")


def test_a_job_that_takes_back_knows_by_itself_and_a_final_change_keeps_its_own_reason() -> None:
    job = with_(**NOTHING_TO_SEE, undo=Instruction(kind="job", service="opsctl", operation="test.back"))
    (undo,) = inverse_of(plan_of(job), ["one"])
    assert (undo.kind, undo.operation) == ("job", "test.back")
    final = with_(**NOTHING_TO_SEE, undo=Irreversible(because="it is gone for good"))
    ((_, why),) = irreversible_in(plan_of(final), ["one"])
    assert why == "it is gone for good"


def test_everything_that_a_plan_makes_is_found_by_its_reference_when_it_is_undone() -> None:
    def output(name: str) -> Query:
        return Query(read=get_box(name), query="Items")

    first = with_(make_box("x", "x"), outputs={"of_first": output("f")})
    plan = plan_of(with_(outputs={"name": output("n"), "size": output("s")}, undo_first=(first,)))
    plan = plan.model_copy(update={"references": {"earlier.name": output("e")}})
    assert references_of(plan) == {
        "earlier.name": output("e"),
        "one.name": output("n"),
        "one.size": output("s"),
        "x.of_first": output("f"),
    }


def test_what_an_undo_only_goes_through_is_marked_in_its_proof() -> None:
    assert [inverse(with_(undo_passing=passing)).proof.passing for passing in (True, False)] == [True, False]
