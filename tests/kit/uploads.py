"""A bucket that notifies, as boto3 sees it: the sandbox's own, whose configuration has several owners."""

from collections.abc import Callable
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.worlds.uploads import BUCKET, make_uploads
from tests.kit.functions import role
from tests.kit.moto_account import World, client


def make_bucket(clients: Callable[[str], Any]) -> None:
    """The sandbox's buckets, queues and rule."""
    make_uploads(clients, role("uploads"))


def queue_arn(world: World, name: str) -> str:
    """The ARN of a queue."""
    return f"arn:aws:sqs:us-east-1:{world.account}:{name}"


def configuration(bucket: str = BUCKET) -> dict[str, Json]:
    """The notifications of a bucket, whole."""
    answer = client("s3").get_bucket_notification_configuration(Bucket=bucket)
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def put(document: Json, bucket: str = BUCKET) -> None:
    """Replace it, as somebody else would who looks at no destination."""
    client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration=document, SkipDestinationValidation=True
    )


def policy(queue: str) -> str:
    """The policy of a queue; empty where it has none."""
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes") or {}
    found: str = told.get("Policy", "")
    return found
