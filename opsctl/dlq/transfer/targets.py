"""The calls by which EventBridge and Scheduler reach a target, so that one message can be delivered again.

Source: EventBridge guide, "Event bus targets", and Scheduler guide, "Using templated targets".
"""

from collections.abc import Callable

from opsctl.dlq.transfer.call_sending import DeliveryCall
from opsctl.model.lossless import parse
from opsctl.model.value import Json, json_object
from opsctl.resources.event_inputs import MISSING, in_words, value_at

Payload = Callable[[Json], str]


def invocation(arn: str, payload: Payload) -> Callable[[Json], DeliveryCall]:
    """Invoke a function asynchronously, as services that call it do."""
    return lambda message: DeliveryCall(
        service="lambda",
        operation="Invoke",
        params={"FunctionName": arn, "InvocationType": "Event", "Payload": payload(message)},
    )


def target_call(
    arn: str, settings: dict[str, Json], payload: Payload, url_of: Callable[[str], str]
) -> Callable[[Json], DeliveryCall]:
    """Return what delivers a message to a target with its settings; `url_of` finds the URL of a queue.

    Raises:
        ValueError: opsctl cannot call targets of that service.
    """
    service = arn.split(":")[2]
    if service == "lambda":
        return invocation(arn, payload)
    if service == "sqs":
        return _queue(url_of(arn), settings, payload)
    if service == "sns":
        return _call("sns", "Publish", lambda m: {"TopicArn": arn, "Message": payload(m)})
    if service == "states":
        # The name makes a repeated start of the same execution harmless.
        return lambda message: DeliveryCall(
            service="stepfunctions",
            operation="StartExecution",
            params={"stateMachineArn": arn, "name": message["MessageId"], "input": payload(message)},
            known="ExecutionAlreadyExists",
        )
    if service == "kinesis":
        return _stream(arn, settings, payload)
    if service == "firehose":
        name = arn.rpartition("/")[2]
        return _call(
            "firehose", "PutRecord", lambda m: {"DeliveryStreamName": name, "Record": {"Data": payload(m)}}
        )
    raise ValueError(
        f"a target of {service} cannot be called again by itself; --events-to bus puts events of rules back"
    )


def _call(
    service: str, operation: str, params: Callable[[Json], dict[str, Json]]
) -> Callable[[Json], DeliveryCall]:
    return lambda message: DeliveryCall(service=service, operation=operation, params=params(message))


def _queue(url: str, settings: dict[str, Json], payload: Payload) -> Callable[[Json], DeliveryCall]:
    group = str((settings.get("SqsParameters") or {}).get("MessageGroupId", ""))

    def params(message: Json) -> dict[str, Json]:
        sent: dict[str, Json] = {"QueueUrl": url, "MessageBody": payload(message)}
        if group:
            # Fair queues take one too.
            sent["MessageGroupId"] = _told_at_run_time(group, message)
        if url.endswith(".fifo"):
            sent["MessageDeduplicationId"] = message["MessageId"]
        return sent

    return _call("sqs", "SendMessage", params)


def _told_at_run_time(value: str, message: Json) -> str:
    """A target's parameter, which may be a path into the event (EventBridge guide, "Dynamic path parameters")."""
    if not value.startswith("$."):
        return value
    found = value_at(parse(message["Body"]), value)
    if found in (MISSING, None, ""):
        raise ValueError(f"the target's message group {value} matches nothing in this event")
    return in_words(found)


def _stream(arn: str, settings: dict[str, Json], payload: Payload) -> Callable[[Json], DeliveryCall]:
    told = settings.get("KinesisParameters") or {}

    def params(message: Json) -> dict[str, Json]:
        # Without a key of its own an event goes by its id (API reference, KinesisParameters).
        event = json_object(message["Body"]) or {}
        key = told.get("PartitionKey") or event.get("id") or message["MessageId"]
        if "PartitionKeyPath" in told:
            found = value_at(parse(message["Body"]), str(told["PartitionKeyPath"]))
            key = key if found in (MISSING, None, "") else in_words(found)
        return {"StreamARN": arn, "Data": payload(message), "PartitionKey": str(key)[:256]}

    return _call("kinesis", "PutRecord", params)
