"""EventBridge: rules and their targets. Source: EventBridge API reference and user guide, retry policy."""

import json
from collections.abc import Mapping

from opsctl.model.changes import Check, Instruction, Retry
from opsctl.model.reads import Read
from opsctl.model.run import Identity
from opsctl.model.value import Json
from opsctl.resources.marks import tag_list

_CONCURRENT = "ConcurrentModificationException"
"""Another change of the same rule or target is going on; AWS says to try again."""

_PASSES = Retry(codes=(_CONCURRENT,), within_s=60)


def rule_arn(name: str, identity: Identity) -> str:
    """The ARN that a rule of this name has on the default bus of the run's account and region."""
    return f"arn:{identity.partition}:events:{identity.region}:{identity.account}:rule/{name}"


def describe_rule(name: str) -> Read:
    """Read a rule; one that is not there is missing."""
    return Read(service="events", operation="DescribeRule", params={"Name": name})


def put_rule(
    name: str, pattern: Mapping[str, Json], schedule: str, description: str, tags: Mapping[str, str]
) -> Instruction:
    """Create a rule by pattern or by schedule."""
    when = {"ScheduleExpression": schedule} if schedule else {"EventPattern": json.dumps(pattern, sort_keys=True)}
    return Instruction(
        kind="call",
        service="events",
        operation="PutRule",
        params={"Name": name, **when, "State": "ENABLED", "Description": description, "Tags": tag_list(tags)},
        retry=_PASSES,
    )


def delete_rule(name: str) -> Instruction:
    """Delete a rule that has no target any more."""
    return Instruction(kind="call", service="events", operation="DeleteRule", params={"Name": name}, retry=_PASSES)


def rule_is_absent(name: str) -> Check:
    """There is no such rule."""
    return Check(read=describe_rule(name), query="Name", op="empty", says=f"there is no rule {name}")


def rule_is_ours(name: str, description: str) -> Check:
    """The rule is on and carries the plan's mark."""
    return Check(
        read=describe_rule(name),
        query="{Description: Description, State: State}",
        op="equals",
        value={"Description": description, "State": "ENABLED"},
        says=f"rule {name} is this plan's and enabled",
    )


def put_target(rule: str, target: Mapping[str, Json]) -> Instruction:
    """Give a rule one target."""
    params = {"Rule": rule, "Targets": [dict(target)]}
    just_made = Retry(codes=("ResourceNotFoundException", _CONCURRENT), within_s=60)
    return Instruction(kind="call", service="events", operation="PutTargets", params=params, retry=just_made)


def remove_target(rule: str, target_id: str) -> Instruction:
    """Take a target away from a rule."""
    params = {"Rule": rule, "Ids": [target_id]}
    return Instruction(kind="call", service="events", operation="RemoveTargets", params=params, retry=_PASSES)


def target_is(rule: str, target_id: str, arn: str, *, there: bool) -> Check:
    """The rule sends to that target, or has no target of that id."""
    return Check(
        read=Read(service="events", operation="ListTargetsByRule", params={"Rule": rule}),
        query=f"Targets[?Id=='{target_id}'].Arn | [0]",
        op="equals" if there else "empty",
        value=arn if there else None,
        says=f"rule {rule} {'sends to' if there else 'has no target'} {arn if there else target_id}",
    )
