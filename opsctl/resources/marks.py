"""The marks that say which plan made a thing, so that a lost answer leaves no orphan."""

from collections.abc import Mapping

PLAN_TAG = "opsctl:plan"


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
    return f"{text} ({mark_of_plan(plan_id)})"


def mark_of_plan(plan_id: str) -> str:
    """Return the words that a description carries a plan's mark in."""
    return f"opsctl plan {plan_id}"
