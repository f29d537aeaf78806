"""Where each recorded dead letter goes, and what arrives there: the call with every parameter."""

import json
from typing import cast

import pytest

from opsctl.aws.service_models import InstalledModels
from opsctl.dlq.route import Route
from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.choosing_destinations import Destinations
from opsctl.dlq.transfer.digests import body_digest
from opsctl.dlq.transfer.sending import Sent
from opsctl.model.jobs import Checkpoint, Tools
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.run import Identity
from opsctl.model.value import Json
from tests.kit.ports import IDENTITY, FakeClock, only_reads, refusal
from tests.recorded.shapes import (
    ACCOUNT,
    DEAD,
    FUNCTION,
    LATEST,
    QUEUE,
    REGION,
    REQUEST,
    RULE,
    SUBSCRIPTION,
    TOPIC,
    envelope,
    event,
    raised,
    received,
    record,
    text,
)

URL = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/orders"
STREAM = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/events"
DELIVERY = f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/events"
OTHER_REGION = f"arn:aws:sns:eu-west-1:{ACCOUNT}:orders"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:pay"
EVENT = json.dumps(event({"command": "update-account"}))
FAILED = record("RetriesExhausted", 3, requestPayload={"message": "m"}, responsePayload=raised("failure"))
ON_BUS = event(FAILED, **{"detail-type": "Lambda Function Invocation Result - Failure", "source": "lambda"})
FAILED_ASYNC = {
    "ErrorCode": {"Type": "Number", "Value": "200"},
    "ErrorMessage": {"Type": "String", "Value": "Test exception (this is intentional)"},
    "RequestID": {"Type": "String", "Value": REQUEST},
}
ATTRIBUTES = {name: text(one["Value"], one["Type"]) for name, one in FAILED_ASYNC.items()}


class Account:
    """Answers reads from a table and remembers what is written, to SQS too.

    SNS answers for its own Region only (sns/test_sns.test_cross_region_access).
    """

    def __init__(self, answers: dict[str, Json]) -> None:
        self._answers = answers
        self.written: list[tuple[str, dict[str, Json]]] = []

    @property
    def identity(self) -> Identity:
        return IDENTITY

    def read(self, read: Read) -> Answer:
        only_reads(read)
        return self.stored(read)

    def stored(self, read: Read) -> Answer:
        elsewhere = (
            read.operation == "GetSubscriptionAttributes"
            and read.params["SubscriptionArn"].split(":")[3] != read.region
        )
        if elsewhere or read.operation not in self._answers:
            return Answer(refusal=refusal(RefusalKind.MISSING, "NotFound", read.api))
        return Answer(value=self._answers[read.operation])

    def takes(self, service: str, operation: str) -> frozenset[str]:
        return frozenset()

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        self.written.append((f"{service}.{operation}", params))
        return {}

    def call(self, operation: str, params: dict[str, Json]) -> dict[str, Json]:
        self.written.append((f"sqs.{operation}", params))
        entries = [
            {"Id": one["Id"], "MessageId": "m", "MD5OfMessageBody": body_digest(one["MessageBody"])}
            for one in params["Entries"]
        ]
        return {"Successful": entries}

    def server_time(self) -> float:
        return 0.0


def redriven(message: Json, answers: dict[str, Json], *routes: Route) -> tuple[str, dict[str, Json]]:
    """Send one dead letter as a redrive does, and return the one call that this took."""
    aws = Account(answers)
    sent = sent_by(aws, message, *routes)
    assert (len(sent.confirmed), sent.stayed, sent.doubtful) == (1, [], [])
    (call,) = aws.written
    return call


