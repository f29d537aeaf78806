"""Finds the message move tasks of a queue."""

from datetime import UTC, datetime
from typing import ClassVar

from pydantic import Field

from opsctl.model.fetching import Fetching, require
from opsctl.model.reads import Read
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value
from opsctl.resources.queue_facts import find_queue


class MoveTask(Value):
    """A task as SQS lists it; the handle is known only while it runs. `started` is UTC, RFC 3339."""

    status: str
    handle: str
    started: str
    moved: int
    to_move: int
    per_s: int
    destination: str
    failure: str


class MoveTasks(Value):
    """The last tasks, newest first, and those that run."""

    queue: str
    tasks: tuple[MoveTask, ...]
    running: tuple[MoveTask, ...]


class SqsMoveTasks(Fact):
    """List the last ten message move tasks that took from a queue."""

    name: ClassVar[str] = "sqs.move_tasks"
    Result: ClassVar[type[Value]] = MoveTasks

    queue: str = Field(description="Name, URL or ARN of the dead-letter queue.")

    def read(self, about: Context) -> Fetching[Value]:
        """Find the queue, then its tasks."""
        queue = yield from find_queue(self.queue, about, source="queue")
        answer = yield from require(
            Read(
                service="sqs",
                operation="ListMessageMoveTasks",
                params={"SourceArn": queue.arn, "MaxResults": 10},
            )
        )
        tasks = tuple(_task(one) for one in answer.get("Results") or [])
        running = tuple(one for one in tasks if one.status == "RUNNING" and one.handle)
        return MoveTasks(queue=queue.name, tasks=tasks, running=running)


def _task(told: Json) -> MoveTask:
    started = int(told.get("StartedTimestamp", 0)) / 1000
    return MoveTask(
        status=str(told.get("Status", "")),
        handle=str(told.get("TaskHandle", "")),
        started=datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        moved=int(told.get("ApproximateNumberOfMessagesMoved") or 0),
        to_move=int(told.get("ApproximateNumberOfMessagesToMove") or 0),
        per_s=int(told.get("MaxNumberOfMessagesPerSecond") or 0),
        destination=str(told.get("DestinationArn", "")),
        failure=str(told.get("FailureReason", "")),
    )
