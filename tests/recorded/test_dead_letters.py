"""What each recorded message in a dead-letter queue is read as: all of it, not only its kind."""

import json

import pytest

from opsctl.dlq.dead_letter import dead_letter_of
from opsctl.model.value import Json
from tests.recorded.shapes import (
    ACCOUNT,
    CLICKS,
    FUNCTION,
    LATEST,
    QUEUE,
    REGION,
    REQUEST,
    RULE,
    SUBSCRIBED,
    TABLE,
    TOPIC,
    batch,
    binary,
    discarded,
    envelope,
    event,
    fifo_envelope,
    raised,
    received,
    record,
    text,
)

BY_SQS = "received more often than the source queue allows"
BY_SNS = "SNS could not deliver it to the subscriber"
SUCCESS = "this records a success: invoking again would repeat what worked"
NO_RECORDS = "only batches of Kinesis and DynamoDB streams can be read again"
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
FAILED_ASYNC = {
    "ErrorCode": text("200", "Number"),
    "ErrorMessage": text("Test exception (this is intentional)"),
    "RequestID": text(REQUEST),
}
BUS_RECORD = {
    "detail-type": "Lambda Function Invocation Result - Failure",
    "source": "lambda",
    "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/results", LATEST],
}
FIFO, OTHER_REGION = f"{TOPIC}.fifo", f"arn:aws:sns:eu-west-1:{ACCOUNT}:orders"

