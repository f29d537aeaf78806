"""SQS's message move tasks: each rule from the API reference or from what AWS was seen to answer."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from opsctl.sandbox.engine.clock import HandClock
from opsctl.sandbox.engine.conditions import set_conditions
from tests.kit.moto_account import client, fresh_world, server
from tests.kit.queues import TRACE, arn, count, fail, pair, queue, receive, redrive, refused, send

CLOCK = HandClock()


@pytest.fixture(autouse=True)
def account() -> Iterator[None]:
    server()
    with fresh_world() as world:
        set_conditions(world.account, clock=CLOCK)
        yield


@pytest.fixture
def wait() -> Callable[[float], None]:
    """Let time pass, without passing it."""
    return lambda seconds: CLOCK.move_to(CLOCK.now() + seconds)


def start(dead: str, **more: Any) -> str:
    handle: str = client("sqs").start_message_move_task(SourceArn=arn(dead), **more)["TaskHandle"]
    return handle


def newest(dead: str, **more: Any) -> dict[str, Any]:
    listed = client("sqs").list_message_move_tasks(SourceArn=arn(dead), **more)["Results"]
    found: dict[str, Any] = listed[0]
    return found


def test_a_task_is_refused_for_a_queue_that_is_no_queues_dead_letter_queue() -> None:
    message = refused(
        "InvalidParameterValue", client("sqs").start_message_move_task, SourceArn=arn(queue("plain"))
    )
    assert message == "Source queue must be configured as a Dead Letter Queue."


def test_a_task_is_refused_for_queues_that_do_not_exist() -> None:
    _, dead = pair()
    there, gone = arn(dead), arn(dead) + "-gone"
    call = client("sqs").start_message_move_task
    assert "SourceArn" in refused("ResourceNotFoundException", call, SourceArn=gone)
    assert "DestinationArn" in refused("ResourceNotFoundException", call, SourceArn=there, DestinationArn=gone)


def test_a_task_moves_within_its_source_queues_type_and_never_onto_itself() -> None:
    _, dead = pair()
    call, fifo = client("sqs").start_message_move_task, queue("other.fifo")
    refused("InvalidParameterValue", call, SourceArn=arn(dead), DestinationArn=arn(dead))
    refused("InvalidParameterValue", call, SourceArn=arn(dead), DestinationArn=arn(fifo))


@pytest.mark.parametrize("rate", [0, 501])
def test_a_task_moves_between_one_and_500_messages_a_second(rate: int) -> None:
    _, dead = pair()
    call = client("sqs").start_message_move_task
    refused("InvalidParameterValue", call, SourceArn=arn(dead), MaxNumberOfMessagesPerSecond=rate)


def test_one_source_has_one_active_task() -> None:
    main, dead = pair()
    send(dead)
    start(dead, DestinationArn=arn(main), MaxNumberOfMessagesPerSecond=1)
    message = refused("InvalidParameterValue", client("sqs").start_message_move_task, SourceArn=arn(dead))
    assert message.startswith("There is already a task running.")


def test_a_task_without_a_destination_brings_each_message_back_to_its_own_source() -> None:
    dead = queue("shared-dlq")
    mains = [queue(name, RedrivePolicy=redrive(dead), VisibilityTimeout="0") for name in ("one", "two")]
    for main in mains:
        send(main, main)
        fail(main)
    assert count(dead) == 2
    start(dead)
    assert [[found["Body"] for found in receive(main)] for main in mains] == [[main] for main in mains]
    assert (newest(dead)["Status"], count(dead)) == ("COMPLETED", 0)
    assert "DestinationArn" not in newest(dead)


def test_a_moved_message_is_a_new_one_with_what_its_sender_said(wait: Callable[[float], None]) -> None:
    main, dead = pair()
    kept = {"MessageAttributes": {"kind": {"DataType": "String", "StringValue": "paid"}}}
    old = send(main, "body", MessageSystemAttributes=TRACE, MessageGroupId="a", **kept)
    (before,) = receive(main)
    receive(main)
    wait(60)
    start(dead)
    (after,) = receive(main)
    told = after["Attributes"]
    assert after["MessageId"] != old
    assert int(told["SentTimestamp"]) >= int(before["Attributes"]["SentTimestamp"]) + 59_000
    assert told["ApproximateReceiveCount"] == "1"
    assert "DeadLetterQueueSourceArn" not in told
    assert (after["Body"], after["MessageAttributes"]["kind"]["StringValue"]) == ("body", "paid")
    assert (told["AWSTraceHeader"], told["MessageGroupId"]) == (TRACE["AWSTraceHeader"]["StringValue"], "a")


def test_a_task_fails_at_a_message_that_was_sent_to_the_dead_letter_queue_itself() -> None:
    _, dead = pair()
    send(dead)
    start(dead)
    told = newest(dead)
    assert (told["Status"], told["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    assert "TaskHandle" not in told
    assert count(dead) == 1


def test_a_task_fails_when_its_destination_goes_away(wait: Callable[[float], None]) -> None:
    _, dead = pair()
    target = queue("target")
    for _ in range(3):
        send(dead)
    start(dead, DestinationArn=arn(target), MaxNumberOfMessagesPerSecond=1)
    wait(1)
    assert newest(dead)["ApproximateNumberOfMessagesMoved"] == 1
    client("sqs").delete_queue(QueueUrl=target)
    wait(1)
    told = newest(dead)
    assert (told["Status"], told["FailureReason"]) == ("FAILED", "AWS.SimpleQueueService.NonExistentQueue")
    assert (told["ApproximateNumberOfMessagesMoved"], count(dead)) == (1, 2)


def test_a_task_moves_at_its_rate_as_time_passes(wait: Callable[[float], None]) -> None:
    main, dead = pair()
    for _ in range(5):
        send(dead)
    began = int(CLOCK.now() * 1000)
    handle = start(dead, DestinationArn=arn(main), MaxNumberOfMessagesPerSecond=2)
    assert newest(dead) == {
        "TaskHandle": handle,
        "Status": "RUNNING",
        "SourceArn": arn(dead),
        "DestinationArn": arn(main),
        "MaxNumberOfMessagesPerSecond": 2,
        "ApproximateNumberOfMessagesMoved": 0,
        "ApproximateNumberOfMessagesToMove": 5,
        "StartedTimestamp": began,
    }
    wait(1)
    assert (count(main), count(dead)) == (2, 3)
    wait(0.4)
    assert count(main) == 2
    wait(10)
    told = newest(dead)
    assert (told["Status"], told["ApproximateNumberOfMessagesMoved"], count(main)) == ("COMPLETED", 5, 5)
    assert "TaskHandle" not in told


def test_a_task_leaves_what_is_in_flight() -> None:
    main, dead = pair()
    send(dead, "seen")
    receive(dead, VisibilityTimeout=60)
    send(dead, "free")
    start(dead, DestinationArn=arn(main))
    assert [found["Body"] for found in receive(main)] == ["free"]
    assert newest(dead)["Status"] == "COMPLETED"


def test_a_task_keeps_the_order_of_a_group_and_leaves_the_groups_that_are_in_flight() -> None:
    main, dead = pair("ledger", ".fifo")
    for number, group in enumerate(("a", "a", "b", "b")):
        send(dead, str(number), MessageGroupId=group, MessageDeduplicationId=str(number))
    receive(dead, MaxNumberOfMessages=1, VisibilityTimeout=60)
    start(dead, DestinationArn=arn(main))
    assert [found["Body"] for found in receive(main)] == ["2", "3"]


def test_tasks_are_listed_newest_first_and_one_by_default() -> None:
    main, dead = pair()
    for number in (1, 2):
        for _ in range(number):
            send(dead)
        start(dead, DestinationArn=arn(main))
        assert newest(dead)["ApproximateNumberOfMessagesMoved"] == number
    call, source = client("sqs").list_message_move_tasks, {"SourceArn": arn(dead)}
    assert len(call(**source)["Results"]) == 1
    moved = [one["ApproximateNumberOfMessagesMoved"] for one in call(**source, MaxResults=10)["Results"]]
    assert moved == [2, 1]
    refused("InvalidParameterValue", call, **source, MaxResults=11)
    refused("ResourceNotFoundException", call, SourceArn=source["SourceArn"] + "-gone")


def test_a_cancelled_task_goes_on_for_a_moment_and_then_stops(wait: Callable[[float], None]) -> None:
    main, dead = pair()
    for _ in range(9):
        send(dead)
    handle = start(dead, DestinationArn=arn(main), MaxNumberOfMessagesPerSecond=1)
    wait(1)
    assert client("sqs").cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"] == 1
    told = newest(dead)
    assert told["Status"] == "CANCELLING"
    assert "TaskHandle" not in told
    wait(60)
    told = newest(dead)
    assert (told["Status"], told["ApproximateNumberOfMessagesMoved"], count(dead)) == ("CANCELLED", 3, 6)


def test_only_a_running_task_can_be_cancelled() -> None:
    main, dead = pair()
    call = client("sqs").cancel_message_move_task
    unknown = base64.b64encode(json.dumps({"taskId": "x", "sourceArn": arn(dead)}).encode()).decode()
    refused("ResourceNotFoundException", call, TaskHandle=unknown)
    refused("ResourceNotFoundException", call, TaskHandle=start(dead, DestinationArn=arn(main)))
    refused("InvalidParameterValue", call, TaskHandle="no handle")


def test_a_long_poll_sees_what_is_moved_while_it_waits(wait: Callable[[float], None]) -> None:
    from moto.sqs.models import sqs_backends

    main, dead = pair()
    send(dead)
    start(dead, DestinationArn=arn(main), MaxNumberOfMessagesPerSecond=1)
    _, _, _, region, account, name = arn(main).split(":")
    polled = sqs_backends[account][region].queues[name]
    wait(1)
    assert polled.messages == []
    polled.wait_for_messages(0)
    assert len(polled.messages) == 1
