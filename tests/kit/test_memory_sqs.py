"""The SQS in memory, held to what the SQS guide and API reference say of SQS."""

import json
import threading
from typing import Any

import pytest

from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.value import Json
from tests.kit import memory_sqs
from tests.kit.memory_sqs import Faults, MemorySqs, url_of
from tests.kit.ports import FakeClock


def sqs(*bodies: str, queue: str = "q", faults: Faults | None = None) -> MemorySqs:
    made = MemorySqs(FakeClock(), faults)
    made.make(queue)
    made.put(queue, *bodies)
    return made


def receive(made: MemorySqs, count: int = 10, queue: str = "q", **more: Json) -> list[Any]:
    params = {"QueueUrl": url_of(queue), "MaxNumberOfMessages": count, "VisibilityTimeout": 30, **more}
    found: list[Any] = made.call("ReceiveMessage", params)["Messages"]
    return found


def send(made: MemorySqs, *entries: dict[str, Json], queue: str = "q") -> Any:
    numbered = [{"Id": str(number), "MessageBody": "x", **entry} for number, entry in enumerate(entries)]
    return made.call("SendMessageBatch", {"QueueUrl": url_of(queue), "Entries": numbered})


def delete(made: MemorySqs, *handles: str, queue: str = "q") -> Any:
    entries = [{"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(handles)]
    return made.call("DeleteMessageBatch", {"QueueUrl": url_of(queue), "Entries": entries})


def grouped(group: str, deduplication: str) -> dict[str, Json]:
    return {"MessageGroupId": group, "MessageDeduplicationId": deduplication}


def test_what_was_received_is_hidden_until_its_visibility_timeout_is_over() -> None:
    made = sqs("a")
    assert len(receive(made)) == 1
    assert receive(made) == []
    made.clock.sleep(30)
    (again,) = receive(made, MessageSystemAttributeNames=["ApproximateReceiveCount"])
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"


def test_visibility_can_be_ended_or_extended_and_begun_again_by_the_last_handle() -> None:
    made = sqs("a")
    (one,) = receive(made)

    def change(seconds: int) -> Any:
        entry = {"Id": "0", "ReceiptHandle": one["ReceiptHandle"], "VisibilityTimeout": seconds}
        params = {"QueueUrl": url_of("q"), "Entries": [entry]}
        return made.call("ChangeMessageVisibilityBatch", params)

    change(100)
    made.clock.sleep(60)
    assert receive(made) == []
    change(0)
    assert not change(10)["Failed"]
    made.clock.sleep(10)
    assert len(receive(made)) == 1
    assert change(10)["Failed"][0]["Code"] == "InvalidParameterValue"


def test_an_overtaken_receipt_handle_is_accepted_and_deletes_nothing() -> None:
    made = sqs("a")
    (first,) = receive(made)
    made.clock.sleep(31)
    receive(made)
    assert delete(made, first["ReceiptHandle"])["Failed"] == []
    assert len(made.queues["q"].messages) == 1
    assert delete(made, "nonsense")["Failed"][0]["Code"] == "ReceiptHandleIsInvalid"


def test_a_fifo_queue_refuses_an_expired_receipt_handle() -> None:
    made = sqs(queue="q.fifo")
    send(made, grouped("g", "1"), queue="q.fifo")
    (one,) = receive(made, queue="q.fifo")
    made.clock.sleep(31)
    assert delete(made, one["ReceiptHandle"], queue="q.fifo")["Failed"]
    assert len(made.queues["q.fifo"].messages) == 1


def test_a_group_gives_nothing_more_while_one_of_its_messages_is_in_flight() -> None:
    made = sqs(queue="q.fifo")
    send(made, grouped("g", "1"), grouped("g", "2"), grouped("h", "3"), queue="q.fifo")
    (first,) = receive(made, 1, queue="q.fifo")
    (other,) = receive(made, queue="q.fifo", MessageSystemAttributeNames=["MessageGroupId"])
    assert other["Attributes"]["MessageGroupId"] == "h"
    delete(made, first["ReceiptHandle"], queue="q.fifo")
    assert len(receive(made, queue="q.fifo")) == 1


def test_a_deduplication_id_is_accepted_again_within_five_minutes_and_not_delivered() -> None:
    made = sqs(queue="q.fifo")
    (first,) = send(made, grouped("g", "same"), queue="q.fifo")["Successful"]
    (second,) = send(made, grouped("g", "same"), queue="q.fifo")["Successful"]
    assert first["MessageId"] == second["MessageId"]
    assert len(made.queues["q.fifo"].messages) == 1
    made.clock.sleep(300)
    send(made, grouped("g", "same"), queue="q.fifo")
    assert len(made.queues["q.fifo"].messages) == 2


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"MessageBody": "\x01"}, "InvalidMessageContents"),
        ({"MessageBody": "x" * 2000}, "InvalidParameterValue"),
        (
            {"MessageAttributes": {f"a{n}": {"DataType": "String", "StringValue": "v"} for n in range(11)}},
            "Invalid",
        ),
    ],
)
def test_one_bad_entry_fails_by_itself_and_the_others_are_sent(entry: dict[str, Json], code: str) -> None:
    made = sqs()
    made.queues["q"].attributes["MaximumMessageSize"] = "1024"
    answer = send(made, {}, entry)
    assert [one["Id"] for one in answer["Successful"]] == ["0"]
    assert answer["Failed"][0]["Code"].startswith(code)
    assert answer["Failed"][0]["SenderFault"]


