"""A move says that it is complete only when it looked at everything, by the queue's own counts as well."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from opsctl.dlq.jobs.dlq_purge import DlqPurge
from opsctl.dlq.message_filter import MessageFilter
from opsctl.dlq.transfer.sampling import Sampled, Sampler
from opsctl.journal.checkpoints import JobCheckpoint
from opsctl.model.jobs import JobResult
from opsctl.model.reads import RefusalKind
from opsctl.model.value import Json
from tests.kit.memory_sqs import MemorySqs, refused, url_of
from tests.kit.moves import move, queue_at, tools_for
from tests.kit.ports import FakeClock, Killed


def queue_of(count: int, name: str = "dead") -> MemorySqs:
    sqs = MemorySqs(FakeClock())
    sqs.make(name)
    sqs.make(name.replace("dead", "home"))
    sqs.put(name, *(json.dumps({"n": n}) for n in range(count)), group="g" if name.endswith(".fifo") else "")
    return sqs


def odd(sqs: MemorySqs, name: str = "dead") -> MessageFilter:
    """Want every second message."""
    for one in sqs.queues[name].messages.values():
        one.body = json.dumps({**json.loads(one.body), "odd": json.loads(one.body)["n"] % 2 == 1})
    return MessageFilter("body.odd", (), "")


class Counts:
    """Stands before a queue and lets its counts, or what it shows, be otherwise for a while."""

    def __init__(self, sqs: MemorySqs) -> None:
        self._inner = sqs.call
        self.counted: Callable[[], int | None] = lambda: None
        self.shows: Callable[[], bool] = lambda: True
        sqs.call = self  # type: ignore[method-assign]

    def __call__(self, operation: str, params: dict[str, Json]) -> dict[str, Json]:
        if operation == "ReceiveMessage" and not self.shows():
            return {"Messages": []}
        answer = self._inner(operation, params)
        counted = self.counted() if operation == "GetQueueAttributes" else None
        if counted is not None:
            answer["Attributes"]["ApproximateNumberOfMessages"] = str(counted)
        return answer


def test_a_filter_that_takes_longer_than_many_visibility_timeouts_misses_no_match(tmp_path: Path) -> None:
    """What is held aside would otherwise come back into view and be shown in place of what nobody has seen."""
    sqs = queue_of(400)
    began = sqs.clock.now()
    result = move(sqs, tmp_path, "dead", "home", message_filter=odd(sqs), order={"per_s": 0.2})
    assert sqs.clock.now() - began > 10 * 60
    assert (result.details["moved"], result.details["left_by_filter"], result.complete) == (200, 200, True)
    # Not quite all once: the time that sleeping lets pass here may pass in the middle of another thread's call.
    assert sum(one.received == 1 for one in sqs.queues["dead"].messages.values()) > 150
    assert all(one.visible_at <= sqs.clock.now() for one in sqs.queues["dead"].messages.values())


def test_what_cannot_be_kept_hidden_and_hides_the_rest_ends_the_move_as_incomplete(tmp_path: Path) -> None:
    """The queue in memory shows the oldest first, again and again; SQS itself shows any."""
    sqs = queue_of(300)

    def deny(operation: str, _params: dict[str, Json]) -> None:
        if operation == "ChangeMessageVisibilityBatch":
            raise refused(operation, "AccessDenied", RefusalKind.DENIED)

    sqs.faults.before = deny
    result = move(sqs, tmp_path, "dead", "home", message_filter=odd(sqs), order={"per_s": 1.0})
    assert not result.complete
    assert result.details["not_looked_at"] > 0
    assert sum(result.details[name] for name in ("moved", "left_by_filter", "not_looked_at")) == 300


def filtered_fifo(tmp_path: Path) -> tuple[MemorySqs, JobResult]:
    sqs = queue_of(30, "dead.fifo")
    return sqs, move(sqs, tmp_path, "dead.fifo", "home.fifo", message_filter=odd(sqs, "dead.fifo"))


def test_what_lies_behind_messages_held_aside_in_a_group_is_not_looked_at_and_that_is_said(tmp_path: Path) -> None:
    sqs, result = filtered_fifo(tmp_path)
    assert not result.complete
    assert result.details["not_looked_at"] == 20
    assert (
        "5 moved, 5 not matched by the filter; stopped: 20 messages were not received: a FIFO queue" in result.says
    )
    assert all(one.visible_at <= sqs.clock.now() for one in sqs.queues["dead.fifo"].messages.values())


def test_a_purge_with_a_filter_says_so_too_and_what_to_do(tmp_path: Path) -> None:
    sqs = queue_of(30, "dead.fifo")
    odd(sqs, "dead.fifo")
    job = DlqPurge(
        queue_name="dead.fifo",
        queue_url=url_of("dead.fifo"),
        region="us-east-1",
        path=str(tmp_path / "f.jsonl"),
        where="body.odd",
    )
    sqs.clock.sleep(2)
    result = job.run(tools_for(sqs, tmp_path / "job.log"))
    assert (result.complete, result.details["not_looked_at"]) == (False, 20)
    assert "--through" in result.hint


def test_counts_that_lag_are_asked_again_until_they_say_what_happened(tmp_path: Path) -> None:
    """SQS developer guide: the approximate counts reach consistency about a minute after the last change."""
    sqs = queue_of(50)
    counts, began = Counts(sqs), sqs.clock.now()
    counts.counted = lambda: 50 if sqs.clock.now() - began < 45 else None
    result = move(sqs, tmp_path, "dead", "home")
    assert (result.details["moved"], result.complete) == (50, True)
    assert 45 <= sqs.clock.now() - began < 60


def test_counts_that_stay_higher_than_what_is_shown_end_the_move_as_incomplete_in_bounded_time(
    tmp_path: Path,
) -> None:
    sqs = queue_of(50)
    counts, began = Counts(sqs), sqs.clock.now()
    counts.counted = lambda: 57
    result = move(sqs, tmp_path, "dead", "home")
    assert (result.details["moved"], result.complete, result.details["not_looked_at"]) == (50, False, 57)
    assert "SQS counts them but does not return them" in result.says
    assert sqs.clock.now() - began < 90


@pytest.mark.parametrize("known", [30, 0], ids=["by-the-queue", "by-the-plan"])
def test_counts_that_forget_what_somebody_else_holds_are_not_believed_before_a_minute(
    tmp_path: Path, known: int
) -> None:
    """Each count is as old as it likes: what was just received may be in neither."""
    sqs = queue_of(30)
    queue_at(sqs, "dead").receive(3, 0)
    began, first, real = sqs.clock.now(), iter([known]), sqs.call

    def call(operation: str, params: dict[str, Json]) -> dict[str, Json]:
        answer = real(operation, params)
        if operation == "GetQueueAttributes" and sqs.clock.now() - began < 59:
            answer["Attributes"]["ApproximateNumberOfMessages"] = str(next(first, 0))
            answer["Attributes"]["ApproximateNumberOfMessagesNotVisible"] = "0"
        return answer

    sqs.call = call  # type: ignore[method-assign]
    result = move(sqs, tmp_path, "dead", "home", order={"expected": 30})
    assert (result.details["moved"], result.complete) == (30, True)
    assert sqs.clock.now() - began < 130


@pytest.mark.parametrize("counted", [None, 0], ids=["right", "too low"])
def test_polls_that_find_nothing_for_a_while_are_no_end(tmp_path: Path, counted: int | None) -> None:
    """SQS API reference: a short poll asks some of the servers only, so it may find nothing."""
    sqs = queue_of(50)
    counts, receives = Counts(sqs), iter(range(1000))
    counts.shows = lambda: next(receives) not in range(2, 7)
    counts.counted = lambda: counted if len(sqs.queues["home"].messages) == 20 else None
    result = move(sqs, tmp_path, "dead", "home")
    assert (result.details["moved"], result.complete) == (50, True)


def test_a_resume_waits_for_what_the_killed_process_had_hidden_for_longer(tmp_path: Path) -> None:
    sqs = queue_of(60)
    message_filter, inner = odd(sqs), sqs.call

    def call(name: str, params: dict[str, Json]) -> dict[str, Json]:
        if len(sqs.queues["home"].messages) >= 20:
            raise Killed
        return inner(name, params)

    sqs.call = call  # type: ignore[method-assign,assignment]
    with pytest.raises(Killed):
        move(sqs, tmp_path, "dead", "home", message_filter=message_filter, order={"per_s": 0.2})
    sqs.call = inner  # type: ignore[method-assign]
    assert max(one.visible_at for one in sqs.queues["dead"].messages.values()) > sqs.clock.now() + 120
    result = move(sqs, tmp_path, "dead", "home", message_filter=message_filter)
    assert (result.details["moved"], result.details["left_by_filter"], result.complete) == (30, 30, True)


def test_a_resume_after_all_was_given_back_waits_no_longer_than_the_counts_are_old(tmp_path: Path) -> None:
    sqs = queue_of(30, "dead.fifo")
    message_filter, began = odd(sqs, "dead.fifo"), sqs.clock.now()
    move(sqs, tmp_path, "dead.fifo", "home.fifo", message_filter=message_filter)
    assert sqs.clock.now() - began > 60, "long enough for something to be hidden for longer"
    began = sqs.clock.now()
    again = move(sqs, tmp_path, "dead.fifo", "home.fifo", message_filter=message_filter)
    assert again.details["not_looked_at"] > 0
    assert sqs.clock.now() - began < 120


def test_a_disk_that_takes_no_note_of_what_is_hidden_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs, remember = queue_of(100), JobCheckpoint.remember

    def full(checkpoint: JobCheckpoint, name: str, value: Json) -> None:
        if name == "hidden_until":
            raise OSError(28, "No space left on device")
        remember(checkpoint, name, value)

    monkeypatch.setattr(JobCheckpoint, "remember", full)
    result = move(sqs, tmp_path, "dead", "home", message_filter=odd(sqs), order={"per_s": 0.2})
    assert (result.details["moved"], result.complete) == (50, True)


def looked(sqs: MemorySqs, name: str) -> tuple[list[str], Sampled]:
    seen: list[str] = []
    sampler = Sampler(queue_at(sqs, name), sqs.clock, lambda: False, visibility_s=60)

    def show(messages: list[Json]) -> None:
        sqs.clock.sleep(20)
        seen.extend(one["MessageId"] for one in messages)

    return seen, sampler.sample(100_000, show, lambda _count: None, to_the_end=True)


def test_an_export_that_takes_long_shows_each_message_once_and_all_of_them() -> None:
    sqs = queue_of(95)
    seen, result = looked(sqs, "dead")
    assert (len(seen), len(set(seen)), result.unseen) == (95, 95, 0)
    assert sum(one.received == 1 for one in sqs.queues["dead"].messages.values()) > 75


def test_an_export_of_a_fifo_queue_says_how_many_it_could_not_see() -> None:
    seen, result = looked(queue_of(30, "dead.fifo"), "dead.fifo")
    assert (len(seen), result.unseen) == (10, 20)
