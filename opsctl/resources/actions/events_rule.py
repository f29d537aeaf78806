"""Makes an EventBridge rule with one target. Source: EventBridge API reference and user guide, retry policy."""

import json
from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Check, Instruction, Proof, Retry
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, fetch_if_exists
from opsctl.model.reads import Read
from opsctl.model.run import Action, Context, Identity
from opsctl.model.value import Json
from opsctl.resources.lambda_calls import add_permission, permission_is, remove_permission
from opsctl.resources.marks import described, tag_list, with_mark

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
    retry_s: int = Field(
        3600, ge=60, le=86_400, description="Maximum age of an event for delivery retries, in seconds."
    )
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
            title=f"Allow rule {self.rule} to invoke the function",
            why="A function rejects callers that its resource policy does not allow.",
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
            title=f"Add target {self.target.rpartition(':')[2]} to rule {self.rule}",
            why=self.why,
            expect=(target_is(self.rule, TARGET, self.target, there=False),),
            proof=Proof(configured=(target_is(self.rule, TARGET, self.target, there=True),), within_s=60),
            undo=remove_target(self.rule, TARGET),
            depends_on=after,
        )


_CONCURRENT = "ConcurrentModificationException"
"""Another change of the same rule or target is going on; AWS says to try again."""

_PASSES = Retry(codes=(_CONCURRENT,), within_s=60)


def rule_arn(name: str, identity: Identity, bus: str = "") -> str:
    """The ARN that a rule of this name has in the run's account and region, on a bus; empty: the default one."""
    place = f"{bus}/" if bus and bus != "default" else ""
    return f"arn:{identity.partition}:events:{identity.region}:{identity.account}:rule/{place}{name}"


def _on(bus: str) -> dict[str, Json]:
    return {"EventBusName": bus} if bus and bus != "default" else {}


def describe_rule(name: str, bus: str = "") -> Read:
    """Read a rule of a bus; one that is not there is missing."""
    return Read(service="events", operation="DescribeRule", params={"Name": name, **_on(bus)})


def put_rule(
    name: str,
    pattern: Mapping[str, Json],
    schedule: str,
    description: str,
    tags: Mapping[str, str],
    *,
    bus: str = "",
    state: str = "ENABLED",
) -> Instruction:
    """Create a rule by pattern or by schedule."""
    when = {"ScheduleExpression": schedule} if schedule else {"EventPattern": json.dumps(pattern, sort_keys=True)}
    about = {"State": state, "Description": description, "Tags": tag_list(tags)}
    return Instruction(
        kind="call",
        service="events",
        operation="PutRule",
        params={"Name": name, **when, **about, **_on(bus)},
        retry=_PASSES,
    )


def delete_rule(name: str, bus: str = "") -> Instruction:
    """Delete a rule that has no target any more."""
    params = {"Name": name, **_on(bus)}
    return Instruction(kind="call", service="events", operation="DeleteRule", params=params, retry=_PASSES)


def rule_is_absent(name: str, bus: str = "") -> Check:
    """There is no such rule."""
    return Check(read=describe_rule(name, bus), query="Name", op="empty", says=f"there is not a valid rule {name}")


def rule_is_ours(name: str, description: str) -> Check:
    """The rule is on and carries the plan's mark."""
    return Check(
        read=describe_rule(name),
        query="{Description: Description, State: State}",
        op="equals",
        value={"Description": description, "State": "ENABLED"},
        says=f"rule {name} is this plan's and enabled",
    )


def put_target(rule: str, target: Mapping[str, Json], bus: str = "") -> Instruction:
    """Give a rule one target."""
    params = {"Rule": rule, "Targets": [dict(target)], **_on(bus)}
    just_made = Retry(codes=("ResourceNotFoundException", _CONCURRENT), within_s=60)
    return Instruction(kind="call", service="events", operation="PutTargets", params=params, retry=just_made)


def remove_target(rule: str, target_id: str, bus: str = "") -> Instruction:
    """Take a target away from a rule."""
    params = {"Rule": rule, "Ids": [target_id], **_on(bus)}
    return Instruction(kind="call", service="events", operation="RemoveTargets", params=params, retry=_PASSES)


def target_is(rule: str, target_id: str, arn: str, *, there: bool, bus: str = "") -> Check:
    """The rule sends to that target, or has no target of that id."""
    return Check(
        read=Read(service="events", operation="ListTargetsByRule", params={"Rule": rule, **_on(bus)}),
        query=f"Targets[?Id=='{target_id}'].Arn | [0]",
        op="equals" if there else "empty",
        value=arn if there else None,
        says=f"rule {rule} {'sends to' if there else 'has no target'} {arn if there else target_id}",
    )
