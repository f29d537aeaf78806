"""What happens when a call takes longer than messages are hidden: the machine slept, or the network hung.

SQS developer guide: a message is shown again after its visibility timeout, and on a standard queue the deletion by
a receipt handle that a later receive has overtaken is accepted and does nothing.
"""

import json
from pathlib import Path

import pytest

from opsctl.dlq.transfer.canary import Canary
from opsctl.dlq.transfer.queue import Depth
from opsctl.journal.checkpoints import JobCheckpoint
from opsctl.model.errors import AwsRefused
from opsctl.model.value import Json
from tests.dlq.transfer.test_mover import _WorkersAtHand, killed_at, made
from tests.kit.memory_sqs import Faults, MemorySqs
from tests.kit.moves import move

LONGER_THAN_HIDDEN_S = 61


def numbers(sqs: MemorySqs, name: str) -> list[int]:
    return sorted(json.loads(body)["n"] for body in sqs.queues[name].bodies())


def others_receive(sqs: MemorySqs, seconds: int = 5) -> None:
    sqs.call("ReceiveMessage", {"QueueUrl": "/dead", "MaxNumberOfMessages": 10, "VisibilityTimeout": seconds})


def test_what_is_deleted_late_a_second_time_stays_known(tmp_path: Path) -> None:
    sqs, deletes = made(10), iter(range(100))
    killed_at(sqs, "DeleteMessageBatch", tmp_path)
    sqs.clock.sleep(LONGER_THAN_HIDDEN_S)
    others_receive(sqs)
    sqs.clock.sleep(6)

    def stall(operation: str, _params: dict[str, Json]) -> None:
        if operation == "DeleteMessageBatch" and next(deletes) == 1:  # the first is that of the earlier process
            sqs.clock.sleep(LONGER_THAN_HIDDEN_S)
            others_receive(sqs)

    sqs.faults.before = stall
    result = move(sqs, tmp_path, "dead", "home")
    assert next(deletes) > 2
    assert (numbers(sqs, "home"), numbers(sqs, "dead")) == (list(range(10)), [])
    assert (result.complete, result.certain, result.details["moved"]) == (True, True, 10)


