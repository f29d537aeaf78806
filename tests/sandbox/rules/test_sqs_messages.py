"""Receiving, hiding and deleting as AWS was seen to do it: answers recorded by localstack's validated tests."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from opsctl.sandbox.engine.clock import HandClock
from opsctl.sandbox.engine.conditions import Durations, conditions, set_conditions
from opsctl.sandbox.rules import sqs_messages as rules_sqs_messages
from tests.kit.functions import function
from tests.kit.moto_account import World, client, fresh_world, server
from tests.kit.queues import arn, attribute, pair, queue, receive, refused, send

CLOCK = HandClock()
EXPIRED = "Value {} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."


@pytest.fixture(autouse=True)
def account() -> Iterator[World]:
    server()
    with fresh_world() as world:
        set_conditions(world.account, clock=CLOCK)
        yield world


def wait(seconds: float) -> None:
    CLOCK.move_to(CLOCK.now() + seconds)


def fifo(*names: str) -> str:
    """A FIFO queue with messages; a message is named after its group and its place in it."""
    url = queue("q.fifo", ContentBasedDeduplication="true")
    for name in names:
        send(url, name, MessageGroupId=name.partition("-")[0])
    return url


def got(url: str, count: int = 10, **more: Any) -> list[str]:
    return [one["Body"] for one in receive(url, MaxNumberOfMessages=count, **more)]


def handles(url: str, count: int = 10, **more: Any) -> list[str]:
    return [one["ReceiptHandle"] for one in receive(url, MaxNumberOfMessages=count, **more)]


def delete(url: str, handle: str) -> None:
    client("sqs").delete_message(QueueUrl=url, ReceiptHandle=handle)


def hide(url: str, handle: str, seconds: int) -> None:
    client("sqs").change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=seconds)


def depths(url: str) -> list[int]:
    names = ("", "NotVisible", "Delayed")
    return [int(attribute(url, f"ApproximateNumberOfMessages{name}")) for name in names]


def test_a_fifo_handle_whose_time_is_over_is_refused() -> None:
    url = fifo("g-1")
    (handle,) = handles(url, VisibilityTimeout=1)
    wait(1)
    message = refused("InvalidParameterValue", client("sqs").delete_message, QueueUrl=url, ReceiptHandle=handle)
    assert message == EXPIRED.format(handle)
    call = client("sqs").change_message_visibility
    message = refused("InvalidParameterValue", call, QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=5)
    assert message == EXPIRED.format(handle)
    assert got(url) == ["g-1"]


def test_each_entry_of_a_batch_is_told_by_itself_that_its_handle_is_no_good() -> None:
    url = fifo("a-1", "b-1")
    old, good = handles(url, 1, VisibilityTimeout=1) + handles(url, 1, VisibilityTimeout=9)
    wait(1)
    entries = [{"Id": str(n), "ReceiptHandle": one} for n, one in enumerate((old, good, "garbage"))]
    answer = client("sqs").delete_message_batch(QueueUrl=url, Entries=entries)
    assert [one["Id"] for one in answer["Successful"]] == ["1"]
    unknown = 'The input receipt handle "garbage" is not a valid receipt handle.'
    told = [(one["Id"], one["Code"], one["Message"], one["SenderFault"]) for one in answer["Failed"]]
    assert told == [
        ("0", "InvalidParameterValue", EXPIRED.format(old), True),
        ("2", "ReceiptHandleIsInvalid", unknown, True),
    ]


def test_a_fifo_handle_whose_time_was_prolonged_is_good() -> None:
    url = fifo("g-1")
    (handle,) = handles(url, VisibilityTimeout=1)
    hide(url, handle, 5)
    wait(1.5)
    delete(url, handle)
    assert got(url) == []


def test_a_standard_message_can_be_deleted_and_hidden_after_its_time() -> None:
    url = queue("plain")
    send(url, "x")
    (handle,) = handles(url, VisibilityTimeout=1)
    wait(2)
    hide(url, handle, 5)
    assert got(url) == []
    wait(6)
    delete(url, handle)
    assert got(url) == []


def test_an_old_handle_of_a_standard_message_is_accepted_and_does_nothing() -> None:
    url = queue("plain")
    send(url, "x")
    old, new = handles(url, VisibilityTimeout=0) + handles(url, VisibilityTimeout=0)
    delete(url, old)
    assert got(url, VisibilityTimeout=0) == ["x"]
    message = refused(
        "InvalidParameterValue",
        client("sqs").change_message_visibility,
        QueueUrl=url,
        ReceiptHandle=old,
        VisibilityTimeout=9,
    )
    assert message.endswith("Message does not exist or is not available for visibility timeout change.")
    assert new != old


def test_a_deleted_message_can_be_deleted_again_and_not_be_hidden() -> None:
    url = queue("plain")
    send(url, "x")
    (handle,) = handles(url)
    delete(url, handle)
    delete(url, handle)
    call = client("sqs").change_message_visibility
    message = refused("InvalidParameterValue", call, QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=9)
    assert message == (
        f"Value {handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not "
        "available for visibility timeout change."
    )


def test_a_message_is_hidden_for_at_most_twelve_hours_since_it_was_received() -> None:
    url = queue("plain")
    send(url, "x")
    wait(86_400)
    (handle,) = handles(url, VisibilityTimeout=43_200)
    wait(3_600)
    hide(url, handle, 39_600)
    call = client("sqs").change_message_visibility
    message = refused("InvalidParameterValue", call, QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=39_601)
    assert "beyond the limit [43200 seconds]" in message


@pytest.mark.parametrize(
    ("longer", "seen"), [(0, []), (1, ["g-1"]), (2, ["g-1", "g-2"])], ids=["first", "second", "third"]
)
def test_a_group_shows_what_lies_before_the_first_hidden_message(longer: int, seen: list[str]) -> None:
    url = fifo("g-1", "g-2", "g-3")
    found = handles(url, VisibilityTimeout=1)
    hide(url, found[longer], 4)
    wait(2)
    assert got(url) == seen


def test_a_message_that_is_given_back_is_seen_while_later_ones_of_its_group_are_in_flight() -> None:
    url = fifo("a-1", "a-2", "b-1")
    first, _ = handles(url, 2)
    hide(url, first, 0)
    assert got(url, 3) == ["b-1", "a-1"]


def test_a_group_gives_nothing_while_part_of_what_was_received_is_in_flight() -> None:
    url = fifo("a-1", "b-1", "a-2", "b-2", "a-3")
    first, second = handles(url, 2)
    delete(url, first)
    assert got(url) == ["b-1", "b-2"]
    delete(url, second)
    assert got(url) == ["a-3"]


def test_a_receive_takes_as_much_of_one_group_as_it_can_before_the_next() -> None:
    url = fifo("a-1", "b-1", "b-2", "c-1", "a-2")
    assert got(url, 3, VisibilityTimeout=0) == ["a-1", "a-2", "b-1"]
    assert got(url, VisibilityTimeout=0) == ["c-1", "a-1", "a-2", "b-1", "b-2"]


def test_only_what_was_received_counts_as_in_flight_in_a_group() -> None:
    url = fifo("a-1", "a-2", "b-1", "b-2")
    got(url, 1)
    assert depths(url) == [3, 1, 0]


def test_a_deduplication_id_counts_for_five_minutes_even_after_a_delete_and_not_after_a_purge() -> None:
    url = fifo("g-1")
    delete(url, handles(url)[0])
    fifo("g-1")
    assert got(url) == []
    client("sqs").purge_queue(QueueUrl=url)
    fifo("g-1")
    assert got(url, VisibilityTimeout=0) == ["g-1"]
    wait(300)
    fifo("g-1")
    assert got(url) == ["g-1", "g-1"]


def test_who_sends_twice_is_answered_with_the_first_message() -> None:
    url = fifo()
    first, again, other = (
        client("sqs").send_message(QueueUrl=url, MessageBody="x", MessageGroupId="g", MessageDeduplicationId=name)
        for name in ("1", "1", "2")
    )
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert int(other["SequenceNumber"]) > int(first["SequenceNumber"])


def test_deduplication_by_group_tells_groups_apart() -> None:
    url = queue("high.fifo", ContentBasedDeduplication="true", DeduplicationScope="messageGroup")
    for group in ("a", "b"):
        send(url, "same", MessageGroupId=group)
    assert got(url) == ["same", "same"]


def test_a_receive_asked_for_again_by_its_id_gives_the_same_messages_and_handles() -> None:
    url = fifo("a-1", "a-2", "b-1")
    once = handles(url, 2, ReceiveRequestAttemptId="one", VisibilityTimeout=10)
    wait(9)
    assert handles(url, 2, ReceiveRequestAttemptId="one", VisibilityTimeout=10) == once
    wait(9)
    delete(url, once[0])
    delete(url, once[1])


@pytest.mark.parametrize(
    "between",
    [
        lambda url, first: delete(url, first),
        lambda url, first: hide(url, first, 20),
        lambda _url, _first: wait(300),
    ],
    ids=["deleted", "hidden", "late"],
)
def test_a_receive_is_not_repeated_after_what_it_gave_changed(between: Callable[[str, str], None]) -> None:
    url = fifo("a-1", "a-2", "b-1", "b-2")
    first, _ = handles(url, 2, ReceiveRequestAttemptId="one", VisibilityTimeout=1000)
    between(url, first)
    assert got(url, 2, ReceiveRequestAttemptId="one") == ["b-1", "b-2"]


def test_a_receive_of_a_standard_queue_has_no_id() -> None:
    url = queue("plain")
    send(url, "x")
    assert got(url, ReceiveRequestAttemptId="one") == ["x"]
    assert got(url, ReceiveRequestAttemptId="one") == []


def test_a_standard_queue_refuses_when_too_much_is_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules_sqs_messages, "IN_FLIGHT_AT_MOST", 2)
    url = queue("plain")
    for body in "abc":
        send(url, body)
    first, _ = handles(url, 2)
    refused("OverLimit", client("sqs").receive_message, QueueUrl=url)
    delete(url, first)
    assert got(url) == ["c"]


def test_a_fifo_queue_says_nothing_when_too_much_is_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules_sqs_messages, "IN_FLIGHT_AT_MOST", 2)
    url = fifo("a-1", "b-1", "c-1")
    handles(url, 2)
    assert got(url) == []


def test_a_short_poll_may_miss_what_a_long_poll_finds() -> None:
    url = queue("plain")
    for number in range(6):
        send(url, str(number))
    ask = client("sqs").receive_message
    params = {"QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0}
    polls = [{one["Body"] for one in ask(**params)["Messages"]} for _ in range(3)]
    assert [len(one) for one in polls] == [4, 4, 4]
    assert len(set.union(*polls)) == 6
    assert len(ask(**params, WaitTimeSeconds=1)["Messages"]) == 6


def test_a_short_poll_finds_nothing_of_the_only_message_now_and_then() -> None:
    url = queue("plain")
    send(url)
    ask = client("sqs").receive_message
    seen = [len(ask(QueueUrl=url, VisibilityTimeout=0).get("Messages", [])) for _ in range(6)]
    assert seen == [1, 1, 0, 1, 1, 0]


def test_a_queue_set_to_long_polls_is_not_sampled() -> None:
    url = queue("plain", ReceiveMessageWaitTimeSeconds="1")
    send(url)
    ask = client("sqs").receive_message
    assert all(ask(QueueUrl=url, VisibilityTimeout=0).get("Messages") for _ in range(3))


def test_counts_tell_what_was_there_when_sqs_counted_last(account: World) -> None:
    conditions(account.account).durations = Durations(queue_counts=60)
    url = queue("plain")
    CLOCK.move_to(CLOCK.now() // 60 * 60 + 60)
    send(url, "a")
    send(url, "b")
    assert depths(url) == [0, 0, 0]
    wait(30)
    got(url, 1, VisibilityTimeout=600)
    assert depths(url) == [0, 0, 0]
    wait(30)
    assert depths(url) == [1, 1, 0]
    got(url, 1, VisibilityTimeout=600)
    wait(59)
    assert depths(url) == [1, 1, 0]
    wait(1)
    assert depths(url) == [0, 2, 0]


def test_a_count_does_not_know_what_happened_after_it(account: World) -> None:
    conditions(account.account).durations = Durations(queue_counts=60)
    url = queue("plain")
    CLOCK.move_to(CLOCK.now() // 60 * 60 + 60)
    send(url, "a", DelaySeconds=90)
    wait(85)
    assert depths(url) == [0, 0, 1]
    wait(10)
    assert got(url, VisibilityTimeout=0) == ["a"]
    assert depths(url) == [0, 0, 1]
    wait(25)
    assert depths(url) == [1, 0, 0]


def test_a_message_is_gone_when_its_retention_is_over() -> None:
    url = queue("plain", MessageRetentionPeriod="60")
    send(url, "old")
    wait(30)
    send(url, "new")
    wait(30)
    assert depths(url) == [1, 0, 0]
    assert got(url) == ["new"]


def test_what_was_received_too_often_is_no_longer_known_by_its_handles() -> None:
    main, dead = pair()
    send(main, "x")
    (handle,) = handles(main)
    assert (got(main), got(dead, VisibilityTimeout=0)) == ([], ["x"])
    delete(main, handle)
    refused("ReceiptHandleIsInvalid", client("sqs").delete_message, QueueUrl=dead, ReceiptHandle=handle)


@pytest.mark.parametrize(("done", "left"), [(True, 0), (False, 1)], ids=["done", "failed"])
def test_what_a_function_could_not_do_is_seen_again(
    done: bool, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moto.awslambda.models import LambdaBackend

    given: list[str] = []

    def batch(_: Any, _mapping: str, messages: list[Any], _queue: str) -> bool:
        given.extend(one.body for one in messages)
        return done

    monkeypatch.setattr(LambdaBackend, "send_sqs_batch", batch)
    url = queue("work")
    code = "def lambda_handler(event, context): pass"
    client("lambda").create_event_source_mapping(FunctionName=function(code), EventSourceArn=arn(url))
    send(url, "x")
    assert (given, depths(url)) == (["x"], [left, 0, 0])
