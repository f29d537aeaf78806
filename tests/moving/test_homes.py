"""Each dead letter goes to its own home."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from opsctl.deadletters.route import Route
from opsctl.journal.checkpoints import JobCheckpoint
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.jobs import JobResult, Tools
from opsctl.model.reads import Answer, Read, Refused
from opsctl.model.run import Identity
from opsctl.model.value import Json
from opsctl.moving.backoff import Patience
from opsctl.moving.homes import Homes
from opsctl.moving.mover import Mover, Order
from opsctl.moving.queue import Queue
from opsctl.moving.routing import RoutedSending
from tests.deadletters.test_letter import FUNCTION, record
from tests.kit.memory_sqs import MemorySqs, url_of
from tests.kit.ports import IDENTITY, FakeClock, refusal

TARGET = "arn:aws:lambda:us-east-1:123456789012:function:bill"
RULE = "arn:aws:events:us-east-1:123456789012:rule/shop/big"
SUBSCRIPTION = "arn:aws:sns:us-east-1:123456789012:alerts:1"


class Told:
    """An account that answers reads from a table and remembers writes."""

    def __init__(self, answers: dict[str, Json]) -> None:
        self.answers = answers
        self.writes: list[tuple[str, dict[str, Json]]] = []
        self.fails: Callable[[str], None] = lambda _operation: None

    @property
    def identity(self) -> Identity:
        return IDENTITY

    def read(self, read: Read) -> Answer:
        if read.operation not in self.answers:
            return Answer(refusal=refusal(Refused.MISSING, "NotFound", read.api))
        return Answer(value=self.answers[read.operation])

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        self.writes.append((operation, params))
        self.fails(operation)
        return {}


def redrive(
    path: Path, sqs: MemorySqs, aws: Told, *routes: Route, recorded: bool = True, onto_bus: bool = False
) -> JobResult:
    tools = Tools(
        aws=aws,
        queues=lambda _region: sqs,
        checkpoint=JobCheckpoint(path / "job.log"),
        clock=sqs.clock,
        progress=lambda _line: None,
        stopping=lambda: False,
    )
    patience = Patience(sqs.clock, lambda: False)
    homes = Homes(routes, tools, "us-east-1", sqs, patience, recorded=recorded, onto_bus=onto_bus)
    queue = Queue(sqs, url_of("dead"), patience, visibility_s=60)
    sqs.clock.sleep(1)
    order = Order(title="t", visibility_s=60, others_hold_s=5, threads=1)
    return Mover(order, tools, queue, RoutedSending(homes.choose, homes.fixed())).run(int(sqs.clock.now() * 1000))


def queue_route(sqs: MemorySqs, name: str, origin: str = "") -> Route:
    return Route(origin=origin, kind="queue", arn=sqs.arn(name), url=url_of(name), name=name)


def made(*bodies: Json, **attributes: str) -> MemorySqs:
    sqs = MemorySqs(FakeClock())
    for name in ("dead", "orders", "bills"):
        sqs.make(name)
    for body in bodies:
        entry: Json = {"Id": "a", "MessageBody": body if isinstance(body, str) else json.dumps(body)}
        if attributes:
            entry["MessageAttributes"] = {
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            }
        sqs.call("SendMessageBatch", {"QueueUrl": "/dead", "Entries": [entry]})
    return sqs


def test_each_message_goes_back_to_the_queue_it_died_on(tmp_path: Path) -> None:
    sqs = made()
    for number in range(6):
        sqs.put("dead", f"m{number}", source="orders" if number % 2 else "bills")
    sqs.put("dead", "gone", source="deleted-queue")
    routes = [queue_route(sqs, name, sqs.arn(name)) for name in ("orders", "bills")]
    result = redrive(tmp_path, sqs, Told({}), *routes)
    assert sqs.queues["orders"].bodies() == ["m1", "m3", "m5"]
    assert sqs.queues["bills"].bodies() == ["m0", "m2", "m4"]
    assert sqs.queues["dead"].bodies() == ["gone"]
    assert "does not use this queue any more" in result.details["reasons"][0]["reason"]


def test_a_failed_invocation_is_invoked_again_with_its_own_payload(tmp_path: Path) -> None:
    sqs = made(record(requestPayload={"k": 1}, responsePayload={}))
    aws = Told({})
    assert redrive(tmp_path, sqs, aws).complete
    ((operation, params),) = aws.writes
    assert operation == "Invoke"
    assert params == {"FunctionName": FUNCTION, "InvocationType": "Event", "Payload": '{"k": 1}'}
    assert sqs.queues["dead"].messages == {}


def test_an_asynchronous_dead_letter_goes_to_the_function_whose_queue_this_is(tmp_path: Path) -> None:
    sqs = made({"k": 1}, RequestID="r", ErrorCode="200", ErrorMessage="no")
    aws = Told({})
    redrive(tmp_path, sqs, aws, Route(kind="function", arn=TARGET, name="bill"))
    assert aws.writes[0][1]["FunctionName"] == TARGET
    assert aws.writes[0][1]["Payload"] == '{"k": 1}'


def envelope() -> Json:
    link = f"https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={SUBSCRIPTION}"
    return {"Type": "Notification", "TopicArn": "arn:t", "Message": "hi", "UnsubscribeURL": link}


def test_a_notification_reaches_the_one_subscription_that_failed(tmp_path: Path) -> None:
    sqs = made(envelope())
    told = {"Attributes": {"Protocol": "sqs", "Endpoint": sqs.arn("orders")}}
    aws = Told({"GetSubscriptionAttributes": told, "GetQueueUrl": {"QueueUrl": url_of("orders")}})
    assert redrive(tmp_path, sqs, aws).complete
    assert json.loads(sqs.queues["orders"].bodies()[0]) == envelope()
    assert aws.writes == []


def test_a_notification_for_a_function_is_invoked_as_sns_does(tmp_path: Path) -> None:
    aws = Told({"GetSubscriptionAttributes": {"Attributes": {"Protocol": "lambda", "Endpoint": TARGET}}})
    redrive(tmp_path, made(envelope()), aws)
    assert json.loads(aws.writes[0][1]["Payload"])["Records"][0]["Sns"]["Message"] == "hi"


def test_a_notification_for_an_https_endpoint_stays_with_the_reason(tmp_path: Path) -> None:
    sqs = made(envelope())
    aws = Told({"GetSubscriptionAttributes": {"Attributes": {"Protocol": "https", "Endpoint": "https://x"}}})
    result = redrive(tmp_path, sqs, aws)
    assert "signature only SNS can make" in result.details["reasons"][0]["reason"]
    assert len(sqs.queues["dead"].messages) == 1


EVENT: Json = {"source": "shop", "detail-type": "Order", "detail": {"id": 7}}


def test_an_event_goes_to_the_failed_target_with_its_input_settings(tmp_path: Path) -> None:
    sqs = made(EVENT, RULE_ARN=RULE, TARGET_ARN=TARGET, ERROR_CODE="NO_PERMISSIONS")
    aws = Told({"ListTargetsByRule": {"Targets": [{"Id": "1", "Arn": TARGET, "InputPath": "$.detail"}]}})
    assert redrive(tmp_path, sqs, aws).complete
    assert aws.writes[0][1]["Payload"] == '{"id": 7}'


def test_an_event_goes_back_on_its_own_bus_when_that_is_asked_for(tmp_path: Path) -> None:
    aws = Told({})
    redrive(tmp_path, made(EVENT, RULE_ARN=RULE, TARGET_ARN=TARGET), aws, onto_bus=True)
    ((operation, params),) = aws.writes
    assert operation == "PutEvents"
    assert params["Entries"][0]["EventBusName"] == "shop"


def test_an_event_whose_target_is_gone_stays(tmp_path: Path) -> None:
    sqs = made(EVENT, RULE_ARN=RULE, TARGET_ARN=TARGET)
    result = redrive(tmp_path, sqs, Told({"ListTargetsByRule": {"Targets": []}}))
    assert "has no target" in result.details["reasons"][0]["reason"]


def test_a_failed_stream_batch_is_read_again_and_invoked(tmp_path: Path) -> None:
    info = {"shardId": "s-0", "startSequenceNumber": "5", "endSequenceNumber": "7", "streamArn": "arn:k"}
    sqs = made(record("RetryAttemptsExhausted", KinesisBatchInfo=info))
    records = [{"SequenceNumber": str(n), "Data": bytes([0, 255, n]), "PartitionKey": "p"} for n in (5, 6, 7, 8)]
    answers = {"GetShardIterator": {"ShardIterator": "i"}, "GetRecords": {"Records": records}}
    aws = Told(answers)
    assert redrive(tmp_path, sqs, aws).complete
    sent = json.loads(aws.writes[0][1]["Payload"])["Records"]
    assert [one["kinesis"]["sequenceNumber"] for one in sent] == ["5", "6", "7"]
    assert sent[0]["kinesis"]["data"] == "AP8F"


def test_stream_records_that_are_gone_leave_the_letter_where_it_is(tmp_path: Path) -> None:
    info = {"shardId": "s-0", "startSequenceNumber": "5", "endSequenceNumber": "7", "streamArn": "arn:k"}
    sqs = made(record("RetryAttemptsExhausted", KinesisBatchInfo=info))
    answers = {"GetShardIterator": {"ShardIterator": "i"}, "GetRecords": {"Records": [], "NextShardIterator": ""}}
    result = redrive(tmp_path, sqs, Told(answers))
    assert "does not retain" in result.details["reasons"][0]["reason"]


def test_an_invocation_whose_answer_was_lost_is_repeated_and_named(tmp_path: Path) -> None:
    sqs, aws = made(record(requestPayload={})), Told({})
    failing = iter([True])

    def lose(_operation: str) -> None:
        if next(failing, False):
            raise OutcomeUnknown("lost")

    aws.fails = lose
    result = redrive(tmp_path, sqs, aws)
    assert len(aws.writes) == 2
    assert len(result.details["may_be_twice"]) == 1


def test_a_function_that_may_not_be_invoked_is_asked_once_only(tmp_path: Path) -> None:
    sqs, aws = made(*(record(requestPayload={"n": n}) for n in range(5))), Told({})

    def deny(_operation: str) -> None:
        raise AwsRefused(refusal(Refused.DENIED, "AccessDeniedException", "lambda.Invoke"))

    aws.fails = deny
    result = redrive(tmp_path, sqs, aws)
    assert len(aws.writes) == 1
    assert result.details["stayed"] == 5
    assert len(sqs.queues["dead"].messages) == 5


@pytest.mark.parametrize("body", ["plain text", {"k": 1}])
def test_a_message_without_any_record_of_its_origin_stays_unless_there_is_one_source_only(
    tmp_path: Path, body: Json
) -> None:
    sqs = made(body)
    routes = [queue_route(sqs, name, sqs.arn(name)) for name in ("orders", "bills")]
    result = redrive(tmp_path, sqs, Told({}), *routes)
    assert "does not say where it came from" in result.details["reasons"][0]["reason"]
