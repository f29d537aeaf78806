"""Errors as AWS words them, read by both ways to AWS: the SDK's, and opsctl's own to SQS.

SQS answers in JSON with the name of a shape in `__type` and the code of its older protocol in the header
`x-amzn-query-error`, which the SDK takes for the code; opsctl's own way sees the shape.
"""

import json

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import create_parser
from botocore.retries.standard import ThrottledRetryableChecker
from botocore.session import get_session

from opsctl.aws.http_direct import HttpAnswer
from opsctl.aws.sqs_wire import _fault
from opsctl.aws.translate import kind_of, raise_for_write, refusal_of
from opsctl.model.errors import AwsRefused
from opsctl.model.reads import Refusal, RefusalKind

INVALID, MISSING, DENIED = RefusalKind.INVALID, RefusalKind.MISSING, RefusalKind.DENIED
CONFLICT, THROTTLED = RefusalKind.CONFLICT, RefusalKind.THROTTLED
SQS = "AWS.SimpleQueueService."
REQUEST = "5d4b8c2e-9f1a-5c3d-8e7f-1a2b3c4d5e6f"

# Where it was recorded, the code, the shape, the status, what it says, and what it is.
OF_SQS = [
    (
        "non_existent_queue",
        f"{SQS}NonExistentQueue",
        "QueueDoesNotExist",
        400,
        "The specified queue does not exist.",
        MISSING,
    ),
    (
        "send_oversized_message",
        "InvalidParameterValue",
        "InvalidParameterValueException",
        400,
        "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
        INVALID,
    ),
    (
        "send_message_batch_with_oversized_contents",
        f"{SQS}BatchRequestTooLong",
        "BatchRequestTooLong",
        400,
        "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.",
        INVALID,
    ),
    (
        "too_many_entries_in_batch_request",
        f"{SQS}TooManyEntriesInBatchRequest",
        "TooManyEntriesInBatchRequest",
        400,
        "Maximum number of entries per request are 10. You have sent 20.",
        INVALID,
    ),
    (
        "invalid_batch_id",
        f"{SQS}InvalidBatchEntryId",
        "InvalidBatchEntryId",
        400,
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores.",
        INVALID,
    ),
    (
        "create_fifo_queue_with_different_attributes_raises_error",
        "QueueAlreadyExists",
        "QueueNameExists",
        400,
        "A queue already exists with the same name and a different value for attribute ContentBasedDeduplication",
        CONFLICT,
    ),
    (
        "send_empty_message",
        "MissingParameter",
        "MissingRequiredParameterException",
        400,
        "The request must contain the parameter MessageBody.",
        INVALID,
    ),
    (
        "fifo_delete_after_visibility_timeout",
        "InvalidParameterValue",
        "InvalidParameterValueException",
        400,
        "Value h-1 for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.",
        INVALID,
    ),
    (
        "set_unsupported_attribute_fifo: 1",
        "InvalidAttributeName",
        "InvalidAttributeName",
        400,
        "Unknown Attribute FifoQueue.",
        INVALID,
    ),
    (
        "set_unsupported_attribute_fifo: 2",
        "InvalidAttributeValue",
        "InvalidAttributeValue",
        400,
        "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
        INVALID,
    ),
    (
        "successive_purge_calls_fail",
        f"{SQS}PurgeQueueInProgress",
        "PurgeQueueInProgress",
        403,
        "Only one PurgeQueue operation on q is allowed every 60 seconds.",
        INVALID,
    ),
    (
        "send_message_to_standard_queue_with_invalid_message_group_id",
        "InvalidParameterValue",
        "InvalidParameterValueException",
        400,
        "Value group 123 for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include letters",
        INVALID,
    ),
    (
        "fifo_queue_send_message_with_delay_seconds_fails",
        "InvalidParameterValue",
        "InvalidParameterValueException",
        400,
        "Value 2 for parameter DelaySeconds is invalid. Reason: not valid for this queue type.",
        INVALID,
    ),
    (
        "send_receive_wait_time_seconds",
        "InvalidParameterValue",
        "InvalidParameterValueException",
        400,
        "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
        INVALID,
    ),
    (
        "sqs_permission_lifecycle",
        "InvalidParameterValue",
        "InvalidParameterValueException",
        400,
        "Value p for parameter Label is invalid. Reason: Already exists.",
        INVALID,
    ),
    (
        "source_needs_redrive_policy",
        "InvalidParameterValue",
        "InvalidParameterValueException",
        400,
        "Source queue must be configured as a Dead Letter Queue.",
        INVALID,
    ),
    (
        "start_multiple_move_tasks",
        "InvalidParameterValue",
        "InvalidParameterValueException",
        400,
        "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
        INVALID,
    ),
    (
        "destination_needs_to_exist",
        "ResourceNotFoundException",
        "ResourceNotFoundException",
        404,
        "The resource that you specified for the DestinationArn parameter doesn't exist.",
        MISSING,
    ),
    (
        "cancel_with_invalid_task_id_in_task_handle",
        "ResourceNotFoundException",
        "ResourceNotFoundException",
        404,
        "Task does not exist.",
        MISSING,
    ),
]

