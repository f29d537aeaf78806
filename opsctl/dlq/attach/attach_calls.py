"""Setting and taking away where the failures of a source go, for each kind of source."""

import json

from opsctl.dlq.attach.failing_sources import FailingSource
from opsctl.model.changes import Check, EditSpec, Element, Grant, Instruction, Retry
from opsctl.model.reads import Read
from opsctl.model.value import Json
from opsctl.resources.consumers import function_configuration
from opsctl.resources.dead_letter_reads import get_schedule, list_targets, subscription_attributes
from opsctl.resources.queue_facts import queue_attributes

# SQS refuses a redrive policy whose queue it does not know yet.
_QUEUE_NOT_READY = Retry(codes=("InvalidParameterValue",), within_s=60)
# A policy given to a role reaches Lambda within seconds to a minute.
_ROLE_NOT_READY = Retry(codes=("InvalidParameterValueException",), within_s=60)


def send_failures_to(source: FailingSource, target: str, max_receive: int, *, new: bool = False) -> Instruction:
    """Send the failures of a source to a queue, or nowhere when `target` is empty; nothing else is changed.

    A queue that is `new` may not be known to every server yet.
    """
    if source.kind == "queue":
        made = _redrive_policy(source, target, max_receive)
        return made.model_copy(update={"retry": _QUEUE_NOT_READY}) if new else made
    if source.kind == "subscription":
        params = {"SubscriptionArn": source.name, "AttributeName": "RedrivePolicy"}
        # SNS takes the policy away when no value is sent, and refuses an empty one.
        value = {"AttributeValue": json.dumps({"deadLetterTargetArn": target})} if target else {}
        return Instruction(
            kind="call", service="sns", operation="SetSubscriptionAttributes", params=params | value
        )
    if source.kind == "function":
        return Instruction(
            kind="edit",
            service="lambda",
            operation="UpdateFunctionConfiguration",
            params={"FunctionName": source.name, "DeadLetterConfig": {"TargetArn": target}},
            edit=EditSpec(
                read=function_configuration(source.name),
                carry={"RevisionId": "RevisionId"},
                conflicts=("PreconditionFailedException", "ResourceConflictException"),
            ),
            retry=_ROLE_NOT_READY if target else None,
        )
    return _rewrite(source, target)


def _redrive_policy(source: FailingSource, target: str, max_receive: int) -> Instruction:
    policy = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": max_receive}) if target else ""
    params = {"QueueUrl": source.url, "Attributes": {"RedrivePolicy": policy}}
    return Instruction(kind="call", service="sqs", operation="SetQueueAttributes", params=params)


def _rewrite(source: FailingSource, target: str) -> Instruction:
    """Read the whole target or schedule just before it is replaced, and change its dead-letter queue only."""
    at = "Targets.0.DeadLetterConfig" if source.kind == "target" else "Target.DeadLetterConfig"
    element = Element(op="set", at=at, value={"Arn": target}) if target else Element(op="unset", at=at)
    # Writing a target with its role is passing that role.
    passing = Grant(service="iam", operation="PassRole", params={"RoleArn": source.passes})
    grants = (passing,) if source.passes else ()
    if source.kind == "target":
        return Instruction(
            kind="edit",
            service="events",
            operation="PutTargets",
            params={"Rule": source.name, "EventBusName": source.place},
            grants=grants,
            edit=EditSpec(
                read=list_targets(source.name, source.place),
                carry={"Targets": f"Targets[?Id=='{source.item}']"},
                elements=(element,),
                conflicts=("ConcurrentModificationException",),
            ),
        )
    return Instruction(
        kind="edit",
        service="scheduler",
        operation="UpdateSchedule",
        params={"Name": source.name, "GroupName": source.place},
        grants=grants,
        edit=EditSpec(
            read=get_schedule(source.place, source.name),
            carry={},
            document="@",
            elements=(element, *(Element(op="unset", at=name) for name in source.passed)),
            conflicts=("ConflictException",),
        ),
    )


def failures_go_to(source: FailingSource, target: str, max_receive: int) -> Check:
    """The failures of a source go to this queue, or nowhere when `target` is empty."""
    read, query = _where(source)
    if not target:
        return Check(read=read, query=query, op="empty", says=f"{source.says} has no dead-letter queue")
    value: Json = [target, max_receive] if source.kind == "queue" else target
    says = f"the failures of {source.says} go to {target.rpartition(':')[2]}"
    return Check(read=read, query=query, op="equals", value=value, says=says)


def source_is_there(source: FailingSource) -> Check:
    """The source still exists."""
    read, _ = _where(source)
    query = f"Targets[?Id=='{source.item}'].Id" if source.kind == "target" else _IDENTITY[source.kind]
    return Check(read=read, query=query, op="present", context=True, says=f"{source.says} is there")


_IDENTITY = {
    "queue": "Attributes.QueueArn",
    "function": "FunctionArn",
    "subscription": "Attributes.SubscriptionArn",
    "schedule": "Arn",
}


def _where(source: FailingSource) -> tuple[Read, str]:
    if source.kind == "queue":
        policy = "from_json(Attributes.RedrivePolicy)"
        return queue_attributes(source.url), f"{policy}.[deadLetterTargetArn, to_number(maxReceiveCount)]"
    if source.kind == "subscription":
        read = subscription_attributes(source.name)
        return read, "from_json(Attributes.RedrivePolicy).deadLetterTargetArn"
    if source.kind == "function":
        return function_configuration(source.name), "DeadLetterConfig.TargetArn"
    if source.kind == "target":
        query = f"Targets[?Id=='{source.item}'] | [0].DeadLetterConfig.Arn"
        return list_targets(source.name, source.place), query
    return get_schedule(source.place, source.name), "Target.DeadLetterConfig.Arn"
