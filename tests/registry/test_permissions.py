"""Every IAM action that an action needs exists, and what is allowed on every resource is a written decision."""

from functools import cache
from pathlib import Path

import pytest

from opsctl.aws.service_models import InstalledModels
from opsctl.model.changes import Irreversible
from opsctl.planning.iam import allowed_everywhere, policy_for_changes
from opsctl.planning.iam_actions import ANY_RESOURCE, NAMES, PREFIXES
from opsctl.planning.waf_permissions import permissions
from opsctl.playbook.plan_faults import plan_faults
from tests.kit.box_plans import irreversible, make_box
from tests.kit.ha_account import inverse_plan
from tests.kit.limited_account import account_as
from tests.kit.ports import IDENTITY, MemoryJournal
from tests.kit.samples import part_of
from tests.registry.examples import EXAMPLES, action_of
from tests.registry.staging import staged

PERMISSION_ONLY = {
    *permissions(),
    "iam:PassRole",
    "lambda:EnableReplication*",
    *(f"apigateway:{verb}" for verb in ("DELETE", "GET", "PATCH", "POST", "PUT")),
}
"""No operations: methods of API Gateway, what AWS WAF asks, and what is asked about a role or code passed on."""


@cache
def operations(prefix: str) -> set[str]:
    """Every operation of the installed models whose permission has this prefix."""
    models = InstalledModels()
    services = [one for one in models.services() if PREFIXES.get(one, one) == prefix]
    return {operation for service in services for operation in models.operations(service)}


def exists(action: str) -> bool:
    """A permission is an operation, or AWS's Service Authorization Reference has it as "permission only"."""
    prefix, _, name = action.partition(":")
    return name in operations(prefix) or action in NAMES.values() or action in PERMISSION_ONLY


@pytest.mark.parametrize("name", EXAMPLES)
def test_its_calls_fit_the_models_and_its_policy_names_what_it_may_change(name: str, tmp_path: Path) -> None:
    with staged(action_of(name), EXAMPLES[name], tmp_path) as stage:
        plan, identity, registry = stage.plan(), stage.world.identity, stage.world.registry
    found = [one.summary for one in plan_faults(plan, "plan", registry, InstalledModels())]
    assert [one for one in found if ": change " in one] == []
    assert allowed_everywhere(plan.changes, identity) == {}, (
        "say in RESOURCES which resource IAM asks about; where that cannot be known, say in ANY_RESOURCE why"
    )
    policy = policy_for_changes(plan.changes, identity)
    named = [action for statement in policy["Statement"] for action in statement["Action"]]
    assert [action for action in named if not exists(action)] == []


@pytest.mark.parametrize("name", part_of(4, "suffices", EXAMPLES))
def test_its_policy_suffices_to_apply_prove_and_undo_it(name: str, tmp_path: Path) -> None:
    with staged(action_of(name), EXAMPLES[name], tmp_path) as stage:
        plan, journal, identity = stage.plan(), MemoryJournal(), stage.world.identity
        applier = account_as(stage.world, "applier", policy_for_changes(plan.changes, identity))
        stage.run(plan, journal, applier)
        inverse = inverse_plan(plan, journal)
        if inverse.changes:
            once = [
                one.model_copy(update={"undo": Irreversible(because="it is an undo")}) for one in inverse.changes
            ]
            undoing = policy_for_changes(once, identity, inverse.references)
            stage.undo(plan, journal, account_as(stage.world, "undoer", undoing))
        assert stage.about.denied == []


def test_every_decision_for_every_resource_has_a_reason_and_is_about_a_permission_that_exists() -> None:
    assert all(ANY_RESOURCE.values())
    assert [action for action in ANY_RESOURCE if not exists(action)] == []


def test_what_a_strangers_action_may_do_to_everything_is_told_call_by_call_and_its_undo_with_it() -> None:
    told = allowed_everywhere([make_box("a", "first"), make_box("b", "second")], IDENTITY)
    assert told == {"box:DropBox": ("first", "second"), "box:PutBox": ("first", "second")}
    final = irreversible(make_box("a", "first"))
    assert isinstance(final.undo, Irreversible)
    assert allowed_everywhere([final], IDENTITY) == {"box:PutBox": ("first",)}
