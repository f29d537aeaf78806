"""Data Lifecycle Manager: a policy that takes sets of snapshots of instances. Source: Amazon DLM API reference."""

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

from opsctl.model.changes import Check, Grant, Instruction, Query, Retry
from opsctl.model.reads import Read
from opsctl.model.references import reference
from opsctl.model.value import Json
from opsctl.resources.marks import PLAN_TAG, tag_list

Hours: TypeAlias = Literal[1, 2, 3, 4, 6, 8, 12, 24]
HOURS: tuple[Hours, ...] = (1, 2, 3, 4, 6, 8, 12, 24)
"""The intervals that a schedule may have."""

START_WITHIN_S = 3600
"""A run begins within an hour after its time; until then a failed one is tried again."""

MOST_KEPT = 1000

# A role that was made just now cannot be assumed for some seconds; AWS has no code of its own for that.
_ROLE_NOT_YET = Retry(codes=("InvalidRequestException",), within_s=90)


def policies_of(tag: str, value: str) -> Read:
    """Read the policies that target a tag, in short."""
    return Read(service="dlm", operation="GetLifecyclePolicies", params={"TargetTags": [f"{tag}={value}"]})


def create_policy(
    role: str, description: str, details: Mapping[str, Json], tags: Mapping[str, str]
) -> Instruction:
    """Create an enabled policy; the caller hands it its role, which IAM calls passing."""
    return Instruction(
        kind="call",
        service="dlm",
        operation="CreateLifecyclePolicy",
        params={
            "ExecutionRoleArn": role,
            "Description": re.sub(r"[^0-9A-Za-z _-]", "-", description)[:500],
            "State": "ENABLED",
            "PolicyDetails": dict(details),
            "Tags": dict(tags),
        },
        retry=_ROLE_NOT_YET,
        grants=(Grant(service="iam", operation="PassRole", params={"RoleArn": role}),),
    )


def details_of(
    tag: str,
    value: str,
    *,
    hours: Hours,
    keep: int,
    tags: Mapping[str, str],
    variable_tags: Mapping[str, str],
) -> dict[str, Json]:
    """Return the details of a policy for sets of all data volumes of an instance, with the volumes' tags."""
    schedule = {
        "Name": "opsctl",
        "CopyTags": True,
        "TagsToAdd": tag_list(tags),
        "VariableTags": tag_list(variable_tags),
        "CreateRule": {"CronExpression": cron_of(hours)},
        "RetainRule": {"Count": keep},
    }
    return {
        "PolicyType": "EBS_SNAPSHOT_MANAGEMENT",
        "ResourceTypes": ["INSTANCE"],
        "TargetTags": tag_list({tag: value}),
        "Schedules": [schedule],
        "Parameters": {"ExcludeBootVolume": True},
    }


def cron_of(hours: Hours) -> str:
    """Return the schedule by the clock: an interval without a time of day may begin only 24 hours from now."""
    hour = {1: "*", 24: "0"}.get(hours, f"0/{hours}")
    return f"cron(0 {hour} * * ? *)"


def delete_policy(change_id: str) -> Instruction:
    """Delete the policy that a change made; AWS keeps its snapshots, and deletes none of them any more."""
    params = {"PolicyId": reference(change_id, "policy_id")}
    return Instruction(kind="call", service="dlm", operation="DeleteLifecyclePolicy", params=params)


def policy_id(tag: str, value: str, plan_id: str) -> Query:
    """The id of the plan's policy, as an output."""
    return Query(read=policies_of(tag, value), query=_of_plan(plan_id, "PolicyId"))


def no_policy_targets(tag: str, value: str) -> Check:
    """No policy targets that tag yet."""
    return Check(
        read=policies_of(tag, value),
        query="Policies[].PolicyId",
        op="empty",
        context=True,
        says=f"no snapshot policy targets {tag}={value}",
    )


def policy_is(tag: str, value: str, plan_id: str, *, there: bool) -> Check:
    """The plan's policy exists, or does not."""
    return Check(
        read=policies_of(tag, value),
        query=_of_plan(plan_id, "PolicyId"),
        op="present" if there else "empty",
        says=f"this plan's policy for {tag}={value} {'exists' if there else 'does not exist'}",
    )


def policy_is_enabled(tag: str, value: str, plan_id: str) -> Check:
    """The plan's policy is neither disabled nor in error, as it is when its role is gone."""
    return Check(
        read=policies_of(tag, value),
        query=_of_plan(plan_id, "State"),
        op="equals",
        value="ENABLED",
        says=f"the policy for {tag}={value} is enabled",
    )


def policy_is_as_planned(change_id: str, details: Mapping[str, Json]) -> Check:
    """The policy still targets, schedules and keeps what was planned."""
    (target,), (schedule,) = details["TargetTags"], details["Schedules"]
    return Check(
        read=Read(
            service="dlm",
            operation="GetLifecyclePolicy",
            params={"PolicyId": reference(change_id, "policy_id")},
        ),
        query="Policy.PolicyDetails.[TargetTags[].Value, Schedules[].CreateRule.CronExpression, "
        "Schedules[].RetainRule.Count, Schedules[].CopyTags, Parameters.ExcludeBootVolume]",
        op="equals",
        value=[
            [target["Value"]],
            [schedule["CreateRule"]["CronExpression"]],
            [schedule["RetainRule"]["Count"]],
            [True],
            True,
        ],
        says="its target, schedule and retention are the planned ones",
    )


def _of_plan(plan_id: str, member: str) -> str:
    return f"Policies[?Tags.\"{PLAN_TAG}\"=='{plan_id}'].{member} | [0]"
