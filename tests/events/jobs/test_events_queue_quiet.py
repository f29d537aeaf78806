"""When the replay of a custom event bus counts as over, over canned counts of its queue."""

from collections.abc import Callable
from pathlib import Path

from opsctl.events.jobs.events_queue_quiet import EventsQueueQuiet
from opsctl.journal.checkpoints import JobCheckpoint
from opsctl.model.errors import OutcomeUnknown
from opsctl.model.jobs import JobResult, Tools
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.value import Json
from tests.kit.moto_account import sqs_wire
from tests.kit.ports import Box, FakeClock, refusal


class Bus(Box):
    """A queue with one count after the other, of which the last stays, and the bus with two subscribers."""

    def __init__(self, *counts: int, denied: str = "", lost: bool = False) -> None:
        super().__init__()
        self.counts, self.denied, self.lost = list(counts), denied, lost
        self.deleted: list[str] = []

    def read(self, read: Read) -> Answer:
        """Answer."""
        if read.operation == self.denied:
            return Answer(refusal=refusal(RefusalKind.DENIED, "AccessDenied", read.api))
        if read.operation == "ListSubscribers":
            told = [{"Name": name, "SubscriberArn": f"arn:{name}"} for name in ("theirs", "ours")]
            return Answer(value={"Subscribers": told})
        count = self.counts.pop(0) if len(self.counts) > 1 else self.counts[0]
        return Answer(value={"Attributes": {"ApproximateNumberOfMessages": str(count)}})

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Delete a subscriber, or lose the answer."""
        assert operation == "DeleteSubscriber"
        if self.lost:
            raise OutcomeUnknown("the answer was lost", "look")
        self.deleted.append(params["SubscriberArn"])
        return {}


def watched(
    path: Path, aws: Bus, within_s: int = 3600, stopping: Callable[[], bool] = lambda: False
) -> tuple[JobResult, float]:
    clock = FakeClock()
    begun = clock.now()
    job = EventsQueueQuiet(
        run_id="p1", url="u", quiet_s=60, within_s=within_s, bus_arn="arn:bus", subscriber="ours"
    )
    result = job.run(
        Tools(
            aws=aws,
            queues=sqs_wire,
            checkpoint=JobCheckpoint(path / "log", 1000),
            clock=clock,
            progress=lambda _line: None,
            stopping=stopping,
        )
    )
    return result, clock.now() - begun


def test_it_is_over_when_the_count_has_not_changed_for_so_long(tmp_path: Path) -> None:
    result, took = watched(tmp_path, Bus(0, 3, 5, 5))
    assert (result.complete, result.details) == (True, {"messages": 5, "came": True})
    assert took == 2 * 15 + 60


def test_none_that_was_seen_to_come_is_said(tmp_path: Path) -> None:
    result, _ = watched(tmp_path, Bus(4))
    assert result.complete
    assert "none was seen to come" in result.says


def test_out_of_time_or_blind_it_is_not_over(tmp_path: Path) -> None:
    late, _ = watched(tmp_path, Bus(*range(100)), within_s=60)
    assert "more may come" in late.says
    blind, _ = watched(tmp_path, Bus(1, denied="GetQueueAttributes"))
    assert "it cannot be seen" in blind.says
    assert (late.complete, blind.complete) == (False, False)
    assert "opsctl undo p1 ends the replay" in blind.hint


def test_interrupted_our_subscriber_is_deleted_and_no_other(tmp_path: Path) -> None:
    aws = Bus(2)
    result, _ = watched(tmp_path, aws, stopping=lambda: True)
    assert aws.deleted == ["arn:ours"]
    assert not result.complete
    assert "the replay was ended" in result.says
    for failing in (Bus(2, denied="ListSubscribers"), Bus(2, lost=True)):
        told, _ = watched(tmp_path, failing, stopping=lambda: True)
        assert "could not be ended" in told.says
