"""What successful answers are read as: lists, attributes of queues and subscriptions, tasks, parts of a batch."""

import json

import pytest

from opsctl.dlq.audit import sources
from opsctl.dlq.facts.sqs_move_tasks import MoveTasks, SqsMoveTasks
from opsctl.dlq.route import Route
from opsctl.dlq.subscribers import subscriber
from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.call_sending import CallSending, DeliveryCall
from opsctl.dlq.transfer.queue import Depth, Queue
from opsctl.dlq.transfer.queue_sending import QueueSending
from opsctl.dlq.transfer.sending import Sent
from opsctl.dlq.transfer.shards import fault_in
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Identity
from opsctl.model.value import Json
from opsctl.resources.queue_facts import parse_queue
from tests.kit.canned import ABOUT, drive
from tests.kit.ports import IDENTITY, FakeClock
from tests.recorded.shapes import (
    ACCOUNT,
    CLICKS,
    DEAD,
    FUNCTION,
    LATEST,
    QUEUE,
    REGION,
    SUBSCRIPTION,
    TOPIC,
    event,
    received,
    text,
)

URL = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/dead"


class Wire:
    """Gives one answer to every call, as JSON carries it."""

    def __init__(self, answer: Json) -> None:
        self._answer = answer
        self.asked: list[dict[str, Json]] = []

    def call(self, operation: str, params: dict[str, Json]) -> dict[str, Json]:
        self.asked.append(params)
        return dict(json.loads(json.dumps(self._answer)))

    def server_time(self) -> float:
        return 0.0


def patience() -> Patience:
    return Patience(FakeClock(), lambda: False)


def default_attributes(**more: str) -> dict[str, Json]:
    """GetQueueAttributes of a new queue (sqs/test_sqs.test_set_queue_attributes_default_values)."""
    told = {
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "CreatedTimestamp": "1767225600",
        "DelaySeconds": "0",
        "LastModifiedTimestamp": "1767225600",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "QueueArn": DEAD,
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true",
        "VisibilityTimeout": "30",
    }
    return {"Attributes": {**told, **more}}


DEFAULT: dict[str, Json] = {
    "name": "dead",
    "arn": DEAD,
    "url": URL,
    "fifo": False,
    "visible": 0,
    "hidden": 0,
    "delayed": 0,
    "visibility_s": 30,
    "retention_s": 345_600,
    "max_bytes": 1_048_576,
    "dead_letter_arn": "",
    "max_receive": 0,
    "redrive_allow": "",
    "key": "",
    "statements": 0,
    "topics": (),
    "rules": (),
}
POINTS_AT = {"dead_letter_arn": DEAD, "max_receive": 7}


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        pytest.param({}, {}, id="test_set_queue_attributes_default_values: new"),
        pytest.param(
            {"KmsMasterKeyId": "k", "KmsDataKeyReusePeriodSeconds": "6000", "SqsManagedSseEnabled": "false"},
            {"key": "k"},
            id="test_set_queue_attributes_default_values: with a key",
        ),
        pytest.param(
            {"VisibilityTimeout": "69", "MessageRetentionPeriod": "604800", "MaximumMessageSize": "2048"},
            {"visibility_s": 69, "retention_s": 604_800, "max_bytes": 2048},
            id="test_create_and_update_queue_attributes",
        ),
        pytest.param(
            {
                "QueueArn": f"{DEAD}.fifo",
                "FifoQueue": "true",
                "ContentBasedDeduplication": "false",
                "DeduplicationScope": "messageGroup",
                "FifoThroughputLimit": "perMessageGroupId",
            },
            {"name": "dead.fifo", "arn": f"{DEAD}.fifo", "fifo": True},
            id="test_fifo_change_to_high_throughput_after_creation",
        ),
        pytest.param(
            {"RedrivePolicy": json.dumps({"deadLetterTargetArn": DEAD, "maxReceiveCount": 7})},
            POINTS_AT,
            id="resource_providers/test_aws_sqs_queue: a number",
        ),
        pytest.param(
            {"RedrivePolicy": json.dumps({"deadLetterTargetArn": DEAD, "maxReceiveCount": "7"})},
            POINTS_AT,
            id="SQS API reference, SetQueueAttributes: a text",
        ),
        pytest.param({"RedrivePolicy": ""}, {}, id="test_set_empty_redrive_policy"),
        pytest.param(
            {"RedriveAllowPolicy": json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [QUEUE]})},
            {"redrive_allow": "byQueue"},
            id="SQS API reference, SetQueueAttributes: byQueue",
        ),
        pytest.param(
            {"RedriveAllowPolicy": '{"redrivePermission":"denyAll"}'},
            {"redrive_allow": "denyAll"},
            id="SQS API reference, SetQueueAttributes: denyAll",
        ),
    ],
)
def test_the_attributes_of_a_queue_are_read(told: dict[str, str], wanted: dict[str, Json]) -> None:
    """sqs/test_sqs."""
    assert parse_queue(URL, default_attributes(**told)).model_dump() == {**DEFAULT, **wanted}


