"""The canary's verdict: what came back, what is not consumed, whether errors rise, and what a resume does."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from opsctl.dlq.transfer.canary import Canary
from opsctl.dlq.transfer.consumer_health import ConsumerHealth
from opsctl.dlq.transfer.queue import Depth
from opsctl.model.jobs import JobResult
from opsctl.model.reads import Answer, Read
from opsctl.model.value import Json
from tests.kit.memory_sqs import MemorySqs
from tests.kit.moves import aside, move
from tests.kit.ports import Box, FakeClock, Killed, only_reads

START = 1_000_000


class Metrics(Box):
    """An account that only knows metrics: errors of invocations before the canary, and since."""

    def __init__(self, before: tuple[int, int, int], since: tuple[int, int, int]) -> None:
        super().__init__()
        self.before, self.since = before, since
        self.asked = 0

    def read(self, read: Read) -> Answer:
        only_reads(read)
        self.asked += 1
        sums = self.before if read.params["EndTime"] <= START else self.since
        names = ("errors", "invocations", "throttles")
        results = [{"Id": name, "Values": [value]} for name, value in zip(names, sums, strict=True)]
        return Answer(value={"MetricDataResults": results})


def consumer_health(before: tuple[int, int, int], since: tuple[int, int, int]) -> ConsumerHealth:
    return ConsumerHealth(Metrics(before, since), "us-east-1", ["bill"], START)


@pytest.mark.parametrize(
    ("before", "since", "says"),
    [
        (
            (0, 100, 0),
            (5, 10, 0),
            "errors of function bill rise: 5 of 10 invocations failed since the canary was sent",
        ),
        ((50, 100, 0), (5, 10, 0), ""),
        ((0, 100, 0), (1, 10, 0), ""),
        ((0, 0, 0), (0, 0, 0), ""),
        ((0, 100, 0), (0, 10, 30), "function bill is throttled: 30 times"),
    ],
)
def test_errors_are_compared_with_the_time_before(
    before: tuple[int, int, int], since: tuple[int, int, int], says: str
) -> None:
    found = consumer_health(before, since).worse(START + 60)
    assert found.startswith(says) if says else not found


def queue_of(count: int) -> MemorySqs:
    sqs = MemorySqs(FakeClock())
    sqs.make("dead")
    sqs.make("home")
    for number in range(count):
        sqs.put("dead", json.dumps({"n": number}))
    return sqs


def with_canary(
    sqs: MemorySqs,
    path: Path,
    *,
    watched: ConsumerHealth | None = None,
    invoked: bool = False,
    stopping: Callable[[], bool] = lambda: False,
    depth: Callable[[], int] | None = None,
) -> JobResult:
    waiting = depth or (lambda: len(sqs.queues["home"].messages))
    canary = Canary(lambda: Depth(waiting(), 0, 0), 0, 240, "t", watched, invoked=invoked)
    return move(sqs, path, "dead", "home", order={"canary": 5}, canary=canary, stopping=stopping)


def test_the_rest_follows_once_the_canary_is_consumed(tmp_path: Path) -> None:
    sqs = queue_of(40)
    result = with_canary(sqs, tmp_path, depth=lambda: 0)
    assert result.complete
    assert len(sqs.queues["home"].messages) == 40


def test_rising_errors_stop_it_while_the_messages_are_still_in_flight(tmp_path: Path) -> None:
    sqs = queue_of(40)
    result = with_canary(sqs, tmp_path, watched=consumer_health((0, 50, 0), (4, 5, 0)))
    assert "errors of function bill rise" in result.says
    assert len(sqs.queues["home"].messages) == 5
    assert not result.complete


def test_an_invoked_function_is_waited_for_until_its_metrics_show_the_canary(tmp_path: Path) -> None:
    sqs = queue_of(40)
    began = sqs.clock.now()
    result = with_canary(
        sqs, tmp_path, watched=consumer_health((0, 0, 0), (0, 5, 0)), invoked=True, depth=lambda: 0
    )
    assert result.complete
    assert sqs.clock.now() - began >= 120


def test_a_function_that_shows_no_invocations_gives_no_verdict(tmp_path: Path) -> None:
    sqs = queue_of(40)
    result = with_canary(
        sqs, tmp_path, watched=consumer_health((0, 0, 0), (0, 2, 0)), invoked=True, depth=lambda: 0
    )
    assert "the canary is inconclusive after 240 s: 3 invocations are not in the function's metrics" in result.says


def test_a_stop_while_waiting_is_no_verdict_and_a_resume_waits_again(tmp_path: Path) -> None:
    sqs, asked = queue_of(40), [0]

    def stop() -> bool:
        asked[0] += len(sqs.queues["home"].messages) >= 5
        return asked[0] > 12

    assert not with_canary(sqs, tmp_path, stopping=stop).complete
    assert len(sqs.queues["home"].messages) == 5
    result = with_canary(sqs, tmp_path)
    assert "the canary is inconclusive" in result.says
    assert len(sqs.queues["home"].messages) == 5


def test_a_canary_that_comes_back_after_a_kill_is_recognised_by_the_resume(tmp_path: Path) -> None:
    sqs = queue_of(8)

    def kill() -> int:
        raise Killed

    with pytest.raises(Killed):
        with_canary(sqs, tmp_path, depth=kill)
    assert sqs.fail("home", "dead") == 5
    result = with_canary(sqs, tmp_path)
    assert "the canary came back" in result.says
    assert sqs.queues["home"].messages == {}


def test_a_canary_that_comes_back_unseen_into_a_long_queue_is_noticed_by_its_growth(tmp_path: Path) -> None:
    sqs = queue_of(400)
    failed = iter([False, True])

    def depth() -> int:
        if next(failed, False):
            sqs.fail("home", "dead")
        return len(sqs.queues["home"].messages)

    result = with_canary(sqs, tmp_path, depth=depth)
    assert "the dead-letter queue has grown by 5 since the canary of 5 was sent" in result.says
    assert len(sqs.queues["dead"].messages) == 400


def test_a_count_of_nothing_is_not_believed_in_the_first_minute(tmp_path: Path) -> None:
    sqs = queue_of(40)
    began = sqs.clock.now()
    with_canary(sqs, tmp_path, depth=lambda: 0)
    assert sqs.clock.now() - began >= 60


def test_after_a_bad_verdict_a_resume_sends_a_new_canary_and_not_the_rest(tmp_path: Path) -> None:
    sqs = queue_of(40)
    assert "inconclusive" in with_canary(sqs, tmp_path).says
    assert "inconclusive" in with_canary(sqs, tmp_path).says
    assert len(sqs.queues["home"].messages) == 10


def test_after_a_bad_verdict_on_all_there_was_a_resume_has_nothing_to_judge_and_ends(tmp_path: Path) -> None:
    sqs = queue_of(5)
    assert "inconclusive" in with_canary(sqs, tmp_path).says
    result = with_canary(sqs, tmp_path)
    assert (result.says, result.complete) == ("5 moved", True)


@pytest.mark.parametrize("stayed", [0, 5], ids=["hidden by others", "refused by its home"])
def test_a_canary_that_sent_nothing_lets_nothing_go_untested(tmp_path: Path, stayed: int) -> None:
    sqs = queue_of(20)
    sqs.queues["home"].attributes["MaximumMessageSize"] = "60"
    for one in list(sqs.queues["dead"].messages.values())[:stayed]:
        one.body = json.dumps({"long": "x" * 60})
    for _ in range(0 if stayed else 2):
        sqs.call("ReceiveMessage", {"QueueUrl": "dead", "MaxNumberOfMessages": 10, "VisibilityTimeout": 20})
    result = with_canary(sqs, tmp_path)
    assert "the canary is inconclusive" in result.says
    assert len(sqs.queues["home"].messages) == 5


def test_a_letter_of_an_invocation_that_failed_again_is_known_by_its_request_id(tmp_path: Path) -> None:
    from opsctl.dlq.transfer.sending import Sent
    from opsctl.dlq.transfer.tally import Tally
    from tests.dlq.test_dead_letter import message

    tally = Tally(0, aside())
    tally.sent(Sent(new_ids=["r-1"]))
    again: Json = message("{}", RequestID="r-1", ErrorCode="200")
    tally.later(again)
    tally.later(message("{}", RequestID="r-2", ErrorCode="200") | {"MessageId": "m-2"})
    assert (tally.came_back, tally.newcomers) == (1, 1)