def sent_by(aws: Account, message: Json, *routes: Route) -> Sent:
    """What comes of one dead letter."""
    tools = Tools(
        aws=aws,
        queues=lambda _region: aws,
        # Choosing a destination and sending there write nothing down: that is the mover's.
        checkpoint=cast("Checkpoint", None),
        clock=FakeClock(),
        progress=lambda _line: None,
        stopping=lambda: False,
        request=InstalledModels().request,
        stored=aws.stored,
    )
    patience = Patience(tools.clock, tools.stopping)
    dead = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{DEAD.rpartition(':')[2]}"
    destinations = Destinations(
        routes, tools, REGION, aws, patience, queue_url=dead, recorded=True, onto_bus=False
    )
    return destinations.choose(message).send([message], lambda: None)


def subscribed(protocol: str, endpoint: str, raw: str = "false") -> dict[str, Json]:
    """GetSubscriptionAttributes of a confirmed subscription with a dead-letter queue."""
    return {
        "GetSubscriptionAttributes": {
            "Attributes": {
                "ConfirmationWasAuthenticated": "true",
                "Endpoint": endpoint,
                "Owner": ACCOUNT,
                "PendingConfirmation": "false",
                "Protocol": protocol,
                "RawMessageDelivery": raw,
                "RedrivePolicy": json.dumps({"deadLetterTargetArn": DEAD}),
                "SubscriptionArn": SUBSCRIPTION,
                "SubscriptionPrincipal": f"arn:aws:iam::{ACCOUNT}:user/u",
                "TopicArn": TOPIC,
            }
        },
        "GetQueueUrl": {"QueueUrl": URL if not endpoint.endswith(".fifo") else f"{URL}.fifo"},
    }


def targeted(arn: str, **settings: Json) -> dict[str, Json]:
    """ListTargetsByRule of a rule with one target."""
    return {
        "ListTargetsByRule": {
            "Targets": [{"Id": "t-1", "Arn": arn, "DeadLetterConfig": {"Arn": DEAD}, **settings}]
        },
        "GetQueueUrl": {"QueueUrl": URL if not arn.endswith(".fifo") else f"{URL}.fifo"},
        "ListSubscriptionsByTopic": {"Subscriptions": []},
    }


def of_rule(target: str) -> Json:
    attributes = {
        "RULE_ARN": text(RULE),
        "TARGET_ARN": text(target),
        "ERROR_CODE": text("NO_PERMISSIONS"),
        "ERROR_MESSAGE": text("not authorized"),
        "RETRY_ATTEMPTS": text("0"),
    }
    return received(EVENT, attributes)


MESSAGE_ID = received("")["MessageId"]
EVENT_ID, SOURCE = event({})["id"], event({})["source"]
INVOKED = {"FunctionName": LATEST, "InvocationType": "Event", "Payload": '{"message":"m"}'}
ON_FUNCTION = Route(origin=FUNCTION, kind="function", arn=FUNCTION, name="resize")


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        pytest.param(received(FAILED), INVOKED, id="lambda_/test_lambda_destinations.test_retries"),
        pytest.param(
            received(ON_BUS), INVOKED, id="lambda_/test_lambda_destinations.test_invoke_lambda_eventbridge"
        ),
        pytest.param(
            received(envelope(json.dumps(FAILED))), INVOKED, id="sns/test_sns: the record came by a topic"
        ),
        pytest.param(
            received(envelope(json.dumps(FAILED), OTHER_REGION)),
            INVOKED,
            id="sns/test_sns.test_cross_region_delivery_sqs: the topic is of another Region",
        ),
        pytest.param(
            received(envelope('{"raise_error": 1}', attributes=FAILED_ASYNC)),
            {"FunctionName": FUNCTION, "InvocationType": "Event", "Payload": '{"raise_error": 1}'},
            id="sns/test_sns.test_sns_topic_as_lambda_dead_letter_queue",
        ),
        pytest.param(
            received(
                '{"raise_error": 1}', {name: text(one["Value"], one["Type"]) for name, one in FAILED_ASYNC.items()}
            ),
            {"FunctionName": FUNCTION, "InvocationType": "Event", "Payload": '{"raise_error": 1}'},
            id="lambda_/test_lambda_integration_sqs.test_sqs_queue_as_lambda_dead_letter_queue",
        ),
    ],
)
def test_a_function_is_invoked_with_what_it_failed_on(message: Json, wanted: dict[str, Json]) -> None:
    """Its topic delivers to the very dead-letter queue, so that the envelope itself did not fail."""
    assert redriven(message, subscribed("sqs", DEAD), ON_FUNCTION) == ("lambda.Invoke", wanted)


