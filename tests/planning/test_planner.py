"""From a playbook and inputs to a plan, over an account of boxes."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from opsctl.model.changes import Change, Instruction
from opsctl.model.errors import InvalidInput, RefusedByGuard
from opsctl.model.fetching import Fetching, require
from opsctl.model.plan import NextStep
from opsctl.model.playbook import LoadedPlaybook, Playbook
from opsctl.model.ports import Aws
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.registry import Registry
from opsctl.model.run import Action, Context, Fact
from opsctl.model.value import Json, Value
from opsctl.planning.planner import make_plan, refuse_large
from tests.kit.box_plans import add_item, get_box, make_box
from tests.kit.ports import IDENTITY, AnswersReader, Box, refusal

ABOUT = Context(identity=IDENTITY, plan_id="20260101-000000-test")


class Contents(Value):
    """What is in a box."""

    items: tuple[str, ...]


class BoxContents(Fact):
    """The items of a box."""

    name = "box.contents"
    Result = Contents
    box: str

    def read(self, about: Context) -> Fetching[Value]:
        answer = yield from require(get_box(self.box))
        return Contents(items=tuple(answer["Items"]))


class BoxMake(Action):
    """Make a box and fill it."""

    name = "box.make"
    outputs = ("name",)
    box: str
    items: tuple[str, ...] = ()

    def plan(self, about: Context) -> Fetching[list[Change]]:
        yield []
        return [make_box(self.box), *(add_item(i, self.box, f"add-{i}", ("make",)) for i in self.items)]


REGISTRY = Registry(facts={"box.contents": BoxContents}, actions={"box.make": BoxMake})


def playbook(**parts: Json) -> LoadedPlaybook:
    book = {"schema": "opsctl.playbook/v1", "name": "boxes", "summary": "Boxes.", "version": "1.0"} | parts
    return LoadedPlaybook(
        playbook=Playbook.model_validate(book),
        sha256="0" * 64,
        source="boxes.yaml",
        lines={"steps.0": (7, 3)},
    )


def plan(book: LoadedPlaybook, inputs: dict[str, Json], aws: Aws, overrides: Sequence[str] = ()) -> Json:
    return make_plan(
        book,
        inputs,
        about=ABOUT,
        reader=AnswersReader(aws),
        registry=REGISTRY,
        overrides=overrides,
        now=1_790_000_000.0,
    )


MAKE = {"id": "make", "uses": "box.make", "with": {"box": "=inputs.box"}}
LABEL = {
    "id": "label",
    "call": "box.PutBox",
    "params": {"Name": "label", "Items": ["=steps.make.name"]},
    "why": "boxes need labels",
    "proof": [{"read": "box.GetBox", "params": {"Name": "label"}, "query": "Items", "present": True}],
    "undo": {"call": "box.DropBox", "params": {"Name": "label"}},
    "expect": [{"read": "box.GetBox", "params": {"Name": "label"}, "query": "Items", "empty": True}],
}


def test_a_plan_is_bound_to_account_region_caller_time_and_digest() -> None:
    made = plan(playbook(steps=[MAKE]), {"box": "b"}, Box())
    assert (made.account, made.region, made.caller) == (IDENTITY.account, IDENTITY.region, IDENTITY.arn)
    assert made.created == "2026-09-21T14:13:20Z"
    assert made.expires == "2026-09-21T18:13:20Z"
    assert made.digest == made.computed_digest()
    assert [change.region for change in made.changes] == ["us-east-1"]


def test_changes_carry_the_playbooks_line_and_the_steps_id() -> None:
    (change,) = plan(playbook(steps=[MAKE]), {"box": "b"}, Box()).changes
    assert change.id == "make/make"
    assert change.origin == "boxes.yaml:7 step make"


def test_a_reference_to_a_steps_output_orders_the_steps_and_stays_open_until_apply() -> None:
    made = plan(playbook(steps=[MAKE, LABEL]), {"box": "b"}, Box())
    assert [change.id for change in made.changes] == ["make/make", "label"]
    assert made.changes[1].params["Items"] == [{"$ref": "make/make.name"}]
    assert made.changes[1].depends_on == ("make/make",)


def test_a_change_and_what_takes_it_back_name_their_region() -> None:
    (change,) = plan(playbook(steps=[MAKE]), {"box": "b"}, Box()).changes[:1]
    assert isinstance(change.undo, Instruction)
    assert change.region == change.undo.region == ABOUT.region


def test_an_address_is_written_as_one_in_titles_whoever_shows_them() -> None:
    title = "Box 203.0.113.9/32, 2001:db8::1/128 and 10.0.0.0/8"
    made = plan(
        playbook(title=title, steps=[LABEL | {"title": title, "params": {"Items": ["203.0.113.9/32"]}}]), {}, Box()
    )
    assert made.title == made.changes[0].title == "Box 203.0.113.9, 2001:db8::1 and 10.0.0.0/8"
    assert made.changes[0].params["Items"] == ["203.0.113.9/32"], "what is sent stays as AWS wants it"


def test_foreach_plans_once_for_each_item_with_unique_ids() -> None:
    step = {"id": "make", "uses": "box.make", "foreach": "inputs.boxes", "with": {"box": "=each"}}
    made = plan(playbook(steps=[step]), {"boxes": ["a", "b"]}, Box())
    assert [change.id for change in made.changes] == ["make.1/make", "make.2/make"]


def test_ids_within_an_action_are_qualified_everywhere() -> None:
    step = MAKE | {"with": {"box": "=inputs.box", "items": ["x", "y"]}}
    made = plan(playbook(steps=[step]), {"box": "b"}, Box())
    assert [change.depends_on for change in made.changes] == [(), ("make/make",), ("make/make",)]


def test_a_step_whose_condition_finds_nothing_is_left_out() -> None:
    made = plan(playbook(steps=[MAKE | {"when": "inputs.wanted"}]), {"box": "b", "wanted": False}, Box())
    assert made.changes == ()


def test_facts_are_looked_up_together_and_those_that_need_others_after_them() -> None:
    box = Box({"a": {"Items": ["b"], "Lock": 1}, "b": {"Items": ["c"], "Lock": 1}})
    book = playbook(
        facts={
            "second": {"uses": "box.contents", "with": {"box": "=facts.first.items[0]"}},
            "first": {"uses": "box.contents", "with": {"box": "a"}},
            "raw": {"read": "box.GetBox", "params": {"Name": "a"}, "query": "Items"},
        },
        outputs={"found": "=facts.second.items", "raw": "=facts.raw"},
    )
    made = plan(book, {}, box)
    assert made.outputs == {"found": ["c"], "raw": ["b"]}
    assert box.reads == ["box.GetBox", "box.GetBox"], "each distinct read is made once"


def test_a_guard_that_finds_offenders_refuses_with_evidence_and_its_name() -> None:
    guards = [{"id": "too-many", "refuse": "inputs.boxes", "because": "one is enough"}]
    with pytest.raises(RefusedByGuard) as caught:
        plan(playbook(guards=guards), {"boxes": ["a", "b"]}, Box())
    assert "too-many" in caught.value.summary
    assert caught.value.evidence == ("too-many: one is enough", "  a", "  b")
    assert caught.value.hint == "if you are sure: --override too-many"


def test_what_can_be_done_instead_is_advised_before_the_override() -> None:
    guards = [
        {"id": "too-many", "refuse": "inputs.boxes", "because": "one is enough", "instead": "give --one"},
        {"id": "too-old", "refuse": "inputs.boxes", "because": "new ones work"},
    ]
    with pytest.raises(RefusedByGuard) as caught:
        plan(playbook(guards=guards), {"boxes": ["a"]}, Box())
    assert caught.value.hint == "give --one; or, if you are sure: --override too-many --override too-old"


def test_an_overridden_guard_is_a_finding_in_the_plan() -> None:
    guards = [{"id": "too-many", "refuse": "inputs.boxes", "because": "one is enough"}]
    (finding,) = plan(playbook(guards=guards), {"boxes": ["a"]}, Box(), ["too-many"]).warnings
    assert finding.overridden
    assert finding.evidence == ("a",)


@pytest.mark.parametrize("name", ["no-such-guard", "final"])
def test_an_override_of_nothing_or_of_a_final_guard_is_invalid(name: str) -> None:
    guards = [{"id": "final", "refuse": "inputs.boxes", "because": "never", "override": False}]
    with pytest.raises(InvalidInput):
        plan(playbook(guards=guards), {"boxes": []}, Box(), [name])


class Denying(Box):
    """An account that refuses every read."""

    def read(self, read: Read) -> Answer:
        return Answer(refusal=refusal(RefusalKind.DENIED, "AccessDenied", read.api))


def test_a_fact_that_could_not_be_read_refuses_and_is_never_an_empty_list() -> None:
    book = playbook(facts={"first": {"uses": "box.contents", "with": {"box": "a"}}})
    with pytest.raises(RefusedByGuard, match="access denied at box"):
        plan(book, {}, Denying())


def test_null_where_a_value_is_needed_is_an_error_with_the_line() -> None:
    with pytest.raises(InvalidInput) as caught:
        plan(playbook(steps=[MAKE]), {}, Box())
    assert str(caught.value.diagnostics[0].where) == "boxes.yaml:7:3"


def test_checks_keep_what_is_needed_to_look_their_facts_up_again() -> None:
    book = playbook(
        inputs={"box": {"type": "string"}},
        facts={"contents": {"uses": "box.contents", "with": {"box": "=inputs.box"}}},
        checks=[
            {"id": "empty", "none": "facts.contents.items", "because": "it must be empty", "within": "2m"},
            {"id": "never", "none": "facts.contents.items", "because": "left out", "when": "inputs.no"},
        ],
    )
    made = plan(book, {"box": "a", "no": False}, Box({"a": {"Items": [], "Lock": 1}}))
    (check,) = made.checks
    assert check.within_s == 120
    assert check.facts["contents"].arguments == {"box": "a"}


def test_a_plan_larger_than_allowed_is_refused() -> None:
    made = plan(playbook(steps=[MAKE, LABEL]), {"box": "b"}, Box())
    refuse_large(made, 2)
    with pytest.raises(RefusedByGuard, match="2 changes and at most 1"):
        refuse_large(made, 1)


ROOT = {"id": "root", "accept": "inputs.box == 'b' && [inputs.box]", "because": "it is lost"}


def test_what_must_be_accepted_is_planned_all_the_same_and_marked() -> None:
    book = playbook(inputs={"box": {"type": "string"}}, guards=[ROOT], steps=[MAKE])
    pending = plan(book, {"box": "b"}, Box())
    assert (len(pending.changes), pending.pending) == (1, ("root",))
    accepted = plan(book, {"box": "b"}, Box(), overrides=["root"])
    assert (accepted.pending, accepted.warnings[0].overridden) == ((), True)
    assert "root" not in [one.id for one in plan(book, {"box": "c"}, Box()).warnings]


def test_a_section_is_a_table_of_text_and_left_out_without_rows() -> None:
    columns = {"item": "@", "long": "length(@)", "none": "`null`"}
    section = {"title": "Things", "rows": "facts.box.items", "columns": columns}
    book = playbook(
        facts={"box": {"uses": "box.contents", "with": {"box": "b"}}},
        sections=[section, section | {"rows": "facts.box.items[?@=='z']"}],
    )
    found = plan(book, {}, Box(boxes={"b": {"Items": ["x", "yy"]}})).sections
    assert [(one.title, one.columns, one.rows) for one in found] == [
        ("Things", ("item", "long", "none"), (("x", "1", ""), ("yy", "2", "")))
    ]


def test_the_commands_to_type_next_are_words_of_inputs_and_facts_and_left_out_when_they_make_no_sense() -> None:
    words = ["box", "show", "=inputs.box", "=length(facts.box.items)"]
    book = playbook(
        inputs={"box": {"type": "string"}},
        facts={"box": {"uses": "box.contents", "with": {"box": "b"}}},
        next=[
            {"opsctl": words, "because": "what is\nin it"},
            {"opsctl": ["box"], "because": "never", "when": "facts.box.items[?@=='z']"},
        ],
    )
    found = plan(book, {"box": "b"}, Box(boxes={"b": {"Items": ["x", "yy"]}})).next
    assert found == (NextStep(words=("box", "show", "b", "2"), because="what is in it"),)
    assert not plan(book, {"box": "--yes"}, Box(boxes={"b": {"Items": ["x"]}})).next, "no name consents"


def test_an_action_is_handed_the_output_of_an_earlier_step() -> None:
    class BoxFill(Action):
        """Put an item into a box that another step makes."""

        name = "box.fill"
        box: Json

        def plan(self, about: Context) -> Fetching[list[Change]]:
            yield []
            return [add_item("x", self.box)]

    registry = replace(REGISTRY, actions={**REGISTRY.actions, "box.fill": BoxFill})
    fill = {"id": "fill", "uses": "box.fill", "with": {"box": "=steps.make.name"}}
    book = playbook(inputs={"box": {"type": "string"}}, steps=[MAKE, fill])
    made = make_plan(
        book, {"box": "b"}, about=ABOUT, reader=AnswersReader(Box()), registry=registry, overrides=(), now=1.0
    )
    assert made.changes[1].params == {"Name": {"$ref": "make/make.name"}}
    assert made.changes[1].depends_on == ("make/make",)


def serial_steps(*more: Json) -> list[Json]:
    """Two serial steps over the same list, and others between them."""
    each = {"foreach": "inputs.boxes", "serial": True, "uses": "box.make"}
    first = {"id": "first", **each, "with": {"box": "=each"}}
    second = {"id": "second", **each, "after": ["first"], "with": {"box": "=join('-', [each, 'lid'])"}}
    return [first, *more, second]


def test_serial_steps_are_done_for_one_item_before_the_next_and_wait_for_their_own_item() -> None:
    other = {"id": "other", "uses": "box.make", "with": {"box": "other"}}
    made = plan(playbook(steps=serial_steps(other)), {"boxes": ["a", "b"]}, Box()).changes
    ids = [change.id for change in made]
    assert ids == ["first.1/make", "second.1/make", "first.2/make", "second.2/make", "other/make"]
    needed = {change.id: change.depends_on for change in made}
    assert needed["second.1/make"] == ("first.1/make",)
    assert needed["first.2/make"] == ("first.1/make", "second.1/make")
    assert set(needed["second.2/make"]) == {"first.1/make", "second.1/make", "first.2/make"}
    assert [change.turn for change in made] == ["1", "1", "2", "2", ""]


def test_what_is_not_serial_waits_for_every_turn_and_is_waited_for_by_all() -> None:
    before = {"id": "before", "uses": "box.make", "with": {"box": "before"}}
    after = {"id": "after", "uses": "box.make", "with": {"box": "after"}, "after": ["second"]}
    steps = serial_steps()
    steps[0] = steps[0] | {"after": ["before"]}
    made = plan(playbook(steps=[before, *steps, after]), {"boxes": ["a", "b"]}, Box()).changes
    needed = {change.id: change.depends_on for change in made}
    assert needed["first.1/make"] == ("before/make",)
    assert "before/make" in needed["first.2/make"]
    assert needed["after/make"] == ("second.1/make", "second.2/make")


def test_the_alias_of_the_account_is_asked_for_last_and_covered_by_the_digest() -> None:
    """It is only shown; the time that asking takes is to be no time that planning waits."""
    box, seen = Box({"old": {"Items": ["a"], "Lock": 1}}), []

    class Watched(AnswersReader):
        def read_many(self, reads: Sequence[Read]) -> list[Answer]:
            seen.append("read")
            return super().read_many(reads)

    def alias() -> str:
        seen.append("alias")
        return "shop"

    book = playbook(facts={"old": {"uses": "box.contents", "with": {"box": "old"}}}, steps=[])
    reader = Watched(box)
    common = {"about": ABOUT, "reader": reader, "registry": REGISTRY, "overrides": (), "now": 0.0}
    named = make_plan(book, {}, alias=alias, **common)  # type: ignore[arg-type] # one dict for all of them
    assert seen == ["read", "alias"]
    assert (named.account_alias, named.digest) == ("shop", named.computed_digest())