IN_XML = [
    (
        "sqs_query: non_existent_queue",
        f"{SQS}NonExistentQueue",
        400,
        "The specified queue does not exist for this wsdl version.",
        MISSING,
    ),
    (
        "sqs_query: send_message_batch_with_oversized_contents",
        f"{SQS}BatchRequestTooLong",
        400,
        "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.",
        INVALID,
    ),
    (
        "sqs_query: create_fifo_queue_with_different_attributes_raises_error",
        "QueueAlreadyExists",
        400,
        "A queue already exists with the same name and a different value",
        CONFLICT,
    ),
    (
        "sqs_query: fifo_delete_after_visibility_timeout",
        "InvalidParameterValue",
        400,
        "Value h for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.",
        INVALID,
    ),
    ("unknown_topic_publish", "NotFound", 404, "Topic does not exist", MISSING),
    ("get_subscription_attributes_error_not_exists", "NotFound", 404, "Subscription does not exist", MISSING),
    ("cross_region_access", "InvalidParameter", 400, "Invalid parameter: TopicArn", INVALID),
    ("subscribe_sqs_queue_url", "InvalidParameter", 400, "Invalid parameter: SQS endpoint ARN", INVALID),
    (
        "publish_batch_exceptions: 1",
        "TooManyEntriesInBatchRequest",
        400,
        "The batch request contains more",
        INVALID,
    ),
    ("publish_batch_exceptions: 2", "BatchEntryIdsNotDistinct", 400, "Two or more batch entries", INVALID),
    ("empty_or_wrong_message_attributes", "ParameterValueInvalid", 400, "must contain non-empty", INVALID),
    ("fully_missing_data_type", "ValidationError", 400, "1 validation error detected", INVALID),
]

# JSON or REST, where the code stands in `__type` or in the header `x-amzn-ErrorType`.
OF_OTHERS = [
    (
        "events/test_events.test_put_events_nonexistent_event_bus",
        "json",
        "ResourceNotFoundException",
        400,
        MISSING,
    ),
    ("events/test_events.test_put_event_with_too_big_detail", "json", "ValidationException", 400, INVALID),
    ("events/test_events.test_add_exceed_fife_targets_per_rule", "json", "LimitExceededException", 400, INVALID),
    ("lambda_/test_lambda_api.test_ops_on_nonexisting_fn", "rest-json", "ResourceNotFoundException", 404, MISSING),
    (
        "lambda_/test_lambda_api.test_permission_exceptions",
        "rest-json",
        "InvalidParameterValueException",
        400,
        INVALID,
    ),
    (
        "lambda_/test_lambda_integration_sqs.test_duplicate_event_source_mappings",
        "rest-json",
        "ResourceConflictException",
        409,
        CONFLICT,
    ),
    (
        "scheduler/test_scheduler.tests_create_schedule_with_invalid_schedule_expression",
        "rest-json",
        "ValidationException",
        400,
        INVALID,
    ),
]


