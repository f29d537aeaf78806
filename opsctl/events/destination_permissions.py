"""Letting S3 write to a queue, topic or function for one bucket, and taking that away again.

Source: S3 guide, "Granting permissions to publish event notification messages to a destination": the bucket by
aws:SourceArn and the account by aws:SourceAccount, for a bucket's ARN does not tell the account.
"""

from opsctl.events.s3_notification_calls import notifies_no_more
from opsctl.model.changes import Change, Check, EditSpec, Element, Instruction, JsonText, Proof, Retry, Risk
from opsctl.model.reads import Read
from opsctl.model.value import Json, fingerprint
from opsctl.resources.queue_policy_calls import edit_policy, policy_has
from opsctl.resources.resource_policies import PolicyAnswer, ServiceCall, verdict_on

SERVICE = "s3.amazonaws.com"
ACTIONS = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction"}
_CHANGING = Retry(codes=("ResourceConflictException",), within_s=120)


def verdict_for_s3(policy: str, arn: str, bucket_arn: str, account: str) -> PolicyAnswer:
    """Whether a destination's policy lets S3 in for a bucket."""
    call = ServiceCall(
        service=SERVICE,
        action=ACTIONS[arn.split(":")[2]],
        resource=arn,
        source_arn=bucket_arn,
        account=account,
    )
    return verdict_on(policy, call)


def permission(arn: str, bucket_arn: str, account: str, *, url: str = "") -> Change:
    """The change that lets S3 in at a destination; `url` is that of a queue. Undone, S3 is shut out again."""
    service, name = arn.split(":")[2], arn.rpartition(":")[2]
    sid = f"OpsctlS3{fingerprint([arn, bucket_arn])[7:19]}"
    bucket = bucket_arn.rpartition(":::")[2]
    if service == "lambda":
        do, undo, has = _function(arn, sid, bucket_arn, account)
    elif service == "sns":
        do, undo, has = _topic(arn, name, _statement(sid, arn, bucket_arn, account))
    else:
        do, undo, has = _queue(url, name, _statement(sid, arn, bucket_arn, account))
    return Change(
        **dict(do),
        id="permission",
        title=f"Let S3 write to {name} for bucket {bucket}",
        why="S3 looks at the destination's policy when the notification is put, and at each event.",
        expect=(has[1],),
        proof=Proof(configured=(has[0],), within_s=60),
        undo=undo,
        # Another entry may have been added since that relies on it.
        undo_only_if=(notifies_no_more(bucket, account, arn),),
        risk=Risk(note=f"S3 may write to {name} for events of bucket {bucket} of this account."),
    )


def _statement(sid: str, arn: str, bucket_arn: str, account: str) -> dict[str, Json]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": ACTIONS[arn.split(":")[2]],
        "Resource": arn,
        "Condition": {
            "ArnLike": {"aws:SourceArn": bucket_arn},
            "StringEquals": {"aws:SourceAccount": account},
        },
    }


def _queue(url: str, name: str, one: dict[str, Json]) -> tuple[Instruction, Instruction, tuple[Check, Check]]:
    checks = policy_has(url, name, one, present=True), policy_has(url, name, one, present=False)
    return edit_policy(url, "add", one), edit_policy(url, "remove", one), checks


def _topic(arn: str, name: str, one: dict[str, Json]) -> tuple[Instruction, Instruction, tuple[Check, Check]]:
    read = Read(service="sns", operation="GetTopicAttributes", params={"TopicArn": arn})
    found = f"[from_json(Attributes.Policy).Statement][] | [?Sid=='{one['Sid']}'].Sid"
    checks = (
        Check(read=read, query=found, op="present", says=f"the policy of topic {name} lets S3 publish"),
        Check(read=read, query=found, op="empty", says=f"the policy of topic {name} has no such statement yet"),
    )
    return edit_topic_policy(read, arn, "add", one), edit_topic_policy(read, arn, "remove", one), checks


def edit_topic_policy(read: Read, arn: str, op: str, one: dict[str, Json]) -> Instruction:
    """Add or remove a statement of a topic's policy; the others are written back as they were read."""
    element = {"op": op, "at": "AttributeValue.Statement", "value": one, "key": "Sid"}
    blank = {"Version": "2012-10-17", "Statement": []}
    return Instruction(
        kind="edit",
        service="sns",
        operation="SetTopicAttributes",
        params={"TopicArn": arn, "AttributeName": "Policy"},
        edit=EditSpec(
            read=read,
            carry={"AttributeValue": "Attributes.Policy"},
            texts=(JsonText(at="AttributeValue", blank=blank, void_without="Statement"),),
            elements=(Element.model_validate(element),),
        ),
    )


def _function(
    arn: str, sid: str, bucket_arn: str, account: str
) -> tuple[Instruction, Instruction, tuple[Check, Check]]:
    parts = arn.split(":")
    function = ":".join(parts[:7])
    qualified: dict[str, Json] = {"Qualifier": parts[7]} if len(parts) > 7 else {}
    add = {
        "FunctionName": function,
        "StatementId": sid,
        "Action": ACTIONS["lambda"],
        "Principal": SERVICE,
        "SourceArn": bucket_arn,
        "SourceAccount": account,
        **qualified,
    }
    remove = {"FunctionName": function, "StatementId": sid, **qualified}
    read = Read(service="lambda", operation="GetPolicy", params={"FunctionName": function, **qualified})
    query = f"Policy && contains(Policy, '\"{sid}\"') && 'there' || `null`"
    name = ":".join(parts[6:])
    checks = (
        Check(read=read, query=query, op="present", says=f"function {name} lets S3 invoke it"),
        Check(read=read, query=query, op="empty", says=f"function {name} has no such statement yet"),
    )
    return _lambda("AddPermission", add), _lambda("RemovePermission", remove), checks


def _lambda(operation: str, params: dict[str, Json]) -> Instruction:
    return Instruction(kind="call", service="lambda", operation=operation, params=params, retry=_CHANGING)
