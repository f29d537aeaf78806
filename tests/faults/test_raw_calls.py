"""Every form of a raw `call:` step against every fault: resume reaches the end, undo reaches the start."""

import copy
from contextlib import suppress

import pytest
import yaml

from opsctl.execution.executor import Executor
from opsctl.execution.inverse import inverse_of, references_of
from opsctl.model.errors import OpsctlError, Unproved
from opsctl.model.plan import Plan
from opsctl.model.playbook import LoadedPlaybook, Playbook
from opsctl.model.ports import Aws
from opsctl.model.registry import Registry
from opsctl.model.run import Context
from opsctl.model.value import Json
from opsctl.planning.planner import make_plan
from tests.kit.box_plans import plan_of
from tests.kit.ports import FAULTS, IDENTITY, AnswersReader, Box, FakeClock, Faulty, Killed, MemoryJournal

START: dict[str, Json] = {"b": {"Items": ["old"], "Lock": 1}, "empty": {"Items": [], "Lock": 1}}


class Shelf(Box):
    """An account of boxes in which an item is put in or taken out by a call without a lock."""

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Carry out PutItem and TakeItem as well."""
        if operation not in ("PutItem", "TakeItem"):
            return super().write(service, operation, params, region)
        self.writes.append(operation)
        items = self.boxes[params["Name"]]["Items"]
        rest = [item for item in items if item != params["Item"]]
        self.boxes[params["Name"]]["Items"] = [*rest, params["Item"]] if operation == "PutItem" else rest
        return {}


_READ = "read: box.GetBox, params: {Name: b}, query: Items"
_PUT = (
    "call: box.PutItem\n    params: {Name: b, Item: x}\n    undo: {call: box.TakeItem, params: {Name: b, Item: x}}"
)
_EMPTY = _READ.replace("Name: b", "Name: empty")
_MAKE = """call: box.PutBox
    params: {Name: new, Items: [ours]}
    expect: [{read: box.GetBox, params: {Name: new}, query: Items, empty: true}]
    proof: [{read: box.GetBox, params: {Name: new}, query: Items, present: true}]
    undo: {call: box.DropBox, params: {Name: new}}"""

FORMS: dict[str, str] = {
    "excludes, contains": f"""
  - id: put
    {_PUT}
    expect: [{{{_READ}, excludes: [x]}}]
    proof: [{{{_READ}, contains: [x]}}]""",
    "equals, equals": f"""
  - id: put
    {_PUT}
    expect: [{{{_READ}, equals: [old]}}]
    proof: [{{{_READ}, equals: [old, x]}}]""",
    "contains, excludes": f"""
  - id: take
    call: box.TakeItem
    params: {{Name: b, Item: old}}
    expect: [{{{_READ}, contains: [old]}}]
    proof: [{{{_READ}, excludes: [old]}}]
    undo: {{call: box.PutItem, params: {{Name: b, Item: old}}}}""",
    "present, empty": f"""
  - id: take
    call: box.TakeItem
    params: {{Name: b, Item: old}}
    expect: [{{{_READ}, present: true}}]
    proof: [{{{_READ}, empty: true}}]
    undo: {{call: box.PutItem, params: {{Name: b, Item: old}}}}""",
    "empty, present": f"""
  - id: make
    {_MAKE}""",
    "with context": f"""
  - id: put
    {_PUT}
    expect:
      - {{{_READ}, contains: [old], context: true}}
      - {{{_READ}, excludes: [x]}}
    proof: [{{{_READ}, contains: [x]}}]""",
    "an expectation that the call does not alter": f"""
  - id: put
    {_PUT}
    expect: [{{{_READ}, contains: [old]}}]
    proof: [{{{_READ}, contains: [x]}}]""",
    "two expectations and two proofs": f"""
  - id: put
    {_PUT}
    expect: [{{{_READ}, contains: [old]}}, {{{_READ}, excludes: [x]}}]
    proof: [{{{_READ}, contains: [x]}}, {{{_READ}, present: true}}]""",
    "for each": f"""
  - id: put
    foreach: "['x', 'y']"
    call: box.PutItem
    params: {{Name: b, Item: =each}}
    expect: [{{{_READ}, excludes: [=each]}}]
    proof: [{{{_READ}, contains: [=each]}}]
    undo: {{call: box.TakeItem, params: {{Name: b, Item: =each}}}}""",
    "with what an earlier step makes": f"""
  - id: make
    {_MAKE}
    outputs: {{name: "Items && 'new'"}}
  - id: put
    call: box.PutItem
    params: {{Name: =steps.make.name, Item: x}}
    expect: [{{read: box.GetBox, params: {{Name: =steps.make.name}}, query: Items, excludes: [x]}}]
    proof: [{{read: box.GetBox, params: {{Name: =steps.make.name}}, query: Items, contains: [x]}}]
    undo: {{call: box.TakeItem, params: {{Name: =steps.make.name, Item: x}}}}""",
    "after another": f"""
  - id: fill
    after: [put]
    call: box.PutItem
    params: {{Name: empty, Item: x}}
    expect: [{{{_EMPTY}, empty: true}}]
    proof: [{{{_EMPTY}, equals: [x]}}]
    undo: {{call: box.TakeItem, params: {{Name: empty, Item: x}}}}
  - id: put
    {_PUT}
    expect: [{{{_READ}, excludes: [x]}}]
    proof: [{{{_READ}, contains: [x]}}]""",
}
FINAL = f"""
  - id: take
    call: box.TakeItem
    params: {{Name: b, Item: old}}
    proof: [{{{_READ}, empty: true}}]
    undo: none
    because: it is final"""


def planned(steps: str, shelf: Shelf, plan_id: str = "20260101-000000-test") -> Plan:
    """Plan the steps of a playbook on a shelf."""
    text = f"schema: opsctl.playbook/v1\nname: n\nsummary: s\nversion: '1'\nsteps:{steps}\n"
    book = Playbook.model_validate(_with_why(yaml.safe_load(text)))
    return make_plan(
        LoadedPlaybook(playbook=book, sha256="0" * 64, source="raw.yaml"),
        {},
        about=Context(identity=IDENTITY, plan_id=plan_id),
        reader=AnswersReader(shelf),
        registry=Registry(facts={}, actions={}),
        overrides=(),
        now=1_790_000_000.0,
    )


def _with_why(book: Json) -> Json:
    return book | {"steps": [{"why": "because", **step} for step in book["steps"]]}


def run(plan: Plan, aws: Aws, journal: MemoryJournal) -> None:
    Executor(plan, aws, journal, FakeClock(), lambda _line: None, lambda: False).apply()


def undo(plan: Plan, journal: MemoryJournal) -> Plan:
    inverse = plan_of(*inverse_of(plan, journal.intended()), plan_id="undo")
    return inverse.model_copy(update={"references": references_of(plan)})


def items(shelf: Shelf) -> dict[str, Json]:
    return {name: sorted(box["Items"]) for name, box in shelf.boxes.items()}


def shelf_at_start() -> Shelf:
    return Shelf(copy.deepcopy(START))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_reaches_its_end_and_its_start_whatever_call_fails(form: str, fault: str) -> None:
    whole = shelf_at_start()
    plan = planned(FORMS[form], whole)
    run(plan, whole, MemoryJournal())
    end, start = items(whole), items(shelf_at_start())
    assert end != start
    for at in range(1, len(plan.changes) + 1):
        for resumed in (True, False):
            shelf, journal = shelf_at_start(), MemoryJournal()
            with suppress(OpsctlError, Killed):
                run(plan, Faulty(shelf, fault, at), journal)
            if resumed:
                run(plan, shelf, journal)
                assert items(shelf) == end, f"resumed after {fault} at call {at}"
            run(undo(plan, journal), shelf, MemoryJournal())
            assert items(shelf) == start, f"undone after {fault} at call {at}"


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("form", FORMS)
def test_the_undo_of_every_form_can_be_resumed_whatever_call_fails(form: str, fault: str) -> None:
    plan = planned(FORMS[form], shelf_at_start())
    for at in range(1, len(plan.changes) + 1):
        shelf, journal, undoing = shelf_at_start(), MemoryJournal(), MemoryJournal()
        run(plan, shelf, journal)
        inverse = undo(plan, journal)
        with suppress(OpsctlError, Killed):
            run(inverse, Faulty(shelf, fault, at), undoing)
        run(inverse, shelf, undoing)
        assert items(shelf) == items(shelf_at_start())


@pytest.mark.parametrize("form", FORMS)
def test_the_undo_of_a_form_that_changes_nothing_is_not_told_as_done(form: str) -> None:
    class Deaf(Shelf):
        def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
            self.writes.append(operation)
            return {}

    shelf, journal = shelf_at_start(), MemoryJournal()
    plan = planned(FORMS[form], shelf)
    run(plan, shelf, journal)
    deaf = Deaf(shelf.boxes)
    with pytest.raises(Unproved, match="made, but not confirmed"):
        run(undo(plan, journal), deaf, MemoryJournal())
    assert deaf.writes


@pytest.mark.parametrize("fault", FAULTS)
def test_a_final_call_without_an_expectation_is_made_once(fault: str) -> None:
    shelf, journal = shelf_at_start(), MemoryJournal()
    plan = planned(FINAL, shelf)
    with suppress(OpsctlError, Killed):
        run(plan, Faulty(shelf, fault, 1), journal)
    run(plan, shelf, journal)
    assert (shelf.writes, items(shelf)["b"]) == (["TakeItem"], [])
    assert inverse_of(plan, journal.intended()) == ()
