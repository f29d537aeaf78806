"""SQS's message move tasks, which moto lacks. Source: the SQS API reference and answers recorded from AWS."""

import base64
import binascii
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from opsctl.sandbox.engine.sqs_faults import fault
from opsctl.sandbox.rules.sqs_messages import contents

ACTIVE = ("RUNNING", "CANCELLING")
MAX_RATE = 500
MAX_LISTED = 10
# AWS goes on moving for a moment after a cancel: two messages at one a second in a recorded run.
CANCEL_TAKES_S = 2.0


@dataclass
class RunningMoveTask:
    """One task, from its start on; it moves only when it is looked at."""

    source: str
    destination: str | None
    rate: int | None
    started: float
    to_move: int
    moved: int = 0
    status: str = "RUNNING"
    failure: str | None = None
    stops_at: float | None = None
    moving: bool = False
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def handle(self) -> str:
        """The handle as AWS makes it: the task and its source, encoded."""
        return base64.b64encode(json.dumps({"taskId": self.id, "sourceArn": self.source}).encode()).decode()

    def shown(self) -> dict[str, Any]:
        """The task as ListMessageMoveTasks tells it."""
        facts = {
            "TaskHandle": self.handle if self.status == "RUNNING" else None,
            "Status": self.status,
            "SourceArn": self.source,
            "DestinationArn": self.destination,
            "MaxNumberOfMessagesPerSecond": self.rate,
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": self.to_move,
            "FailureReason": self.failure,
            "StartedTimestamp": int(self.started * 1000),
        }
        return {name: value for name, value in facts.items() if value is not None}


def start(backend: Any, source: str, destination: str | None, rate: int | None, now: float) -> RunningMoveTask:
    """Start a task, or refuse it as AWS does."""
    queue = _known(backend, source, "SourceArn")
    if not any(other.dead_letter_queue is queue for other in backend.queues.values()):
        raise _invalid("Source queue must be configured as a Dead Letter Queue.")
    if destination is not None:
        target = _known(backend, destination, "DestinationArn")
        if target is queue:
            raise _invalid("Source queue arn and destination queue arn cannot be the same.")
        if target.fifo_queue != queue.fifo_queue:
            raise _invalid("Source queue and destination queue must be of the same type.")
    if rate is not None and not 1 <= rate <= MAX_RATE:
        raise _invalid(
            f"Value {rate} for parameter MaxNumberOfMessagesPerSecond is invalid. "
            f"Reason: must be between 1 and {MAX_RATE}."
        )
    if any(task.source == source and task.status in ACTIVE for task in _tasks(backend)):
        raise _invalid(
            "There is already a task running. "
            "Only one active task is allowed for a source queue arn at a given time."
        )
    task = RunningMoveTask(source, destination, rate, started=now, to_move=len(queue.messages))
    _tasks(backend).append(task)
    return task


def listed(backend: Any, source: str, count: int) -> list[RunningMoveTask]:
    """The source's tasks, newest first."""
    _known(backend, source, "SourceArn")
    if not 1 <= count <= MAX_LISTED:
        raise _invalid(
            f"Value {count} for parameter MaxResults is invalid. Reason: must be between 1 and {MAX_LISTED}."
        )
    return [task for task in reversed(_tasks(backend)) if task.source == source][:count]


def cancel(backend: Any, handle: str, now: float) -> RunningMoveTask:
    """Ask a running task to stop; it needs a moment for that."""
    named = _read(handle)
    _known(backend, named["sourceArn"], "SourceArn")
    for task in _tasks(backend):
        if task.id == named["taskId"] and task.status == "RUNNING":
            task.status, task.stops_at = "CANCELLING", now + CANCEL_TAKES_S
            return task
    raise _missing("Task does not exist.")


def advance(backend: Any, now: float) -> None:
    """Let each active task move what the time since its start allows."""
    for task in _tasks(backend):
        # What arrives may start a function that looks at a queue itself.
        if task.status in ACTIVE and not task.moving:
            task.moving = True
            try:
                _advance(backend, task, now)
            finally:
                task.moving = False


def _advance(backend: Any, task: RunningMoveTask, now: float) -> None:
    until = now if task.stops_at is None else min(now, task.stops_at)
    source = _by_arn(backend).get(task.source)
    if source is None:
        task.status, task.failure = "FAILED", "AWS.SimpleQueueService.NonExistentQueue"
        return
    for message in _free(source):
        if task.rate is not None and task.moved >= int((until - task.started) * task.rate):
            break
        target_arn = task.destination or getattr(message, "dead_letter_source", None)
        target = _by_arn(backend).get(target_arn)
        if target is None:
            no_queue = "AWS.SimpleQueueService.NonExistentQueue"
            task.status = "FAILED"
            task.failure = no_queue if target_arn else "CouldNotDetermineMessageSource"
            return
        _move(message, source, target, now)
        task.moved += 1
    else:
        task.status = "COMPLETED" if task.status == "RUNNING" else task.status
    if task.status == "CANCELLING" and task.stops_at is not None and now >= task.stops_at:
        task.status = "CANCELLED"


def _free(source: Any) -> Iterator[Any]:
    """The messages a receiver could have now; in a FIFO queue none of a group that has one in flight."""
    held = contents(source)
    busy = {one.group_id for one in held if held.is_in_flight(one)} if source.fifo_queue else set()
    yield from [one for one in held.visible() if one.group_id is None or one.group_id not in busy]


def _move(message: Any, source: Any, target: Any, now: float) -> None:
    """Make the new message AWS makes: new id and time, never received; what its sender said is kept."""
    from moto.sqs.models import Message

    new = Message(str(uuid.uuid4()), message.body, message.system_attributes)
    new.message_attributes = message.message_attributes
    new.group_id = message.group_id
    new.sent_timestamp = int(now * 1000)
    if target.fifo_queue:
        # Its own id: the original's would be taken for a duplicate within five minutes.
        new.deduplication_id = new.id
    contents(source).remove(message)
    target.add_message(new)


def _tasks(backend: Any) -> list[RunningMoveTask]:
    tasks: list[RunningMoveTask] = backend.__dict__.setdefault("move_tasks", [])
    return tasks


def _by_arn(backend: Any) -> dict[Any, Any]:
    return {queue.queue_arn: queue for queue in backend.queues.values()}


def _known(backend: Any, arn: str, parameter: str) -> Any:
    queue = _by_arn(backend).get(arn)
    if queue is None:
        raise _missing(f"The resource that you specified for the {parameter} parameter doesn't exist.")
    return queue


def _read(handle: str) -> dict[str, str]:
    try:
        named = json.loads(base64.b64decode(handle, validate=True))
        return {"taskId": str(named["taskId"]), "sourceArn": str(named["sourceArn"])}
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise _invalid("Value for parameter TaskHandle is invalid.") from None


def _invalid(message: str) -> Exception:
    return fault("InvalidParameterValue", message)


def _missing(message: str) -> Exception:
    return fault("ResourceNotFoundException", message)