def task(status: str, moved: int, to_move: int, **more: Json) -> dict[str, Json]:
    counts = {"ApproximateNumberOfMessagesMoved": moved, "ApproximateNumberOfMessagesToMove": to_move}
    return {**counts, "SourceArn": DEAD, "StartedTimestamp": 1767225600123, "Status": status, **more}


def listed(status: str, moved: int, to_move: int, **more: Json) -> dict[str, Json]:
    told = {"handle": "", "per_s": 0, "destination": "", "failure": "", "started": "2026-01-01T00:00:00Z"}
    return {**told, "status": status, "moved": moved, "to_move": to_move, **more}


GONE = "AWS.SimpleQueueService.NonExistentQueue"
TO = {"DestinationArn": QUEUE}
AT_ONE = {**TO, "MaxNumberOfMessagesPerSecond": 1}


@pytest.mark.parametrize(
    ("told", "wanted", "runs"),
    [
        pytest.param(
            task("COMPLETED", 2, 2, **TO), listed("COMPLETED", 2, 2, destination=QUEUE), 0, id="basic_workflow"
        ),
        pytest.param(task("COMPLETED", 2, 2), listed("COMPLETED", 2, 2), 0, id="default_destination"),
        pytest.param(task("COMPLETED", 4, 4), listed("COMPLETED", 4, 4), 0, id="multiple_sources"),
        pytest.param(
            task("RUNNING", 2, 10, **AT_ONE, TaskHandle="h"),
            listed("RUNNING", 2, 10, destination=QUEUE, per_s=1, handle="h"),
            1,
            id="cancel: list-while",
        ),
        pytest.param(
            task("CANCELLED", 8, 10, **AT_ONE),
            listed("CANCELLED", 8, 10, destination=QUEUE, per_s=1),
            0,
            id="cancel: list-after",
        ),
        pytest.param(
            task("FAILED", 3, 10, **AT_ONE, FailureReason=GONE),
            listed("FAILED", 3, 10, destination=QUEUE, per_s=1, failure=GONE),
            0,
            id="delete_destination_queue_while_running",
        ),
        pytest.param(
            task("FAILED", 0, 1, FailureReason="CouldNotDetermineMessageSource"),
            listed("FAILED", 0, 1, failure="CouldNotDetermineMessageSource"),
            0,
            id="SQS guide, Troubleshoot DLQ redrive issues",
        ),
    ],
)
def test_a_message_move_task_is_read(told: Json, wanted: Json, runs: int) -> None:
    """sqs/test_sqs_move_task."""
    answers = {
        "sqs.GetQueueUrl": {"QueueUrl": URL},
        "sqs.GetQueueAttributes": default_attributes(),
        "sqs.ListMessageMoveTasks": {"Results": [told]},
    }
    found, _ = drive(SqsMoveTasks(queue="dead").read(ABOUT), answers)
    assert isinstance(found, MoveTasks)
    (one,) = found.tasks
    assert (one.model_dump(), len(found.running)) == (wanted, runs)


def subscription(protocol: str, endpoint: str, **more: Json) -> dict[str, Json]:
    return {
        "ConfirmationWasAuthenticated": "true",
        "Endpoint": endpoint,
        "Owner": ACCOUNT,
        "PendingConfirmation": "false",
        "Protocol": protocol,
        "RawMessageDelivery": "false",
        "SubscriptionArn": SUBSCRIPTION,
        "SubscriptionPrincipal": f"arn:aws:iam::{ACCOUNT}:user/u",
        "TopicArn": TOPIC,
        **more,
    }


