"""The marks that say which plan made a thing, so that a lost answer leaves no orphan."""

from collections.abc import Mapping

PLAN_TAG = "opsctl:plan"
GROUP_TAG = "opsctl:ha"
DEVICE_TAG = "opsctl:ha-device"
ROLE_TAG = "opsctl:ha-role"
SET_TAG = "opsctl:ha-set"
INSTANCE_TAG = "opsctl:ha-instance"
FAILOVER_TAG = "opsctl:ha-failover"
DRILL_TAG = "opsctl:ha-drill"
COPY_TAG = "opsctl:ha-copy"
WAIT_TAG = "opsctl:ha-wait"
ZONE_DOWN_TAG = "opsctl:ha-zone-down"
"""A person's word that a zone is lost, on the instance that waits for its data."""
SNAPSHOTS_TAG = "opsctl:ha-snapshots"
"""The instance that a policy of Data Lifecycle Manager is to take snapshots of: the one with the data."""


def with_mark(plan_id: str, tags: Mapping[str, str]) -> dict[str, str]:
    """Return tags with the plan's own among them."""
    return {**tags, PLAN_TAG: plan_id}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as EC2, IAM, SNS and CloudWatch take them."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def tag_specifications(tags: Mapping[str, str], *kinds: str) -> list[dict[str, object]]:
    """Return tags as EC2 takes them when it creates something."""
    return [{"ResourceType": kind, "Tags": tag_list(tags)} for kind in kinds]


def described(plan_id: str, text: str) -> str:
    """Return a description that carries the plan's mark."""
    return f"{text} (opsctl plan {plan_id})"
