"""Data Lifecycle Manager's policies, which moto lacks: what AWS refuses."""

from collections.abc import Iterator
from typing import Any

import pytest

from opsctl.sandbox.engine.dlm import POLICIES
from tests.kit.functions import role
from tests.kit.groups import refused
from tests.kit.lifecycle import lifecycle_role, policy
from tests.kit.moto_account import client, fresh_world, server


@pytest.fixture(autouse=True)
def account() -> Iterator[None]:
    server()
    with fresh_world():
        yield


def test_a_policy_is_made_shown_listed_changed_and_deleted() -> None:
    dlm = client("dlm")
    made = dlm.create_lifecycle_policy(**policy(lifecycle_role()))["PolicyId"]
    shown = dlm.get_lifecycle_policy(PolicyId=made)["Policy"]
    assert (shown["State"], shown["PolicyDetails"]["ResourceTypes"]) == ("ENABLED", ["INSTANCE"])
    assert [one["PolicyId"] for one in dlm.get_lifecycle_policies()["Policies"]] == [made]
    assert dlm.get_lifecycle_policies(TargetTags=["opsctl:ha-snapshots=other"])["Policies"] == []
    assert len(dlm.get_lifecycle_policies(TargetTags=["opsctl:ha-snapshots=g"])["Policies"]) == 1
    dlm.update_lifecycle_policy(PolicyId=made, State="DISABLED")
    assert dlm.get_lifecycle_policy(PolicyId=made)["Policy"]["State"] == "DISABLED"
    volumes = shown["PolicyDetails"] | {"ResourceTypes": ["VOLUME"]}
    refused("InvalidRequestException", dlm.update_lifecycle_policy, PolicyId=made, PolicyDetails=volumes)
    dlm.delete_lifecycle_policy(PolicyId=made)
    refused("ResourceNotFoundException", dlm.get_lifecycle_policy, PolicyId=made)


def with_rule(**rule: Any) -> dict[str, Any]:
    return {"rule": rule}


VARIABLE = {"Key": "opsctl:ha-set", "Value": "$(timestamp)"}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (with_rule(Interval=5, IntervalUnit="HOURS"), "is not one of"),
        (with_rule(Interval=1, IntervalUnit="HOURS", CronExpression="cron(0 * * * ? *)"), "Either"),
        (with_rule(Interval=1, IntervalUnit="HOURS", Times=["25:00"]), "hh:mm"),
        (with_rule(CronExpression="every hour of the day"), "six fields"),
        (with_rule(CronExpression="cron(0 12 * * MON)"), "six fields"),
        ({"Description": ""}, "Description"),
        ({"Description": "snapshots (of g)"}, "other characters"),
        ({"State": "ERROR"}, "State"),
        ({"ExecutionRoleArn": "arn:aws:iam::123456789012:role/nobody"}, "cannot be assumed"),
        ({"ExecutionRoleArn": "dlm"}, "cannot be assumed"),
        ({"Tags": {"aws:x": "y"}}, "AWS's own"),
        ({"schedule": {"Name": "hourly!"}}, "name"),
        ({"schedule": {"Name": ""}}, "name"),
        ({"keep": 1001}, "Count is 1 to 1000"),
        ({"schedule": {"RetainRule": {"Count": 3, "Interval": 3, "IntervalUnit": "DAYS"}}}, "either Count"),
        ({"schedule": {"RetainRule": {}}}, "either Count"),
        ({"schedule": {"VariableTags": [{"Key": "when", "Value": "$(time)"}]}}, "VariableTags"),
        ({"schedule": {"TagsToAdd": [{"Key": str(n), "Value": ""} for n in range(45)]}}, "at most 45"),
        ({"schedule": {"TagsToAdd": [VARIABLE]}}, "each once"),
        ({"details": {"TargetTags": [{"Key": "a=b", "Value": ""}]}}, "TargetTags"),
        ({"details": {"ResourceTypes": ["SNAPSHOT"]}}, "ResourceTypes"),
        ({"details": {"ResourceTypes": ["VOLUME"]}}, "only where instances"),
        ({"details": {"ResourceTypes": ["VOLUME"], "Parameters": {}}}, "VariableTags are only"),
        ({"details": {"PolicyType": "IMAGE_MANAGEMENT"}}, "PolicyType"),
    ],
)
def test_a_policy_that_aws_refuses_is_refused(wrong: dict[str, Any], says: str) -> None:
    asked = policy(lifecycle_role(), **wrong)
    refused("InvalidRequestException", client("dlm").create_lifecycle_policy, says, **asked)


def test_a_policy_has_four_schedules_at_most_each_with_a_name_of_its_own() -> None:
    asked = policy(lifecycle_role())
    (schedule,) = asked["PolicyDetails"]["Schedules"]
    for names in (("a", "b", "c", "d", "e"), ("a", "a")):
        asked["PolicyDetails"]["Schedules"] = [schedule | {"Name": name} for name in names]
        refused("InvalidRequestException", client("dlm").create_lifecycle_policy, "Schedules", **asked)


def test_a_role_that_trusts_another_service_is_refused() -> None:
    asked = policy(role("lambda-role"))
    refused("InvalidRequestException", client("dlm").create_lifecycle_policy, "cannot be assumed", **asked)


def test_an_account_has_a_hundred_policies_at_most() -> None:
    asked = policy(lifecycle_role())
    for _ in range(POLICIES):
        client("dlm").create_lifecycle_policy(**asked)
    refused("LimitExceededException", client("dlm").create_lifecycle_policy, "already", **asked)