WHY = "its subscription of topic orders uses this dead-letter queue"
TO_QUEUE = Route(origin=SUBSCRIPTION, kind="queue", arn=QUEUE, name="orders", why=WHY)
REDRIVE = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": DEAD})}


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        pytest.param(
            subscription("lambda", FUNCTION, **REDRIVE),
            Route(origin=SUBSCRIPTION, kind="function", arn=FUNCTION, name="resize", form="notification", why=WHY),
            id="test_redrive_policy_lambda_subscription",
        ),
        pytest.param(
            subscription("sqs", QUEUE, **REDRIVE), TO_QUEUE, id="test_subscription_after_failure_to_deliver"
        ),
        pytest.param(
            subscription("sqs", QUEUE, RawMessageDelivery="true"),
            TO_QUEUE.model_copy(update={"bare": True}),
            id="test_attribute_raw_subscribe",
        ),
        pytest.param(
            subscription(
                "sqs", QUEUE, FilterPolicy='{"attr1":[{"numeric":[">",0]}]}', FilterPolicyScope="MessageBody"
            ),
            TO_QUEUE,
            id="test_subscribe_sqs_queue",
        ),
    ],
)
def test_a_subscription_tells_where_it_delivers(told: dict[str, Json], wanted: Route) -> None:
    """sns/test_sns."""
    assert subscriber(told, region=REGION, account=ACCOUNT, queue="dead") == wanted


@pytest.mark.parametrize(
    ("more", "target"),
    [
        pytest.param(REDRIVE, DEAD, id="test_redrive_policy_lambda_subscription"),
        pytest.param({}, "", id="test_subscribe_attributes"),
    ],
)
def test_a_subscription_tells_where_its_failures_go(more: dict[str, Json], target: str) -> None:
    """sns/test_sns."""
    told = subscription("lambda", FUNCTION, **more)
    entry = {name: told[name] for name in ("Endpoint", "Owner", "Protocol", "SubscriptionArn", "TopicArn")}
    assert sources.subscription(entry, {"Attributes": told}).target == target


def mapping(source: str, function: str, destination: dict[str, Json], **more: Json) -> dict[str, Json]:
    return {
        "BatchSize": 10,
        "DestinationConfig": {"OnFailure": destination},
        "EventSourceArn": source,
        "FunctionArn": function,
        "FunctionResponseTypes": [],
        "MaximumBatchingWindowInSeconds": 1,
        "State": "Enabled",
        "UUID": "u-1",
        **more,
    }


@pytest.mark.parametrize(
    ("told", "target", "consumes"),
    [
        pytest.param(mapping(CLICKS, FUNCTION, {}), "", "", id="test_create_kinesis_event_source_mapping"),
        pytest.param(
            mapping(CLICKS, FUNCTION, {"Destination": DEAD}),
            DEAD,
            "",
            id="test_kinesis_event_source_mapping_with_on_failure_destination_config",
        ),
        pytest.param(
            mapping(CLICKS, FUNCTION, {"Destination": "arn:aws:s3:::failed"}),
            "arn:aws:s3:::failed",
            "",
            id="test_kinesis_event_source_mapping_with_s3_on_failure_destination",
        ),
        pytest.param(
            {
                name: value
                for name, value in mapping(QUEUE, FUNCTION, {}, MaximumBatchingWindowInSeconds=0).items()
                if name != "DestinationConfig"
            },
            "",
            QUEUE,
            id="test_fifo_message_group_parallelism",
        ),
    ],
)
def test_a_mapping_tells_where_its_failures_go_and_what_it_consumes(
    told: Json, target: str, consumes: str
) -> None:
    """lambda_/test_lambda_integration_kinesis and lambda_/test_lambda_integration_sqs."""
    consumer, source = sources.parse_mapping(told)
    assert (source.target if source else "", consumer.queue if consumer else "") == (target, consumes)


def test_the_destination_of_a_functions_failures_is_read_and_that_of_its_successes_is_not() -> None:
    """lambda_/test_lambda_destinations.test_assess_lambda_destination_invocation."""
    ends = {"OnFailure": {"Destination": DEAD}, "OnSuccess": {"Destination": QUEUE}}
    told = {"FunctionArn": LATEST, "MaximumRetryAttempts": 0, "DestinationConfig": ends}
    (one,) = sources.destinations({"FunctionEventInvokeConfigs": [told]})
    assert (one.name, one.arn, one.target) == ("resize", LATEST, DEAD)


