"""What kind of dead letter a message is; shapes as recorded from real accounts."""

import json

import pytest

from opsctl.dlq.dead_letter import dead_letter_of, same_cause, shape_of
from opsctl.model.value import Json

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:resize:$LATEST"


def message(body: Json, *, system: Json = None, **attributes: Json) -> Json:
    return {
        "MessageId": "m-1",
        "ReceiptHandle": "h-1",
        "Body": body if isinstance(body, str) else json.dumps(body),
        "Attributes": system or {},
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    }


def record(condition: str = "RetriesExhausted", **more: Json) -> Json:
    return {
        "version": "1.0",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "requestContext": {
            "requestId": "r-1",
            "functionArn": FUNCTION,
            "condition": condition,
            "approximateInvokeCount": 3,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        **more,
    }


def test_sqs_names_the_queue_a_message_died_on() -> None:
    letter = dead_letter_of(message("x", system={"DeadLetterQueueSourceArn": "arn:aws:sqs:us-east-1:1:orders"}))
    assert (letter.kind, letter.origin) == ("sqs", "arn:aws:sqs:us-east-1:1:orders")


def test_what_sqs_says_of_the_source_counts_before_the_attribute() -> None:
    kept, told = "arn:aws:sqs:eu-west-1:123456789012:kept", "arn:aws:sqs:eu-west-1:123456789012:told"
    both = message("x", system={"DeadLetterQueueSourceArn": told}, **{"opsctl-origin": kept})
    assert dead_letter_of(both).origin == told
    alone = dead_letter_of(message("x", **{"opsctl-origin": kept}))
    assert (alone.kind, alone.origin) == ("sqs", kept)


def test_lambda_puts_its_reason_into_attributes_and_leaves_the_event_as_it_was() -> None:
    letter = dead_letter_of(message({"key": 1}, RequestID="r", ErrorCode="200", ErrorMessage="timed out"))
    assert (letter.kind, letter.code, letter.cause) == ("lambda-async", "200", "timed out")
    assert letter.payload == '{"key": 1}'


def test_a_destination_record_holds_the_payload_and_names_the_function() -> None:
    letter = dead_letter_of(
        message(record(requestPayload={"key": 1}, responsePayload={"errorMessage": "no", "errorType": "E"}))
    )
    assert (letter.kind, letter.origin, letter.code, letter.cause) == (
        "lambda-destination",
        FUNCTION,
        "Unhandled",
        "no",
    )
    assert json.loads(letter.payload) == {"key": 1}


def test_a_record_of_a_success_is_never_to_be_invoked_again() -> None:
    letter = dead_letter_of(message(record("Success", requestPayload={}, responsePayload={})))
    assert "success" in letter.refused


@pytest.mark.parametrize("kind", ["KinesisBatchInfo", "DDBStreamBatchInfo"])
def test_a_failed_stream_batch_names_its_shard_and_holds_no_records(kind: str) -> None:
    info = {"shardId": "shardId-0", "startSequenceNumber": "1", "endSequenceNumber": "9", "streamArn": "arn"}
    letter = dead_letter_of(message(record("RetryAttemptsExhausted", **{kind: info})))
    assert letter.kind == "stream"
    assert letter.payload is None
    assert letter.stream == {"kind": kind, **info}


def test_a_failed_kafka_batch_is_recognised_and_refused() -> None:
    letter = dead_letter_of(message(record("RetryAttemptsExhausted", KafkaBatchInfo={"batchSize": 1})))
    assert (letter.kind, letter.origin) == ("stream", FUNCTION)
    assert letter.refused


def test_what_sqs_put_there_is_sqs_whatever_it_looks_like() -> None:
    source = {"DeadLetterQueueSourceArn": "arn:aws:sqs:us-east-1:1:orders"}
    assert dead_letter_of(message(record("Success", requestPayload={}), system=source)).kind == "sqs"
    assert dead_letter_of(message("{}", system=source, RequestID="r", ErrorCode="200")).kind == "sqs"


def test_an_sns_envelope_names_the_subscription_in_its_unsubscribe_link() -> None:
    subscription = "arn:aws:sns:us-east-1:123456789012:alerts:1111"
    link = f"https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={subscription}"
    letter = dead_letter_of(
        message({"Type": "Notification", "TopicArn": "arn:t", "Message": "hi", "UnsubscribeURL": link})
    )
    assert (letter.kind, letter.origin, letter.payload) == ("sns", subscription, "hi")


def test_an_envelope_that_carries_a_record_of_a_failure_tells_its_cause() -> None:
    told = record(requestPayload={"key": 1}, responsePayload={"errorMessage": "no"})
    letter = dead_letter_of(message({"Type": "Notification", "TopicArn": "arn:t", "Message": json.dumps(told)}))
    assert (letter.kind, letter.cause, letter.code, letter.request) == ("sns", "no", "Unhandled", "r-1")
    assert letter.inside is not None
    assert letter.inside.origin == FUNCTION


def test_eventbridge_names_rule_target_and_code() -> None:
    letter = dead_letter_of(message({"detail": {}}, RULE_ARN="r", TARGET_ARN="t", ERROR_CODE="NO_PERMISSIONS"))
    assert (letter.kind, letter.rule, letter.origin, letter.code) == ("eventbridge", "r", "t", "NO_PERMISSIONS")


def test_a_truncated_schedule_payload_is_refused() -> None:
    letter = dead_letter_of(message("{}", SCHEDULE_ARN="s", TARGET_ARN="t", IS_PAYLOAD_TRUNCATED="true"))
    assert letter.payload is None
    assert "truncated" in letter.refused


def test_a_custom_bus_record_is_recognised_and_refused() -> None:
    body = {"version": "0", "busArn": "b", "subscriberArn": "s", "targetArn": "t", "failedMessages": []}
    assert dead_letter_of(message(body)).kind == "custom-bus"
    assert dead_letter_of(message(body)).refused


@pytest.mark.parametrize(
    "body", ["", "{", "[[" * 20000, '{"requestContext": 5}', '{"requestContext": {}}', "null"]
)
def test_no_body_is_too_strange(body: str) -> None:
    assert dead_letter_of(message(body)).kind == "plain"
    assert shape_of(body)


@pytest.mark.parametrize(
    ("body", "shape"),
    [("null", "null"), ("5", "number"), ("5.5", "number"), ("true", "true or false"), ('"x"', "text")],
)
def test_the_shape_of_a_body_is_told_in_words_of_json(body: str, shape: str) -> None:
    assert shape_of(body) == f"JSON {shape}"


def test_an_envelope_with_a_broken_link_names_no_subscription() -> None:
    told = dead_letter_of(message({"Type": "Notification", "TopicArn": "t", "UnsubscribeURL": "https://[x"}))
    assert (told.kind, told.origin) == ("sns", "")


def test_causes_that_differ_only_in_ids_and_numbers_are_the_same() -> None:
    one = same_cause("Task 6f4e2b1c-0000-4000-8000-000000000001 timed out after 3.00 seconds")
    assert one == same_cause("Task 6f4e2b1c-0000-4000-8000-0000000000ff timed out after 30.10 seconds")
    assert one != same_cause("Task 1 failed")
