"""Makes a log group that does not grow for ever."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof
from opsctl.model.fetching import Fetching, require
from opsctl.model.run import Action, Context
from opsctl.resources.log_group_calls import (
    create_log_group,
    delete_log_group,
    delete_retention,
    log_group_is,
    log_groups,
    put_retention,
    retention_is,
)
from opsctl.resources.marks import with_mark


class LogsGroup(Action):
    """Create a log group with a retention; undo deletes it with what was logged.

    One that exists already is left as it is, retention included.
    """

    name: ClassVar[str] = "logs.group"

    log_group: str = Field(description="Name of the log group.")
    retention_days: int = Field(90, description="How long entries are kept; one of the values that AWS takes.")
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
            title=f"Keep what is logged for {days} days",
            why="Without it the log grows, and costs, for ever.",
            expect=(log_group_is(name, there=True).model_copy(update={"context": True}), retention_is(name, None)),
            proof=Proof(configured=(retention_is(name, days),), within_s=60),
            undo=delete_retention(name),
            depends_on=("create",),
        )
        return [created, kept]