def test_an_empty_queue_answers_without_messages() -> None:
    """sqs/test_sqs.test_receive_empty_queue: short and long polls have no `Messages`."""
    assert Queue(Wire({}), URL, patience(), visibility_s=30).receive(10, 0) == []


def test_counts_come_as_text() -> None:
    """sqs/test_sqs.test_approximate_number_of_messages_not_visible."""
    told = {"ApproximateNumberOfMessages": "2", "ApproximateNumberOfMessagesNotVisible": "3"}
    told["ApproximateNumberOfMessagesDelayed"] = "0"
    assert Queue(Wire({"Attributes": told}), URL, patience(), visibility_s=30).depth() == Depth(2, 3, 0)


EXPIRED = "Value h for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        pytest.param({"Successful": [{"Id": "0"}]}, [], id="SQS API reference, DeleteMessageBatch"),
        pytest.param(
            {"Failed": [{"Id": "0", "SenderFault": True, "Code": "InvalidParameterValue", "Message": EXPIRED}]},
            [("m", "InvalidParameterValue", EXPIRED)],
            id="sqs/test_sqs.test_fifo_delete_after_visibility_timeout",
        ),
        pytest.param(
            {"Failed": [{"Id": "0", "SenderFault": True, "Code": "ReceiptHandleIsInvalid"}]},
            [("m", "ReceiptHandleIsInvalid", "")],
            id="SQS API reference, BatchResultErrorEntry: without a message",
        ),
    ],
)
def test_what_could_not_be_deleted_is_told_entry_by_entry(told: Json, wanted: list[tuple[str, str, str]]) -> None:
    assert Queue(Wire(told), URL, patience(), visibility_s=30).delete([("m", "h")]) == wanted


FOO, FOO_DIGEST = {"k": text("x")}, "a45daa70926828a2f0a1db3418e6feb4"
A_DIGEST = "0cc175b9c0f1b6a831c399e269772661"


@pytest.mark.parametrize(
    ("attributes", "told", "confirmed", "stayed"),
    [
        pytest.param(
            FOO,
            {"MD5OfMessageAttributes": FOO_DIGEST, "MD5OfMessageBody": A_DIGEST, "MessageId": "n"},
            1,
            [],
            id="sqs/test_sqs.test_send_message_batch_with_oversized_contents: with attributes",
        ),
        pytest.param(
            None,
            {"MD5OfMessageBody": A_DIGEST, "MessageId": "n", "SequenceNumber": "18849496460467696128"},
            1,
            [],
            id="sqs/test_sqs.test_fifo_message_attributes",
        ),
        pytest.param(
            FOO,
            {"MD5OfMessageBody": A_DIGEST, "MessageId": "n"},
            0,
            ["DigestDiffers"],
            id="sqs/test_sqs.test_receive_message_message_attribute_names_filters: no attributes arrived",
        ),
    ],
)
def test_what_was_sent_is_confirmed_by_its_digests(
    attributes: Json, told: Json, confirmed: int, stayed: list[str]
) -> None:
    wire = Wire({"Successful": [{"Id": "0", **told}]})
    sent = QueueSending(wire, URL, patience()).send([received("a", attributes)], lambda: None)
    assert (len(sent.confirmed), [one.code for one in sent.stayed]) == (confirmed, stayed)


@pytest.mark.parametrize(
    ("code", "text_of_it"),
    [
        ("InvalidMessageContents", "The message contains characters outside the allowed set."),
        ("AWS.SimpleQueueService.BatchRequestTooLong", "Batch requests cannot be longer than 1048576 bytes."),
    ],
)
def test_an_entry_that_is_the_senders_fault_stays_with_its_reason_after_one_call(
    code: str, text_of_it: str
) -> None:
    """SQS API reference, BatchResultErrorEntry."""
    wire = Wire({"Failed": [{"Id": "0", "SenderFault": True, "Code": code, "Message": text_of_it}]})
    sent = QueueSending(wire, URL, patience()).send([received("a")], lambda: None)
    assert [(one.code, one.reason) for one in sent.stayed] == [(code, text_of_it)]
    assert len(wire.asked) == 1


