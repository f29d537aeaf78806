"""SQS's rules around moto: each where moto alone is laxer, each from a fact about AWS."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from opsctl.sandbox.rules import sqs_messages as rules_sqs_messages
from tests.kit.moto_account import client, fresh_world, server
from tests.kit.queues import TRACE, arn, attribute, count, fail, pair, queue, receive, redrive, refused, send


@pytest.fixture(autouse=True)
def account() -> Iterator[None]:
    server()
    with fresh_world():
        yield


def test_a_dead_letter_is_the_same_message_and_names_its_source() -> None:
    main, dead = pair()
    sent = send(main, "body", MessageSystemAttributes=TRACE)
    (before,) = receive(main)
    receive(main)
    (after,) = receive(dead)
    told = after["Attributes"]
    assert (after["MessageId"], after["Body"]) == (sent, "body")
    assert told["DeadLetterQueueSourceArn"] == arn(main)
    assert told["AWSTraceHeader"] == TRACE["AWSTraceHeader"]["StringValue"]
    assert told["SentTimestamp"] == before["Attributes"]["SentTimestamp"]
    assert told["ApproximateReceiveCount"] == "2"


@pytest.mark.parametrize("parameter", ["AttributeNames", "MessageSystemAttributeNames"])
def test_the_source_of_a_dead_letter_is_told_to_whoever_asks_for_it(parameter: str) -> None:
    main, dead = pair()
    send(main)
    fail(main)
    asked = client("sqs").receive_message
    assert "Attributes" not in asked(QueueUrl=dead, VisibilityTimeout=0)["Messages"][0]
    told = asked(QueueUrl=dead, **{parameter: ["DeadLetterQueueSourceArn"]})["Messages"][0]["Attributes"]
    assert told == {"DeadLetterQueueSourceArn": arn(main)}


def test_a_dead_letter_of_a_fifo_queue_gets_its_id_for_its_deduplication_id() -> None:
    main, dead = pair("ledger", ".fifo")
    sent = send(main, MessageGroupId="a", MessageDeduplicationId="mine")
    fail(main)
    assert receive(dead)[0]["Attributes"]["MessageDeduplicationId"] == sent


def entry(name: str, body: str = "{}", attributes: int = 0, **more: Any) -> dict[str, Any]:
    many = {f"a{number}": {"DataType": "String", "StringValue": "x"} for number in range(attributes)}
    return {"Id": name, "MessageBody": body, "MessageAttributes": many} | more


def test_a_batch_keeps_trace_headers_and_groups_on_a_standard_queue() -> None:
    url = queue("plain")
    entries = [entry("traced", MessageSystemAttributes=TRACE, MessageGroupId="a"), entry("bare")]
    client("sqs").send_message_batch(QueueUrl=url, Entries=entries)
    traced, bare = (found["Attributes"] for found in receive(url))
    assert traced["AWSTraceHeader"] == TRACE["AWSTraceHeader"]["StringValue"]
    assert traced["MessageGroupId"] == "a"
    assert not {"AWSTraceHeader", "MessageGroupId"} & set(bare)


def test_a_message_has_at_most_ten_attributes() -> None:
    url = queue("plain")
    many = entry("x", attributes=11)["MessageAttributes"]
    call = client("sqs").send_message
    message = refused("InvalidParameterValue", call, QueueUrl=url, MessageBody="x", MessageAttributes=many)
    assert message == "Number of message attributes [11] exceeds the allowed maximum [10]."
    send(url, MessageAttributes=dict(list(many.items())[:10]))


KEY = {"k": {"DataType": "String", "StringValue": "x"}}
"""Eight bytes of attributes."""


def test_the_attributes_of_a_message_count_in_its_size() -> None:
    url = queue("small", MaximumMessageSize="1024")
    send(url, "a" * 1016, MessageAttributes=KEY)
    send(url, "\u00e9" * 512)
    call = client("sqs").send_message
    for body, more in (("a" * 1017, {"MessageAttributes": KEY}), ("\u00e9" * 513, {})):
        message = refused("InvalidParameterValue", call, QueueUrl=url, MessageBody=body, **more)
        assert message == ("One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.")


def test_an_entry_that_is_too_large_fails_alone() -> None:
    url = queue("small", MaximumMessageSize="1024")
    entries = [entry("large", "a" * 1025), entry("good", "a" * 1024)]
    answer = client("sqs").send_message_batch(QueueUrl=url, Entries=entries)
    assert [one["Id"] for one in answer["Successful"]] == ["good"]
    (failed,) = answer["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("large", "InvalidParameterValue", True)
    assert failed["Message"] == (
        "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes."
    )


def test_a_batch_that_is_too_large_is_refused_as_a_whole() -> None:
    url = queue("plain")
    entries = [entry("1", "a" * (1_048_576 - 8)) | {"MessageAttributes": KEY}, entry("2", "a")]
    call = client("sqs").send_message_batch
    message = refused("AWS.SimpleQueueService.BatchRequestTooLong", call, QueueUrl=url, Entries=entries)
    assert message == "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes."
    assert count(url) == 0


def test_at_most_ten_entries_are_deleted_or_hidden_at_once() -> None:
    url = queue("plain")
    entries = [{"Id": f"{number}", "ReceiptHandle": f"{number}"} for number in range(20)]
    told = "Maximum number of entries per request are 10. You have sent 20."
    code, sqs = "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", client("sqs")
    assert refused(code, sqs.delete_message_batch, QueueUrl=url, Entries=entries) == told
    hidden = [one | {"VisibilityTimeout": 1} for one in entries]
    assert refused(code, sqs.change_message_visibility_batch, QueueUrl=url, Entries=hidden) == told


def test_the_ids_of_a_batch_differ() -> None:
    url = queue("plain")
    entries = [{"Id": "same", "ReceiptHandle": f"{number}", "VisibilityTimeout": 1} for number in range(2)]
    call = client("sqs").change_message_visibility_batch
    message = refused("AWS.SimpleQueueService.BatchEntryIdsNotDistinct", call, QueueUrl=url, Entries=entries)
    assert message == "Id same repeated."


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\ufffe"])
def test_a_body_has_only_characters_that_xml_has(character: str) -> None:
    url = queue("plain")
    refused("InvalidMessageContents", client("sqs").send_message, QueueUrl=url, MessageBody=f"a{character}b")
    send(url, "\t\r\n ü \U0001f600 \ufffd")


@pytest.mark.parametrize(
    ("bad", "code"),
    [(entry("bad", attributes=11), "InvalidParameterValue"), (entry("bad", "\x01"), "InvalidMessageContents")],
)
def test_a_bad_entry_of_a_batch_fails_alone(bad: dict[str, Any], code: str) -> None:
    url = queue("plain")
    answer = client("sqs").send_message_batch(QueueUrl=url, Entries=[entry("first"), bad, entry("last")])
    assert [one["Id"] for one in answer["Successful"]] == ["first", "last"]
    assert [(one["Id"], one["Code"], one["SenderFault"]) for one in answer["Failed"]] == [("bad", code, True)]
    assert count(url) == 2


def test_a_batch_with_an_id_twice_is_refused_before_anything_is_sent() -> None:
    url = queue("plain")
    call = client("sqs").send_message_batch
    entries = [entry("one"), entry("one", attributes=11)]
    refused("AWS.SimpleQueueService.BatchEntryIdsNotDistinct", call, QueueUrl=url, Entries=entries)
    assert count(url) == 0


def test_a_message_of_a_fifo_queue_has_no_delay_of_its_own() -> None:
    url = queue("ledger.fifo")
    fifo: dict[str, Any] = {"MessageGroupId": "a", "MessageDeduplicationId": "b", "DelaySeconds": 5}
    refused("InvalidParameterValue", client("sqs").send_message, QueueUrl=url, MessageBody="x", **fifo)
    answer = client("sqs").send_message_batch(QueueUrl=url, Entries=[entry("late", **fifo)])
    assert [(one["Id"], one["Code"]) for one in answer["Failed"]] == [("late", "InvalidParameterValue")]


def test_a_dead_letter_queue_may_refuse_every_source() -> None:
    dead = queue("dlq", RedriveAllowPolicy=json.dumps({"redrivePermission": "denyAll"}))
    policy = {"RedrivePolicy": redrive(dead)}
    refused("InvalidParameterValue", client("sqs").create_queue, QueueName="main", Attributes=policy)
    main = queue("main")
    both = policy | {"DelaySeconds": "7"}
    refused("InvalidParameterValue", client("sqs").set_queue_attributes, QueueUrl=main, Attributes=both)
    assert (attribute(main, "RedrivePolicy"), attribute(main, "DelaySeconds")) == ("", "0")


def test_a_dead_letter_queue_may_allow_the_sources_it_names_alone() -> None:
    named, other, dead = queue("named"), queue("other"), queue("dlq")
    allowed = {"redrivePermission": "byQueue", "sourceQueueArns": [arn(named)]}
    call = client("sqs").set_queue_attributes
    call(QueueUrl=dead, Attributes={"RedriveAllowPolicy": json.dumps(allowed)})
    assert json.loads(attribute(dead, "RedriveAllowPolicy")) == allowed
    call(QueueUrl=named, Attributes={"RedrivePolicy": redrive(dead)})
    refused("InvalidParameterValue", call, QueueUrl=other, Attributes={"RedrivePolicy": redrive(dead)})
    call(QueueUrl=dead, Attributes={"RedriveAllowPolicy": ""})
    call(QueueUrl=other, Attributes={"RedrivePolicy": redrive(dead)})


@pytest.mark.parametrize(
    "policy",
    [
        {"redrivePermission": "sometimes"},
        {"redrivePermission": "byQueue"},
        {"redrivePermission": "denyAll", "sourceQueueArns": ["arn:aws:sqs:us-east-1:200000000000:x"]},
        {"redrivePermission": "byQueue", "sourceQueueArns": ["arn:aws:sqs:us-east-1:200000000000:x"] * 11},
    ],
)
def test_a_redrive_allow_policy_is_one_of_three_and_names_up_to_ten_sources(policy: dict[str, Any]) -> None:
    attributes = {"RedriveAllowPolicy": json.dumps(policy)}
    refused("InvalidParameterValue", client("sqs").create_queue, QueueName="dlq", Attributes=attributes)


@pytest.mark.parametrize(("main", "dead"), [("main", "dlq.fifo"), ("main.fifo", "dlq")])
def test_a_dead_letter_queue_is_of_its_sources_type(main: str, dead: str) -> None:
    policy = {"RedrivePolicy": redrive(queue(dead))}
    call = client("sqs").set_queue_attributes
    refused("InvalidParameterValue", call, QueueUrl=queue(main), Attributes=policy)


def test_receivers_at_the_same_moment_never_share_a_message_group(monkeypatch: pytest.MonkeyPatch) -> None:
    url = queue("ledger.fifo")
    for number in range(3):
        send(url, str(number), MessageGroupId="A-1", MessageDeduplicationId=str(number))

    def slowly(_: Any) -> Any:
        """While a receive looks at the messages, the other receivers would get their turn, if they could."""
        return lambda _: time.sleep(0.02)

    def look(_: int) -> int:
        return len(client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=1).get("Messages", []))

    monkeypatch.setattr(rules_sqs_messages, "_is_spent", slowly)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(look, range(4))) == 1
