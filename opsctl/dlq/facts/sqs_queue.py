"""Finds one queue and what takes from it."""

from typing import ClassVar

from pydantic import Field

from opsctl.dlq.park_queues import OF_TAG, is_park, tags_of
from opsctl.model.fetching import Fetching, fetch
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value
from opsctl.resources.consumers import mappings_of
from opsctl.resources.marks import PLAN_TAG
from opsctl.resources.queue_facts import QueueFacts, find_queue


class QueueFound(Value):
    """A queue, the functions that take from it, where it moves messages on to, and whose messages it holds."""

    queue: QueueFacts
    consumers: tuple[str, ...]
    moves_on: tuple[str, ...]
    parked: tuple[str, ...] = ()
    unknown: tuple[str, ...]


class SqsQueue(Fact):
    """Find a queue by name, URL or ARN, with its depth, settings and consumers."""

    name: ClassVar[str] = "sqs.queue"
    Result: ClassVar[type[Value]] = QueueFound

    queue: str = Field(description="Name, URL or ARN of the queue.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the queue, then its event source mappings."""
        queue = yield from find_queue(self.queue, about, source="queue")
        mappings = yield from fetch(mappings_of(queue.arn))
        found = (mappings.value or {}).get("EventSourceMappings") or []
        parked = yield from _parked(queue, about)
        target = queue.dead_letter_arn.rpartition(":")[2]
        return QueueFound(
            queue=queue,
            consumers=tuple(one["FunctionArn"].rpartition(":")[2] for one in found),
            moves_on=(f"to {target} after {queue.max_receive} receives",) if target else (),
            parked=parked,
            unknown=() if mappings.known else (str(mappings.refusal),),
        )


def _parked(queue: QueueFacts, about: Context) -> Fetching[tuple[str, ...]]:
    """Say which run has parked messages of which queue here, when one has."""
    if not is_park(queue.name):
        return ()
    answer = yield from fetch(tags_of(queue.url))
    tags = (answer.value or {}).get("Tags") or {}
    if OF_TAG not in tags:
        return ()
    run, of = str(tags.get(PLAN_TAG, "")), str(tags[OF_TAG]).rpartition(":")[2]
    back = about.commands.opsctl("resume", run)
    other = about.commands.opsctl("dlq", "redrive", queue.name, "--to", of)
    return (
        f"run {run} parked messages of {of} here: {back} brings them back; without that run's journal: {other}",
    )
