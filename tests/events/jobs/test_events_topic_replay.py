"""What the watch of a topic's replay says and does, over canned answers."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from opsctl.events.jobs.events_topic_replay import EventsTopicReplay
from opsctl.events.topic_replay_calls import ReplaySpan
from opsctl.journal.checkpoints import JobCheckpoint
from opsctl.model.errors import AwsRefused, OpsctlError, OutcomeUnknown
from opsctl.model.jobs import JobResult, Tools
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.value import Json
from tests.kit.moto_account import sqs_wire
from tests.kit.ports import Box, FakeClock, refusal

SPAN = ReplaySpan(start="2026-09-21T10:00:00.000Z", end="2026-09-21T12:00:00.000Z")
THEN = ReplaySpan(start="2026-09-21T13:00:00.000Z")


class Subscription(Box):
    """Answers with one state after the other; the last one stays. What is written is the policy from then on."""

    def __init__(self, *states: str, policy: Json = None, fault: OpsctlError | None = None) -> None:
        super().__init__()
        self.states, self.policy, self.fault = list(states), json.dumps(policy or SPAN.policy), fault

    def read(self, read: Read) -> Answer:
        """Answer."""
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if state == "denied":
            return Answer(refusal=refusal(RefusalKind.DENIED, "AuthorizationError", read.api))
        return Answer(value={"Attributes": {"ReplayPolicy": self.policy, "ReplayStatus": state}})

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Take the policy, or fail as told."""
        if self.fault is not None:
            raise self.fault
        assert params["AttributeName"] == "ReplayPolicy"
        self.policy = params["AttributeValue"]
        return {}


def watched(
    path: Path, aws: Subscription, within_s: int = 600, stopping: Callable[[], bool] = lambda: False
) -> JobResult:
    job = EventsTopicReplay(run_id="p1", subscription="arn", span=SPAN, then=THEN, within_s=within_s)
    return job.run(
        Tools(
            aws=aws,
            queues=sqs_wire,
            checkpoint=JobCheckpoint(path / "log", 1000),
            clock=FakeClock(),
            progress=lambda _line: None,
            stopping=stopping,
        )
    )


@pytest.mark.parametrize("state", ["Completed", "Failed"])
def test_it_ends_with_the_replay_however_that_ended(tmp_path: Path, state: str) -> None:
    result = watched(tmp_path, Subscription("Pending", "In progress", state))
    assert (result.complete, result.details) == (True, {"state": state})
    assert result.says == f"{state}: 2026-09-21T10:00:00Z to 2026-09-21T12:00:00Z"


def test_moments_that_sns_writes_otherwise_are_the_same(tmp_path: Path) -> None:
    policy = {"PointType": "Timestamp", "StartingPoint": "2026-09-21T10:00:00Z"}
    told = policy | {"EndingPoint": "2026-09-21T12:00:00.000000Z"}
    assert watched(tmp_path, Subscription("Completed", policy=told)).complete


def test_interrupted_it_sets_the_policy_with_which_the_subscription_receives_and_knows_it_later(
    tmp_path: Path,
) -> None:
    aws = Subscription("In progress")
    result = watched(tmp_path, aws, stopping=lambda: True)
    assert json.loads(aws.policy) == THEN.policy
    assert not result.complete
    assert "what was sent stays sent" in result.says
    again = watched(tmp_path, aws)
    assert "ended when somebody interrupted" in again.says


@pytest.mark.parametrize(
    "fault",
    [
        AwsRefused(refusal(RefusalKind.DENIED, "AuthorizationError", "sns.SetSubscriptionAttributes")),
        OutcomeUnknown("the answer was lost", "look"),
    ],
)
def test_an_end_that_sns_refused_or_that_is_not_known_is_said(tmp_path: Path, fault: OpsctlError) -> None:
    result = watched(tmp_path, Subscription("In progress", fault=fault), stopping=lambda: True)
    assert "it could not be ended" in result.says
    assert "opsctl undo p1 ends it and has the subscription receive again" in result.hint


def test_out_of_time_blind_or_replaced_it_is_not_complete_and_says_why(tmp_path: Path) -> None:
    late = watched(tmp_path, Subscription("In progress"), within_s=60)
    assert "the subscription receives nothing new" in late.says
    assert "opsctl resume p1 watches on" in late.hint
    blind = watched(tmp_path, Subscription("denied"))
    assert "it cannot be seen" in blind.says
    other = watched(tmp_path, Subscription("In progress", policy={"StartingPoint": "2026-01-01T00:00:00.000Z"}))
    assert "another replay has taken the place" in other.says
    assert [one.complete for one in (late, blind, other)] == [False, False, False]
