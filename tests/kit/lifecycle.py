"""Policies of Data Lifecycle Manager for tests, and a role that it may assume."""

from typing import Any

from tests.kit.functions import role

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "dlm.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
HOURLY = {"Interval": 1, "IntervalUnit": "HOURS", "Times": ["09:00"]}
TARGET = {"Key": "opsctl:ha-snapshots", "Value": "g"}


def lifecycle_role(name: str = "dlm") -> str:
    """A role that Data Lifecycle Manager may assume; returns its ARN."""
    return role(name, TRUST)


def policy(role_arn: str, *, keep: int = 24, rule: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """The parameters of a policy for the data volumes of instances with a tag."""
    schedule = {
        "Name": "hourly",
        "CreateRule": rule or HOURLY,
        "RetainRule": {"Count": keep},
        "CopyTags": True,
        "TagsToAdd": [{"Key": "opsctl:ha-kind", "Value": "scheduled"}],
        "VariableTags": [
            {"Key": "opsctl:ha-set", "Value": "$(timestamp)"},
            {"Key": "opsctl:ha-instance", "Value": "$(instance-id)"},
        ],
    } | more.pop("schedule", {})
    details = {
        "ResourceTypes": ["INSTANCE"],
        "TargetTags": [TARGET],
        "Schedules": [schedule],
        "Parameters": {"ExcludeBootVolume": True},
    } | more.pop("details", {})
    return {
        "ExecutionRoleArn": role_arn,
        "Description": "snapshots of g",
        "State": "ENABLED",
        "PolicyDetails": details,
        "Tags": {"opsctl:ha": "g"},
    } | more
