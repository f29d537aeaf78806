"""The plan that takes a run back: what it has of its run, what it looks at before, and when there is none."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from opsctl import __version__
from opsctl.execution.inverse import inverse_of
from opsctl.journal.store import Journal
from opsctl.model.changes import Change, Check, EditSpec, Irreversible, Query
from opsctl.model.errors import Drifted, RefusedByGuard
from opsctl.model.plan import FactCall, NextStep, Plan, PlanCheck, Policies, Section
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.references import reference
from opsctl.model.report import JournalEvent
from opsctl.model.run import Context
from opsctl.model.settings import Keys, Settings, SettingsFile
from opsctl.workflow.run_context import RunContext
from opsctl.workflow.runs import start_run
from opsctl.workflow.undo_plans import (
    refuse_half_undone,
    refuse_stale,
    refuse_undone,
    superseded,
    undo_plan,
)
from tests.kit.box_plans import add_item, choosing, get_box, irreversible, make_box, plan_of, two_step_plan
from tests.kit.ports import IDENTITY, Box, refusal
from tests.workflow.test_runs import context


class Asked(Box):
    """An account that notes which boxes are read whole, and does not let some be read at all."""

    def __init__(self, box: Box, denied: Sequence[str] = ()) -> None:
        super().__init__(box.boxes)
        self.whole: list[str] = []
        self._denied = denied

    def read(self, read: Read) -> Answer:
        """Refuse, or note and answer."""
        if read.params.get("Name") in self._denied:
            return Answer(refusal=refusal(RefusalKind.DENIED, "AccessDenied", read.api))
        if read.whole:
            self.whole.append(read.params["Name"])
        return super().read(read)


@pytest.fixture
def far_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A clock on the wall that does not show UTC."""
    with monkeypatch.context() as here:
        here.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


def boxes(*names: str) -> Box:
    return Box({name: {"Items": ["old"], "Lock": 1} for name in names})


def made(plan: Plan, box: Box, path: Path) -> None:
    start_run(plan, context(box, path))


def there(name: str, item: str) -> Check:
    return Check(read=get_box(name), query="Items", op="contains", value=[item], says=f"{item} is in {name}")


def test_an_undo_has_of_its_run_what_it_is_of_and_nothing_of_what_that_was_to_do(
    tmp_path: Path, far_away: None
) -> None:
    box = boxes("b")
    check = PlanCheck(
        id="c", none="facts.x", because="b", within_s=1, facts={"x": FactCall(read=get_box("b"), query="No")}
    )
    elsewhere = {"other.name": Query(read=get_box("b"), query="Name")}
    plan = plan_of(make_box("new"), add_item("x", "b")).model_copy(
        update={
            "inputs": {"i": 1},
            "confirm": "web",
            "account_alias": "prod",
            "facts": {"f": 1},
            "paths": [1],
            "sections": (Section(title="s", columns=(), rows=()),),
            "checks": (check,),
            "outputs": {"o": 1},
            "next": (NextStep(words=("dlq", "list"), because="b"),),
            "notes": "n",
            "opsctl_version": "0.0.1",
            "reached_by": ("--old",),
            "configuration": ("old.yaml",),
            "references": elsewhere,
            "iam_policy": Policies(plan={"Statement": ["read"]}, apply={"Statement": ["written"]}),
        }
    )
    plan = plan.sealed()
    made(plan, box, tmp_path)
    by = IDENTITY.model_copy(update={"arn": f"{IDENTITY.arn}-2", "reached_by": ("--new",)})
    settings = Settings(plan_expires_s=90, files=(SettingsFile(path="n.yaml", own=True, keys=Keys()),))
    work = context(box, tmp_path)
    work = RunContext(**{**vars(work), "about": Context(identity=by, settings=settings, plan_id="undo-id")})
    undo = undo_plan(plan, work)
    changes = inverse_of(plan, ["make", "add"])
    apply = undo.iam_policy.apply["Statement"]
    assert apply == [
        {
            "Effect": "Allow",
            "Action": ["box:DropBox", "box:EditBox", "box:GetBox"],
            "Resource": ["*"],
        }
    ], "what the undo calls and reads, and not what the run called"
    expected = plan.model_copy(
        update={
            "id": "undo-id",
            "created": "2026-09-21T14:13:20Z",
            "expires": "2026-09-21T14:14:50Z",
            "opsctl_version": __version__,
            "title": f"Undo of run {plan.id}: boxes",
            "caller": by.arn,
            "reached_by": ("--new",),
            "configuration": ("n.yaml",),
            "facts": {},
            "paths": None,
            "sections": (),
            "warnings": (),
            "changes": changes,
            "checks": (),
            "outputs": {},
            "next": (),
            "notes": "",
            "undo_of": plan.id,
            "references": elsewhere | {"make.name": make_box("new").outputs["name"]},
            "iam_policy": Policies(plan={"Statement": ["read"]}, apply=undo.iam_policy.apply),
        }
    )
    assert undo.to_json() == expected.sealed().to_json()


