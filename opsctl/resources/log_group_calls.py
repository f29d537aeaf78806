"""CloudWatch Logs: log groups."""

from collections.abc import Mapping

from opsctl.model.changes import Check, Instruction
from opsctl.model.reads import Read


def log_groups(name: str) -> Read:
    """Read the log groups whose names begin so."""
    return Read(service="logs", operation="DescribeLogGroups", params={"logGroupNamePrefix": name})


def create_log_group(name: str, tags: Mapping[str, str]) -> Instruction:
    """Create a log group."""
    params = {"logGroupName": name, "tags": dict(tags)}
    return Instruction(kind="call", service="logs", operation="CreateLogGroup", params=params)


def delete_log_group(name: str) -> Instruction:
    """Delete a log group with what was logged."""
    return Instruction(kind="call", service="logs", operation="DeleteLogGroup", params={"logGroupName": name})


def put_retention(name: str, days: int) -> Instruction:
    """Keep what is logged for so many days."""
    params = {"logGroupName": name, "retentionInDays": days}
    return Instruction(kind="call", service="logs", operation="PutRetentionPolicy", params=params)


def delete_retention(name: str) -> Instruction:
    """Keep what is logged for ever."""
    return Instruction(
        kind="call", service="logs", operation="DeleteRetentionPolicy", params={"logGroupName": name}
    )


def log_group_is(name: str, *, there: bool) -> Check:
    """The log group exists, or does not."""
    return Check(
        read=log_groups(name),
        query=f"logGroups[?logGroupName=='{name}'].logGroupName",
        op="present" if there else "empty",
        says=f"there is {'a' if there else 'no'} log group {name}",
    )


def retention_is(name: str, days: int | None) -> Check:
    """The log group keeps what is logged for so many days, or for ever."""
    return Check(
        read=log_groups(name),
        query=f"logGroups[?logGroupName=='{name}'].retentionInDays | [0]",
        op="empty" if days is None else "equals",
        value=days,
        says=f"log group {name} keeps {'everything' if days is None else f'{days} days'}",
    )
