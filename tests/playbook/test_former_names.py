"""A playbook in the words of the version before works, and says which words those are."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from opsctl.catalog import find_plugins, former_names
from opsctl.cli.main import run
from opsctl.expressions.evaluate import evaluate
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching
from opsctl.model.former_names import in_present_words
from opsctl.model.plan import FactCall, Plan, PlanCheck
from opsctl.model.registry import Registry
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value
from opsctl.planning.inputs import parse_inputs
from opsctl.planning.planner import make_plan
from opsctl.playbook.load import parse_playbook
from opsctl.wiring import checked
from opsctl.workflow.checking import check_whole
from opsctl.workflow.run_context import RunContext
from tests.kit.box_plans import two_step_plan
from tests.kit.canned import ABOUT, CannedReader
from tests.kit.ports import Box
from tests.workflow.test_runs import context

MINE = """
schema: opsctl.playbook/v1
name: mine
version: "1"
summary: Stand by, in the words of the version before.
inputs:
  group: {type: string, default: web}
facts:
  now: {uses: ha.drill, with: {group: =inputs.group}}
  before: {uses: ha.preflight, with: {instance: i-1, mode: standby, sets: true}}
steps:
  - id: launch
    uses: ec2.twin
    with:
      template: web
      interface: =facts.before.twin.interface
      tags: {a: b}
      taken_over: c
      why: It stands by.
  - id: tag
    uses: ec2.tag
    with: {resource: i-1, tags: {a: b}, group: web, why: They belong together.}
  - id: own-tag
    uses: ec2.tag
    with: {resource: i-1, tags: {team: shop}, why: It is the shop's.}
  - id: stop
    uses: ha.stop
    with:
      group: web
      instance: =facts.now.instance
      twin: =facts.now.twin
      why: "=join(' ', ['a drill of', facts.now.run_of_twin])"
outputs: {twin: =facts.now.twin}
"""
SAID = (
    "ec2.tag with group is now called ha.tag",
    "the field twin of ha.stop is now called standby_instance",
    "the result twin of the fact ha.preflight is now called standby_instance",
    "the result twin of the fact ha.drill is now called standby_instance",
    "the result run_of_twin of the fact ha.drill is now called run_of_standby",
    "ec2.twin is now called ec2.standby",
)
TAGS = """
schema: opsctl.playbook/v1
name: tags
version: "1"
summary: Tag.
steps:
  - {id: tag, uses: ec2.tag, with: {resource: i-1, tags: {a: b}, %swhy: Because.}}
"""


def plan(text: str) -> Plan:
    return make_plan(
        loaded := checked(parse_playbook(text.encode(), "tags.yaml")),
        parse_inputs(loaded.playbook.inputs, {}, source={}),
        about=ABOUT,
        reader=CannedReader({"ec2.DescribeTags": {"Tags": []}}),
        registry=find_plugins(),
        overrides=(),
        now=0,
    )


def test_every_name_is_replaced_and_told() -> None:
    present = checked(parse_playbook(MINE.replace(", sets: true", "").encode(), "mine.yaml"))
    assert present.former == SAID
    launch, tag, own_tag, stop = present.playbook.steps
    assert [one.uses for one in (launch, tag, own_tag, stop)] == ["ec2.standby", "ha.tag", "ec2.tag", "ha.stop"]
    assert launch.with_["interface"] == "=facts.before.standby_instance.interface"
    assert stop.with_["standby_instance"] == "=facts.now.standby_instance"
    assert stop.with_["why"] == "=join(' ', ['a drill of', facts.now.run_of_standby])"
    assert present.playbook.outputs == {"twin": "=facts.now.standby_instance"}, "a name of one's own stays"


def test_a_plan_warns_of_them_and_does_what_it_did() -> None:
    before, now = plan(TAGS % "group: web, "), plan(TAGS.replace("ec2.tag", "ha.tag") % "group: web, ")
    assert [(one.id, one.evidence) for one in before.warnings] == [("former-names", SAID[:1])]
    assert now.warnings == ()
    assert before.changes == now.changes
    assert len(before.changes[0].undo_first) == 4
    without = plan(TAGS % "")
    assert (without.warnings, without.changes[0].undo_first) == ((), ())


def test_a_playbook_that_is_checked_says_so_as_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tags.yaml"
    path.write_text(TAGS % "group: web, ", encoding="utf-8")
    assert run(["playbook", "validate", str(path)]) == 0
    assert f"warning: {SAID[0]}" in capsys.readouterr().out
    assert run(["playbook", "validate", str(path), "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["result"][0]["former"] == [SAID[0]]


WRONG = 'facts.status.findings[?!(contains(`["alarm", "twin"]`, check))].join(\': \', [check, finding])'
FOUND = [{"check": "standby", "state": "wrong", "finding": "none"}]


def test_a_check_of_a_kept_plan_knows_what_its_fact_says_now() -> None:
    """Else `verify` of a drill of the version before would find wrong what it had left out."""
    uses, scope = {"status": "ha.status"}, {"facts": {"status": {"findings": FOUND}}}
    assert evaluate(WRONG, scope) == ["standby: none"]
    assert evaluate(in_present_words(WRONG, uses, former_names()), scope) == []
    assert in_present_words(WRONG, {"status": "ha.other"}, former_names()) == WRONG
    assert in_present_words("inputs.name == 'twin'", uses, former_names()) == "inputs.name == 'twin'"


def test_a_check_of_a_run_is_judged_in_present_words(tmp_path: Path) -> None:
    class Said(Value):
        findings: tuple[dict[str, str], ...]

    class Status(Fact):
        name: ClassVar[str] = "ha.status"
        Result: ClassVar[type[Value]] = Said

        def read(self, about: Context) -> Fetching[Value]:
            yield []
            return Said(findings=tuple(FOUND))

    check = PlanCheck(id="well", none=WRONG, because="b", within_s=0, facts={"status": FactCall(uses="ha.status")})
    plan = two_step_plan().model_copy(update={"checks": (check,)})
    for former, held in ((former_names, True), (tuple, False)):
        registry = Registry(facts={"ha.status": Status}, actions={}, former=former)
        work = RunContext(**{**vars(context(Box(), tmp_path)), "registry": registry})
        assert [one.held for one in check_whole(plan, work, wait=False).checks] == [held]


def test_both_names_at_once_are_a_fault() -> None:
    both = MINE.replace("      twin: =", "      standby_instance: i-2\n      twin: =")
    with pytest.raises(InvalidInput) as invalid:
        checked(parse_playbook(both.replace(", sets: true", "").encode(), "mine.yaml"))
    assert [one.offending for one in invalid.value.diagnostics] == ["twin"]


def test_a_name_of_nobody_is_a_fault_as_ever() -> None:
    with pytest.raises(InvalidInput, match="sets"):
        checked(parse_playbook(MINE.encode(), "mine.yaml"))


def gone() -> Iterator[tuple[str, Json]]:
    registry = find_plugins()
    for one in former_names():
        if one.kind == "action":
            yield one.of, one.of in registry.actions or one.now not in registry.actions
        elif one.kind == "moved":
            fields = registry.actions[one.of].model_fields
            yield one.of, one.name in fields or one.name not in registry.actions[one.now].model_fields
        elif one.kind != "value":
            model = registry.actions[one.of] if one.kind == "field" else registry.facts[one.of].Result
            yield f"{one.of}.{one.name}", one.name in model.model_fields or one.now not in model.model_fields


def test_each_former_name_is_gone_and_what_it_is_now_is_there() -> None:
    found = dict(gone())
    assert found
    assert [name for name, wrong in found.items() if wrong] == []