def test_the_documents_that_an_undo_writes_back_are_read_whole_beforehand_and_no_other(tmp_path: Path) -> None:
    box = boxes("a", "b", "c")
    plan = plan_of(
        add_item("x", "a", "first"), make_box("new"), add_item("x", "b", "second"), add_item("x", "c", "third")
    )
    made(plan, box, tmp_path)
    box.boxes["c"]["Items"].remove("x")
    asked = Asked(box)
    assert [one.id for one in undo_plan(plan, context(asked, tmp_path)).changes] == [
        "undo:third",
        "undo:second",
        "undo:make",
        "undo:first",
    ]
    assert sorted(asked.whole) == ["a", "b"], "c has nothing to take out, and a box is dropped unread"


@pytest.mark.parametrize("lost", ["denied", "not there"])
def test_a_document_that_cannot_be_asked_for_now_does_not_keep_the_others_from_being_looked_at(
    tmp_path: Path, lost: str
) -> None:
    box = boxes("a", "b", "gone")
    last = add_item("x", "b", "last")
    if lost == "not there":
        undo = last.undo
        assert not isinstance(undo, Irreversible)
        edit = undo.edit
        assert edit is not None
        named = EditSpec(**dict(edit) | {"read": get_box(reference("make", "name"))})
        last = last.model_copy(update={"undo": undo.model_copy(update={"edit": named})})
    plan = plan_of(make_box("new"), add_item("x", "a", "first"), last)
    made(plan, box, tmp_path)
    del box.boxes["new"]
    asked = Asked(box, denied=["b"] if lost == "denied" else [])
    assert "undo:last" in [one.id for one in undo_plan(plan, context(asked, tmp_path)).changes]
    assert asked.whole == ["a"]


def test_a_reference_to_what_the_run_made_is_followed_to_the_document(tmp_path: Path) -> None:
    box, plan = Box(), two_step_plan()
    made(plan, box, tmp_path)
    asked = Asked(box)
    undo = undo_plan(plan, context(asked, tmp_path))
    assert asked.whole == ["new"]
    (edit,) = [one.edit for one in undo.changes if one.edit is not None]
    assert edit.read.params == {"Name": reference("make", "name")}, "the plan itself keeps the reference"


def undone(plan: Plan, box: Box, path: Path) -> None:
    made(plan, box, path)
    start_run(undo_plan(plan, context(box, path, "first")), context(box, path))


def is_undone_still(plan: Plan, box: Box, path: Path) -> bool:
    try:
        undo_plan(plan, context(box, path, "second"))
    except RefusedByGuard as refused:
        told = f"run {plan.id} was undone by run first; nothing was changed", "opsctl runs show first"
        return (refused.summary, refused.hint) == told
    return False


