"""The plan of a snapshot policy: what AWS is asked for, what is refused, and what a reviewer is told."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from opsctl.aws.service_models import InstalledModels
from opsctl.model.changes import Change, Instruction
from opsctl.model.errors import RefusedByGuard
from opsctl.planning.iam import policy_for_changes
from opsctl.playbook.call_params import param_faults
from opsctl.resources.actions.dlm_policy import DlmPolicy
from tests.kit.canned import ABOUT, Canned, drive

ROLE = "arn:aws:iam::123456789012:role/snapshots"
ASKED: dict[str, Any] = {
    "tag": "backup",
    "value": "db (old)",
    "role": ROLE,
    "every_h": 2,
    "keep": 24,
    "snapshot_tags": {"by": "policy"},
    "variable_tags": {"run": "$(timestamp)"},
    "why": "backups",
}
NONE: dict[str, Canned] = {"dlm.GetLifecyclePolicies": {"Policies": []}}


def planned(answers: dict[str, Canned] = NONE, **more: Any) -> Change:
    changes, _ = drive(DlmPolicy.model_validate(ASKED | more).plan(ABOUT), answers)
    (change,) = changes
    return change


def test_one_policy_for_whole_sets_of_data_volumes_that_keeps_the_volumes_tags() -> None:
    params = planned().params
    details = params["PolicyDetails"]
    (schedule,) = details["Schedules"]
    assert details["ResourceTypes"] == ["INSTANCE"], "of volumes one by one no set would be consistent"
    assert details["TargetTags"] == [{"Key": "backup", "Value": "db (old)"}]
    assert details["Parameters"] == {"ExcludeBootVolume": True}
    assert (schedule["CopyTags"], schedule["RetainRule"]) == (True, {"Count": 24})
    assert schedule["TagsToAdd"] == [{"Key": "by", "Value": "policy"}]
    assert schedule["VariableTags"] == [{"Key": "run", "Value": "$(timestamp)"}]
    assert (params["State"], params["ExecutionRoleArn"]) == ("ENABLED", ROLE)
    assert params["Description"] == "opsctl snapshots of db -old-", "AWS takes no other characters"


@pytest.mark.parametrize(
    ("hours", "cron"), [(1, "0 * * * ? *"), (2, "0 0/2 * * ? *"), (12, "0 0/12 * * ? *"), (24, "0 0 * * ? *")]
)
def test_it_runs_by_the_clock_so_that_the_first_run_is_not_a_day_away(hours: int, cron: str) -> None:
    (schedule,) = planned(every_h=hours).params["PolicyDetails"]["Schedules"]
    assert schedule["CreateRule"] == {"CronExpression": f"cron({cron})"}


@pytest.mark.parametrize(
    "wrong",
    [{"every_h": 5}, {"every_h": 0}, {"keep": 0}, {"keep": 1001}, {"variable_tags": {"run": "$(time)"}}],
)
def test_what_data_lifecycle_manager_does_not_have_is_no_action(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DlmPolicy.model_validate(ASKED | wrong)


def test_a_tag_that_a_policy_targets_already_is_refused() -> None:
    there: dict[str, Canned] = {"dlm.GetLifecyclePolicies": {"Policies": [{"PolicyId": "policy-1"}]}}
    with pytest.raises(RefusedByGuard, match="policy-1 targets backup=db"):
        planned(there)


def test_a_reviewer_is_told_how_far_apart_two_sets_can_be_and_what_is_deleted() -> None:
    change = planned()
    assert "every 2 hours" in change.title
    assert "can be 3 hours apart" in change.risk.note
    assert "except the newest 24 of each volume" in change.risk.note


def test_its_calls_are_ones_that_the_sdk_knows_and_undo_deletes_the_policy_alone() -> None:
    change = planned()
    schema = InstalledModels().input_shape("dlm", "CreateLifecyclePolicy")
    assert schema is not None
    assert list(param_faults(schema, change.params, "")) == []
    assert isinstance(change.undo, Instruction)
    assert (change.undo.operation, set(change.undo.params)) == ("DeleteLifecyclePolicy", {"PolicyId"})


def test_applying_needs_its_four_calls_the_tag_and_the_passing_of_the_role() -> None:
    statements = policy_for_changes([planned()], ABOUT.identity)["Statement"]
    allowed = {action: one["Resource"] for one in statements for action in one["Action"]}
    policies = ["arn:aws:dlm:eu-west-1:123456789012:policy/*"]
    assert allowed == {
        "dlm:CreateLifecyclePolicy": ["*"],
        "dlm:GetLifecyclePolicies": ["*"],
        "dlm:TagResource": ["*"],
        "dlm:DeleteLifecyclePolicy": policies,
        "dlm:GetLifecyclePolicy": policies,
        "iam:PassRole": [ROLE],
    }
    assert ABOUT.plan_id in json.dumps(planned().params["Tags"]), "so that a lost answer leaves no orphan"
