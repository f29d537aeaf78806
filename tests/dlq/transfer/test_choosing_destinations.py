"""Each dead letter goes to its own home."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from opsctl.aws.service_models import InstalledModels
from opsctl.dlq.route import Route
from opsctl.dlq.senders import REPEATED_APIS
from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.choosing_destinations import Destinations
from opsctl.dlq.transfer.move_order import MoveOrder
from opsctl.dlq.transfer.mover import Mover
from opsctl.dlq.transfer.queue import Queue
from opsctl.dlq.transfer.routing import RoutedSending
from opsctl.dlq.transfer.scheduled import APIS
from opsctl.journal.checkpoints import JobCheckpoint
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.jobs import JobResult, Tools
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.run import Identity
from opsctl.model.value import Json
from tests.dlq.test_dead_letter import FUNCTION, record
from tests.kit.memory_sqs import MemorySqs, url_of
from tests.kit.ports import IDENTITY, FakeClock, Killed, only_reads, refusal

TARGET = "arn:aws:lambda:us-east-1:123456789012:function:bill"
RULE = "arn:aws:events:us-east-1:123456789012:rule/shop/big"
SUBSCRIPTION = "arn:aws:sns:us-east-1:123456789012:alerts:1"


class Told:
    """An account that answers reads from a table and remembers writes."""

    def __init__(self, answers: dict[str, Json]) -> None:
        self.answers = answers
        self.writes: list[tuple[str, dict[str, Json]]] = []
        self.reads: list[Read] = []
        self.regions: list[str | None] = []
        self.fails: Callable[[str], None] = lambda _operation: None
        self.replies: Json = {}

    @property
    def identity(self) -> Identity:
        return IDENTITY

    def read(self, read: Read) -> Answer:
        only_reads(read)
        return self.stored(read)

    def stored(self, read: Read) -> Answer:
        self.reads.append(read)
        if read.operation not in self.answers:
            return Answer(refusal=refusal(RefusalKind.MISSING, "NotFound", read.api))
        return Answer(value=self.answers[read.operation])

    def takes(self, service: str, operation: str) -> frozenset[str]:
        return frozenset()

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        self.writes.append((operation, params))
        self.regions.append(region)
        self.fails(operation)
        return self.replies


def redrive(
    path: Path,
    sqs: MemorySqs,
    aws: Told,
    *routes: Route,
    recorded: bool = True,
    onto_bus: bool = False,
    there: dict[str, MemorySqs] | None = None,
) -> JobResult:
    path.mkdir(exist_ok=True)
    tools = Tools(
        aws=aws,
        queues=lambda region: (there or {}).get(region, sqs),
        checkpoint=JobCheckpoint(path / "job.log"),
        clock=sqs.clock,
        progress=lambda _line: None,
        stopping=lambda: False,
        request=InstalledModels().request,
        stored=aws.stored,
    )
    patience = Patience(sqs.clock, lambda: False)
    destinations = Destinations(
        routes, tools, "us-east-1", sqs, patience, queue_url=url_of("dead"), recorded=recorded, onto_bus=onto_bus
    )
    queue = Queue(sqs, url_of("dead"), patience, visibility_s=60)
    sqs.clock.sleep(1)
    order = MoveOrder(title="t", visibility_s=60, others_hold_s=5, threads=1)
    sending = RoutedSending(destinations.choose, destinations.fixed())
    mover = Mover(order, tools, patience, queue, sending, parts=sending.parts)
    return mover.run(int(sqs.clock.now() * 1000))


def queue_route(sqs: MemorySqs, name: str, origin: str = "") -> Route:
    return Route(origin=origin, kind="queue", arn=sqs.arn(name), url=url_of(name), name=name)


def made(*bodies: Json, **attributes: str) -> MemorySqs:
    sqs = MemorySqs(FakeClock())
    for name in ("dead", "orders", "bills"):
        sqs.make(name)
    for body in bodies:
        send(sqs, body if isinstance(body, str) else json.dumps(body), **attributes)
    return sqs


def send(sqs: MemorySqs, body: str, **attributes: str) -> None:
    entry: Json = {"Id": "a", "MessageBody": body}
    if attributes:
        entry["MessageAttributes"] = {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        }
    sqs.call("SendMessageBatch", {"QueueUrl": "/dead", "Entries": [entry]})


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
    assert "does not use this dead-letter queue any more" in result.details["reasons"][0]["reason"]


def test_the_attribute_of_what_was_brought_back_chooses_among_the_planned_sources(
    tmp_path: Path,
) -> None:
    sqs = made()
    for source in ("orders", "bills", "deleted-queue"):
        send(sqs, f"from {source}", **{"opsctl-origin": sqs.arn(source), "kept": "x"})
    send(sqs, "forged", **{"opsctl-origin": "arn:aws:lambda:us-east-1:123456789012:function:pay"})
    routes = [queue_route(sqs, name, sqs.arn(name)) for name in ("orders", "bills")]
    result = redrive(tmp_path, sqs, Told({}), *routes)
    for name in ("orders", "bills"):
        (arrived,) = sqs.queues[name].messages.values()
        assert (arrived.body, list(arrived.attributes)) == (f"from {name}", ["kept"])
    assert sorted(sqs.queues["dead"].bodies()) == ["forged", "from deleted-queue"]
    reasons = sorted(one["reason"] for one in result.details["reasons"])
    assert reasons[0].startswith("it came from deleted-queue, which does not use")
    assert reasons[1].startswith("it does not say where it came from")


def test_a_failed_invocation_is_invoked_again_with_its_own_payload(tmp_path: Path) -> None:
    sqs = made(record(requestPayload={"k": 1}, responsePayload={}))
    aws = Told({})
    assert redrive(tmp_path, sqs, aws).complete
    ((operation, params),) = aws.writes
    assert operation == "Invoke"
    assert params == {"FunctionName": FUNCTION, "InvocationType": "Event", "Payload": '{"k":1}'}
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


def subscribed(protocol: str, endpoint: str) -> dict[str, Json]:
    """A subscription as GetSubscriptionAttributes tells it."""
    told = {"SubscriptionArn": SUBSCRIPTION, "TopicArn": "arn:t", "Protocol": protocol, "Endpoint": endpoint}
    return {"GetSubscriptionAttributes": {"Attributes": told}}


def carrying(payload: Json, **attributes: str) -> Json:
    """An envelope around a message, as a queue gets it that is subscribed to a topic."""
    told = {name: {"Type": "String", "Value": value} for name, value in attributes.items()}
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return envelope() | {"Message": text, "MessageAttributes": told}


def test_a_record_of_a_failure_that_came_by_a_topic_has_its_function_invoked(tmp_path: Path) -> None:
    sqs = made(carrying(record(requestPayload={"k": 1})))
    aws = Told(subscribed("sqs", sqs.arn("dead")))
    assert redrive(tmp_path, sqs, aws).complete
    ((operation, params),) = aws.writes
    assert (operation, params["FunctionName"], params["Payload"]) == ("Invoke", FUNCTION, '{"k":1}')
    assert sqs.queues["dead"].messages == {}


def test_an_asynchronous_failure_that_came_by_a_topic_is_told_by_the_attributes_in_its_envelope(
    tmp_path: Path,
) -> None:
    sqs = made(carrying('{"k": 1.0}', RequestID="r", ErrorCode="200", ErrorMessage="no"))
    aws = Told(subscribed("sqs", sqs.arn("dead")))
    redrive(tmp_path, sqs, aws, Route(kind="function", arn=TARGET, name="bill"))
    assert [params["Payload"] for _, params in aws.writes] == ['{"k": 1.0}']


def test_a_notification_of_a_failure_that_did_not_reach_another_subscriber_goes_to_that_one(
    tmp_path: Path,
) -> None:
    sqs = made(carrying(record(requestPayload={"k": 1})))
    aws = Told({**subscribed("sqs", sqs.arn("orders")), "GetQueueUrl": {"QueueUrl": url_of("orders")}})
    assert redrive(tmp_path, sqs, aws).complete
    assert aws.writes == []
    assert len(sqs.queues["orders"].messages) == 1


def test_what_a_subscription_delivered_to_the_queue_stays_when_it_records_no_failure(tmp_path: Path) -> None:
    sqs = made(envelope())
    result = redrive(tmp_path, sqs, Told(subscribed("sqs", sqs.arn("dead"))))
    assert "nothing failed" in result.details["reasons"][0]["reason"]
    assert len(sqs.queues["dead"].messages) == 1


def test_a_record_in_an_envelope_goes_to_the_function_that_was_named_with_its_payload(tmp_path: Path) -> None:
    sqs = made(carrying(record(requestPayload={"k": 1})))
    aws = Told(subscribed("sqs", sqs.arn("dead")))
    to = Route(kind="function", arn=TARGET, name="bill", form="payload")
    assert redrive(tmp_path, sqs, aws, to, recorded=False).complete
    assert [(one["FunctionName"], one["Payload"]) for _, one in aws.writes] == [(TARGET, '{"k":1}')]


def test_a_queue_of_another_region_gets_its_notification_there(tmp_path: Path) -> None:
    """The same name in both Regions is usual for a service that runs in both."""
    sqs, europe = made(envelope()), made()
    endpoint = sqs.arn("orders").replace("us-east-1", "eu-west-1")
    aws = Told({**subscribed("sqs", endpoint), "GetQueueUrl": {"QueueUrl": url_of("orders")}})
    assert redrive(tmp_path, sqs, aws, there={"eu-west-1": europe}).complete
    assert aws.reads[-1].region == "eu-west-1"
    assert (len(sqs.queues["orders"].messages), len(europe.queues["orders"].messages)) == (0, 1)


def test_a_queue_of_another_account_is_not_replaced_by_one_of_the_same_name(tmp_path: Path) -> None:
    sqs = made(envelope())
    aws = Told(
        {**subscribed("sqs", "arn:aws:sqs:us-east-1:999999999999:orders"), "GetQueueUrl": {"QueueUrl": "/x"}}
    )
    result = redrive(tmp_path, sqs, aws)
    assert "belongs to another account; choose a destination" in result.details["reasons"][0]["reason"]
    assert sqs.queues["orders"].messages == {}


def test_a_function_of_another_region_is_invoked_there(tmp_path: Path) -> None:
    aws = Told(subscribed("lambda", TARGET.replace("us-east-1", "eu-west-1")))
    redrive(tmp_path, made(envelope()), aws)
    assert aws.regions == ["eu-west-1"]


def test_nothing_is_sent_into_the_queue_that_is_emptied(tmp_path: Path) -> None:
    """By a rule's target, by a topic that delivers to it, or as the queue that a message died on."""
    sqs = made(EVENT, RULE_ARN=RULE, TARGET_ARN="arn:aws:sns:us-east-1:123456789012:t")
    own = sqs.arn("dead")
    targets = {"Targets": [{"Id": "1", "Arn": "arn:aws:sns:us-east-1:123456789012:t"}]}
    aws = Told({"ListTargetsByRule": targets, "ListSubscriptionsByTopic": {"Subscriptions": [{"Endpoint": own}]}})
    sqs.put("dead", "x", source="dead")
    result = redrive(tmp_path, sqs, aws, queue_route(sqs, "dead", own))
    assert result.details["stayed"] == 2
    assert {one["reason"].partition(",")[0] for one in result.details["reasons"]} == {
        "it delivers to this queue itself"
    }
    assert aws.writes == []