def test_an_undone_run_is_undone_again_for_any_one_change_that_is_there(tmp_path: Path) -> None:
    plan = plan_of(*(add_item("x", name, f"add-{name}") for name in "abc"))
    box = boxes(*"abc")
    undone(plan, box, tmp_path)
    assert is_undone_still(plan, box, tmp_path)
    for name in "abc":
        box.boxes[name]["Items"].append("x")
        assert not is_undone_still(plan, box, tmp_path), name
        box.boxes[name]["Items"].remove("x")


def test_a_change_that_may_not_be_taken_back_now_is_no_reason_to_undo_again(tmp_path: Path) -> None:
    ours = add_item("x", "a").model_copy(update={"undo_only_if": (there("a", "mark"), there("a", "old"))})
    plan, box = plan_of(ours), boxes("a")
    box.boxes["a"]["Items"].append("mark")
    undone(plan, box, tmp_path)
    box.boxes["a"]["Items"] = ["old", "x"]
    assert is_undone_still(plan, box, tmp_path), "only a part of what has to be so is"
    box.boxes["a"]["Items"] = ["old", "x", "mark"]
    assert not is_undone_still(plan, box, tmp_path)


def suspended() -> tuple[Change, Change]:
    """A change, and one of the same run that takes it back, as processes are suspended and resumed."""
    add = add_item("x", "a")
    (drop,) = inverse_of(plan_of(add), ["add"])
    return add, drop


def test_a_state_that_the_undo_itself_leaves_behind_is_not_looked_for(tmp_path: Path) -> None:
    add, drop = suspended()
    other = add_item("y", "b", "other")
    for number, changes in enumerate(((add, drop), (other, add, drop), (add, other, drop), (add, drop, other))):
        plan, box, path = plan_of(*changes), boxes("a", "b"), tmp_path / str(number)
        made(plan, box, path)
        undo = undo_plan(plan, context(box, path, "first"))
        start_run(undo, context(box, path))
        assert is_undone_still(plan, box, path), number


def test_a_state_that_is_only_gone_through_is_not_looked_for(tmp_path: Path) -> None:
    settle = add_item("settled", "b", "settle")
    settle = settle.model_copy(update={"proof": settle.proof.model_copy(update={"passing": True})})
    plan, box = plan_of(add_item("x", "a").model_copy(update={"undo_first": (settle,)})), boxes("a", "b")
    undone(plan, box, tmp_path)
    assert box.boxes["b"]["Items"] == ["old", "settled"]
    box.boxes["b"]["Items"] = ["old"]
    assert is_undone_still(plan, box, tmp_path)


def test_references_are_followed_where_an_undone_run_is_asked_for(tmp_path: Path) -> None:
    plan, box = two_step_plan(), Box()
    undone(plan, box, tmp_path)
    assert is_undone_still(plan, box, tmp_path)
    box.boxes["new"] = {"Items": ["x"], "Lock": 1}
    assert not is_undone_still(plan, box, tmp_path)


def test_an_undo_that_kept_something_is_planned_again_whatever_is_there(tmp_path: Path) -> None:
    ours = add_item("x", "a").model_copy(update={"undo_only_if": (there("a", "mark"),)})
    plan, box = plan_of(ours), boxes("a")
    undone(plan, box, tmp_path)
    assert box.boxes["a"]["Items"] == ["old", "x"]
    again = undo_plan(plan, context(box, tmp_path))
    assert [one.id for one in again.changes] == ["undo:add"]
    assert again.warnings == ()


def test_what_is_taken_back_is_what_was_chosen_in_the_run(tmp_path: Path) -> None:
    plan, box = plan_of(choosing()), Box({"n1": {"Items": ["theirs"], "Lock": 1}})
    made(plan, box, tmp_path)
    assert sorted(box.boxes) == ["n1", "n2"]
    (change,) = undo_plan(plan, context(box, tmp_path)).changes
    assert change.params == {"Name": "n2"}


