"""SQS: making a dead-letter queue, and letting exactly one source use it."""

import json
from collections.abc import Sequence

from opsctl.dlq.attach.failing_sources import FailingSource, sources_of
from opsctl.model.changes import Check, Element, Instruction, Retry
from opsctl.model.reads import Read
from opsctl.model.value import Json, fingerprint
from opsctl.resources.consumers import mappings_of
from opsctl.resources.dead_letter_reads import list_functions
from opsctl.resources.queue_facts import queue_attributes
from opsctl.resources.queue_policy_calls import edit_attribute
from opsctl.resources.resource_policies import statements_of
from opsctl.resources.sqs_queue_calls import JUST_DELETED

_OUR_SIDS = "OpsctlDlq"
RETENTION_S = 1_209_600
GONE_WITHIN_S = 90
_DEPTHS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


def create_queue(name: str, plan_id: str, *, key: str, key_reuse_s: int) -> Instruction:
    """Create a queue that keeps messages as long as SQS can, encrypted, with the plan's mark."""
    attributes = {"MessageRetentionPeriod": str(RETENTION_S)}
    if name.endswith(".fifo"):
        attributes["FifoQueue"] = "true"
    if key:
        attributes |= {"KmsMasterKeyId": key, "KmsDataKeyReusePeriodSeconds": str(key_reuse_s or 300)}
    else:
        attributes["SqsManagedSseEnabled"] = "true"
    params = {"QueueName": name, "Attributes": attributes, "tags": {"opsctl:plan": plan_id}}
    return _call("CreateQueue", params, JUST_DELETED)


def delete_queue(url: Json) -> Instruction:
    """Delete a queue."""
    return _call("DeleteQueue", {"QueueUrl": url})


def is_ours(url: Json, name: str, plan_id: str) -> Check:
    """The queue carries the plan's mark."""
    read = Read(service="sqs", operation="ListQueueTags", params={"QueueUrl": url})
    says = f"queue {name} is there, made by this plan"
    return Check(read=read, query='Tags."opsctl:plan"', op="equals", value=plan_id, says=says)


def nobody_needs(url: Json, arn: str, name: str, sid: str) -> tuple[Check, ...]:
    """The queue is empty, nobody sends dead letters there, and nobody takes from it."""
    attributes = queue_attributes(url)
    return (
        Check(
            read=attributes,
            query=f"Attributes.[{', '.join(_DEPTHS)}]",
            op="equals",
            value=["0", "0", "0"],
            says=f"queue {name} has no messages",
        ),
        Check(read=sources_of(url), query="queueUrls", op="empty", says=f"no queue sends dead letters to {name}"),
        Check(
            read=list_functions(),
            query=f"Functions[?DeadLetterConfig.TargetArn=='{arn}'].FunctionName",
            op="empty",
            says=f"no function sends dead letters to {name}",
        ),
        Check(
            read=attributes,
            query=f"[from_json(Attributes.Policy).Statement][] | [?Sid!='{sid}']",
            op="empty",
            says=f"the policy of {name} allows no other sender",
        ),
        Check(
            read=mappings_of(arn),
            query="EventSourceMappings[].FunctionArn",
            op="empty",
            says=f"no function takes messages from {name}",
        ),
    )


def sid_of(source: FailingSource) -> str:
    """The name of our statement for a source: one for each, so that an undo takes nobody else's."""
    return f"{_OUR_SIDS}{fingerprint([source.arn, source.item])[7:19]}"


def policy_without_others_of_ours(policy: str, source: FailingSource) -> str:
    """The policy without the statements that opsctl made for other sources: their undo takes them away."""
    kept = [
        one
        for one in statements_of(policy)
        if not str(one.get("Sid", "")).startswith(_OUR_SIDS) or one["Sid"] == sid_of(source)
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": kept})


def statement(sid: str, arn: str, service: str, sender: str) -> dict[str, Json]:
    """A service may send to the queue, on behalf of one resource."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": sender}},
    }


def edit_allowed(url: Json, op: str, source_arn: str) -> Instruction:
    """Name a source among those that may use the queue, or take it out; the last one out leaves no policy."""
    elements = [Element.model_validate({"op": op, "at": f"{_ALLOW}.sourceQueueArns", "value": source_arn})]
    if op == "add":
        elements.insert(0, Element(op="set", at=f"{_ALLOW}.redrivePermission", value="byQueue"))
    blank = {"redrivePermission": "byQueue"}
    return edit_attribute(url, "RedriveAllowPolicy", blank, "sourceQueueArns", tuple(elements))


_ALLOW = "Attributes.RedriveAllowPolicy"


def source_allowed(url: Json, name: str, source_arn: str, *, present: bool) -> Check:
    """The source is among those that may use the queue, or is not."""
    return Check(
        read=queue_attributes(url),
        query=f"from_json({_ALLOW}).sourceQueueArns",
        op="contains" if present else "excludes",
        value=[source_arn],
        says=f"{name} {'names' if present else 'does not name'} the source as allowed",
    )


def only_users(url: Json, name: str, users: Sequence[str]) -> Check:
    """No other queue sends dead letters there, so that closing it shuts nobody out."""
    return Check(
        read=sources_of(url),
        query="queueUrls",
        op="within",
        value=list(users),
        context=True,
        says=f"no other queue sends dead letters to {name}",
    )


def permission_is(url: Json, name: str, permission: str) -> Check:
    """The queue's redrive permission is still what was seen."""
    read, query = queue_attributes(url), f"from_json({_ALLOW}).redrivePermission"
    says = f"the redrive permission of {name} is still {permission or 'not set'}"
    if not permission:
        return Check(read=read, query=query, op="empty", context=True, says=says)
    return Check(read=read, query=query, op="equals", value=permission, context=True, says=says)


def _call(operation: str, params: dict[str, Json], retry: Retry | None = None) -> Instruction:
    return Instruction(kind="call", service="sqs", operation=operation, params=params, retry=retry)
