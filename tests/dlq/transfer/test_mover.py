"""Moving messages: nothing lost, nothing counted twice, whatever fails."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from opsctl.dlq.message_filter import MessageFilter
from opsctl.dlq.transfer.sending import Alive, Sent
from opsctl.journal.checkpoints import JobCheckpoint
from opsctl.model.errors import OutcomeUnknown
from opsctl.model.reads import RefusalKind
from opsctl.model.value import Json
from tests.kit.memory_sqs import Faults, MemorySqs, refused
from tests.kit.moves import move
from tests.kit.ports import FakeClock, Killed


def made(count: int, faults: Faults | None = None, **attributes: str) -> MemorySqs:
    sqs = MemorySqs(FakeClock(), faults)
    suffix = ".fifo" if attributes.pop("fifo", "") else ""
    sqs.make(f"dead{suffix}", **attributes)
    sqs.make(f"home{suffix}")
    for number in range(count):
        sqs.put(f"dead{suffix}", json.dumps({"n": number}), group=f"g{number % 3}" if suffix else "")
    return sqs


def test_every_message_arrives_once_and_none_is_left(tmp_path: Path) -> None:
    sqs = made(95)
    result = move(sqs, tmp_path, "dead", "home")
    assert sqs.queues["dead"].messages == {}
    assert sorted(sqs.queues["home"].bodies()) == sorted(json.dumps({"n": n}) for n in range(95))
    assert result.complete
    assert result.certain
    assert result.details["moved"] == 95


def test_several_workers_move_each_message_once(tmp_path: Path) -> None:
    sqs = made(500)
    move(sqs, tmp_path, "dead", "home", threads=8)
    assert sorted(sqs.queues["home"].bodies()) == sorted(json.dumps({"n": n}) for n in range(500))


def test_attributes_trace_header_and_group_go_along(tmp_path: Path) -> None:
    sqs = made(0)
    attributes = {
        "kind": {"DataType": "String.custom", "StringValue": "é"},
        "blob": {"DataType": "Binary", "BinaryValue": "AAEC"},
        "n": {"DataType": "Number", "StringValue": "1.50"},
    }
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5"}}
    entry = {"Id": "a", "MessageBody": "x", "MessageAttributes": attributes, "MessageSystemAttributes": trace}
    sqs.call("SendMessageBatch", {"QueueUrl": "/dead", "Entries": [entry | {"MessageGroupId": "tenant-1"}]})
    move(sqs, tmp_path, "dead", "home")
    (arrived,) = sqs.queues["home"].messages.values()
    assert arrived.attributes == attributes
    assert arrived.system["AWSTraceHeader"] == "Root=1-5"
    assert arrived.system["MessageGroupId"] == "tenant-1"


def test_an_entry_that_fails_is_sent_again_and_never_deleted_before(tmp_path: Path) -> None:
    """A peer deleted whole batches whatever their result, and lost 22 of 1,000 messages."""
    sqs = made(200, Faults(send_entry=0.1))
    result = move(sqs, tmp_path, "dead", "home")
    assert len(sqs.queues["home"].messages) == 200
    assert sqs.queues["dead"].messages == {}
    assert result.complete
    assert result.certain


def test_an_entry_that_cannot_be_deleted_at_first_is_not_in_both_queues_at_the_end(tmp_path: Path) -> None:
    sqs = made(200, Faults(delete_entry=0.1))
    result = move(sqs, tmp_path, "dead", "home")
    assert len(sqs.queues["home"].messages) == 200
    assert sqs.queues["dead"].messages == {}
    assert result.complete


def test_a_send_whose_answer_was_lost_is_repeated_and_named_as_perhaps_twice(tmp_path: Path) -> None:
    sqs = made(200, Faults(lost={"SendMessageBatch": 0.1}))
    id_of = {one.body: one.id for one in sqs.queues["dead"].messages.values()}
    result = move(sqs, tmp_path, "dead", "home")
    bodies = sqs.queues["home"].bodies()
    assert len(set(bodies)) == 200
    assert not result.certain
    assert {id_of[body] for body in bodies if bodies.count(body) > 1} <= set(result.details["may_be_twice"])
    assert sqs.queues["dead"].messages == {}


def test_a_lost_answer_repeats_nothing_on_a_fifo_queue(tmp_path: Path) -> None:
    sqs = made(60, Faults(lost={"SendMessageBatch": 0.2}), fifo="yes")
    result = move(sqs, tmp_path, "dead.fifo", "home.fifo")
    assert len(sqs.queues["home.fifo"].messages) == 60
    assert result.certain


def test_lost_answers_of_receives_and_deletes_and_refusals_cost_nothing(tmp_path: Path) -> None:
    faults = Faults(throttled=0.05, lost={"ReceiveMessage": 0.1, "DeleteMessageBatch": 0.1})
    sqs = made(200, faults)
    result = move(sqs, tmp_path, "dead", "home")
    assert sorted(sqs.queues["home"].bodies()) == sorted(json.dumps({"n": n}) for n in range(200))
    assert sqs.queues["dead"].messages == {}
    assert result.complete
    assert result.certain


def in_groups(sqs: MemorySqs) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for _, one in sorted(sqs.queues["home.fifo"].messages.items()):
        groups.setdefault(one.system["MessageGroupId"], []).append(json.loads(one.body)["n"])
    return groups


@pytest.mark.parametrize("threads", [1, 4])
def test_order_is_kept_within_every_group(tmp_path: Path, threads: int) -> None:
    sqs = made(90, Faults(send_entry=0.1, lost={"SendMessageBatch": 0.05}), fifo="yes")
    move(sqs, tmp_path, "dead.fifo", "home.fifo", threads=threads)
    assert in_groups(sqs) == {f"g{k}": list(range(k, 90, 3)) for k in range(3)}


def test_a_message_that_cannot_be_sent_stops_its_group_and_no_other(tmp_path: Path) -> None:
    sqs = made(9, fifo="yes")
    list(sqs.queues["dead.fifo"].messages.values())[3].body = "not XML: \x01"
    result = move(sqs, tmp_path, "dead.fifo", "home.fifo")
    assert in_groups(sqs) == {"g0": [0], "g1": [1, 4, 7], "g2": [2, 5, 8]}
    assert not result.complete
    assert [one["code"] for one in result.details["stayed_messages"]] == ["InvalidMessageContents", "GroupStopped"]


def test_what_stays_is_named_with_the_reason_visible_again_and_the_rest_goes_on(tmp_path: Path) -> None:
    sqs = made(30)
    list(sqs.queues["dead"].messages.values())[7].body = "bad \x02"
    result = move(sqs, tmp_path, "dead", "home")
    (left,) = sqs.queues["dead"].messages.values()
    assert left.visible_at <= sqs.clock.now()
    assert len(sqs.queues["home"].messages) == 29
    assert result.details["stayed_messages"] == [
        {"id": left.id, "code": "InvalidMessageContents", "reason": "InvalidMessageContents"}
    ]
    assert not result.complete


def test_a_message_of_which_an_edit_makes_half_a_character_stays_alone(tmp_path: Path) -> None:
    sqs = made(12)
    list(sqs.queues["dead"].messages.values())[3].body = '{"n":"\\ud83d"}'
    result = move(sqs, tmp_path, "dead", "home", message_filter=MessageFilter("", (), "body.n"), threads=3)
    assert [one["code"] for one in result.details["stayed_messages"]] == ["CannotEdit"]
    assert (len(sqs.queues["home"].messages), len(sqs.queues["dead"].messages)) == (11, 1)


def test_a_destination_that_is_gone_stops_the_move_and_everything_stays(tmp_path: Path) -> None:
    sqs = made(50)
    del sqs.queues["home"]
    result = move(sqs, tmp_path, "dead", "home")
    assert len(sqs.queues["dead"].messages) == 50
    assert "QueueDoesNotExist" in result.says
    assert sqs.calls.count("SendMessageBatch") == 1


def test_what_may_not_be_deleted_is_named_and_nothing_more_is_sent(tmp_path: Path) -> None:
    sqs = made(50)

    def deny(operation: str, _params: dict[str, Json]) -> None:
        if operation == "DeleteMessageBatch":
            raise refused(operation, "AccessDenied", RefusalKind.DENIED)

    sqs.faults.before = deny
    result = move(sqs, tmp_path, "dead", "home")
    assert len(sqs.queues["home"].messages) == 10
    assert len(result.details["sent_not_deleted"]) == 10
    assert "cannot be deleted: access denied" in result.says
    assert not result.certain
    sqs.faults.before = None
    assert move(sqs, tmp_path, "dead", "home").complete
    assert len(sqs.queues["home"].messages) == 50


@pytest.mark.parametrize(
    "fault", [OutcomeUnknown("timed out"), ConnectionError("refused"), KeyError("unheard of")], ids=repr
)
def test_what_was_sent_is_named_also_when_nobody_answers_the_delete(tmp_path: Path, fault: Exception) -> None:
    sqs = made(50)

    def silent(operation: str, _params: dict[str, Json]) -> None:
        if operation == "DeleteMessageBatch":
            raise fault

    sqs.faults.before = silent
    result = move(sqs, tmp_path, "dead", "home")
    assert (len(sqs.queues["home"].messages), result.details["moved"]) == (10, 0)
    assert len(result.details["sent_not_deleted"]) == 10
    assert (result.complete, result.certain) == (False, False)
    assert "file" not in result.says
    sqs.faults.before = None
    sqs.clock.sleep(61)
    result = move(sqs, tmp_path, "dead", "home")
    assert (result.complete, result.certain, result.details["moved"]) == (True, True, 50)
    assert len(sqs.queues["home"].messages) == 50


def test_a_connection_that_fails_once_costs_nothing(tmp_path: Path) -> None:
    sqs, failing = made(50), {"ReceiveMessage", "DeleteMessageBatch", "GetQueueAttributes"}

    def fail_once(operation: str, _params: dict[str, Json]) -> None:
        if operation in failing:
            failing.remove(operation)
            raise ConnectionError("the proxy refused")

    sqs.faults.before = fail_once
    result = move(sqs, tmp_path, "dead", "home")
    assert (result.complete, result.certain, len(sqs.queues["home"].messages)) == (True, True, 50)


def test_what_an_earlier_process_sent_is_named_again_by_one_that_cannot_do_anything(tmp_path: Path) -> None:
    sqs = made(50)
    killed_at(sqs, "DeleteMessageBatch", tmp_path)

    def expired(operation: str, _params: dict[str, Json]) -> None:
        if operation != "GetQueueAttributes":
            raise refused(operation, "ExpiredToken", RefusalKind.DENIED)

    sqs.faults.before = expired
    for _ in range(2):
        result = move(sqs, tmp_path, "dead", "home")
        assert len(result.details["sent_not_deleted"]) == 10
        assert (result.complete, result.certain, result.details["moved"]) == (False, False, 0)
    sqs.faults.before = None
    assert move(sqs, tmp_path, "dead", "home").details["moved"] == 50
    assert len(sqs.queues["home"].messages) == 50


def test_what_was_sent_is_named_when_the_disk_does_not_take_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs = made(50)

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(JobCheckpoint, "confirm", full)
    result = move(sqs, tmp_path, "dead", "home")
    assert len(result.details["sent_not_deleted"]) == len(sqs.queues["home"].messages) == 10
    assert "No space left on device" in result.says
    assert (result.complete, result.certain) == (False, False)


def test_credentials_that_expire_end_the_move_and_the_result_says_how_far_it_came(tmp_path: Path) -> None:
    sqs = made(100)

    def expire(operation: str, _params: dict[str, Json]) -> None:
        if len(sqs.queues["home"].messages) >= 50:
            raise refused(operation, "ExpiredToken", RefusalKind.DENIED)

    sqs.faults.before = expire
    result = move(sqs, tmp_path, "dead", "home")
    assert not result.complete
    assert "ExpiredToken" in result.says
    assert result.details["moved"] + len(result.details["sent_not_deleted"]) == 50
    sqs.faults.before = None
    sqs.clock.sleep(120)
    assert move(sqs, tmp_path, "dead", "home").complete
    assert sorted(sqs.queues["home"].bodies()) == sorted(json.dumps({"n": n}) for n in range(100))


def test_a_destination_that_fails_every_entry_is_given_up_soon_and_everything_stays(tmp_path: Path) -> None:
    sqs = made(300, Faults(send_entry=1.0))
    result = move(sqs, tmp_path, "dead", "home")
    assert "no message accepted" in result.says
    assert "InternalError" in result.says
    assert sqs.calls.count("SendMessageBatch") == 24
    assert len(sqs.queues["dead"].messages) == 300
    assert not result.complete


@pytest.mark.parametrize("fifo", ["", "yes"])
def test_a_send_that_outlasts_the_visibility_leaves_no_message_in_both_queues(tmp_path: Path, fifo: str) -> None:
    """SQS refuses an expired receipt handle on FIFO queues, and ignores an overtaken one on standard queues."""
    sqs, slow = made(30, fifo=fifo), iter([True, False, True])
    suffix = ".fifo" if fifo else ""

    def stall(operation: str, _params: dict[str, Json]) -> None:
        if operation == "SendMessageBatch" and next(slow, False):
            sqs.clock.sleep(90)

    sqs.faults.before = stall
    result = move(sqs, tmp_path, f"dead{suffix}", f"home{suffix}")
    assert sqs.queues[f"dead{suffix}"].messages == {}
    assert sorted(sqs.queues[f"home{suffix}"].bodies()) == sorted(json.dumps({"n": n}) for n in range(30))
    assert result.complete


class _WorkersAtHand:
    """Stands in for `WorkerPool`: one worker, and `another` that a test lets work meanwhile."""

    another: Callable[[], None]
    failed = False

    def __init__(self, work: Callable[[], None], *_clock: object, **_threads: int) -> None:
        self._work = type(self).another = work

    def run(self, *_looks: object) -> None:
        """Let the one work to its end."""
        self._work()


@pytest.mark.parametrize("slept_s", [59, 61, 600])
@pytest.mark.parametrize("count", [10, 30])
def test_what_one_worker_has_in_hand_for_too_long_is_not_sent_by_another_that_gets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slept_s: int, count: int
) -> None:
    """As when the machine sleeps: SQS shows the messages again before they are sent, and another worker asks."""
    monkeypatch.setattr("opsctl.dlq.transfer.mover.WorkerPool", _WorkersAtHand)
    sqs, once = made(count), iter([True])

    def sleep(operation: str, _params: dict[str, Json]) -> None:
        if operation == "SendMessageBatch" and next(once, False):
            sqs.clock.sleep(slept_s)
            _WorkersAtHand.another()

    sqs.faults.before = sleep
    result = move(sqs, tmp_path, "dead", "home")
    assert sorted(sqs.queues["home"].bodies()) == sorted(json.dumps({"n": n}) for n in range(count))
    assert sqs.queues["dead"].messages == {}
    assert (result.complete, result.certain, result.details["moved"]) == (True, True, count)


@pytest.mark.parametrize("seed", range(6))
def test_what_lies_behind_a_message_in_another_workers_hand_does_not_overtake_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("opsctl.dlq.transfer.mover.WorkerPool", _WorkersAtHand)
    sqs, once = made(0, Faults(seed=seed, sampled=0.9), fifo="yes"), iter([True])
    sqs.put("dead.fifo", *(json.dumps({"n": n}) for n in range(20)), group="g")

    def sleep(operation: str, _params: dict[str, Json]) -> None:
        if operation == "SendMessageBatch" and next(once, False):
            sqs.clock.sleep(61)
            _WorkersAtHand.another()

    sqs.faults.before = sleep
    result = move(sqs, tmp_path, "dead.fifo", "home.fifo")
    assert sqs.queues["home.fifo"].bodies() == [json.dumps({"n": n}) for n in range(20)]
    assert (result.complete, result.certain, result.details["moved"]) == (True, True, 20)


@pytest.mark.parametrize("ends", [False, True], ids=["goes-on", "resumed"])
@pytest.mark.parametrize("at", ["SendMessageBatch", "DeleteMessageBatch"])
def test_what_somebody_else_received_before_its_deletion_is_known_when_it_shows_itself_again(
    tmp_path: Path, at: str, ends: bool
) -> None:
    """SQS accepts a receipt handle that is not the newest any more, and deletes nothing."""
    sqs, once = made(10), iter([True])

    def stall(operation: str, _params: dict[str, Json]) -> None:
        if operation == at and next(once, False):
            sqs.clock.sleep(61)
            sqs.call("ReceiveMessage", {"QueueUrl": "/dead", "MaxNumberOfMessages": 3, "VisibilityTimeout": 30})

    sqs.faults.before = stall
    if ends:
        move(sqs, tmp_path, "dead", "home", stopping=lambda: bool(sqs.queues["home"].messages))
    result = move(sqs, tmp_path, "dead", "home")
    assert sorted(sqs.queues["home"].bodies()) == sorted(json.dumps({"n": n}) for n in range(10))
    assert sqs.queues["dead"].messages == {}
    assert (result.complete, result.certain, result.details["moved"]) == (True, True, 10)


def test_a_group_that_takes_long_is_kept_hidden_between_its_messages(tmp_path: Path) -> None:
    sqs = made(0, fifo="yes")
    sqs.put("dead.fifo", *(json.dumps({"n": n}) for n in range(9)), group="g")

    def slow(operation: str, _params: dict[str, Json]) -> None:
        if operation == "SendMessageBatch":
            sqs.clock.sleep(19)
            shown = [one for one in sqs.queues["dead.fifo"].messages.values() if one.visible_at <= sqs.clock.now()]
            assert not shown

    sqs.faults.before = slow
    assert move(sqs, tmp_path, "dead.fifo", "home.fifo").complete
    assert sqs.queues["home.fifo"].bodies() == [json.dumps({"n": n}) for n in range(9)]


def test_big_messages_go_in_batches_that_sqs_accepts(tmp_path: Path) -> None:
    sqs = made(0)
    sqs.put("dead", *("x" * 300_000 for _ in range(10)))
    result = move(sqs, tmp_path, "dead", "home")
    assert result.details["moved"] == 10


@pytest.mark.parametrize("late_ms", [0, 1500])
def test_a_message_that_came_back_is_not_sent_again(tmp_path: Path, late_ms: int) -> None:
    """Without this a redrive with a broken consumer goes round for ever."""
    sqs = made(25)
    failed = iter([True])

    def consumer_fails(operation: str, _params: dict[str, Json]) -> None:
        if operation == "ReceiveMessage" and len(sqs.queues["home"].messages) >= 20 and next(failed, False):
            sqs.fail("home", "dead")

    sqs.faults.before = consumer_fails
    result = move(sqs, tmp_path, "dead", "home", late_ms=late_ms)
    assert result.details["came_back"] == 20
    assert len(sqs.queues["dead"].messages) == 20
    assert len(sqs.queues["home"].messages) == 5


def test_the_move_stops_when_too_many_come_straight_back(tmp_path: Path) -> None:
    sqs = made(300)

    def consumer_fails(operation: str, _params: dict[str, Json]) -> None:
        if operation == "ReceiveMessage":
            sqs.fail("home", "dead")
            dead = sqs.queues["dead"].messages
            sqs.queues["dead"].messages = dict(reversed(dead.items()))

    sqs.faults.before = consumer_fails
    result = move(sqs, tmp_path, "dead", "home", order={"returns_at_most": 10})
    assert "came back to the queue" in result.says
    assert result.details["moved"] < 100


def test_a_limit_moves_no_more(tmp_path: Path) -> None:
    sqs = made(50)
    move(sqs, tmp_path, "dead", "home", order={"limit": 7}, threads=3)
    assert len(sqs.queues["home"].messages) == 7
    assert len(sqs.queues["dead"].messages) == 43


def test_a_limit_counts_what_is_moved_and_not_what_is_looked_at(tmp_path: Path) -> None:
    sqs = made(50)
    message_filter = MessageFilter("body.n >= `20`", (), "")
    move(sqs, tmp_path, "dead", "home", order={"limit": 15}, message_filter=message_filter)
    assert len(sqs.queues["home"].messages) == 15


def denied(sqs: MemorySqs, operation: str, after: int = 0) -> None:
    """Deny an operation, but for its first calls."""
    left = iter(range(after))

    def deny(name: str, _params: dict[str, Json]) -> None:
        if name == operation and next(left, None) is None:
            raise refused(name, "AccessDenied", RefusalKind.DENIED)

    sqs.faults.before = deny


def test_a_limit_counts_what_an_earlier_process_sent_and_could_not_delete(tmp_path: Path) -> None:
    """What is over the limit would otherwise be sent once the deletes are allowed again."""
    sqs = made(50)
    denied(sqs, "DeleteMessageBatch")
    first = move(sqs, tmp_path, "dead", "home", order={"limit": 15})
    assert (first.details["moved"], len(first.details["sent_not_deleted"])) == (0, 10)
    sqs.faults.before = None
    sqs.clock.sleep(61)
    again = move(sqs, tmp_path, "dead", "home", order={"limit": 15})
    assert (again.details["moved"], again.complete, again.certain) == (15, True, True)
    assert (len(sqs.queues["home"].messages), len(sqs.queues["dead"].messages)) == (15, 35)


def test_a_limit_that_is_reached_keeps_nobody_from_deleting_what_was_sent(tmp_path: Path) -> None:
    sqs = made(50)
    denied(sqs, "DeleteMessageBatch")
    move(sqs, tmp_path, "dead", "home", order={"limit": 10})
    sqs.faults.before = None
    sqs.clock.sleep(61)
    again = move(sqs, tmp_path, "dead", "home", order={"limit": 10})
    assert (again.details["moved"], again.complete, again.certain) == (10, True, True)
    assert (len(sqs.queues["home"].messages), len(sqs.queues["dead"].messages)) == (10, 40)
    assert all(one.visible_at <= sqs.clock.now() for one in sqs.queues["dead"].messages.values())


def test_what_was_deleted_without_an_answer_counts_as_moved_once_all_was_looked_at(tmp_path: Path) -> None:
    sqs = made(10, Faults(lose_first={"DeleteMessageBatch": 1}))
    denied(sqs, "DeleteMessageBatch", after=1)
    first = move(sqs, tmp_path, "dead", "home")
    assert (first.details["moved"], len(first.details["sent_not_deleted"])) == (0, 10)
    sqs.faults.before = None
    again = move(sqs, tmp_path, "dead", "home")
    assert (again.details["moved"], again.complete, again.certain) == (10, True, True)


@pytest.mark.parametrize("slow_s", [0, 20], ids=["at-once", "answered-late"])
def test_what_came_back_before_the_clock_had_ticked_is_known_to_the_next_process_too(
    tmp_path: Path, slow_s: int
) -> None:
    """SQS tells whole seconds, so what is sent in the first of them may look as if it had been there."""
    sqs = made(3, RedrivePolicy="")
    sqs.put("dead", "x" * 50)
    sqs.queues["home"].attributes["MaximumMessageSize"] = "40"
    inner = sqs.call

    def call(name: str, params: dict[str, Json]) -> dict[str, Json]:
        answer = inner(name, params)
        if name == "SendMessageBatch":
            sqs.clock.sleep(slow_s)
        return answer

    sqs.call = call  # type: ignore[method-assign,assignment]
    first = move(sqs, tmp_path, "dead", "home", late_ms=900)
    assert (first.details["moved"], first.details["stayed"]) == (3, 1)
    sqs.fail("home", "dead")
    sqs.clock.sleep(30)
    again = move(sqs, tmp_path, "dead", "home")
    assert (again.details["moved"], again.details["came_back"]) == (3, 3)
    assert sqs.queues["home"].messages == {}


def test_a_rate_is_kept(tmp_path: Path) -> None:
    sqs = made(100)
    began = sqs.clock.now()
    move(sqs, tmp_path, "dead", "home", order={"per_s": 10.0})
    assert sqs.clock.now() - began >= 9


def test_messages_in_somebody_elses_hands_are_waited_for(tmp_path: Path) -> None:
    sqs = made(20)
    sqs.call("ReceiveMessage", {"QueueUrl": "/dead", "MaxNumberOfMessages": 5, "VisibilityTimeout": 20})
    result = move(sqs, tmp_path, "dead", "home")
    assert result.complete
    assert len(sqs.queues["home"].messages) == 20


def test_messages_that_somebody_else_keeps_are_counted_and_the_move_is_not_complete(tmp_path: Path) -> None:
    sqs = made(20)
    sqs.call("ReceiveMessage", {"QueueUrl": "/dead", "MaxNumberOfMessages": 5, "VisibilityTimeout": 900})
    result = move(sqs, tmp_path, "dead", "home")
    assert not result.complete
    assert "5 messages were not received: in flight with another consumer" in result.says


OPERATIONS = ("ReceiveMessage", "SendMessageBatch", "DeleteMessageBatch")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fifo", ["", "yes"])
def test_killed_at_any_call_a_resume_leaves_every_message_in_one_queue(
    tmp_path: Path, operation: str, when: str, fifo: str
) -> None:
    sqs = made(40, fifo=fifo)
    suffix = ".fifo" if fifo else ""
    calls = iter(range(1000))
    at = 2
    inner = sqs.call

    def call(name: str, params: dict[str, Json]) -> dict[str, Json]:
        strike = name == operation and next(calls) == at
        if strike and when == "before":
            raise Killed
        answer = inner(name, params)
        if strike:
            raise Killed
        return answer

    sqs.call = call  # type: ignore[method-assign,assignment]
    with pytest.raises(Killed):
        move(sqs, tmp_path, f"dead{suffix}", f"home{suffix}")
    result = move(sqs, tmp_path, f"dead{suffix}", f"home{suffix}")
    arrived = sqs.queues[f"home{suffix}"].bodies()
    assert sqs.queues[f"dead{suffix}"].messages == {}
    assert set(arrived) == {json.dumps({"n": n}) for n in range(40)}
    twice = len(arrived) - 40
    assert twice <= len(result.details["may_be_twice"]) <= 10
    assert result.details["moved"] == 40
    if fifo:
        assert twice == 0
        assert result.certain


def killed_at(sqs: MemorySqs, operation: str, tmp_path: Path) -> None:
    """Move until a first call of an operation, and end there as by kill -9: the call is not made."""
    inner = sqs.call

    def call(name: str, params: dict[str, Json]) -> dict[str, Json]:
        if name == operation:
            raise Killed
        return inner(name, params)

    sqs.call = call  # type: ignore[method-assign,assignment]
    with pytest.raises(Killed):
        move(sqs, tmp_path, "dead", "home")
    sqs.call = inner  # type: ignore[method-assign]


@pytest.mark.parametrize("second", ["", "ReceiveMessage", "DeleteMessageBatch"])
def test_what_was_sent_is_known_to_every_later_process_until_it_is_deleted(tmp_path: Path, second: str) -> None:
    """SQS developer guide: a receipt handle that a later receive has overtaken is accepted and deletes nothing."""
    sqs = made(25)
    killed_at(sqs, "DeleteMessageBatch", tmp_path)
    assert len(sqs.queues["home"].messages) == 10
    sqs.clock.sleep(61)
    for _ in range(3):
        sqs.call("ReceiveMessage", {"QueueUrl": "/dead", "MaxNumberOfMessages": 10, "VisibilityTimeout": 5})
    sqs.clock.sleep(6)
    if second:
        killed_at(sqs, second, tmp_path)
    result = move(sqs, tmp_path, "dead", "home")
    assert sqs.queues["dead"].messages == {}
    assert sorted(sqs.queues["home"].bodies()) == sorted(json.dumps({"n": n}) for n in range(25))
    assert (result.complete, result.certain, result.details["moved"]) == (True, True, 25)
    assert JobCheckpoint(tmp_path / "job.log").open_batches() == []


def test_after_several_kills_the_report_bounds_the_copies_of_each_message(tmp_path: Path) -> None:
    sqs = made(25)
    inner = sqs.call

    def call(name: str, params: dict[str, Json]) -> dict[str, Json]:
        answer = inner(name, params)
        if name == "SendMessageBatch":
            raise Killed
        return answer

    sqs.call = call  # type: ignore[method-assign,assignment]
    for _ in range(3):
        with pytest.raises(Killed):
            move(sqs, tmp_path, "dead", "home")
    sqs.call = inner  # type: ignore[method-assign]
    result = move(sqs, tmp_path, "dead", "home")
    arrived = Counter(sqs.queues["home"].bodies())
    assert (len(arrived), sum(arrived.values()), result.details["moved"]) == (25, 55, 25)
    assert (
        result.says == "25 moved, 10 may be duplicated (at most 4 copies of one message, 30 extra copies in all)"
    )
    assert sorted(result.details["copies_at_most"]) == sorted(result.details["may_be_twice"])
    assert set(result.details["copies_at_most"].values()) == {4}


def test_a_send_whose_answer_is_lost_again_and_again_is_counted_each_time(tmp_path: Path) -> None:
    sqs = made(10, Faults(lose_first={"SendMessageBatch": 3}))
    result = move(sqs, tmp_path, "dead", "home")
    assert len(sqs.queues["home"].messages) == 40
    assert "at most 4 copies" in result.says


def test_what_was_sent_is_deleted_by_the_next_process_before_it_looks_for_more(tmp_path: Path) -> None:
    sqs = made(25)
    killed_at(sqs, "DeleteMessageBatch", tmp_path)
    began = sqs.clock.now()
    assert move(sqs, tmp_path, "dead", "home").details["moved"] == 25
    assert sqs.clock.now() - began < 30


def test_what_was_in_hand_and_not_sent_is_visible_to_the_next_process_at_once(tmp_path: Path) -> None:
    sqs = made(25)
    killed_at(sqs, "SendMessageBatch", tmp_path)
    began = sqs.clock.now()
    result = move(sqs, tmp_path, "dead", "home")
    assert (result.complete, result.details["moved"]) == (True, 25)
    assert sqs.clock.now() - began < 30
    assert sqs.queues["dead"].messages == {}
    assert JobCheckpoint(tmp_path / "job.log").open_batches() == []


def test_a_stop_gives_back_what_was_held_and_a_resume_finishes(tmp_path: Path) -> None:
    sqs = made(40)
    result = move(sqs, tmp_path, "dead", "home", stopping=lambda: len(sqs.queues["home"].messages) >= 20)
    assert not result.complete
    assert all(one.visible_at <= sqs.clock.now() for one in sqs.queues["dead"].messages.values())
    assert move(sqs, tmp_path, "dead", "home").complete
    assert len(sqs.queues["home"].messages) == 40


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("KmsAccessDenied", RefusalKind.DENIED),
        ("KmsDisabled", RefusalKind.INVALID),
        ("KMS.DisabledException", RefusalKind.INVALID),
        ("KmsNotFound", RefusalKind.MISSING),
    ],
)
def test_a_key_that_cannot_be_used_stops_at_once_and_every_message_stays(
    tmp_path: Path, code: str, kind: RefusalKind
) -> None:
    sqs, asked = made(50), []

    def refuse(operation: str, _params: dict[str, Json]) -> None:
        if operation == "SendMessageBatch":
            asked.append(code)
            raise refused(operation, code, kind)

    sqs.faults.before = refuse
    result = move(sqs, tmp_path, "dead", "home")
    assert code in result.says
    assert not result.complete
    assert len(asked) == 1
    assert len(sqs.queues["dead"].messages) == 50


def test_what_was_sent_is_deleted_also_when_it_cannot_be_kept_hidden_meanwhile(tmp_path: Path) -> None:
    """Here the caller may not change visibility, and the third message has to wait long."""
    sqs = made(3)
    taken: list[str] = []

    class Slow:
        closed, repeats_s = "", 0.0

        def send(self, messages: list[Json], alive: Alive) -> Sent:
            for message in messages:
                alive()
                sqs.clock.sleep(25)
                taken.append(message["MessageId"])
            return Sent(confirmed=list(messages))

    def deny(operation: str, _params: dict[str, Json]) -> None:
        if operation == "ChangeMessageVisibilityBatch":
            raise refused(operation, "AccessDenied", RefusalKind.DENIED)

    sqs.faults.before = deny
    result = move(sqs, tmp_path, "dead", "home", sending=Slow(), order={"visibility_s": 90})
    assert len(taken) == len(set(taken)) == 3
    assert (result.details["moved"], result.complete) == (3, True)
