"""What the watch of a replay says, over canned answers."""

from collections.abc import Callable
from pathlib import Path

from opsctl.events.jobs.events_replay import EventsReplay
from opsctl.journal.checkpoints import JobCheckpoint
from opsctl.model.errors import AwsRefused, OpsctlError, OutcomeUnknown
from opsctl.model.jobs import JobResult, Tools
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.value import Json
from tests.kit.moto_account import sqs_wire
from tests.kit.ports import Box, FakeClock, refusal

START, END = "2026-09-21T10:00:00Z", "2026-09-21T12:00:00Z"


class Replays(Box):
    """Answers DescribeReplay with one state after the other, and GetMetricData with counts or a refusal."""

    def __init__(self, *states: Json, counts: Json = None) -> None:
        super().__init__()
        self.states, self.counts = list(states), counts
        self.cancelled: list[str] = []
        self.fault: OpsctlError | None = None

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Cancel, or fail as told."""
        assert operation == "CancelReplay"
        if self.fault is not None:
            raise self.fault
        self.cancelled.append(str(params["ReplayName"]))
        return {"State": "CANCELLING"}

    def read(self, read: Read) -> Answer:
        """Answer; the last state stays."""
        if read.operation == "GetMetricData":
            if self.counts is None:
                return Answer(refusal=refusal(RefusalKind.DENIED, "AccessDenied", read.api))
            labels = [one["Label"] for one in read.params["MetricDataQueries"]]
            return Answer(
                value={"MetricDataResults": [{"Label": one, "Values": self.counts.get(one, [])} for one in labels]}
            )
        told = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(told, Answer):
            return told
        return Answer(value=told)


def watched(
    path: Path, aws: Replays, within_s: int = 600, stopping: Callable[[], bool] = lambda: False
) -> tuple[JobResult, list[str]]:
    told: list[str] = []
    job = EventsReplay(replay="p1", start=START, end=END, bus="orders", rules=("bill",), within_s=within_s)
    tools = Tools(
        aws=aws,
        queues=sqs_wire,
        checkpoint=JobCheckpoint(path / "log", 1000),
        clock=FakeClock(),
        progress=told.append,
        stopping=stopping,
    )
    return job.run(tools), told


def at(state: str, last: str | None = None, **more: Json) -> dict[str, Json]:
    return {"State": state, **({"EventLastReplayedTime": last} if last else {}), **more}


def test_it_says_how_far_the_replay_is_by_event_time(tmp_path: Path) -> None:
    aws = Replays(at("STARTING"), at("RUNNING", "2026-09-21T10:30:00Z"), at("COMPLETED", END), counts={})
    result, told = watched(tmp_path, aws)
    assert result.complete
    assert told[0].endswith("nothing sent yet, as far as AWS tells (watched for 10m more at most)")
    assert "sent up to 2026-09-21T10:30:00Z, 25 % of the time" in told[1]


def test_what_failed_is_named_by_rule_and_what_cannot_be_told_is_unknown(tmp_path: Path) -> None:
    failed = {"FailedInvocations of rule bill": [2.0, 1.0]}
    assert (
        "failed so far: FailedInvocations of rule bill 3"
        in watched(tmp_path, Replays(at("COMPLETED", END), counts=failed))[0].says
    )
    assert (
        "unknown, CloudWatch has counted none"
        in watched(tmp_path, Replays(at("COMPLETED", END), counts={}))[0].says
    )
    assert "is unknown: " in watched(tmp_path, Replays(at("COMPLETED", END)))[0].says


def test_a_replay_that_ends_badly_says_why_and_how_far_it_came(tmp_path: Path) -> None:
    result, _ = watched(tmp_path, Replays(at("FAILED", "2026-09-21T11:00:00Z", StateReason="internal")))
    assert result.says.startswith("FAILED: internal; sent up to 2026-09-21T11:00:00Z, 50 %")


def test_out_of_time_or_blind_it_is_not_done_and_says_what_to_type(tmp_path: Path) -> None:
    running = Replays(at("RUNNING", "2026-09-21T11:00:00Z"))
    result = watched(tmp_path, running, within_s=60)[0]
    assert not result.complete
    assert "sent up to 2026-09-21T11:00:00Z, 50 %" in result.says
    assert "opsctl undo p1 cancels the rest and takes nothing back" in result.hint
    denied = Answer(refusal=refusal(RefusalKind.DENIED, "AccessDenied", "events.DescribeReplay"))
    result, _ = watched(tmp_path, Replays(denied))
    assert (result.complete, "it cannot be seen" in result.says) == (False, True)


def test_interrupted_it_cancels_once_and_says_what_was_sent_until_it_was_heard(tmp_path: Path) -> None:
    aws = Replays(at("RUNNING", "2026-09-21T11:00:00Z"), at("CANCELLING", "2026-09-21T11:30:00Z"))
    result, _ = watched(tmp_path, aws, stopping=lambda: True)
    assert aws.cancelled == ["p1"]
    assert not result.complete
    assert result.says.startswith("cancelled: sent up to 2026-09-21T11:30:00Z, 75 %")
    assert result.details["cancelled"] is True


def test_a_cancel_that_is_refused_or_lost_is_said(tmp_path: Path) -> None:
    for fault in (
        AwsRefused(refusal(RefusalKind.INVALID, "IllegalStatusException", "events.CancelReplay")),
        OutcomeUnknown("its answer was lost", "look"),
    ):
        aws = Replays(at("RUNNING", "2026-09-21T11:00:00Z"))
        aws.fault = fault
        result, _ = watched(tmp_path, aws, stopping=lambda: True)
        assert "it could not be cancelled" in result.says
        assert "opsctl undo p1 tries again" in result.hint