class Bus:
    """An account whose bus answers PutEvents in one way."""

    def __init__(self, answer: Json) -> None:
        self._answer = answer
        self.calls = 0

    @property
    def identity(self) -> Identity:
        return IDENTITY

    def read(self, read: Read) -> Answer:
        raise AssertionError(read)

    def takes(self, service: str, operation: str) -> frozenset[str]:
        return frozenset()

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        self.calls += 1
        return self._answer


def required(name: str) -> str:
    return f"Parameter {name} is not valid. Reason: {name} is a required argument."


@pytest.mark.parametrize(
    ("code", "reason", "calls"),
    [
        pytest.param("InvalidArgument", required("Source"), 1, id="test_put_events_without_source"),
        pytest.param("InvalidArgument", required("Detail"), 1, id="test_put_event_without_detail"),
        pytest.param("InvalidArgument", required("DetailType"), 1, id="test_put_event_without_detail_type"),
        pytest.param("MalformedDetail", "Detail is malformed.", 1, id="test_put_event_malformed_detail"),
        pytest.param("ThrottlingException", "Rate exceeded", 6, id="EventBridge API reference: passes"),
        pytest.param("InternalFailure", "internal", 6, id="EventBridge API reference: passes too"),
    ],
)
def test_an_event_that_was_not_taken_stays_and_only_what_passes_is_tried_again(
    code: str, reason: str, calls: int
) -> None:
    """events/test_events, where the call itself succeeds."""
    bus = Bus({"Entries": [{"ErrorCode": code, "ErrorMessage": reason}], "FailedEntryCount": 1})
    sent = put(bus)
    assert [(one.code, one.reason) for one in sent.stayed] == [(code, reason)]
    assert (sent.confirmed, sent.doubtful, bus.calls) == ([], [], calls)


def test_an_event_that_was_taken_is_known_by_its_id() -> None:
    """events/test_events.test_put_events_with_time_field."""
    sent = put(Bus({"Entries": [{"EventId": "7bf73129"}], "FailedEntryCount": 0}))
    assert (len(sent.confirmed), sent.new_ids) == (1, ["7bf73129"])


def put(bus: Bus) -> Sent:
    call = DeliveryCall(service="events", operation="PutEvents", params={})
    return CallSending(bus, REGION, lambda _message: call, patience()).send([received(event({}))], lambda: None)


RAISED = json.dumps({"errorMessage": "Test exception (this is intentional)", "errorType": "Exception"})


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param('""', id="empty_string_success"),
        pytest.param("[]", id="empty_list_success"),
        pytest.param("null", id="null_success"),
        pytest.param("{}", id="empty_dict_success"),
        pytest.param('{"batchItemFailures": []}', id="empty_batch_item_failure_success"),
        pytest.param('{"batchItemFailures": null}', id="null_batch_item_failure_success"),
    ],
)
def test_a_function_that_took_its_batch_is_believed(payload: str) -> None:
    """lambda_/test_lambda_integration_kinesis.test_kinesis_report_batch_item_success_scenarios."""
    assert fault_in({"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": payload}) is None


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param(
            {"Payload": '{"batchItemFailures": [{"itemIdentifier": 123}]}'},
            "BatchItemFailures",
            id="item_identifier_not_present_failure",
        ),
        pytest.param(
            {"Payload": '{"batchItemFailures": [{"itemIdentifier": ""}]}'},
            "BatchItemFailures",
            id="empty_string_item_identifier_failure",
        ),
        pytest.param(
            {"Payload": '{"batchItemFailures": [{"itemIdentifier": null}]}'},
            "BatchItemFailures",
            id="null_item_identifier_failure",
        ),
        pytest.param(
            {"Payload": '{"batchItemFailures": [{"foo": 123}]}'}, "BatchItemFailures", id="invalid_key_foo_failure"
        ),
        pytest.param(
            {"Payload": '{"batchItemFailures": [{"foo": null}]}'},
            "BatchItemFailures",
            id="invalid_key_foo_null_value_failure",
        ),
        pytest.param(
            {"FunctionError": "Unhandled", "Payload": RAISED},
            "FunctionError",
            id="unhandled_exception_in_function",
        ),
    ],
)
def test_a_function_that_failed_its_batch_is_not_taken_for_done(answer: dict[str, Json], code: str) -> None:
    """lambda_/test_lambda_integration_kinesis.test_kinesis_report_batch_item_failure_scenarios."""
    found = fault_in({"StatusCode": 200, "ExecutedVersion": "$LATEST", **answer})
    assert found is not None
    assert found[0] == code