def test_a_notification_reaches_the_one_subscription_that_failed(tmp_path: Path) -> None:
    sqs = made(envelope())
    aws = Told({**subscribed("sqs", sqs.arn("orders")), "GetQueueUrl": {"QueueUrl": url_of("orders")}})
    assert redrive(tmp_path, sqs, aws).complete
    assert json.loads(sqs.queues["orders"].bodies()[0]) == envelope()
    assert aws.writes == []


def test_a_notification_for_a_function_is_invoked_as_sns_does(tmp_path: Path) -> None:
    aws = Told(subscribed("lambda", TARGET))
    redrive(tmp_path, made(envelope()), aws)
    assert json.loads(aws.writes[0][1]["Payload"])["Records"][0]["Sns"]["Message"] == "hi"


def test_a_notification_for_an_https_endpoint_stays_with_the_reason(tmp_path: Path) -> None:
    sqs = made(envelope())
    aws = Told(subscribed("https", "https://x"))
    result = redrive(tmp_path, sqs, aws)
    assert "SNS signs what it delivers by https" in result.details["reasons"][0]["reason"]
    assert len(sqs.queues["dead"].messages) == 1


EVENT: Json = {"source": "shop", "detail-type": "Order", "detail": {"id": 7}}


def test_an_event_goes_to_the_failed_target_with_its_input_settings(tmp_path: Path) -> None:
    sqs = made(EVENT, RULE_ARN=RULE, TARGET_ARN=TARGET, ERROR_CODE="NO_PERMISSIONS")
    aws = Told({"ListTargetsByRule": {"Targets": [{"Id": "1", "Arn": TARGET, "InputPath": "$.detail"}]}})
    assert redrive(tmp_path, sqs, aws).complete
    assert aws.writes[0][1]["Payload"] == '{"id":7}'


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