def test_what_a_later_run_chose_to_make_anew_is_that_runs_to_undo(tmp_path: Path) -> None:
    plan, box = plan_of(make_box("n2"), plan_id="20260101-000000-aaaa"), Box()
    made(plan, box, tmp_path)
    box.boxes = {"n1": {"Items": ["theirs"], "Lock": 1}}
    made(plan_of(choosing(), plan_id="20260101-000001-bbbb"), box, tmp_path)
    with pytest.raises(RefusedByGuard, match="made no change that can be undone"):
        undo_plan(plan, context(box, tmp_path))


def test_the_undo_of_an_undo_names_the_command_that_takes_the_rest_back(tmp_path: Path) -> None:
    undo = two_step_plan().model_copy(update={"undo_of": "r-1"})
    with pytest.raises(RefusedByGuard) as refused:
        undo_plan(undo, context(Box(), tmp_path))
    assert refused.value.hint == (
        "plan again to redo it; opsctl undo r-1 finishes this undo if it did not complete"
    )


def test_what_an_undo_leaves_is_told_with_the_reason(tmp_path: Path) -> None:
    box = boxes("b")
    plan = plan_of(irreversible(make_box("final", "final")), add_item("x", "b"), add_item("y", "b", "more"))
    made(plan, box, tmp_path)
    box.boxes["b"]["Items"].remove("x")
    made(plan_of(add_item("x", "b", "again"), plan_id="20260101-000001-bbbb"), box, tmp_path)
    start_run(undo_plan(plan, context(box, tmp_path, "first")), context(box, tmp_path))
    box.boxes["b"]["Items"].append("y")
    undo = undo_plan(plan, context(box, tmp_path, "second"))
    assert [one.id for one in undo.changes] == ["undo:more"]
    assert [(one.id, one.because, one.evidence) for one in undo.warnings] == [
        ("stays", "these changes cannot be undone", ("make box final: it is gone for good",)),
        ("made-again", "a later run created these again, and only its undo removes them", ("add x",)),
        (
            "undone-before",
            "this run was undone before, but what it made exists again",
            (f"run first undid run {plan.id}",),
        ),
    ]


def test_a_stale_undo_says_what_to_type_instead(tmp_path: Path) -> None:
    plan, box = two_step_plan(), Box()
    made(plan, box, tmp_path)
    work = context(box, tmp_path)
    undo = undo_plan(plan, work)
    refuse_stale(undo, work)
    with pytest.raises(Drifted) as drifted:
        refuse_stale(undo.model_copy(update={"changes": undo.changes[:1]}), work)
    assert drifted.value.summary == f"run {plan.id} was resumed after its undo was planned; nothing was changed"
    assert drifted.value.hint == f"opsctl undo {plan.id}"
    start_run(undo, work)
    with pytest.raises(Drifted) as drifted:
        refuse_stale(undo, work)
    assert drifted.value.summary == (
        f"this undo is no longer needed: run {plan.id} was undone by run undo-id; nothing was changed"
    )
    assert drifted.value.hint == "opsctl runs show undo-id"


def test_a_run_that_is_not_undone_or_only_in_part_may_go_on_or_not() -> None:
    refuse_undone("r-1", "")
    refuse_half_undone("r-1", "")
    with pytest.raises(RefusedByGuard) as refused:
        refuse_half_undone("r-1", "u-1")
    assert refused.value.summary == "run u-1 started to undo run r-1 and did not finish; nothing was changed"
    assert refused.value.hint == "opsctl resume u-1 finishes it; then plan again"