def by_sdk(protocol: str, status: int, headers: dict[str, str], body: bytes) -> Refusal:
    told = create_parser(protocol).parse({"status_code": status, "headers": headers, "body": body}, None)
    fault = ClientError(told, "Operation")
    with pytest.raises(AwsRefused):
        raise_for_write(fault, "api")
    return refusal_of(fault, "api")


@pytest.mark.parametrize(
    ("code", "shape", "status", "message", "kind"), [pytest.param(*row, id=name) for name, *row in OF_SQS]
)
def test_an_error_of_sqs_is_read_alike_on_both_ways(
    code: str, shape: str, status: int, message: str, kind: RefusalKind
) -> None:
    """sqs/test_sqs and sqs/test_sqs_move_task."""
    body = json.dumps({"__type": f"com.amazonaws.sqs#{shape}", "message": message}).encode()
    headers = {"x-amzn-query-error": f"{code};Sender", "x-amzn-requestid": REQUEST}
    refusal = by_sdk("json", status, headers, body)
    assert (refusal.kind, refusal.code, refusal.message, refusal.request_id) == (kind, code, message, REQUEST)
    fault = _fault("SendMessageBatch", HttpAnswer(status, body, b""))
    assert isinstance(fault, AwsRefused)
    assert (fault.refusal.kind, fault.refusal.code, fault.refusal.message) == (kind, shape, message)


@pytest.mark.parametrize(
    ("code", "status", "message", "kind"), [pytest.param(*row, id=name) for name, *row in IN_XML]
)
def test_an_error_in_xml_is_read(code: str, status: int, message: str, kind: RefusalKind) -> None:
    """sns/test_sns, and sqs/test_sqs where it was recorded with the older protocol."""
    body = (
        '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>{message}</Message></Error><RequestId>{REQUEST}</RequestId></ErrorResponse>"
    )
    refusal = by_sdk("query", status, {}, body.encode())
    assert (refusal.kind, refusal.code, refusal.message, refusal.request_id) == (kind, code, message, REQUEST)


@pytest.mark.parametrize(
    ("protocol", "code", "status", "kind"), [pytest.param(*row, id=name) for name, *row in OF_OTHERS]
)
def test_an_error_of_another_service_is_read(protocol: str, code: str, status: int, kind: RefusalKind) -> None:
    if protocol == "json":
        headers, body = {}, json.dumps({"__type": code, "message": "said"}).encode()
    else:
        headers = {"x-amzn-errortype": f"{code}:http://internal.amazon.com/coral/"}
        body = b'{"Type": "User", "message": "said"}'
    refusal = by_sdk(protocol, status, headers, body)
    assert (refusal.kind, refusal.code, refusal.message) == (kind, code, "said")


def test_what_the_sdk_takes_for_throttling_is_throttling() -> None:
    """All but one that is throttling for some services, and a quota for others."""
    codes = set(ThrottledRetryableChecker._THROTTLED_ERROR_CODES) - {"LimitExceededException"}
    assert {code: kind_of(code) for code in codes} == dict.fromkeys(codes, THROTTLED)


# What the names of SQS's errors say, as its service model lists them; the others are of no kind.
SORTED = {
    DENIED: {"InvalidSecurity", "KmsAccessDenied", "KmsOptInRequired"},
    MISSING: {"InvalidAddress", "KmsNotFound", "QueueDoesNotExist", "ResourceNotFoundException"},
    CONFLICT: {"QueueNameExists"},
    THROTTLED: {"KmsThrottled", "OverLimit", "RequestThrottled"},
}


def test_every_error_that_the_model_of_sqs_names_is_sorted() -> None:
    model = get_session().get_service_model("sqs")
    names = {shape.name for shape in map(model.shape_for, model.shape_names) if shape.metadata.get("exception")}
    assert {kind: {name for name in names if kind_of(name) is kind} for kind in SORTED} == SORTED
    assert all(kind_of(name) is INVALID for name in names - set().union(*SORTED.values()))