EXECUTION: Json = {
    "GetFunctionConfiguration": {"Role": "arn:aws:iam::123456789012:role/reads"},
    "ListEventSourceMappings": {"EventSourceMappings": []},
}


STREAM_BATCH: Json = {
    "shardId": "s-0",
    "batchSize": 3,
    "startSequenceNumber": "5",
    "endSequenceNumber": "7",
    "streamArn": "arn:k",
}


def test_a_failed_stream_batch_is_read_again_and_invoked(tmp_path: Path) -> None:
    sqs = made(record("RetryAttemptsExhausted", KinesisBatchInfo=STREAM_BATCH))
    records = [{"SequenceNumber": str(n), "Data": bytes([0, 255, n]), "PartitionKey": "p"} for n in (5, 6, 7, 8)]
    answers = {"GetShardIterator": {"ShardIterator": "i"}, "GetRecords": {"Records": records}, **EXECUTION}
    aws = Told(answers)
    assert redrive(tmp_path, sqs, aws).complete
    sent = json.loads(aws.writes[0][1]["Payload"])["Records"]
    assert [one["kinesis"]["sequenceNumber"] for one in sent] == ["5", "6", "7"]
    assert sent[0]["kinesis"]["data"] == "AP8F"
    assert sent[0]["invokeIdentityArn"] == "arn:aws:iam::123456789012:role/reads"
    (page,) = (one for one in aws.reads if one.operation == "GetRecords")
    assert page.params == {"ShardIterator": "i", "StreamARN": "arn:k"}


