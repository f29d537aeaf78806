"""SQS: predicates on queues."""

from opsctl.model.changes import Check
from opsctl.resources.queue_facts import QueueFacts, queue_attributes

_COUNTS = tuple(f"ApproximateNumberOfMessages{suffix}" for suffix in ("", "NotVisible", "Delayed"))


def queue_is_there(queue: QueueFacts) -> Check:
    """The queue exists and is the one that was seen."""
    return queue_at(queue.url, queue.arn, queue.name)


def queue_is_empty(url: str, name: str) -> Check:
    """SQS counts no message in the queue, visible or not."""
    return Check(
        read=queue_attributes(url),
        query=f"Attributes.[{', '.join(_COUNTS)}]",
        op="equals",
        value=["0", "0", "0"],
        says=f"queue {name} has no messages",
    )


def queue_at(url: str, arn: str, name: str, region: str | None = None) -> Check:
    """A queue of that ARN is at that URL; `region` is where, when it is not that of the run."""
    return Check(
        read=queue_attributes(url).model_copy(update={"region": region}),
        query="Attributes.QueueArn",
        op="equals",
        value=arn,
        context=True,
        says=f"queue {name} is there",
    )
