"""SQS's own message move task: started once, watched, cancelled on a stop, followed by another on a resume."""

from collections.abc import Callable
from pathlib import Path

import pytest

from opsctl.dlq.jobs.dlq_move import DlqMove
from opsctl.dlq.jobs.dlq_move_task import DlqMoveTask
from opsctl.dlq.route import Route
from opsctl.journal.checkpoints import JobCheckpoint
from opsctl.model.jobs import JobResult, Tools
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.value import Json
from tests.kit.memory_sqs import MemorySqs, refused
from tests.kit.ports import Box, FakeClock, only_reads


class Tasks(Box):
    """An account whose queue has one task at a time, which moves some messages between two looks."""

    def __init__(self, per_look: int = 4, to_move: int = 10) -> None:
        super().__init__()
        self.per_look, self.to_move = per_look, to_move
        self.tasks: list[dict[str, Json]] = []
        self.ends, self.reason = "COMPLETED", ""
        self.log: list[str] = []
        self.hidden, self.visible = [0], 0

    def read(self, read: Read) -> Answer:
        only_reads(read)
        if read.operation == "GetQueueAttributes":
            hidden = self.hidden.pop(0) if len(self.hidden) > 1 else self.hidden[0]
            counts = {
                "ApproximateNumberOfMessages": str(self.visible),
                "ApproximateNumberOfMessagesNotVisible": str(hidden),
            }
            return Answer(value={"Attributes": counts})
        for one in self.tasks[:1]:
            if one["Status"] == "CANCELLING":
                one["Status"] = "CANCELLED"
            elif one["Status"] == "RUNNING":
                one["ApproximateNumberOfMessagesMoved"] += self.per_look
                if one["ApproximateNumberOfMessagesMoved"] >= one["ApproximateNumberOfMessagesToMove"]:
                    one["Status"] = self.ends
                    one["FailureReason"] = self.reason
        return Answer(value={"Results": [dict(one) for one in self.tasks]})

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        self.log.append(operation)
        if operation == "CancelMessageMoveTask":
            self.tasks[0]["Status"] = "CANCELLING"
            return {}
        task = {
            "Status": "RUNNING",
            "TaskHandle": "h",
            "StartedTimestamp": 1000 + len(self.tasks),
            "ApproximateNumberOfMessagesMoved": 0,
            "ApproximateNumberOfMessagesToMove": self.to_move,
        }
        self.tasks.insert(0, task)
        return {"TaskHandle": "h"}


def run(
    aws: Tasks,
    path: Path,
    stopping: Callable[[], bool] = lambda: False,
    sqs: MemorySqs | None = None,
    **more: Json,
) -> JobResult:
    job = DlqMoveTask(
        **({"expected": aws.to_move} | more),
        queue_name="dead",
        queue_url="u",
        queue_arn="arn:dead",
        region="us-east-1",
    )
    clock = FakeClock()
    return job.run(
        Tools(
            aws=aws,
            queues=lambda _region: sqs or MemorySqs(clock),
            checkpoint=JobCheckpoint(path / "job.log"),
            clock=clock,
            progress=lambda _line: None,
            stopping=stopping,
        )
    )


def test_a_task_is_started_and_watched_to_its_end(tmp_path: Path) -> None:
    aws = Tasks()
    result = run(aws, tmp_path)
    assert result.complete
    assert result.details["moved"] == 12
    assert aws.log == ["StartMessageMoveTask"]


def test_a_stop_cancels_the_task_and_a_resume_starts_the_next(tmp_path: Path) -> None:
    """A cancelled task once counted as ours for ever, so that no resume could go on."""
    aws = Tasks()
    asked = iter([False, True])
    first = run(aws, tmp_path, lambda: next(asked, True))
    assert not first.complete
    assert first.says == f"{first.details['moved']} moved by SQS; cancelled: interrupted"
    second = run(aws, tmp_path)
    assert second.complete
    assert aws.log == ["StartMessageMoveTask", "CancelMessageMoveTask", "StartMessageMoveTask"]
    assert second.details["moved"] == first.details["moved"] + 12