def test_a_fifo_queue_needs_a_group() -> None:
    made = sqs(queue="q.fifo")
    assert send(made, {"MessageDeduplicationId": "1"}, queue="q.fifo")["Failed"][0]["Code"] == "MissingParameter"


def test_a_batch_has_ten_entries_with_ids_of_their_own_and_a_mebibyte_at_most() -> None:
    made = sqs()
    batches: list[list[dict[str, Json]]] = [
        [{}] * 11,
        [{"Id": "a"}, {"Id": "a"}],
        [{"MessageBody": "x" * 600_000}] * 2,
    ]
    for entries in batches:
        with pytest.raises(AwsRefused):
            send(made, *entries)
    assert made.queues["q"].messages == {}


def test_too_many_in_flight_are_an_error_in_a_standard_queue_and_silence_in_a_fifo_queue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory_sqs, "IN_FLIGHT_AT_MOST", 2)
    made = sqs("a", "b", "c")
    receive(made, 2)
    with pytest.raises(AwsRefused, match="OverLimit"):
        receive(made)
    made.make("q.fifo")
    send(made, *(grouped(str(n), str(n)) for n in range(3)), queue="q.fifo")
    receive(made, 2, queue="q.fifo")
    assert receive(made, queue="q.fifo") == []


def test_system_attributes_come_only_when_asked_for_and_the_trace_header_travels() -> None:
    made = sqs()
    header = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1"}}
    send(made, {"MessageSystemAttributes": header})
    (one,) = receive(made, VisibilityTimeout=0)
    assert one["Attributes"] == {}
    (one,) = receive(made, MessageSystemAttributeNames=["AWSTraceHeader"])
    assert one["Attributes"] == {"AWSTraceHeader": "Root=1"}


def test_what_dies_keeps_its_id_and_names_its_source() -> None:
    made = sqs("a")
    made.make("dead")
    (id_,) = (one.id for one in made.queues["q"].messages.values())
    assert made.fail("q", "dead") == 1
    (one,) = receive(made, queue="dead", MessageSystemAttributeNames=["All"])
    assert one["MessageId"] == id_
    assert one["Attributes"]["DeadLetterQueueSourceArn"] == made.arn("q")


def test_only_queues_that_name_this_one_are_its_sources() -> None:
    made = sqs(queue="dead")
    for name, target in (("a", "dead"), ("b", "dead-too")):
        made.make(name, RedrivePolicy=json.dumps({"deadLetterTargetArn": made.arn(target), "maxReceiveCount": 3}))
    answer = made.call("ListDeadLetterSourceQueues", {"QueueUrl": url_of("dead")})
    assert answer["queueUrls"] == [url_of("a")]


def test_a_lost_answer_is_to_something_that_was_done() -> None:
    made = sqs(faults=Faults(lose_first={"SendMessageBatch": 1}))
    with pytest.raises(OutcomeUnknown):
        send(made, {})
    assert len(made.queues["q"].messages) == 1


def test_a_short_poll_may_find_a_part_and_a_long_one_finds_all() -> None:
    made = sqs(*"abcdefgh", faults=Faults(sampled=1.0))
    found = {len(receive(made, VisibilityTimeout=0)) for _ in range(100)}
    assert {0, 8} <= found
    assert len(found) > 4
    assert len(receive(made, WaitTimeSeconds=1)) == 8


def test_a_short_poll_of_a_fifo_queue_keeps_the_order_of_each_group() -> None:
    made = sqs(queue="q.fifo", faults=Faults(sampled=1.0))
    made.put("q.fifo", *"abcdefgh", group="g")
    for _ in range(20):
        assert "abcdefgh".startswith(
            "".join(one["Body"] for one in receive(made, 10, "q.fifo", VisibilityTimeout=0))
        )


def test_counts_are_as_old_as_they_may_be_and_right_afterwards() -> None:
    made = sqs(faults=Faults(lag_s=60))
    params = {"QueueUrl": url_of("q"), "AttributeNames": ["All"]}

    def count() -> str:
        return str(made.call("GetQueueAttributes", params)["Attributes"]["ApproximateNumberOfMessages"])

    assert count() == "0"
    made.put("q", "a")
    assert {count() for _ in range(50)} == {"0"}
    made.clock.sleep(30)
    assert {count() for _ in range(50)} == {"0", "1"}
    made.clock.sleep(61)
    assert {count() for _ in range(50)} == {"1"}


def test_a_repeated_attempt_gets_the_same_messages_again_until_something_is_done_to_them() -> None:
    made = sqs(queue="q.fifo")
    made.put("q.fifo", "a", "b", group="g")
    first = receive(made, queue="q.fifo", ReceiveRequestAttemptId="1")
    assert receive(made, queue="q.fifo", ReceiveRequestAttemptId="1") == first
    assert receive(made, queue="q.fifo", ReceiveRequestAttemptId="2") == []
    delete(made, first[0]["ReceiptHandle"], queue="q.fifo")
    assert receive(made, queue="q.fifo", ReceiveRequestAttemptId="1") == []


def test_what_a_hook_does_happens_between_two_calls_and_not_within_one_of_another_thread() -> None:
    made = sqs("a")
    held: list[bool] = []

    def look(_operation: str, _params: object) -> None:
        other = threading.Thread(target=lambda: held.append(not made._lock.acquire(blocking=False)))
        other.start()
        other.join()

    made.faults.before = look
    receive(made)
    assert held == [True]
