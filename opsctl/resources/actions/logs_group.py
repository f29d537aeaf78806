"""Makes a log group that does not grow for ever."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Check, Instruction, Proof
from opsctl.model.fetching import Fetching, require
from opsctl.model.reads import Read
from opsctl.model.run import Action, Context
from opsctl.resources.marks import with_mark


class LogsGroup(Action):
    """Create a log group with a retention; undo deletes it with what was logged.

    One that exists already is left as it is, retention included.
    """

    name: ClassVar[str] = "logs.group"

    log_group: str = Field(description="Name of the log group.")
    retention_days: int = Field(90, description="Retention in days; one of the values that AWS accepts.")
    tags: dict[str, str] = Field({}, description="Tags of the log group.")
    why: str = Field(description="What is logged there.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateLogGroup and one PutRetentionPolicy, or nothing."""
        name, days = self.log_group, self.retention_days
        answer = yield from require(log_groups(name))
        if any(group["logGroupName"] == name for group in answer.get("logGroups", [])):
            return []
        created = Change(
            **dict(create_log_group(name, with_mark(about.plan_id, self.tags))),
            id="create",
            title=f"Create log group {name}",
            why=self.why,
            expect=(log_group_is(name, there=False),),
            proof=Proof(configured=(log_group_is(name, there=True),), within_s=60),
            undo=delete_log_group(name),
        )
        kept = Change(
            **dict(put_retention(name, days)),
            id="retention",
            title=f"Set log retention to {days} days",
            why="Without it the log group grows, and costs, forever.",
            expect=(log_group_is(name, there=True).model_copy(update={"context": True}), retention_is(name, None)),
            proof=Proof(configured=(retention_is(name, days),), within_s=60),
            undo=delete_retention(name),
            depends_on=("create",),
        )
        return [created, kept]


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
