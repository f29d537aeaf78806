"""EventBridge: switching a rule on and off, and the settings of a target; put and removed as in `events.rule`."""

import json
from collections.abc import Mapping

from opsctl.model.changes import Check, Instruction, Retry
from opsctl.model.value import Json
from opsctl.resources.actions.events_rule import describe_rule

_PASSES = Retry(codes=("ConcurrentModificationException",), within_s=60)
DAY_S, MOST_TRIES = 86_400, 185
"""How long and how often EventBridge tries by default (EventBridge API, RetryPolicy)."""

# The record of a notification, as far as an event tells it; what it does not tell is left out. An S3 key stands in
# it as it is: EventBridge cannot URL-encode it (EventBridge guide, input transformation).
RECORD_PATHS = {
    "bucket": "$.detail.bucket.name",
    "etag": "$.detail.object.etag",
    "key": "$.detail.object.key",
    "ip": "$.detail.source-ip-address",
    "region": "$.region",
    "request": "$.detail.request-id",
    "sequencer": "$.detail.object.sequencer",
    "size": "$.detail.object.size",
    "time": "$.time",
    "version": "$.detail.object.version-id",
}


def record_template(event: str, partition: str) -> dict[str, Json]:
    """The input transformer that makes `{"Records": [...]}` again, with an event name that was chosen before."""
    object_ = '{"key":<key>,"size":<size>,"eTag":<etag>,"versionId":<version>,"sequencer":<sequencer>}'
    bucket = f'{{"name":<bucket>,"arn":"arn:{partition}:s3:::<bucket>"}}'
    record = (
        '{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":<region>,"eventTime":<time>,'
        f'"eventName":{json.dumps(event)},"requestParameters":{{"sourceIPAddress":<ip>}},'
        '"responseElements":{"x-amz-request-id":<request>},'
        f'"s3":{{"s3SchemaVersion":"1.0","bucket":{bucket},"object":{object_}}}}}'
    )
    return {"InputPathsMap": dict(RECORD_PATHS), "InputTemplate": f'{{"Records":[{record}]}}'}


def target(
    target_id: str, arn: str, dead_letter: str, *, group: str = "", transformer: Mapping[str, Json] | None = None
) -> dict[str, Json]:
    """A target with its dead-letter queue and how long it is tried; a FIFO queue has a message group."""
    made: dict[str, Json] = {
        "Id": target_id,
        "Arn": arn,
        "DeadLetterConfig": {"Arn": dead_letter},
        "RetryPolicy": {"MaximumRetryAttempts": MOST_TRIES, "MaximumEventAgeInSeconds": DAY_S},
    }
    if group:
        made["SqsParameters"] = {"MessageGroupId": group}
    if transformer:
        made["InputTransformer"] = dict(transformer)
    return made


def enable_rule(name: str, bus: str) -> Instruction:
    """Switch a rule on, and leave all else: PutRule would clear what it is not given."""
    return _state("EnableRule", name, bus)


def disable_rule(name: str, bus: str) -> Instruction:
    """Switch a rule off."""
    return _state("DisableRule", name, bus)


def _state(operation: str, name: str, bus: str) -> Instruction:
    params = describe_rule(name, bus).params
    return Instruction(kind="call", service="events", operation=operation, params=dict(params), retry=_PASSES)


def rule_state_is(name: str, bus: str, state: str) -> Check:
    """The rule is on, or off."""
    return Check(
        read=describe_rule(name, bus),
        query="State",
        op="equals",
        value=state,
        says=f"rule {name} is {'off' if state == 'DISABLED' else 'on'}",
    )