def test_a_function_that_a_topic_could_not_invoke_gets_the_event_that_sns_sends() -> None:
    """sns/test_sns.test_sns_topic_as_lambda_dead_letter_queue and test_python_lambda_subscribe_sns_topic."""
    failed = envelope("Hello world.", Subject="[Subject] Test subject")
    operation, params = redriven(received(failed), subscribed("lambda", FUNCTION))
    assert (operation, params["FunctionName"], params["InvocationType"]) == ("lambda.Invoke", FUNCTION, "Event")
    assert json.loads(params["Payload"]) == {
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": SUBSCRIPTION,
                "Sns": {
                    "Type": "Notification",
                    "MessageId": failed["MessageId"],
                    "TopicArn": TOPIC,
                    "Subject": "[Subject] Test subject",
                    "Message": "Hello world.",
                    "Timestamp": failed["Timestamp"],
                    "SignatureVersion": "1",
                    "Signature": failed["Signature"],
                    "SigningCertUrl": failed["SigningCertURL"],
                    "UnsubscribeUrl": failed["UnsubscribeURL"],
                    "MessageAttributes": {},
                },
            }
        ]
    }


def test_a_notification_without_a_subject_has_none_in_its_event_either() -> None:
    """sns/test_sns.test_sns_topic_as_lambda_dead_letter_queue, where Subject is null."""
    _, params = redriven(received(envelope("m")), subscribed("lambda", FUNCTION))
    assert json.loads(params["Payload"])["Records"][0]["Sns"]["Subject"] is None


@pytest.mark.parametrize(
    ("system", "endpoint", "more"),
    [
        pytest.param({}, QUEUE, {}, id="sns/test_sns.test_redrive_policy_sqs_queue_subscription[False]"),
        pytest.param(
            {"MessageGroupId": "my-group-id-1"},
            QUEUE,
            {"MessageGroupId": "my-group-id-1"},
            id="sns/test_sns.test_publish_message_group_id",
        ),
        pytest.param(
            {"AWSTraceHeader": "Root=1-5759e988;Parent=53995c3f42cd8ad8;Sampled=1"},
            QUEUE,
            {
                "MessageSystemAttributes": {
                    "AWSTraceHeader": text("Root=1-5759e988;Parent=53995c3f42cd8ad8;Sampled=1"),
                }
            },
            id="sns/test_sns.test_publish_sqs_from_sns_with_xray_propagation",
        ),
    ],
)
def test_a_queue_that_a_topic_could_not_reach_gets_the_envelope_as_it_was(
    system: dict[str, str], endpoint: str, more: dict[str, Json]
) -> None:
    failed = received(envelope("m"), **system)
    operation, params = redriven(failed, subscribed("sqs", endpoint))
    assert (operation, params["QueueUrl"]) == ("sqs.SendMessageBatch", URL)
    assert params["Entries"] == [{"Id": "0", "MessageBody": failed["Body"], **more}]