def stream_letter(sqs_answers: Json, reply: Json) -> tuple[MemorySqs, Told]:
    info = {
        "shardId": "s-0",
        "batchSize": 1,
        "startSequenceNumber": "5",
        "endSequenceNumber": "5",
        "streamArn": "arn:k",
    }
    records = [{"SequenceNumber": "5", "Data": b"x", "PartitionKey": "p"}]
    answers = {"GetShardIterator": {"ShardIterator": "i"}, "GetRecords": {"Records": records}, **EXECUTION}
    aws = Told(answers | sqs_answers)
    aws.replies = reply
    return made(record("RetryAttemptsExhausted", KinesisBatchInfo=info)), aws


def test_a_stream_batch_is_waited_for_as_its_mapping_does(tmp_path: Path) -> None:
    sqs, aws = stream_letter({}, {"StatusCode": 200, "Payload": "null"})
    assert redrive(tmp_path, sqs, aws).complete
    assert aws.writes[0][1]["InvocationType"] == "RequestResponse"


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ({"FunctionError": "Unhandled", "Payload": '{"errorMessage": "secret"}'}, "FunctionError"),
        ({"Payload": '{"batchItemFailures": [{"itemIdentifier": "5"}]}'}, "BatchItemFailures"),
    ],
)
def test_a_stream_batch_that_fails_again_stays_and_is_invoked_once(tmp_path: Path, reply: Json, code: str) -> None:
    sqs, aws = stream_letter({}, reply)
    result = redrive(tmp_path, sqs, aws)
    assert [one["code"] for one in result.details["stayed_messages"]] == [code]
    assert "secret" not in str(result.details)
    assert len(aws.writes) == 1
    assert len(sqs.queues["dead"].messages) == 1


def test_what_sqs_put_there_goes_back_whatever_it_looks_like(tmp_path: Path) -> None:
    """A queue that is subscribed to a topic holds envelopes; one behind a destination holds records of success."""
    sqs = made()
    sqs.put("dead", json.dumps(envelope()), json.dumps(record("Success", requestPayload={})), source="orders")
    aws = Told({})
    result = redrive(tmp_path, sqs, aws, queue_route(sqs, "orders", sqs.arn("orders")))
    assert result.complete
    assert len(sqs.queues["orders"].messages) == 2
    assert aws.writes == []


def test_the_plans_own_route_is_followed_without_asking_again(tmp_path: Path) -> None:
    sqs = made(envelope())
    assert redrive(tmp_path, sqs, Told({}), queue_route(sqs, "orders", SUBSCRIPTION)).complete
    assert len(sqs.queues["orders"].messages) == 1


def test_a_raw_notification_goes_to_the_only_raw_subscription(tmp_path: Path) -> None:
    sqs = made("bare")
    raw = queue_route(sqs, "orders", SUBSCRIPTION).model_copy(update={"bare": True})
    assert redrive(tmp_path, sqs, Told({}), raw, queue_route(sqs, "bills", "arn:other")).complete
    assert sqs.queues["orders"].bodies() == ["bare"]


def test_a_message_of_a_queue_does_not_go_to_the_function_that_also_fails_here(tmp_path: Path) -> None:
    sqs = made()
    sqs.put("dead", "{}", source="orders")
    function = Route(origin=TARGET, kind="function", arn=TARGET, name="bill")
    aws = Told({})
    redrive(tmp_path, sqs, aws, function, queue_route(sqs, "orders", sqs.arn("orders")))
    assert aws.writes == []
    assert len(sqs.queues["orders"].messages) == 1


STATES = "arn:aws:states:us-east-1:123456789012:stateMachine:pay"


