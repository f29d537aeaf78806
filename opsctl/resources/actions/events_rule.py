"""Makes an EventBridge rule with one target."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, fetch_if_exists
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.events_calls import (
    delete_rule,
    describe_rule,
    put_rule,
    put_target,
    remove_target,
    rule_arn,
    rule_is_absent,
    rule_is_ours,
    target_is,
)
from opsctl.resources.lambda_calls import add_permission, permission_is, remove_permission
from opsctl.resources.marks import described, with_mark

TARGET = "opsctl"


class EventsRule(Action):
    """Create a rule on the default bus, by event pattern or schedule, with one target; undo takes both away.

    A Lambda target is given permission for this rule alone. Events that cannot be delivered are retried for as
    long as `retry_s` says and then go to the dead-letter queue.
    """

    name: ClassVar[str] = "events.rule"

    rule: str = Field(description="Name of the rule; not in use yet.")
    pattern: dict[str, Json] = Field({}, description="Event pattern.")
    schedule: str = Field("", description="Schedule instead of a pattern, such as rate(1 minute).")
    target: str = Field(description="ARN of the function, topic or queue.")
    dead_letter: str = Field("", description="ARN of the queue for events that could not be delivered.")
    retry_s: int = Field(3600, ge=60, le=86_400, description="How long delivery is tried, in seconds.")
    tags: dict[str, str] = Field({}, description="Tags of the rule.")
    why: str = Field(description="What the rule is for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one PutRule, one AddPermission for a function, and one PutTargets."""
        found = yield from fetch_if_exists(describe_rule(self.rule))
        if found is not None:
            raise RefusedByGuard(
                f"there is a rule {self.rule} already; nothing was changed", "choose another name"
            )
        description = described(about.plan_id, self.why)[-512:]
        made = put_rule(self.rule, self.pattern, self.schedule, description, with_mark(about.plan_id, self.tags))
        created = Change(
            **dict(made),
            id="create",
            title=f"Create EventBridge rule {self.rule}",
            why=self.why,
            expect=(rule_is_absent(self.rule),),
            proof=Proof(configured=(rule_is_ours(self.rule, description),), within_s=60),
            undo=delete_rule(self.rule),
        )
        allowed = [self._permission(about)] if ":lambda:" in self.target else []
        return [created, *allowed, self._target(tuple(change.id for change in (created, *allowed)))]

    def _permission(self, about: Context) -> Change:
        return Change(
            **dict(add_permission(self.target, self.rule, rule_arn(self.rule, about.identity))),
            id="permission",
            title=f"Let rule {self.rule} invoke the function",
            why="A function refuses callers that its own policy does not name.",
            expect=(permission_is(self.target, self.rule, there=False),),
            proof=Proof(configured=(permission_is(self.target, self.rule, there=True),), within_s=60),
            undo=remove_permission(self.target, self.rule),
            depends_on=("create",),
        )

    def _target(self, after: tuple[str, ...]) -> Change:
        target: dict[str, Json] = {
            "Id": TARGET,
            "Arn": self.target,
            "RetryPolicy": {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": self.retry_s},
        }
        if self.dead_letter:
            target["DeadLetterConfig"] = {"Arn": self.dead_letter}
        return Change(
            **dict(put_target(self.rule, target)),
            id="target",
            title=f"Send what rule {self.rule} matches to {self.target.rpartition(':')[2]}",
            why=self.why,
            expect=(target_is(self.rule, TARGET, self.target, there=False),),
            proof=Proof(configured=(target_is(self.rule, TARGET, self.target, there=True),), within_s=60),
            undo=remove_target(self.rule, TARGET),
            depends_on=after,
        )
