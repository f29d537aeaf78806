"""Letting one EventBridge rule write to a queue, topic or function, and taking that away again.

Source: EventBridge guide, "Using resource-based policies" and "Troubleshooting": a queue's and a function's policy
name the rule by aws:SourceArn; a condition in a topic's policy shuts EventBridge out.
"""

from opsctl.events.destination_permissions import edit_topic_policy
from opsctl.model.changes import Change, Check, Instruction, Proof, Risk
from opsctl.model.reads import Read
from opsctl.model.value import Json, fingerprint
from opsctl.resources.lambda_calls import add_permission, permission_is, remove_permission
from opsctl.resources.queue_policy_calls import edit_policy, policy_has

SERVICE = "events.amazonaws.com"
_ACTIONS = {"sqs": "sqs:SendMessage", "sns": "sns:Publish"}


def let_rule_in(arn: str, rule_arn: str, rule: str, *, url: str = "") -> list[Change]:
    """The change that lets a rule in at a destination; `url` is that of a queue. Undone, it is shut out again."""
    service, name = arn.split(":")[2], arn.rpartition(":")[2]
    note = f"Rule {rule} may send to {name}."
    if service == "lambda":
        do, undo = add_permission(arn, rule, rule_arn), remove_permission(arn, rule)
        before, after = permission_is(arn, rule, there=False), permission_is(arn, rule, there=True)
    elif service == "sns":
        do, undo, before, after = _topic(arn, name, _statement(arn, rule_arn))
        note = f"Any rule of EventBridge may publish to {name}: its policy takes no condition for that."
    else:
        one = _statement(arn, rule_arn)
        do, undo = edit_policy(url, "add", one), edit_policy(url, "remove", one)
        before, after = (policy_has(url, name, one, present=there) for there in (False, True))
    return [
        Change(
            **dict(do),
            id="permission",
            title=f"Let rule {rule} send to {name}",
            why="EventBridge tries an event that the policy of its target refuses no second time.",
            expect=(before,),
            proof=Proof(configured=(after,), within_s=60),
            undo=undo,
            risk=Risk(note=note),
        )
    ]


def _statement(arn: str, rule_arn: str) -> dict[str, Json]:
    service = arn.split(":")[2]
    made: dict[str, Json] = {
        "Sid": f"OpsctlRule{fingerprint([arn, rule_arn])[7:19]}",
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": _ACTIONS[service],
        "Resource": arn,
    }
    return made if service == "sns" else made | {"Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}}}


def _topic(arn: str, name: str, one: dict[str, Json]) -> tuple[Instruction, Instruction, Check, Check]:
    read = Read(service="sns", operation="GetTopicAttributes", params={"TopicArn": arn})
    found = f"[from_json(Attributes.Policy).Statement][] | [?Sid=='{one['Sid']}'].Sid"
    return (
        edit_topic_policy(read, arn, "add", one),
        edit_topic_policy(read, arn, "remove", one),
        Check(read=read, query=found, op="empty", says=f"the policy of topic {name} has no such statement yet"),
        Check(read=read, query=found, op="present", says=f"the policy of topic {name} lets EventBridge publish"),
    )