def test_a_cancellation_that_was_refused_is_asked_for_again(tmp_path: Path) -> None:
    aws, refusals = Tasks(per_look=1), iter([RefusalKind.THROTTLED, RefusalKind.UNREACHABLE])
    original = aws.write

    def write(service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        kind = next(refusals, None) if operation == "CancelMessageMoveTask" else None
        if kind is not None:
            raise refused(operation, "RequestThrottled", kind)
        return original(service, operation, params, region)

    aws.write = write  # type: ignore[method-assign]
    asked = iter([False, True])
    result = run(aws, tmp_path, lambda: next(asked, True))
    assert result.says == "4 moved by SQS; cancelled: interrupted"
    assert aws.log == ["StartMessageMoveTask", "CancelMessageMoveTask"]


def test_a_task_that_still_runs_when_resumed_is_watched_and_not_started_again(tmp_path: Path) -> None:
    aws = Tasks(per_look=1)
    JobCheckpoint(tmp_path / "job.log").remember("started", 0)
    aws.write("sqs", "StartMessageMoveTask", {}, None)
    assert run(aws, tmp_path).complete
    assert aws.log == ["StartMessageMoveTask"]


def test_a_task_that_failed_says_why(tmp_path: Path) -> None:
    aws = Tasks()
    aws.ends = "FAILED"
    result = run(aws, tmp_path)
    assert not result.complete
    assert "the task failed" in result.says


@pytest.mark.parametrize(("at_most", "cancelled"), [(3, True), (-1, False)])
def test_more_than_there_were_means_that_messages_come_straight_back(
    tmp_path: Path, at_most: int, cancelled: bool
) -> None:
    aws = Tasks(per_look=5, to_move=10)
    aws.tasks = []
    original = aws.write

    def write(service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        answer = original(service, operation, params, region)
        if operation == "StartMessageMoveTask":
            aws.tasks[0]["ApproximateNumberOfMessagesToMove"] = 100
        return answer

    aws.write = write  # type: ignore[method-assign]
    result = run(aws, tmp_path, returns_at_most=at_most)
    assert ("come back to the queue" in result.says) is cancelled


def test_messages_that_sqs_did_not_put_there_are_said_to_be_a_matter_for_opsctl_itself(tmp_path: Path) -> None:
    aws = Tasks()
    aws.ends, aws.reason = "FAILED", "CouldNotDetermineMessageSource"
    result = run(aws, tmp_path)
    assert "SQS moves only what it put here itself" in result.says
    assert result.hint == "opsctl dlq redrive dead --via client --region us-east-1"


def rest_of(source: str, target: str) -> DlqMove:
    return DlqMove(
        queue_name="dead",
        queue_url=source,
        region="us-east-1",
        routes=(Route(kind="queue", url=target, arn="arn:aws:sqs:us-east-1:123456789012:home", name="home"),),
    )


@pytest.mark.parametrize("killed", [False, True], ids=["at once", "after a kill"])
def test_what_the_task_cannot_place_is_moved_by_opsctl(tmp_path: Path, killed: bool) -> None:
    """One letter that a consumer itself sent to its error queue once held up all that lay behind it."""
    aws = Tasks()
    aws.ends, aws.reason = "FAILED", "CouldNotDetermineMessageSource"
    clock = FakeClock()
    sqs = MemorySqs(clock)
    source, target = sqs.make("dead"), sqs.make("home")
    sqs.put("dead", *"abcdef")
    if killed:
        JobCheckpoint(tmp_path / "job.log").remember("by_task", 12)
    result = run(aws, tmp_path, rest=rest_of(source, target).model_dump(mode="json"), sqs=sqs)
    assert result.complete
    assert result.says.startswith("12 moved by SQS, which did not put the rest there; by opsctl: 6 moved")
    assert result.details["moved_by_task"] == 12
    assert (sqs.queues["dead"].bodies(), sqs.queues["home"].bodies()) == ([], list("abcdef"))
    assert aws.log == ([] if killed else ["StartMessageMoveTask"])


def test_a_resume_does_not_start_the_task_again_that_failed_at_a_message(tmp_path: Path) -> None:
    aws = Tasks()
    aws.ends, aws.reason = "FAILED", "CouldNotDetermineMessageSource"
    first = run(aws, tmp_path)
    second = run(aws, tmp_path)
    assert aws.log == ["StartMessageMoveTask"]
    assert (second.says, second.hint, second.complete) == (first.says, first.hint, False)


def test_a_resume_starts_the_next_after_a_task_that_failed_for_what_can_be_mended(tmp_path: Path) -> None:
    aws = Tasks()
    aws.ends, aws.reason = "FAILED", "AccessDenied"
    run(aws, tmp_path)
    aws.ends = "COMPLETED"
    assert run(aws, tmp_path).complete
    assert aws.log == ["StartMessageMoveTask"] * 2


@pytest.mark.parametrize(("hidden", "stayed"), [([7], 7), ([7, 3, 0], 0)])
def test_what_somebody_else_has_in_flight_is_not_said_to_have_moved(
    tmp_path: Path, hidden: list[int], stayed: int
) -> None:
    """SQS's task completes without them; its counts are a little old."""
    aws = Tasks(to_move=3)
    aws.hidden = hidden
    result = run(aws, tmp_path, expected=11)
    assert result.complete is not bool(stayed)
    assert result.details["in_flight"] == stayed
    assert ("7 stayed" in result.says) is bool(stayed)


def test_what_a_completed_task_left_in_the_queue_is_no_success(tmp_path: Path) -> None:
    aws = Tasks(to_move=3)
    aws.visible = 7
    result = run(aws, tmp_path, expected=11)
    assert (result.complete, result.details["not_moved"]) == (False, 7)
    assert "7 are still in the queue: not moved by the task, or new" in result.says
    aws.visible, aws.to_move = 0, 7
    assert run(aws, tmp_path, expected=11).complete


def test_a_resume_starts_another_task_for_what_was_in_flight(tmp_path: Path) -> None:
    aws = Tasks(to_move=3)
    aws.hidden = [7]
    run(aws, tmp_path, expected=11)
    aws.hidden, aws.to_move = [0], 7
    result = run(aws, tmp_path, expected=11)
    assert aws.log == ["StartMessageMoveTask"] * 2
    assert (result.complete, result.details["moved"]) == (True, 4 + 8)


def test_the_queue_is_asked_also_when_as_many_moved_as_there_were(tmp_path: Path) -> None:
    aws = Tasks()
    aws.hidden = [5]
    result = run(aws, tmp_path)
    assert (result.complete, result.details["in_flight"]) == (False, 5)


def test_a_count_of_nothing_is_asked_again_when_fewer_moved_than_there_were(tmp_path: Path) -> None:
    aws = Tasks()
    aws.hidden = [0, 4]
    result = run(aws, tmp_path, expected=16)
    assert (result.complete, result.details["in_flight"]) == (False, 4)
