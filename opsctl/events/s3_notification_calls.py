"""S3: entries of a bucket's notifications put there or taken out; all others are written back as they were read.

S3 only replaces the whole configuration, has no lock for it, and looks at every destination each time
(PutBucketNotificationConfiguration). So it is read again just before it is written, members that the SDK does not
know refuse the write, and what others had is looked for afterwards, one by one.
"""

from collections.abc import Sequence

from opsctl.events.s3_entries import EVENTBRIDGE, MEMBERS, S3Entry
from opsctl.model.changes import Check, EditSpec, Element, Instruction
from opsctl.model.query_literals import text_literal
from opsctl.model.reads import Read

CONFLICTS = ("OperationAborted",)
"""Another change of the bucket is in progress: read again and try again (S3 API, error responses)."""

_ALL = "[QueueConfigurations, TopicConfigurations, LambdaFunctionConfigurations][]"
_DOES = (
    "{arn: QueueArn || TopicArn || LambdaFunctionArn, events: sort(Events), "
    "prefix: Filter.Key.FilterRules[?Name=='prefix' || Name=='Prefix'].Value | [?@] | [0], "
    "suffix: Filter.Key.FilterRules[?Name=='suffix' || Name=='Suffix'].Value | [?@] | [0]}"
)


def notifications(bucket: str, account: str) -> Read:
    """Read a bucket's notification configuration; a bucket of another account is refused."""
    params = {"Bucket": bucket, "ExpectedBucketOwner": account}
    return Read(service="s3", operation="GetBucketNotificationConfiguration", params=params)


def edit_entries(bucket: str, account: str, op: str, entries: Sequence[S3Entry], *, skip: bool) -> Instruction:
    """Add or remove exactly these entries, by their ids."""
    return _edit(
        bucket,
        account,
        tuple(
            Element.model_validate(
                {
                    "op": op,
                    "at": f"NotificationConfiguration.{one.member}",
                    "value": one.written(),
                    "key": "Id",
                }
            )
            for one in entries
        ),
        skip=skip,
    )


def edit_eventbridge(bucket: str, account: str, *, on: bool, skip: bool) -> Instruction:
    """Have everything sent to EventBridge as well, or not any more."""
    return _edit(bucket, account, (_eventbridge(on=on),), skip=skip)


def _eventbridge(*, on: bool) -> Element:
    op = "set" if on else "unset"
    return Element.model_validate({"op": op, "at": f"NotificationConfiguration.{EVENTBRIDGE}", "value": {}})


def cut_over(
    bucket: str, account: str, entry: S3Entry, *, to_eventbridge: bool, switch: bool, skip: bool
) -> Instruction:
    """Take an entry out and, with `switch`, have everything sent to EventBridge, in one Put; or the reverse."""
    told = {
        "op": "remove" if to_eventbridge else "add",
        "at": f"NotificationConfiguration.{entry.member}",
        "value": entry.written(),
        "key": "Id",
    }
    switched = (_eventbridge(on=to_eventbridge),) if switch else ()
    return _edit(bucket, account, (Element.model_validate(told), *switched), skip=skip)


def _edit(bucket: str, account: str, elements: tuple[Element, ...], *, skip: bool) -> Instruction:
    params = {"Bucket": bucket, "ExpectedBucketOwner": account}
    return Instruction(
        kind="edit",
        service="s3",
        operation="PutBucketNotificationConfiguration",
        params={**params, "SkipDestinationValidation": True} if skip else params,
        edit=EditSpec(
            read=notifications(bucket, account),
            carry={"NotificationConfiguration": "@"},
            elements=elements,
            conflicts=CONFLICTS,
        ),
    )


def entry_is(bucket: str, account: str, entry: S3Entry, *, there: bool) -> Check:
    """The bucket has this entry, by id and by what it does; or none of that id."""
    listed, member = MEMBERS[entry.arn.split(":")[2]]
    found = f"{listed}[?Id=={text_literal(entry.id)}]"
    read = notifications(bucket, account)
    if not there:
        says = f"bucket {bucket} has no notification {entry.id}"
        return Check(read=read, query=f"{found}.Id", op="empty", says=says)
    return Check(
        read=read,
        query=f"{found}.{member} | [0]",
        op="equals",
        value=entry.arn,
        says=f"bucket {bucket} notifies {entry.says}",
    )


def still_there(bucket: str, account: str, entry: S3Entry) -> Check:
    """An entry of somebody else's is still there, by what it does: ids are rewritten by those who own them."""
    does = {
        "arn": entry.arn,
        "events": sorted(entry.events),
        "prefix": entry.prefix or None,
        "suffix": entry.suffix or None,
    }
    return Check(
        read=notifications(bucket, account),
        query=f"{_ALL}.{_DOES}",
        op="contains",
        value=[does],
        context=True,
        says=f"bucket {bucket} still notifies {entry.says}, which is somebody else's",
    )


def notifies_no_more(bucket: str, account: str, arn: str) -> Check:
    """No entry of the bucket leads to a destination, whoever put it there."""
    return Check(
        read=notifications(bucket, account),
        query=f"{_ALL}.[QueueArn, TopicArn, LambdaFunctionArn][] | [?@=={text_literal(arn)}]",
        op="empty",
        says=f"bucket {bucket} notifies {arn.rpartition(':')[2]} of nothing else",
    )


def eventbridge_is(bucket: str, account: str, *, on: bool, context: bool = False) -> Check:
    """Everything is sent to EventBridge as well, or is not."""
    says = f"bucket {bucket} {'sends' if on else 'does not send'} everything to EventBridge"
    read = notifications(bucket, account)
    query = f"{EVENTBRIDGE} != `null` && 'on' || `null`"
    return Check(read=read, query=query, op="present" if on else "empty", context=context, says=says)