def test_a_change_is_superseded_by_one_that_expects_all_of_what_it_proves_and_not_only_besides() -> None:
    x, y = there("a", "x"), there("a", "y")
    add = add_item("x", "a")
    both = add.model_copy(update={"proof": add.proof.model_copy(update={"configured": (x, y)})})

    def expecting(*checks: Check) -> Change:
        return add_item("z", "a").model_copy(update={"expect": checks})

    assert superseded(both, (expecting(x, y),))
    assert superseded(both, (expecting(y), expecting(x)))
    assert not superseded(both, (expecting(x),))
    assert not superseded(both, (expecting(x, y.model_copy(update={"context": True})),))
    assert not superseded(both, ())
    nothing = add.model_copy(update={"proof": add.proof.model_copy(update={"configured": ()})})
    assert superseded(nothing, (expecting(x),)) is False


RUNS = ("20260101-000000-aaaa", "20260101-000001-bbbb")


def again_by(path: Path, later: Plan, box: Box) -> tuple[Plan, Box]:
    """A run whose item somebody took out, and what a later run has made of that."""
    one = plan_of(add_item("x", "b"), plan_id=RUNS[0])
    made(one, box, path)
    box.boxes["b"]["Items"].remove("x")
    made(later, box, path)
    return one, box


@pytest.mark.parametrize("where", [{"account": "999999999999"}, {"region": "eu-west-1"}])
def test_a_later_run_elsewhere_takes_nothing_over(tmp_path: Path, where: dict[str, str]) -> None:
    later = plan_of(add_item("x", "b", "again"), plan_id=RUNS[1]).model_copy(update=where).sealed()
    one, box = again_by(tmp_path, later, boxes("b"))
    assert [change.id for change in undo_plan(one, context(box, tmp_path)).changes] == ["undo:add"]


def test_a_later_run_that_was_undone_itself_takes_nothing_over(tmp_path: Path) -> None:
    later = plan_of(add_item("x", "b", "again"), plan_id=RUNS[1])
    one, box = again_by(tmp_path, later, boxes("b"))
    start_run(undo_plan(later, context(box, tmp_path)), context(box, tmp_path))
    box.boxes["b"]["Items"].append("x")
    assert [change.id for change in undo_plan(one, context(box, tmp_path)).changes] == ["undo:add"]


def test_an_earlier_run_takes_nothing_over(tmp_path: Path) -> None:
    later = plan_of(add_item("x", "b", "again"), plan_id=RUNS[1])
    _, box = again_by(tmp_path, later, boxes("b"))
    assert [change.id for change in undo_plan(later, context(box, tmp_path)).changes] == ["undo:again"]


def test_every_later_run_counts_and_one_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    one, box = again_by(tmp_path, plan_of(add_item("y", "c"), plan_id=RUNS[1]), boxes("b", "c"))
    made(plan_of(add_item("x", "b", "again"), plan_id="20260101-000002-cccc"), box, tmp_path)
    made(plan_of(add_item("z", "c"), plan_id="20260101-000003-dddd"), box, tmp_path)
    Journal(tmp_path)._db.write("UPDATE runs SET plan = '{}' WHERE id LIKE '%dddd'")
    with pytest.raises(RefusedByGuard, match="made no change that can be undone"):
        undo_plan(one, context(box, tmp_path))


@pytest.mark.parametrize(
    ("ended", "theirs"), [("done", True), ("unproved", True), ("failed", False), ("drifted", False)]
)
def test_a_later_run_takes_over_what_it_may_have_made_and_not_what_it_certainly_did_not(
    tmp_path: Path, ended: JournalEvent, theirs: bool
) -> None:
    later = plan_of(add_item("x", "b", "again"), plan_id=RUNS[1])
    one, box = plan_of(make_box("new"), add_item("x", "b"), plan_id=RUNS[0]), boxes("b")
    made(one, box, tmp_path)
    journal = Journal(tmp_path)
    journal.begin(later)
    for event in ("intent", ended):
        journal.of_run(later.id).record("again", event)
    undo = undo_plan(one, context(box, tmp_path))
    assert [change.id for change in undo.changes] == (["undo:make"] if theirs else ["undo:add", "undo:make"])
