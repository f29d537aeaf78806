"""Lets SQS itself move dead letters home, and watches."""

from typing import ClassVar

from pydantic import Field

from opsctl.dlq.jobs.dlq_move import DlqMove
from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.queue import Depth
from opsctl.model.commands import Commands, commands_there
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.jobs import Job, JobResult, Tools
from opsctl.model.reads import Read
from opsctl.model.value import Json
from opsctl.resources.queue_facts import queue_attributes

ACTIVE = ("RUNNING", "CANCELLING")
ENDED_EARLY = ("CANCELLED", "FAILED")
_NO_SOURCE = "CouldNotDetermineMessageSource"
_BY_TASK = "by_task"
_POLL_S = 2.0
_COUNTED_AFTER_S = 60
_FIND_WITHIN_S = 20.0
_NOTHING = Depth(0, 0, 0)


class DlqMoveTask(Job):
    """Start a message move task, show its progress, and cancel it when asked to stop.

    The task belongs to the account: any other process can watch or cancel it. One that is running already
    when the job is resumed is watched, not started again; after one that was cancelled, failed, or passed over
    messages in flight, a resume starts the next. A task fails at the first message that SQS did not put into the
    queue itself, with all that lie behind it; `rest` moves those, and no resume starts such a task again.
    """

    name: ClassVar[str] = "dlq.move_task"
    takes_out_of: ClassVar[str] = "queue_url"

    queue_name: str
    queue_url: str
    queue_arn: str
    region: str
    destination_arn: str = ""
    per_s: int = 0
    expected: int = 0
    returns_at_most: int = -1
    rest: DlqMove | None = Field(None, description="Moves what the task cannot place; without it that stays.")

    def run(self, tools: Tools) -> JobResult:
        """Let the task run to its end, then move what it could not place."""
        by_task = tools.checkpoint.recall(_BY_TASK)
        if by_task is None:
            result = self._by_task(tools)
            if self.rest is None or result.complete or result.details.get("reason") != _NO_SOURCE:
                return result
            by_task = result.details["moved"]
            tools.checkpoint.remember(_BY_TASK, by_task)
        return self._by_client(self.rest, int(by_task), tools)

    def _by_client(self, rest: DlqMove | None, by_task: int, tools: Tools) -> JobResult:
        if rest is None:
            raise AssertionError(f"{self.queue_name}: the checkpoint is of another job")
        tools.progress(
            f"redrive {self.queue_name}: SQS cannot tell where the next message came from; opsctl moves the rest"
        )
        left = max(0, self.expected - by_task)
        result = rest.model_copy(update={"expected": left}).run(tools)
        says = f"{by_task:,} moved by SQS, which did not put the rest there; by opsctl: {result.says}"
        return result.model_copy(update={"says": says, "details": {**result.details, "moved_by_task": by_task}})

    def _by_task(self, tools: Tools) -> JobResult:
        """Start or find the task, then watch it to its end."""
        patience = Patience(tools.clock, tools.stopping)
        known = tools.checkpoint.recall("started")
        found = [] if known is None else self._since(tools, int(known))
        if found and found[0]["Status"] == "FAILED" and found[0].get("FailureReason") == _NO_SOURCE:
            # The next task would meet the same message first, and fail in the same way.
            before = int(tools.checkpoint.recall("moved_before") or 0)
            return self._result(found[0], "", before, _NOTHING, tools.commands)
        if not found or found[0]["Status"] in ENDED_EARLY or tools.checkpoint.recall("passed_over"):
            moved = sum(_moved(one) for one in found)
            tools.checkpoint.remember("moved_before", int(tools.checkpoint.recall("moved_before") or 0) + moved)
            earlier = self.tasks(tools)
            newest = max((int(one.get("StartedTimestamp", 0)) for one in earlier), default=0)
            tools.checkpoint.remember("started", newest)
            tools.checkpoint.remember("passed_over", 0)
            self._start(tools)
        deadline = tools.clock.now() + _FIND_WITHIN_S
        cancelled = ""
        while True:
            found = self._since(tools, int(tools.checkpoint.recall("started")))
            if not found:
                if tools.clock.now() > deadline:
                    return JobResult(
                        says="the message move task was started, but SQS does not list it", complete=False
                    )
                patience.sleep(_POLL_S)
                continue
            task = found[0]
            if task["Status"] not in ACTIVE:
                before = int(tools.checkpoint.recall("moved_before") or 0)
                whole = task["Status"] == "COMPLETED"
                left = self._left(tools, before + _moved(task)) if whole else _NOTHING
                tools.checkpoint.remember("passed_over", left.total)
                return self._result(task, cancelled, before, left, tools.commands)
            moved = _moved(task)
            tools.progress(self._line(task, moved))
            why = "" if cancelled else self._why_cancel(tools, moved)
            if why and self._cancel(tools, task):
                cancelled = why
            tools.clock.sleep(_POLL_S)

    def tasks(self, tools: Tools) -> list[Json]:
        """Return the last message move tasks of the queue, newest first."""
        read = Read(
            service="sqs",
            operation="ListMessageMoveTasks",
            params={"SourceArn": self.queue_arn, "MaxResults": 10},
            region=self.region,
        )
        answer = tools.aws.read(read)
        if answer.refusal is not None:
            raise AwsRefused(answer.refusal)
        return list(answer.value.get("Results") or [])

    def _since(self, tools: Tools, newest: int) -> list[Json]:
        """Return the tasks that were started after the newest one known before ours."""
        return [one for one in self.tasks(tools) if int(one.get("StartedTimestamp", 0)) > newest]

    def _start(self, tools: Tools) -> None:
        params: dict[str, Json] = {"SourceArn": self.queue_arn}
        if self.destination_arn:
            params["DestinationArn"] = self.destination_arn
        if self.per_s:
            params["MaxNumberOfMessagesPerSecond"] = self.per_s
        try:
            tools.aws.write("sqs", "StartMessageMoveTask", params, self.region)
        except OutcomeUnknown:
            # Only one task a queue can run, so the list tells whether it was started.
            tools.progress(
                f"redrive {self.queue_name}: no response from SQS, checking whether the task was started"
            )

    def _cancel(self, tools: Tools, task: Json) -> bool:
        """Ask SQS to stop the task; tells whether it may have heard, else it is asked again."""
        try:
            tools.aws.write("sqs", "CancelMessageMoveTask", {"TaskHandle": task["TaskHandle"]}, self.region)
        except (AwsRefused, OutcomeUnknown) as fault:
            tools.progress(f"redrive {self.queue_name}: not cancelled yet: {fault.summary}")
            return isinstance(fault, OutcomeUnknown)
        return True

    def _why_cancel(self, tools: Tools, moved: int) -> str:
        if tools.stopping():
            return "interrupted"
        if self.returns_at_most >= 0 and moved > self.expected * 1.1 + self.returns_at_most:
            return f"{moved:,} moved of about {self.expected:,}: messages come back to the queue"
        return ""

    def _line(self, task: Json, moved: int) -> str:
        left = max(0, int(task.get("ApproximateNumberOfMessagesToMove") or self.expected) - moved)
        return f"redrive {self.queue_name}: {task['Status']}, {moved:,} moved, about {left:,} left"

    def _left(self, tools: Tools, moved: int) -> Depth:
        """What is in the queue still although the task has ended: in flight, so passed over, or never moved.

        SQS's counts may be a minute old, so it is asked again for so long while it counts anything, and where
        fewer moved than there were: what is missing may be in flight and not counted yet.
        """
        deadline = tools.clock.now() + _COUNTED_AFTER_S
        while True:
            told = tools.aws.read(
                queue_attributes(self.queue_url).model_copy(update={"region": self.region})
            ).value
            left = Depth.told((told or {}).get("Attributes") or {})
            settled = not left.total and moved >= self.expected
            if settled or tools.stopping() or tools.clock.now() >= deadline:
                return left
            tools.progress(
                f"redrive {self.queue_name}: SQS still counts {left.total:,} messages; waiting for newer counts"
            )
            tools.clock.sleep(_POLL_S)

    def _result(self, task: Json, cancelled: str, before: int, left: Depth, commands: Commands) -> JobResult:
        moved = before + _moved(task)
        status, hint, reason = str(task["Status"]), "", ""
        says = f"{moved:,} moved by SQS"
        if status == "FAILED":
            reason = str(task.get("FailureReason", "no reason given"))
            says += f"; the task failed: {reason}"
            if reason == _NO_SOURCE:
                says += (
                    " (it was sent here by an application, or imported: SQS moves only what it put here itself)"
                )
                here = commands_there(commands.reached_by, self.region, "")
                hint = here.opsctl("dlq", "redrive", self.queue_name, "--via", "client")
        elif status == "CANCELLED":
            says += f"; cancelled{f': {cancelled}' if cancelled else ''}"
        elif left.total:
            says += f"; {left.hidden:,} stayed: in flight with another consumer" if left.hidden else ""
            seen = left.total - left.hidden
            says += f"; {seen:,} are still in the queue: not moved by the task, or new" if seen else ""
        return JobResult(
            says=says,
            complete=status == "COMPLETED" and not left.total,
            hint=hint,
            details={
                "moved": moved,
                "status": status,
                "reason": reason,
                "in_flight": left.hidden,
                "not_moved": left.total - left.hidden,
                "stopped": cancelled,
                "task": task,
            },
        )


def _moved(task: Json) -> int:
    return int(task.get("ApproximateNumberOfMessagesMoved") or 0)
