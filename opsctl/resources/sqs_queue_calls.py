"""SQS: making and deleting a queue."""

import json
from collections.abc import Mapping

from opsctl.model.changes import Check, Instruction, Query, Retry
from opsctl.model.reads import Read
from opsctl.model.references import reference
from opsctl.model.run import Identity
from opsctl.model.value import Json
from opsctl.resources.marks import PLAN_TAG
from opsctl.resources.queue_facts import get_queue_url

FOURTEEN_DAYS = 14 * 86_400
GONE_WITHIN_S = 120
"""AWS: deleting a queue takes up to 60 seconds, and its name is taken for as long."""

JUST_DELETED = Retry(codes=("AWS.SimpleQueueService.QueueDeletedRecently", "QueueDeletedRecently"), within_s=90)


def queue_arn(name: str, identity: Identity) -> str:
    """The ARN that a queue of this name has in the run's account and region."""
    return f"arn:{identity.partition}:sqs:{identity.region}:{identity.account}:{name}"


def sending_policy(arn: str, account: str) -> dict[str, Json]:
    """A queue's policy: EventBridge rules of this account may send their failures to it.

    EventBridge names the rule as the source (EventBridge user guide, rule dead-letter queues).
    """
    partition, region = arn.split(":")[1], arn.split(":")[3]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "rules",
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnLike": {"aws:SourceArn": f"arn:{partition}:events:{region}:{account}:rule/*"}},
            }
        ],
    }


def create_queue(name: str, policy: Mapping[str, Json], tags: Mapping[str, str]) -> Instruction:
    """Create a queue that keeps messages as long as SQS can."""
    return Instruction(
        kind="call",
        service="sqs",
        operation="CreateQueue",
        params={
            "QueueName": name,
            "Attributes": {
                "MessageRetentionPeriod": str(FOURTEEN_DAYS),
                "SqsManagedSseEnabled": "true",
                "Policy": json.dumps(policy, sort_keys=True),
            },
            "tags": dict(tags),
        },
        retry=JUST_DELETED,
    )


def delete_queue(change_id: str) -> Instruction:
    """Delete the queue that a change made, with the messages in it."""
    url = reference(change_id, "url")
    return Instruction(kind="call", service="sqs", operation="DeleteQueue", params={"QueueUrl": url})


def url_of(name: str) -> Query:
    """The queue's URL, as an output."""
    return Query(read=get_queue_url(name), query="QueueUrl")


def queue_is_absent(name: str) -> Check:
    """There is no such queue."""
    return Check(read=get_queue_url(name), query="QueueUrl", op="empty", says=f"there is no queue {name}")


def queue_is_ours(name: str, change_id: str, plan_id: str) -> Check:
    """The queue was made by this plan."""
    params = {"QueueUrl": reference(change_id, "url")}
    return Check(
        read=Read(service="sqs", operation="ListQueueTags", params=params),
        query=f'Tags."{PLAN_TAG}"',
        op="equals",
        value=plan_id,
        says=f"queue {name} is this plan's",
    )