@pytest.mark.parametrize(
    ("target", "settings", "wanted"),
    [
        pytest.param(
            QUEUE,
            {},
            ("sqs.SendMessage", {"QueueUrl": URL, "MessageBody": EVENT}),
            id="test_put_events_with_target_sqs",
        ),
        pytest.param(
            f"{QUEUE}.fifo",
            {"SqsParameters": {"MessageGroupId": "g"}},
            (
                "sqs.SendMessage",
                {
                    "QueueUrl": f"{URL}.fifo",
                    "MessageBody": EVENT,
                    "MessageGroupId": "g",
                    "MessageDeduplicationId": MESSAGE_ID,
                },
            ),
            id="EventBridge API reference, SqsParameters",
        ),
        pytest.param(
            QUEUE,
            {"SqsParameters": {"MessageGroupId": "g"}},
            ("sqs.SendMessage", {"QueueUrl": URL, "MessageBody": EVENT, "MessageGroupId": "g"}),
            id="EventBridge API reference, SqsParameters: a fair queue",
        ),
        pytest.param(
            QUEUE,
            {"SqsParameters": {"MessageGroupId": "$.detail.command"}, "InputPath": "$.source"},
            (
                "sqs.SendMessage",
                {"QueueUrl": URL, "MessageBody": f'"{SOURCE}"', "MessageGroupId": "update-account"},
            ),
            id="EventBridge guide, Dynamic path parameters: of the event, not of what is made of it",
        ),
        pytest.param(
            STREAM,
            {},
            ("kinesis.PutRecord", {"StreamARN": STREAM, "Data": EVENT, "PartitionKey": EVENT_ID}),
            id="EventBridge API reference, KinesisParameters: by the event's id",
        ),
        pytest.param(
            FUNCTION,
            {},
            ("lambda.Invoke", {"FunctionName": FUNCTION, "InvocationType": "Event", "Payload": EVENT}),
            id="test_put_events_with_target_lambda",
        ),
        pytest.param(
            TOPIC, {}, ("sns.Publish", {"TopicArn": TOPIC, "Message": EVENT}), id="test_put_events_with_target_sns"
        ),
        pytest.param(
            STREAM,
            {"KinesisParameters": {"PartitionKeyPath": "$.detail.command"}},
            ("kinesis.PutRecord", {"StreamARN": STREAM, "Data": EVENT, "PartitionKey": "update-account"}),
            id="test_put_events_with_target_kinesis",
        ),
        pytest.param(
            DELIVERY,
            {},
            ("firehose.PutRecord", {"DeliveryStreamName": "events", "Record": {"Data": EVENT}}),
            id="test_put_events_with_target_firehose",
        ),
        pytest.param(
            MACHINE,
            {},
            ("stepfunctions.StartExecution", {"stateMachineArn": MACHINE, "name": MESSAGE_ID, "input": EVENT}),
            id="EventBridge guide, Event bus targets",
        ),
        pytest.param(
            QUEUE,
            {"InputPath": "$.detail"},
            ("sqs.SendMessage", {"QueueUrl": URL, "MessageBody": '{"command":"update-account"}'}),
            id="test_put_events_with_input_path",
        ),
    ],
)
def test_a_target_that_eventbridge_could_not_reach_gets_the_event_as_it_makes_it(
    target: str, settings: dict[str, Json], wanted: tuple[str, dict[str, Json]]
) -> None:
    """events/test_events_targets and events/test_events_inputs."""
    assert redriven(of_rule(target), targeted(target, **settings)) == wanted


def test_a_letter_whose_message_group_is_not_in_its_event_stays() -> None:
    aws = Account(targeted(QUEUE, SqsParameters={"MessageGroupId": "$.detail.customer"}))
    (stayed,) = sent_by(aws, of_rule(QUEUE)).stayed
    assert stayed.reason == "the target's message group $.detail.customer matches nothing in this event"
    assert aws.written == []


def test_a_schedules_letter_is_the_request_that_is_made_again() -> None:
    """Scheduler guide, "Configuring a dead-letter queue"."""
    request = {"MessageBody": "Hello, EventBridge Scheduler!", "QueueUrl": URL}
    attributes = {
        "SCHEDULE_ARN": text(f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/nightly"),
        "TARGET_ARN": text("arn:aws:scheduler:::aws-sdk:sqs:sendMessage"),
        "IS_PAYLOAD_TRUNCATED": text("false"),
    }
    assert redriven(received(request, attributes), {}) == ("sqs.SendMessage", request)