@pytest.mark.parametrize(
    ("target", "operation", "wanted"),
    [
        ({"Arn": STATES}, "StartExecution", {"stateMachineArn": STATES, "input": json.dumps(EVENT)}),
        (
            {
                "Arn": "arn:aws:kinesis:us-east-1:1:stream/s",
                "KinesisParameters": {"PartitionKeyPath": "$.detail.id"},
            },
            "PutRecord",
            {"PartitionKey": "7"},
        ),
        ({"Arn": "arn:aws:firehose:us-east-1:1:deliverystream/d"}, "PutRecord", {"DeliveryStreamName": "d"}),
        ({"Arn": "arn:aws:sns:us-east-1:1:t"}, "Publish", {"TopicArn": "arn:aws:sns:us-east-1:1:t"}),
    ],
)
def test_an_event_reaches_a_target_of_each_service_that_can_be_called(
    tmp_path: Path, target: Json, operation: str, wanted: Json
) -> None:
    aws = Told({"ListTargetsByRule": {"Targets": [target]}, "ListSubscriptionsByTopic": {"Subscriptions": []}})
    assert redrive(tmp_path, made(EVENT, RULE_ARN=RULE, TARGET_ARN=target["Arn"]), aws).complete
    ((called, params),) = aws.writes
    assert called == operation
    assert params.items() >= wanted.items()


def test_an_execution_that_was_started_before_is_not_kept_as_a_failure(tmp_path: Path) -> None:
    aws = Told({"ListTargetsByRule": {"Targets": [{"Arn": STATES}]}})
    answers = iter(
        [OutcomeUnknown("lost"), AwsRefused(refusal(RefusalKind.CONFLICT, "ExecutionAlreadyExists", "x"))]
    )

    def fail(_operation: str) -> None:
        raise next(answers)

    aws.fails = fail
    result = redrive(tmp_path, made(EVENT, RULE_ARN=RULE, TARGET_ARN=STATES), aws)
    assert result.complete
    assert len(aws.writes) == 2


NIGHTLY = "arn:aws:scheduler:us-east-1:123456789012:schedule/default/nightly"
SDK = "arn:aws:scheduler:::aws-sdk"
JOBS = "https://sqs.us-east-1.amazonaws.com/123456789012/jobs"


def scheduled(
    path: Path, target: str, body: Json, answers: Json = None, rule: str = NIGHTLY
) -> tuple[Told, JobResult]:
    """A schedule's letter; nothing of the schedule is left unless the answers say so."""
    aws = Told(answers or {})
    return aws, redrive(path, made(body, SCHEDULE_ARN=rule, TARGET_ARN=target), aws)


def test_the_calls_that_planning_names_are_those_that_are_made() -> None:
    assert set(REPEATED_APIS) == set(APIS)


@pytest.mark.parametrize(
    ("api", "body", "operation", "params"),
    [
        (
            "sqs:sendMessage",
            {"MessageBody": "hi", "QueueUrl": JOBS, "messageAttributes": {"a": {"dataType": "String"}}},
            "SendMessage",
            {"MessageBody": "hi", "QueueUrl": JOBS, "MessageAttributes": {"a": {"DataType": "String"}}},
        ),
        (
            "lambda:invoke",
            {"FunctionName": "123456789012:function:bill"},
            "Invoke",
            {"FunctionName": "123456789012:function:bill", "InvocationType": "Event"},
        ),
        (
            "lambda:invoke",
            {"FunctionName": "bill", "Payload": "{}"},
            "Invoke",
            {"FunctionName": "bill", "Payload": "{}", "InvocationType": "Event"},
        ),
        (
            "sfn:startExecution",
            {"StateMachineArn": STATES, "Input": "{}", "Name": "n"},
            "StartExecution",
            {"stateMachineArn": STATES, "input": "{}", "name": "n"},
        ),
    ],
)
def test_a_schedules_own_request_is_made_again_although_the_schedule_is_gone(
    tmp_path: Path, api: str, body: Json, operation: str, params: Json
) -> None:
    aws, result = scheduled(tmp_path, f"{SDK}:{api}", body)
    assert result.complete
    assert aws.writes == [(operation, params)]
    assert aws.reads == []


def test_the_input_that_a_schedules_target_was_to_get_is_sent_and_not_the_present_one(tmp_path: Path) -> None:
    aws, result = scheduled(tmp_path, TARGET, '{"at": 1.0}', {"GetSchedule": {"Target": {"Input": "2"}}})
    assert result.complete
    assert aws.writes[0][1]["Payload"] == '{"at": 1.0}'


def test_a_request_in_the_letter_of_a_templated_target_is_made_as_it_stands(tmp_path: Path) -> None:
    aws, _ = scheduled(tmp_path, TARGET, {"FunctionName": TARGET, "Payload": "[1]"})
    assert aws.writes[0][1] == {"FunctionName": TARGET, "Payload": "[1]", "InvocationType": "Event"}


