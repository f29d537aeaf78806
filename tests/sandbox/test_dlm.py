"""Data Lifecycle Manager's policies, which moto lacks."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.kit.groups import refused
from tests.kit.moto_account import client, fresh_world, server


@pytest.fixture(autouse=True)
def account() -> Iterator[None]:
    server()
    with fresh_world():
        yield


def policy(interval: int = 1, schedules: int = 1, **more: Any) -> dict[str, Any]:
    schedule = {
        "Name": "hourly",
        "CreateRule": {"Interval": interval, "IntervalUnit": "HOURS"},
        "RetainRule": {"Count": 24},
    }
    details = {
        "ResourceTypes": ["INSTANCE"],
        "TargetTags": [{"Key": "opsctl:ha", "Value": "g"}],
        "Schedules": [schedule] * schedules,
    }
    return {
        "ExecutionRoleArn": "arn:aws:iam::123456789012:role/dlm",
        "Description": "snapshots of g",
        "State": "ENABLED",
        "PolicyDetails": details,
        "Tags": {"opsctl:ha": "g"},
    } | more


def test_a_policy_is_made_shown_listed_changed_and_deleted() -> None:
    dlm = client("dlm")
    made = dlm.create_lifecycle_policy(**policy())["PolicyId"]
    shown = dlm.get_lifecycle_policy(PolicyId=made)["Policy"]
    assert (shown["State"], shown["PolicyDetails"]["ResourceTypes"]) == ("ENABLED", ["INSTANCE"])
    assert [one["PolicyId"] for one in dlm.get_lifecycle_policies()["Policies"]] == [made]
    assert dlm.get_lifecycle_policies(TargetTags=["opsctl:ha=other"])["Policies"] == []
    assert len(dlm.get_lifecycle_policies(TargetTags=["opsctl:ha=g"])["Policies"]) == 1
    dlm.update_lifecycle_policy(PolicyId=made, State="DISABLED")
    assert dlm.get_lifecycle_policy(PolicyId=made)["Policy"]["State"] == "DISABLED"
    dlm.delete_lifecycle_policy(PolicyId=made)
    refused("ResourceNotFoundException", dlm.get_lifecycle_policy, PolicyId=made)


@pytest.mark.parametrize("wrong", [policy(interval=5), policy(schedules=5), policy(Description="")])
def test_a_policy_that_aws_refuses_is_refused(wrong: dict[str, Any]) -> None:
    refused("InvalidRequestException", client("dlm").create_lifecycle_policy, **wrong)