SCHEDULE = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/nightly"
RESIZED_EVENT = json.dumps({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": '{"raise_error": 1}'}}]})


def asynchronous(payload: str = '{"raise_error": 1}') -> dict[str, Json]:
    return {
        "kind": "lambda-async",
        "code": "200",
        "cause": "Test exception (this is intentional)",
        "payload": payload,
        "request": REQUEST,
    }


def destination(cause: str, payload: str, code: str = "Unhandled") -> dict[str, Json]:
    return {
        "kind": "lambda-destination",
        "origin": LATEST,
        "code": code,
        "cause": cause,
        "payload": payload,
        "request": REQUEST,
    }


def stream(arn: str, condition: str = "RetryAttemptsExhausted") -> dict[str, Json]:
    info = "KinesisBatchInfo" if arn == CLICKS else "DDBStreamBatchInfo"
    return {
        "kind": "stream",
        "origin": FUNCTION,
        "code": condition,
        "cause": condition,
        "stream": {"kind": info, **batch(arn)},
        "request": REQUEST,
    }


def kafka(condition: str = "RetryAttemptsExhausted", origin: str = FUNCTION) -> dict[str, Json]:
    told: dict[str, Json] = {"kind": "stream", "origin": origin, "code": condition, "cause": condition}
    return {**told, "refused": NO_RECORDS, "request": REQUEST}


def notification(payload: str, topic: str = TOPIC) -> dict[str, Json]:
    origin = f"{topic}:{SUBSCRIBED}"
    return {"kind": "sns", "origin": origin, "rule": topic, "cause": BY_SNS, "payload": payload}


def carrying(inside: dict[str, Json], payload: str) -> dict[str, Json]:
    """A notification that carries the record of a failure, whose reason it then has."""
    told: dict[str, Json] = {name: inside[name] for name in ("code", "cause", "request") if name in inside}
    return {**notification(payload), **told, "inside": inside}


def of_rule(code: str, cause: str, target: str = QUEUE) -> dict[str, Json]:
    return {
        "kind": "eventbridge",
        "origin": target,
        "rule": RULE,
        "code": code,
        "cause": cause,
        "payload": json.dumps(event({"n": 1})),
        "request": "7bf73129-1428-4cd3-a780-95db273d1602",
    }


def failed_target(code: str, cause: str, retries: str, exhausted: str = "", target: str = QUEUE) -> Json:
    attributes = {
        "RULE_ARN": text(RULE),
        "TARGET_ARN": text(target),
        "ERROR_CODE": text(code),
        "ERROR_MESSAGE": text(cause),
        "RETRY_ATTEMPTS": text(retries),
        **({"EXHAUSTED_RETRY_CONDITION": text(exhausted)} if exhausted else {}),
    }
    return received(event({"n": 1}), attributes)


def failed_schedule(body: str, target: str, *, truncated: str = "false") -> Json:
    return received(
        body,
        {
            "SCHEDULE_ARN": text(SCHEDULE),
            "TARGET_ARN": text(target),
            "ERROR_CODE": text("AWS.SimpleQueueService.NonExistentQueue"),
            "ERROR_MESSAGE": text("The specified queue does not exist for this wsdl version."),
            "EXECUTION_ID": text("ad06616e51cdf74a"),
            "SCHEDULED_TIME": text("2026-01-01T00:00:00Z"),
            "IS_PAYLOAD_TRUNCATED": text(truncated),
            "RETRY_ATTEMPTS": text("0"),
        },
    )


def of_schedule(payload: str | None, target: str) -> dict[str, Json]:
    told: dict[str, Json] = {
        "kind": "scheduler",
        "origin": target,
        "rule": SCHEDULE,
        "code": "AWS.SimpleQueueService.NonExistentQueue",
        "cause": "The specified queue does not exist for this wsdl version.",
    }
    if payload is None:
        return {**told, "refused": "the payload was truncated by EventBridge Scheduler and is not whole any more"}
    return {**told, "payload": payload}


REQUESTED = json.dumps({"MessageBody": "Hello, EventBridge Scheduler!", "QueueUrl": "https://sqs.example/none"})
SEND = "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"
OF_SQS = {"kind": "sqs", "origin": QUEUE, "cause": BY_SQS}
KAFKA_BATCH = {
    "batchSize": 500,
    "eventSourceArn": "arn:aws:kafka:us-east-1:123456789012:cluster/c/1",
    "recordsInfo": {},
}
DROPPED = "it does not hold what the function was to get: Lambda drops a payload that is too large for a record"
WITHOUT = {
    "kind": "lambda-destination",
    "origin": LATEST,
    "code": "Unhandled",
    "cause": "RetriesExhausted",
    "request": REQUEST,
    "refused": DROPPED,
}
PIPE = f"arn:aws:pipes:{REGION}:{ACCOUNT}:pipe/orders"
OF_PIPE = {
    "kind": "stream",
    "origin": PIPE,
    "code": "RetryAttemptsExhausted",
    "cause": "RetryAttemptsExhausted",
    "refused": "it names a batch of a pipe, and only the pipe can filter, enrich and deliver that",
}
KINESIS_EVENT = {
    "Records": [{"kinesis": {"sequenceNumber": "49590338271490256608"}, "eventSource": "aws:kinesis"}]
}

BY_SQS_ROWS = [
    pytest.param(
        received(
            "message-1", {"MyAttribute": text("foobar")}, AWSTraceHeader=TRACE, DeadLetterQueueSourceArn=QUEUE
        ),
        {**OF_SQS, "payload": "message-1"},
        id="sqs/test_sqs.test_dead_letter_queue_message_attributes: with attributes",
    ),
    pytest.param(
        received("message-2", DeadLetterQueueSourceArn=QUEUE),
        {**OF_SQS, "payload": "message-2"},
        id="sqs/test_sqs.test_dead_letter_queue_message_attributes: without",
    ),
    pytest.param(
        received("hello world", DeadLetterQueueSourceArn=QUEUE, SenderId="AMCXIENQZJOLO23YVJ4VO"),
        {**OF_SQS, "payload": "hello world"},
        id="powertools/sqsDlqTriggerEvent",
    ),
    pytest.param(
        received("{not a json body", DeadLetterQueueSourceArn=QUEUE),
        {**OF_SQS, "payload": "{not a json body"},
        id="lambda_/test_lambda_integration_sqs.test_report_batch_item_failures_on_lambda_error",
    ),
    pytest.param(
        received(
            "dedup", MessageGroupId="1", MessageDeduplicationId="dedup-4", DeadLetterQueueSourceArn=f"{QUEUE}.fifo"
        ),
        {**OF_SQS, "origin": f"{QUEUE}.fifo", "payload": "dedup"},
        id="lambda_/test_lambda_integration_sqs.test_report_batch_item_failures: FIFO",
    ),
]

BY_LAMBDA_ROWS = [
    pytest.param(
        received('{"raise_error": 1}', FAILED_ASYNC),
        asynchronous(),
        id="lambda_/test_lambda_destinations.test_dead_letter_queue",
    ),
    pytest.param(
        received(
            envelope(
                RESIZED_EVENT,
                attributes={
                    "ErrorCode": {"Type": "Number", "Value": "200"},
                    "ErrorMessage": {"Type": "String", "Value": "Test exception (this is intentional)"},
                    "RequestID": {"Type": "String", "Value": REQUEST},
                },
            )
        ),
        carrying(asynchronous(RESIZED_EVENT), RESIZED_EVENT),
        id="sns/test_sns.test_sns_topic_as_lambda_dead_letter_queue",
    ),
    pytest.param(
        received(record("Success", 1, error="", requestPayload={}, responsePayload={"event": {}})),
        {**destination("Success", "{}", "Success"), "refused": SUCCESS},
        id="lambda_/test_lambda_destinations.test_assess_lambda_destination_invocation[payload0]",
    ),
    pytest.param(
        received(record("RetriesExhausted", 1, requestPayload={"raise_error": 1}, responsePayload=raised("no"))),
        destination("no", '{"raise_error": 1}'),
        id="lambda_/test_lambda_destinations.test_assess_lambda_destination_invocation[payload1]",
    ),
    pytest.param(
        received(
            record("RetriesExhausted", 3, requestPayload={"message": "m"}, responsePayload=raised("failure")),
            AWSTraceHeader=TRACE,
        ),
        destination("failure", '{"message": "m"}'),
        id="lambda_/test_lambda_destinations.test_retries",
    ),
    pytest.param(
        received(
            record("EventAgeExceeded", 1, requestPayload={"message": "m"}, responsePayload=raised("failure"))
        ),
        destination("failure", '{"message": "m"}'),
        id="lambda_/test_lambda_destinations.test_maxeventage: no retry",
    ),
    pytest.param(
        received(
            record("EventAgeExceeded", 2, requestPayload={"message": "m"}, responsePayload=raised("failure"))
        ),
        destination("failure", '{"message": "m"}'),
        id="lambda_/test_lambda_destinations.test_maxeventage: one retry",
    ),
    pytest.param(
        received(
            record(
                "RetriesExhausted",
                3,
                requestPayload={"ORDER_IDS": ["9e07af03", "637de236"]},
                responsePayload={"errorMessage": "Process exited before completing request"},
            )
        ),
        destination("Process exited before completing request", '{"ORDER_IDS": ["9e07af03", "637de236"]}'),
        id="Lambda guide, Capturing records of asynchronous invocations",
    ),
    pytest.param(
        received(record("RetriesExhausted", 3)),
        WITHOUT,
        id="Lambda API reference, OnFailure: the payload is dropped",
    ),
    pytest.param(
        received(record("RetriesExhausted", 3, requestPayload=None, responsePayload=None)),
        WITHOUT,
        id="Lambda API reference, OnFailure: the payload is null",
    ),
    pytest.param(
        received(
            event(
                record(
                    "RetriesExhausted", 1, requestPayload={"mode": "failure"}, responsePayload=raised("failure!")
                ),
                **BUS_RECORD,
            )
        ),
        destination("failure!", '{"mode": "failure"}'),
        id="lambda_/test_lambda_destinations.test_invoke_lambda_eventbridge: failure",
    ),
    pytest.param(
        received(
            event(
                record("Success", 1, error="", requestPayload={"mode": "success"}, responsePayload={"val": 5}),
                **{**BUS_RECORD, "detail-type": "Lambda Function Invocation Result - Success"},
            )
        ),
        {**destination("Success", '{"mode": "success"}', "Success"), "refused": SUCCESS},
        id="lambda_/test_lambda_destinations.test_invoke_lambda_eventbridge: success",
    ),
]

STREAM_ROWS = [
    pytest.param(
        received(discarded(CLICKS)),
        stream(CLICKS),
        id="lambda_/test_lambda_integration_kinesis.test_kinesis_event_source_mapping_with_on_failure_destination_config",
    ),
    pytest.param(
        received(envelope(json.dumps(discarded(CLICKS)))),
        carrying(stream(CLICKS), json.dumps(discarded(CLICKS))),
        id="lambda_/test_lambda_integration_kinesis.test_kinesis_event_source_mapping_with_sns_on_failure_destination_config",
    ),
    pytest.param(
        received(discarded(CLICKS, payload=KINESIS_EVENT)),
        stream(CLICKS),
        id="lambda_/test_lambda_integration_kinesis.test_kinesis_event_source_mapping_with_s3_on_failure_destination",
    ),
    pytest.param(
        received(discarded(CLICKS, error=None)),
        stream(CLICKS),
        id="lambda_/test_lambda_integration_kinesis.test_kinesis_report_batch_item_failures",
    ),
    pytest.param(
        received(discarded(CLICKS, "RecordAgeExceeded", "")),
        stream(CLICKS, "RecordAgeExceeded"),
        id="lambda_/test_lambda_integration_kinesis.test_kinesis_maximum_record_age_exceeded",
    ),
    pytest.param(
        received(discarded(TABLE)),
        stream(TABLE),
        id="lambda_/test_lambda_integration_dynamodbstreams.test_dynamodb_event_source_mapping_with_on_failure_destination_config",
    ),
    pytest.param(
        received(envelope(json.dumps(discarded(TABLE)))),
        carrying(stream(TABLE), json.dumps(discarded(TABLE))),
        id="lambda_/test_lambda_integration_dynamodbstreams.test_dynamodb_event_source_mapping_with_sns_on_failure_destination_config",
    ),
    pytest.param(
        received(discarded(TABLE, payload={"Records": []})),
        stream(TABLE),
        id="lambda_/test_lambda_integration_dynamodbstreams.test_dynamodb_event_source_mapping_with_s3_on_failure_destination",
    ),
    pytest.param(
        received(discarded(TABLE, error=None)),
        stream(TABLE),
        id="lambda_/test_lambda_integration_dynamodbstreams.test_dynamodb_report_batch_item_failures_with_on_failure_destination_config",
    ),
    pytest.param(
        received(record("RetryAttemptsExhausted", 1, FUNCTION, KafkaBatchInfo=KAFKA_BATCH)),
        kafka(),
        id="Lambda guide, Capturing discarded batches for a self-managed Apache Kafka event source",
    ),
    pytest.param(
        received(
            {
                **record("MaximumPayloadSizeExceeded", 1, FUNCTION, KafkaBatchInfo=KAFKA_BATCH),
                "responseContext": None,
            }
        ),
        kafka("MaximumPayloadSizeExceeded"),
        id="Lambda guide, Capturing discarded batches for an Amazon MSK event source: too large",
    ),
    pytest.param(
        received(record("RetriesExhausted", 3, LATEST, KafkaBatchInfo=KAFKA_BATCH, payload={"records": {}})),
        kafka("RetriesExhausted", LATEST),
        id="Lambda guide, Using a Kafka topic as an on-failure destination",
    ),
    pytest.param(
        received(
            {
                "context": {"partnerResourceArn": PIPE, "condition": "RetryAttemptsExhausted"},
                "version": "1.0",
                "timestamp": "2026-01-01T00:00:00.123Z",
                "KinesisBatchInfo": batch(CLICKS),
            }
        ),
        OF_PIPE,
        id="EventBridge guide, Pipes error handling: Kinesis",
    ),
    pytest.param(
        received(
            {
                "context": {"partnerResourceArn": PIPE, "condition": "RetryAttemptsExhausted"},
                "version": "1.0",
                "timestamp": "2026-01-01T00:00:00.123Z",
                "DDBStreamBatchInfo": batch(TABLE),
            }
        ),
        OF_PIPE,
        id="EventBridge guide, Pipes error handling: DynamoDB",
    ),
]

BY_SNS_ROWS = [
    pytest.param(
        received(envelope("test_redrive_policy", attributes={"attr1": {"Type": "Number", "Value": "1"}})),
        notification("test_redrive_policy"),
        id="sns/test_sns.test_redrive_policy_lambda_subscription",
    ),
    pytest.param(
        received(
            envelope(
                "after the endpoint was deleted",
                attributes={
                    "attr2": {"Type": "Binary", "Value": "AgME"},
                    "attr1": {"Type": "Number", "Value": "111"},
                },
            )
        ),
        notification("after the endpoint was deleted"),
        id="sns/test_sns.test_redrive_policy_sqs_queue_subscription[False]",
    ),
    pytest.param(
        received("after", {"attr1": text("111", "Number"), "attr2": binary("AgME")}),
        {"kind": "plain", "payload": "after"},
        id="sns/test_sns.test_redrive_policy_sqs_queue_subscription[True]: raw",
    ),
    pytest.param(
        received(envelope('ö§a1"_!?,. £$-')),
        notification('ö§a1"_!?,. £$-'),
        id="sns/test_sns.test_publish_unicode_chars",
    ),
    pytest.param(
        received(envelope("X-Ray propagation test msg"), AWSTraceHeader=TRACE),
        notification("X-Ray propagation test msg"),
        id="sns/test_sns.test_publish_sqs_from_sns_with_xray_propagation",
    ),
    pytest.param(
        received(envelope("This is a test message", OTHER_REGION)),
        notification("This is a test message", OTHER_REGION),
        id="sns/test_sns.test_cross_region_delivery_sqs",
    ),
    pytest.param(
        received(envelope("with a group"), MessageGroupId="my-group-id-1"),
        notification("with a group"),
        id="sns/test_sns.test_publish_message_group_id",
    ),
    pytest.param(
        received(envelope('{"field": "value"}')),
        notification('{"field": "value"}'),
        id="sns/test_sns.test_message_structure_json_to_sqs",
    ),
    pytest.param(
        received(envelope("Test msg", Subject="Subject")),
        notification("Test msg"),
        id="sns/test_sns.test_publish_batch_messages_from_sns_to_sqs",
    ),
    pytest.param(
        received(fifo_envelope("Test", FIFO), MessageGroupId="message-group-id-1", MessageDeduplicationId="d-1"),
        notification("Test", FIFO),
        id="sns/test_sns.test_message_to_fifo_sqs",
    ),
    pytest.param(
        received(
            fifo_envelope(
                "Two attributes", FIFO, Subject="Subject", attributes={"a": {"Type": "Number", "Value": "9"}}
            ),
            MessageGroupId="complexMessageGroupId",
        ),
        notification("Two attributes", FIFO),
        id="sns/test_sns.test_publish_fifo_messages_to_dlq[False]",
    ),
    pytest.param(
        received("Two attributes", {"attr1": text("99.12", "Number")}, MessageGroupId="complexMessageGroupId"),
        {"kind": "plain", "payload": "Two attributes"},
        id="sns/test_sns.test_publish_fifo_messages_to_dlq[True]: raw",
    ),
    pytest.param(
        received(fifo_envelope("Test", FIFO)),
        notification("Test", FIFO),
        id="sns/test_sns.test_fifo_topic_to_regular_sqs",
    ),
    pytest.param(
        received(json.dumps(envelope('{"message": "hello world", "username": "lessa"}'), indent=2)),
        notification('{"message": "hello world", "username": "lessa"}'),
        id="powertools/snsSqsEvent",
    ),
    pytest.param(
        received(json.dumps(fifo_envelope('{"message": "hello world"}', FIFO), indent=2), MessageGroupId="test"),
        notification('{"message": "hello world"}', FIFO),
        id="powertools/snsSqsFifoEvent",
    ),
    pytest.param(
        received(envelope('{"version":"0","id":"e-1","detail-type":"core","detail":{"command":"update"}}')),
        notification('{"version":"0","id":"e-1","detail-type":"core","detail":{"command":"update"}}'),
        id="events/test_events_targets.test_put_events_with_target_sns",
    ),
]

BY_EVENTBRIDGE_ROWS = [
    pytest.param(
        failed_target("NO_RESOURCE", "Queue does not exist", "0"),
        of_rule("NO_RESOURCE", "Queue does not exist"),
        id="EventBridge guide, Using dead-letter queues: not retried",
    ),
    pytest.param(
        failed_target("THROTTLING", "Rate exceeded", "185", "MaximumRetryAttempts"),
        of_rule("THROTTLING", "Rate exceeded"),
        id="EventBridge guide, Using dead-letter queues: attempts exhausted",
    ),
    pytest.param(
        failed_target("ERROR_FROM_TARGET", "500", "12", "MaximumEventAgeInSeconds", FUNCTION),
        of_rule("ERROR_FROM_TARGET", "500", FUNCTION),
        id="EventBridge guide, Using dead-letter queues: too old",
    ),
    pytest.param(
        failed_target(
            "THIRD_ACCOUNT_HOP_DETECTED", "hop", "0", "", f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/b"
        ),
        of_rule("THIRD_ACCOUNT_HOP_DETECTED", "hop", f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/b"),
        id="EventBridge guide, Using dead-letter queues: target is a bus",
    ),
    pytest.param(
        received(event({"command": "update-account"})),
        {"kind": "plain", "payload": json.dumps(event({"command": "update-account"}))},
        id="events/test_events_targets.test_put_events_with_target_sqs: delivered, not failed",
    ),
    pytest.param(
        failed_schedule(REQUESTED, SEND),
        of_schedule(REQUESTED, SEND),
        id="Scheduler guide, Configuring a dead-letter queue",
    ),
    pytest.param(
        failed_schedule(REQUESTED[:20], SEND, truncated="true"),
        of_schedule(None, SEND),
        id="Scheduler guide, Configuring a dead-letter queue: truncated",
    ),
    pytest.param(
        received(
            {
                "version": "1.0",
                "busArn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/central",
                "subscriberArn": f"arn:aws:events:{REGION}:{ACCOUNT}:subscriber/s",
                "targetArn": FUNCTION,
                "errorCode": "ACCESS_DENIED",
                "errorMessage": "no",
                "exhaustedRetryCondition": "",
                "retryAttempts": 0,
                "failedMessages": [{"eventId": "e-1"}],
            }
        ),
        {
            "kind": "custom-bus",
            "origin": FUNCTION,
            "rule": f"arn:aws:events:{REGION}:{ACCOUNT}:subscriber/s",
            "code": "ACCESS_DENIED",
            "cause": "no",
            "refused": "this record of a custom event bus names the failed events and does not hold them",
        },
        id="EventBridge guide, Custom event bus retry policies",
    ),
]


@pytest.mark.parametrize(
    ("message", "wanted"),
    [*BY_SQS_ROWS, *BY_LAMBDA_ROWS, *STREAM_ROWS, *BY_SNS_ROWS, *BY_EVENTBRIDGE_ROWS],
)
def test_a_recorded_dead_letter_is_read_whole(message: Json, wanted: dict[str, Json]) -> None:
    assert dead_letter_of(message).model_dump(exclude_defaults=True) == wanted