def test_a_fifo_target_of_a_schedule_needs_the_schedule_for_its_group(tmp_path: Path) -> None:
    queue = "arn:aws:sqs:us-east-1:123456789012:jobs.fifo"
    schedule = {"Target": {"Arn": queue, "SqsParameters": {"MessageGroupId": "g"}}}
    told = {"GetSchedule": schedule, "GetQueueUrl": {"QueueUrl": "https://q/jobs.fifo"}}
    aws, _ = scheduled(tmp_path, queue, "hi", told)
    assert aws.writes[0][1]["MessageGroupId"] == "g"
    assert scheduled(tmp_path / "gone", queue, "hi")[1].details["stayed"] == 1


@pytest.mark.parametrize(
    ("target", "body", "rule", "reason"),
    [
        (f"{SDK}:ec2:stopInstances", {"InstanceIds": ["i-1"]}, NIGHTLY, "the plan names no such schedule"),
        (f"{SDK}:sqs:sendMessage", "hi", NIGHTLY, "not a request of sqs:sendMessage"),
        (
            f"{SDK}:sqs:sendMessage",
            {"QueueUrl": "https://q/1/x", "Policy": "p"},
            NIGHTLY,
            "does not support: Policy",
        ),
        (
            f"{SDK}:sqs:sendMessage",
            {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/999999999999/x", "MessageBody": "m"},
            NIGHTLY,
            "another account or region",
        ),
        (
            f"{SDK}:sqs:sendMessage",
            {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/dead", "MessageBody": "m"},
            NIGHTLY,
            "to this queue itself",
        ),
        (
            f"{SDK}:sns:publish",
            {"TopicArn": "arn:aws:sns:us-east-1:999999999999:t", "Message": "m"},
            NIGHTLY,
            "not of this account",
        ),
        (f"{SDK}:sns:publish", {"PhoneNumber": "+1", "Message": "m"}, NIGHTLY, "does not support: PhoneNumber"),
        (f"{SDK}:lambda:invoke", {"FunctionName": "999999999999:function:f"}, NIGHTLY, "not of this account"),
        (
            f"{SDK}:lambda:invoke",
            {"FunctionName": "f", "InvocationType": "DryRun"},
            NIGHTLY,
            "does not invoke anything",
        ),
        (f"{SDK}:lambda:invoke", {"FunctionName": "f", "Payload": {"k": 1}}, NIGHTLY, "or is not a request"),
        (f"{SDK}:sqs:sendMessage", {"QueueUrl": JOBS, "MessageBody": "m", "messagebody": "n"}, NIGHTLY, "twice"),
        (f"{SDK}:sqs:sendMessage", {"QueueUrl": JOBS, "MessageBody": 7}, NIGHTLY, "MessageBody is not what"),
        (f"{SDK}:sqs:sendMessage", {"QueueUrl": JOBS}, NIGHTLY, "is not complete"),
        (
            f"{SDK}:sqs:sendMessage",
            {"QueueUrl": JOBS, "MessageBody": "m", "MessageAttributes": {"a": {"BinaryValue": "YWJj"}}},
            NIGHTLY,
            "BinaryValue is binary",
        ),
        (TARGET.replace("123456789012", "999999999999"), "{}", NIGHTLY, "not of this account"),
        (TARGET, "{}", NIGHTLY.replace("us-east-1", "eu-west-1"), "not of this account and region"),
    ],
)
def test_a_schedules_letter_stays_with_the_reason_where_its_call_is_not_made(
    tmp_path: Path, target: str, body: Json, rule: str, reason: str
) -> None:
    aws, result = scheduled(tmp_path, target, body, rule=rule)
    assert reason in result.details["reasons"][0]["reason"]
    assert aws.writes == []


STOP = f"{SDK}:ec2:stopInstances"
STOPPED = {"InstanceIds": ["i-1"], "Force": True}


def calling(
    path: Path,
    body: Json,
    own: Json = None,
    *,
    rule: str = NIGHTLY,
    target: str = STOP,
    name: str = "ec2.StopInstances",
) -> tuple[Told, JobResult]:
    """A letter of a schedule whose call the plan names; `own` is the input that the schedule has now."""
    now = {"Arn": target, "Input": json.dumps(body if own is None else own)}
    aws = Told({"GetSchedule": {"Target": now}})
    route = Route(origin=target, rule=NIGHTLY, kind="call", arn=target, name=name, form="request")
    return aws, redrive(path, made(body, SCHEDULE_ARN=rule, TARGET_ARN=target), aws, route)


@pytest.mark.parametrize("rule", [NIGHTLY, NIGHTLY.replace("default/", "")])
def test_a_call_that_the_plan_names_is_made_as_its_schedule_makes_it(tmp_path: Path, rule: str) -> None:
    aws, result = calling(tmp_path, STOPPED, rule=rule)
    assert result.complete
    assert aws.writes == [("StopInstances", STOPPED)]


def test_what_a_route_calls_its_call_is_for_people_only(tmp_path: Path) -> None:
    aws, _ = calling(tmp_path, STOPPED, name="ec2.TerminateInstances")
    assert aws.writes == [("StopInstances", STOPPED)]


def test_members_are_named_as_the_sdk_names_them_and_a_repetition_is_made_harmless(tmp_path: Path) -> None:
    target = f"{SDK}:rds:startDBInstance"
    aws, _ = calling(tmp_path, {"DbInstanceIdentifier": "d"}, target=target, name="rds.StartDBInstance")
    assert aws.writes == [("StartDBInstance", {"DBInstanceIdentifier": "d"})]
    target = f"{SDK}:ecs:runTask"
    aws, _ = calling(tmp_path / "b", {"TaskDefinition": "t"}, target=target, name="ecs.RunTask")
    ((operation, params),) = aws.writes
    assert (operation, params["taskDefinition"], len(params["clientToken"])) == ("RunTask", "t", 36)


def test_what_a_schedule_fills_in_may_be_filled_in_and_nothing_else(tmp_path: Path) -> None:
    own = {"InstanceIds": ["i-1"], "Hibernate": True} | {"DryRun": False}
    assert calling(tmp_path, own, own)[1].complete
    target, name = f"{SDK}:ssm:putParameter", "ssm.PutParameter"
    own = {"Name": "last", "Value": "at <aws.scheduler.scheduled-time> by <aws.scheduler.execution-id>"}
    told = {"Name": "last", "Value": "at 2026-01-01T00:00:00Z by d32c5kddcf5bb8c3"}
    assert calling(tmp_path / "b", told, own, target=target, name=name)[0].writes == [("PutParameter", told)]
    forged = told | {"Value": "at 2026-01-01T00:00:00Z, x by d32c5kddcf5bb8c3"}
    assert calling(tmp_path / "c", forged, own, target=target, name=name)[0].writes == []


@pytest.mark.parametrize(
    ("body", "own", "reason"),
    [
        ({"InstanceIds": ["i-2"]}, {"InstanceIds": ["i-1"]}, "whoever may send to the queue"),
        ({"InstanceIds": ["i-1"], "Force": True}, {"InstanceIds": ["i-1"]}, "whoever may send to the queue"),
        ({"InstanceIds": ["i-1", "i-2"]}, {"InstanceIds": ["i-1"]}, "whoever may send to the queue"),
        ({"Force": 1}, {"Force": True}, "whoever may send to the queue"),
        ("no request", STOPPED, "whoever may send to the queue"),
        ({"InstanceIds": "i-1"}, None, "InstanceIds is not what the installed SDK takes"),
        ({"InstanceIdz": ["i-1"]}, None, "does not know, or one twice: InstanceIdz"),
        ({"Force": True}, None, "is not complete"),
    ],
)
def test_another_call_than_the_schedules_own_or_none_of_that_api_is_not_made(
    tmp_path: Path, body: Json, own: Json, reason: str
) -> None:
    aws, result = calling(tmp_path, body, own)
    assert reason in result.details["reasons"][0]["reason"]
    assert aws.writes == []


def test_a_call_whose_schedule_calls_something_else_now_is_not_made(tmp_path: Path) -> None:
    aws = Told({"GetSchedule": {"Target": {"Arn": f"{SDK}:ec2:terminateInstances", "Input": json.dumps(STOPPED)}}})
    route = Route(origin=STOP, rule=NIGHTLY, kind="call", arn=STOP, name="ec2.StopInstances", form="request")
    result = redrive(tmp_path, made(STOPPED, SCHEDULE_ARN=NIGHTLY, TARGET_ARN=STOP), aws, route)
    assert "has another target now" in result.details["reasons"][0]["reason"]


def test_a_call_that_sends_into_the_queue_that_is_emptied_is_not_made(tmp_path: Path) -> None:
    entries = [{"Id": "1", "MessageBody": "m"}]
    body = {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/dead", "Entries": entries}
    target, name = f"{SDK}:sqs:sendMessageBatch", "sqs.SendMessageBatch"
    aws, result = calling(tmp_path, body, target=target, name=name)
    assert "to this queue itself" in result.details["reasons"][0]["reason"]
    assert aws.writes == []


def test_a_call_whose_answer_was_lost_or_that_was_done_in_part_is_not_made_again(tmp_path: Path) -> None:
    target, name = f"{SDK}:eventbridge:putEvents", "events.PutEvents"
    body = {"Entries": [{"Source": "a", "DetailType": "b", "Detail": "{}"}] * 2}
    route = Route(origin=target, rule=NIGHTLY, kind="call", arn=target, name=name, form="request")
    told = {"GetSchedule": {"Target": {"Arn": target, "Input": json.dumps(body)}}}
    aws = Told(told)
    aws.replies = {"FailedEntryCount": 1, "Entries": [{"EventId": "e"}, {"ErrorCode": "InternalFailure"}]}
    result = redrive(tmp_path, made(body, SCHEDULE_ARN=NIGHTLY, TARGET_ARN=target), aws, route)
    assert [one["code"] for one in result.details["stayed_messages"]] == ["DoneInPart"]
    assert len(aws.writes) == 1
    aws = Told(told)

    def lose(_operation: str) -> None:
        raise OutcomeUnknown("lost")

    aws.fails = lose
    result = redrive(tmp_path / "b", made(body, SCHEDULE_ARN=NIGHTLY, TARGET_ARN=target), aws, route)
    assert not result.certain
    assert len(aws.writes) == 1


def test_stream_records_that_are_gone_leave_the_letter_where_it_is(tmp_path: Path) -> None:
    sqs = made(record("RetryAttemptsExhausted", KinesisBatchInfo=STREAM_BATCH))
    page = {"Records": [], "NextShardIterator": ""}
    answers = {"GetShardIterator": {"ShardIterator": "i"}, "GetRecords": page, **EXECUTION}
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


def test_after_a_kill_only_the_invocation_that_was_under_way_is_made_again(tmp_path: Path) -> None:
    sqs, aws = made(*(record(requestPayload={"n": n}) for n in range(8))), Told({})

    def die(_operation: str) -> None:
        if len(aws.writes) == 4:
            raise Killed

    aws.fails = die
    with pytest.raises(Killed):
        redrive(tmp_path, sqs, aws)
    assert len(sqs.queues["dead"].messages) == 8
    result = redrive(tmp_path, sqs, aws)
    invoked = Counter(params["Payload"] for _, params in aws.writes)
    assert (len(invoked), sum(invoked.values())) == (8, 9)
    assert (result.details["moved"], len(result.details["may_be_twice"])) == (8, 1)
    assert sqs.queues["dead"].messages == {}


def test_a_function_that_may_not_be_invoked_is_asked_once_only(tmp_path: Path) -> None:
    sqs, aws = made(*(record(requestPayload={"n": n}) for n in range(5))), Told({})

    def deny(_operation: str) -> None:
        raise AwsRefused(refusal(RefusalKind.DENIED, "AccessDeniedException", "lambda.Invoke"))

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


@pytest.mark.parametrize(
    "info",
    [
        {"shardId": "s-0"},
        {"shardId": "s", "streamArn": "arn:k", "startSequenceNumber": "a", "endSequenceNumber": "b"},
        {"shardId": 5, "streamArn": ["arn:k"], "startSequenceNumber": "1", "endSequenceNumber": "2"},
    ],
)
def test_a_stream_record_that_names_no_records_stays_and_the_rest_goes_on(tmp_path: Path, info: Json) -> None:
    broken = record("RetryAttemptsExhausted", KinesisBatchInfo=info)
    aws = Told({})
    result = redrive(tmp_path, made(broken, record(requestPayload={"a": 1})), aws)
    assert result.details["moved"] == 1
    assert "does not say which records" in result.details["reasons"][0]["reason"]


@pytest.mark.parametrize(
    "function",
    ["", "arn:aws:lambda:eu-west-1:123456789012:function:f", "arn:aws:lambda:us-east-1:999999999999:function:f"],
)
def test_a_record_cannot_have_a_function_of_elsewhere_invoked(tmp_path: Path, function: str) -> None:
    letter = record(requestPayload={"a": 1})
    letter["requestContext"]["functionArn"] = function
    aws = Told({})
    result = redrive(tmp_path, made(letter), aws)
    assert "not of this account and region" in result.details["reasons"][0]["reason"]
    assert aws.writes == []


def test_which_of_two_targets_failed_is_not_guessed(tmp_path: Path) -> None:
    targets = [{"Id": "1", "Arn": TARGET, "Input": "1"}, {"Id": "2", "Arn": TARGET, "Input": "2"}]
    aws = Told({"ListTargetsByRule": {"Targets": targets}})
    result = redrive(tmp_path, made(EVENT, RULE_ARN=RULE, TARGET_ARN=TARGET), aws)
    assert "does not say which failed" in result.details["reasons"][0]["reason"]
    assert aws.writes == []


def test_a_body_that_is_nested_too_deeply_stays_and_the_rest_goes_on(tmp_path: Path) -> None:
    sqs = made("[" * 100_000 + "]" * 100_000, '{"a": 1}', ErrorCode="200", RequestID="r")
    route = Route(origin="f", kind="function", arn=TARGET, name="bill")
    result = redrive(tmp_path, sqs, Told({}), route)
    assert (result.details["moved"], result.details["stayed"]) == (1, 1)
