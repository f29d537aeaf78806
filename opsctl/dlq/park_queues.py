"""SQS: the queue in which a redrive or a purge parks what it does not mean, for as long as it takes."""

import json
from collections.abc import Mapping

from opsctl.dlq.attach.dead_letter_queue_calls import RETENTION_S
from opsctl.model.changes import Instruction
from opsctl.model.reads import Read
from opsctl.resources.marks import PLAN_TAG
from opsctl.resources.queue_policy import SENDING
from opsctl.resources.resource_policies import is_about, statements_of

PREFIX = "opsctl-park-"
OF_TAG = "opsctl:park-of"
_FIFO = ".fifo"
_HIDDEN_S = 120
_BYTES = 1_048_576
_AS_THERE = ("DeduplicationScope", "FifoThroughputLimit")
_KEY = ("KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds")


def park_name(run: str) -> str:
    """The name of the queue in which a run parks messages."""
    return f"{PREFIX}{run}{_FIFO}"


def run_of(name: str) -> str:
    """The run whose park a queue is, by its name; empty for any other queue."""
    return name.removeprefix(PREFIX).removesuffix(_FIFO) if is_park(name) else ""


def is_park(name: str) -> bool:
    """Tell whether a queue is called as parks are."""
    return name.startswith(PREFIX) and name.endswith(_FIFO)


def list_parks() -> Read:
    """All queues that are called as parks are, by URL."""
    return Read(service="sqs", operation="ListQueues", params={"QueueNamePrefix": PREFIX})


def tags_of(url: str) -> Read:
    """The tags of a queue: which run parks there, and messages of which queue."""
    return Read(service="sqs", operation="ListQueueTags", params={"QueueUrl": url})


def attributes_like(told: Mapping[str, str], arn: str) -> dict[str, str]:
    """The attributes of a park for a queue: encrypted with its key, as fast as it, closed to whom it is closed.

    It takes the largest messages that SQS has and keeps them as long as SQS can. Only denials of the queue's
    policy are carried over, so that nobody may do with the park what he may not do with the queue.
    """
    found = {
        "FifoQueue": "true",
        "MessageRetentionPeriod": str(RETENTION_S),
        "VisibilityTimeout": str(_HIDDEN_S),
        "MaximumMessageSize": str(_BYTES),
    }
    found |= {name: told[name] for name in _AS_THERE if told.get(name)}
    if told.get("KmsMasterKeyId"):
        found |= {name: told[name] for name in _KEY if told.get(name)}
    else:
        found["SqsManagedSseEnabled"] = "true"
    denials = [
        {name: value for name, value in one.items() if name not in ("Resource", "NotResource")} | {"Resource": arn}
        for one in statements_of(told.get("Policy", ""))
        if one.get("Effect") == "Deny"
    ]
    if denials:
        found["Policy"] = json.dumps({"Version": "2012-10-17", "Statement": denials}, sort_keys=True)
    return found


def denies_sending(policy: str) -> bool:
    """Tell whether a policy has a denial that may be about sending, whomever it is about."""
    return any(
        one.get("Effect") == "Deny"
        and is_about(one, SENDING)
        and "aws:SecureTransport" not in json.dumps(one.get("Condition") or {})
        for one in statements_of(policy)
    )


def create_park(name: str, attributes: Mapping[str, str], of: str, plan_id: str) -> Instruction:
    """Create the queue, with the marks of its run and of the queue whose messages it is for."""
    return Instruction(
        kind="call",
        service="sqs",
        operation="CreateQueue",
        params={
            "QueueName": name,
            "Attributes": dict(attributes),
            "tags": {PLAN_TAG: plan_id, OF_TAG: of},
        },
    )