def test_what_is_received_too_late_is_left_to_whoever_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer comes when another worker was shown the same messages, sent and deleted them."""
    monkeypatch.setattr("opsctl.dlq.transfer.mover.WorkerPool", _WorkersAtHand)
    sqs, once = made(10), iter([True])
    inner = sqs.call

    def call(operation: str, params: dict[str, Json]) -> dict[str, Json]:
        answer = inner(operation, params)
        if operation == "ReceiveMessage" and next(once, False):
            sqs.clock.sleep(LONGER_THAN_HIDDEN_S)
            _WorkersAtHand.another()
        return answer

    sqs.call = call  # type: ignore[method-assign]
    result = move(sqs, tmp_path, "dead", "home")
    assert (numbers(sqs, "home"), numbers(sqs, "dead")) == (list(range(10)), [])
    assert (result.complete, result.certain, result.details["moved"]) == (True, True, 10)


def test_a_repetition_after_five_minutes_is_named_on_a_fifo_queue_too(tmp_path: Path) -> None:
    """SQS API reference, SendMessage: an id is known for five minutes."""
    sqs = made(0, Faults(lose_first={"SendMessageBatch": 1}), fifo="yes")
    (id_,) = sqs.put("dead.fifo", json.dumps({"n": 1}), group="g")
    sends = iter(range(10))

    def stall(operation: str, _params: dict[str, Json]) -> None:
        if operation == "SendMessageBatch" and next(sends) == 1:
            sqs.clock.sleep(301)

    sqs.faults.before = stall
    result = move(sqs, tmp_path, "dead.fifo", "home.fifo")
    assert numbers(sqs, "home.fifo") == [1, 1]
    assert (result.details["may_be_twice"], result.certain) == ([id_], False)


@pytest.mark.parametrize("late_s", [0, 200], ids=["recognised", "too-late"])
def test_what_was_being_sent_at_a_kill_is_named_once_its_repetition_comes_too_late(
    tmp_path: Path, late_s: int
) -> None:
    sqs, sends = made(0, fifo="yes"), iter(range(10))
    (id_,) = sqs.put("dead.fifo", json.dumps({"n": 1}), group="g")
    inner = sqs.call
    killed_after(sqs, tmp_path)
    sqs.call = inner  # type: ignore[method-assign]
    sqs.clock.sleep(150)

    def stall(operation: str, _params: dict[str, Json]) -> None:
        if operation == "SendMessageBatch" and next(sends) == 0:
            sqs.clock.sleep(late_s)

    sqs.faults.before = stall
    result = move(sqs, tmp_path, "dead.fifo", "home.fifo")
    assert numbers(sqs, "home.fifo") == ([1, 1] if late_s else [1])
    assert result.details["may_be_twice"] == ([id_] if late_s else [])


def killed_after(sqs: MemorySqs, tmp_path: Path) -> None:
    """Move until messages were sent, and end there as by kill -9, before that is recorded."""
    inner = sqs.call

    def call(operation: str, params: dict[str, Json]) -> dict[str, Json]:
        answer = inner(operation, params)
        if operation == "SendMessageBatch":
            raise KeyboardInterrupt
        return answer

    sqs.call = call  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        move(sqs, tmp_path, "dead.fifo", "home.fifo")


def test_a_canary_whose_deletion_came_late_is_one(tmp_path: Path) -> None:
    """What is not known to be deleted was sent all the same: no second canary, and the rest follows."""
    sqs, once, sent = made(12), iter([True]), []

    def stall(operation: str, params: dict[str, Json]) -> None:
        if operation == "SendMessageBatch":
            sent.append(len(params["Entries"]))
        if operation == "DeleteMessageBatch" and next(once, False):
            sqs.clock.sleep(LONGER_THAN_HIDDEN_S)

    sqs.faults.before = stall
    canary = Canary(lambda: Depth(0, 0, 0), 0, 5, "test")
    result = move(sqs, tmp_path, "dead", "home", canary=canary, order={"canary": 2})
    assert (sent[0], sum(sent)) == (2, 12)
    assert (numbers(sqs, "home"), result.complete, result.details["moved"]) == (list(range(12)), True, 12)


def test_what_a_fifo_queue_does_not_let_be_deleted_counts_for_nothing(tmp_path: Path) -> None:
    """It refuses the receipt handle of a message that was shown again: that is still there, and was sent."""
    sqs = made(0, fifo="yes")
    ids = sqs.put("dead.fifo", *(json.dumps({"n": n}) for n in range(3)), group="g")
    inner = sqs.call

    def call(operation: str, params: dict[str, Json]) -> dict[str, Json]:
        if operation == "DeleteMessageBatch":
            raise KeyboardInterrupt
        return inner(operation, params)

    sqs.call = call  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        move(sqs, tmp_path, "dead.fifo", "home.fifo")
    sqs.call = inner  # type: ignore[method-assign]
    sqs.clock.sleep(LONGER_THAN_HIDDEN_S)
    result = move(sqs, tmp_path, "dead.fifo", "home.fifo", stopping=lambda: True)
    assert (result.details["moved"], [one["id"] for one in result.details["sent_not_deleted"]]) == (0, ids)
    result = move(sqs, tmp_path, "dead.fifo", "home.fifo")
    assert (numbers(sqs, "home.fifo"), result.details["moved"], result.certain) == ([0, 1, 2], 3, True)


@pytest.mark.parametrize("at", ["SendMessageBatch", "DeleteMessageBatch"], ids=["being-sent", "sent"])
def test_what_was_in_hand_is_named_when_the_queue_is_gone_at_the_resume(tmp_path: Path, at: str) -> None:
    sqs = made(30)
    ids = [one.id for one in sqs.queues["dead"].messages.values()]
    killed_at(sqs, at, tmp_path)
    del sqs.queues["dead"]
    for _ in range(2):
        result = move(sqs, tmp_path, "dead", "home")
        named = result.details["may_be_lost"] or [one["id"] for one in result.details["sent_not_deleted"]]
        assert named == ids[:10]
        assert bool(result.details["may_be_lost"]) == (at == "SendMessageBatch")
        assert (result.complete, result.certain) == (False, False)
        assert "QueueDoesNotExist" in result.says


def test_a_queue_that_is_gone_with_nothing_in_hand_is_refused_as_ever(tmp_path: Path) -> None:
    sqs = made(30)
    move(sqs, tmp_path, "dead", "home", order={"limit": 10})
    del sqs.queues["dead"]
    with pytest.raises(AwsRefused, match="QueueDoesNotExist"):
        move(sqs, tmp_path, "dead", "home")


def test_a_message_is_forgotten_and_counted_in_one_record(tmp_path: Path) -> None:
    """Between two records a kill would leave one that moved and does not count."""
    checkpoint = JobCheckpoint(tmp_path / "job.log")
    checkpoint.undeleted(["a", "b"])
    before = (tmp_path / "job.log").read_bytes().rstrip(b"\0").count(b"\n")
    checkpoint.deleted(["a"], 1)
    assert (tmp_path / "job.log").read_bytes().rstrip(b"\0").count(b"\n") == before + 1
    again = JobCheckpoint(tmp_path / "job.log")
    assert (again.moved(), again.all_undeleted()) == (1, ["b"])


def test_a_record_of_the_version_before_is_read(tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_text('["undeleted",["a","b"]]\n["deleted",["a"]]\n["closed",0,1]\n', encoding="utf-8")
    found = JobCheckpoint(path)
    assert (found.moved(), found.all_undeleted()) == (1, ["b"])
