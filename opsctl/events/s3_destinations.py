"""Whether the destinations of notifications exist, and whether they let S3 in for a bucket."""

from collections.abc import Sequence

from opsctl.events.destination_permissions import verdict_for_s3
from opsctl.model.fetching import Fetching, gather
from opsctl.model.reads import Read
from opsctl.model.value import Value
from opsctl.resources.queue_facts import queue_attributes, queue_url
from opsctl.resources.resource_policies import PolicyAnswer


class NotifiedResource(Value):
    """A queue, topic or function as S3 will look at it.

    `exists` None could not be told; `open` tells that its policy certainly lets S3 in for the bucket, `shut` that
    it certainly does not. `url` is that of a queue, `key` that of a queue or topic.
    """

    arn: str
    exists: bool | None = None
    open: bool = False
    shut: bool = False
    url: str = ""
    key: str = ""
    unknown: str = ""


def read_destinations(arns: Sequence[str], bucket_arn: str, account: str) -> Fetching[dict[str, NotifiedResource]]:
    """Look at each destination once, all at the same time; they are in the region of the bucket and the run."""
    wanted = list(dict.fromkeys(arns))
    found = yield from gather([_read(arn, bucket_arn, account) for arn in wanted])
    return dict(zip(wanted, found, strict=True))


def _read(arn: str, bucket_arn: str, account: str) -> Fetching[NotifiedResource]:
    parts = arn.split(":")
    if parts[4] != account:
        yield from ()
        return NotifiedResource(arn=arn, unknown=f"{parts[-1]} is in account {parts[4]} and was not looked at")
    url = ""
    read = _policy_read(arn)
    if parts[2] in ("sqs", "lambda"):
        there = (yield [queue_url(arn) if parts[2] == "sqs" else _function(arn)])[0]
        if there.refusal is not None:
            if there.known:
                return NotifiedResource(arn=arn, exists=False)
            return NotifiedResource(arn=arn, unknown=str(there.refusal))
    if parts[2] == "sqs":
        url = str(there.value["QueueUrl"])
        read = queue_attributes(url)
    answer = (yield [read])[0]
    if answer.refusal is not None and not answer.known:
        return NotifiedResource(arn=arn, url=url, unknown=str(answer.refusal))
    if answer.value is None and parts[2] != "lambda":
        return NotifiedResource(arn=arn, exists=False)
    told = answer.value or {}
    attributes = told.get("Attributes") or told
    policy = str(attributes.get("Policy") or "")
    verdict = verdict_for_s3(policy, arn, bucket_arn, account)
    return NotifiedResource(
        arn=arn,
        exists=True,
        open=verdict is PolicyAnswer.YES,
        shut=verdict is PolicyAnswer.NO,
        unknown=f"whether {parts[-1]} lets S3 in depends on conditions of its policy that only AWS evaluates"
        if verdict is PolicyAnswer.UNSURE
        else "",
        url=url,
        key=str(attributes.get("KmsMasterKeyId") or ""),
    )


def _function(arn: str) -> Read:
    return Read(service="lambda", operation="GetFunctionConfiguration", params={"FunctionName": arn})


def _policy_read(arn: str) -> Read:
    if arn.split(":")[2] == "sns":
        return Read(service="sns", operation="GetTopicAttributes", params={"TopicArn": arn})
    parts = arn.split(":")
    qualified = {"Qualifier": parts[7]} if len(parts) > 7 else {}
    return Read(service="lambda", operation="GetPolicy", params={"FunctionName": ":".join(parts[:7]), **qualified})
