"""Recognises what kind of dead letter a message is: who left it, why, and what belongs to whom.

Sources: the pages named in each function; the shapes were recorded from real accounts.
"""

import json
import re
from typing import Literal, TypeAlias
from urllib.parse import parse_qs, urlsplit

from opsctl.dlq.origin import source_queue
from opsctl.model.value import Json, Value, json_object

DeadLetterKind: TypeAlias = Literal[
    "sqs",
    "lambda-async",
    "lambda-destination",
    "stream",
    "sns",
    "eventbridge",
    "scheduler",
    "custom-bus",
    "plain",
]

_CAUSE_LENGTH = 200
_SUCCESS = "this records a success: invoking again would repeat what worked"
_DROPPED = "it does not hold what the function was to get: Lambda drops a payload that is too large for a record"
_RESULT = "Lambda Function Invocation Result - "
OF_LAMBDA = ("lambda-async", "lambda-destination", "stream")


class DeadLetter(Value):
    """A dead letter understood.

    `origin` is the ARN of what failed to take it: source queue, function, subscription, target or schedule;
    empty when the message does not say. `cause` is why, in the sender's words; `payload` is what the consumer
    was to get, None when it is not in the message. `request` is the id of the invocation or event that failed.
    `inside` is the record of a failed invocation that a notification carries: a function's failures may go to a
    topic, and from there into a queue.
    """

    kind: DeadLetterKind
    origin: str = ""
    rule: str = ""
    code: str = ""
    cause: str = ""
    payload: Json = None
    stream: dict[str, Json] = {}
    refused: str = ""
    request: str = ""
    inside: "DeadLetter | None" = None


def dead_letter_of(message: Json) -> DeadLetter:
    """Return what a received message is; never raises, whatever the body holds."""
    source = source_queue(message)
    if source:
        # SQS put it here, whatever it looks like: what was in the source queue may itself be a notification or
        # a record of a failure.
        return DeadLetter(
            kind="sqs",
            origin=source,
            cause="received more often than the source queue allows",
            payload=message["Body"],
        )
    attributes = message.get("MessageAttributes") or {}
    texts = {name: str(value.get("StringValue", "")) for name, value in attributes.items()}
    if "SCHEDULE_ARN" in texts:
        return _scheduler(message, texts)
    if "RULE_ARN" in texts and "TARGET_ARN" in texts:
        return _eventbridge(message, texts)
    if "ErrorCode" in texts and "RequestID" in texts:
        return _lambda_async(message, texts)
    record = json_object(message["Body"])
    if record is not None:
        for recognised in (
            _destination(told_by_lambda(record)),
            _pipe(record),
            _custom_bus(record),
            _sns(record, message),
        ):
            if recognised is not None:
                return recognised
    return DeadLetter(kind="plain", payload=message["Body"])


def _lambda_async(message: Json, texts: dict[str, str]) -> DeadLetter:
    """Asynchronous invocation, DeadLetterConfig (Lambda guide, "Adding a dead-letter queue")."""
    return DeadLetter(
        kind="lambda-async",
        code=texts["ErrorCode"],
        cause=texts.get("ErrorMessage", "")[:_CAUSE_LENGTH],
        payload=message["Body"],
        request=texts["RequestID"],
    )


def _eventbridge(message: Json, texts: dict[str, str]) -> DeadLetter:
    """Rule target (EventBridge guide, "Using dead-letter queues to process undelivered events")."""
    return DeadLetter(
        kind="eventbridge",
        origin=texts["TARGET_ARN"],
        rule=texts["RULE_ARN"],
        code=texts.get("ERROR_CODE", ""),
        cause=texts.get("ERROR_MESSAGE", "")[:_CAUSE_LENGTH],
        payload=message["Body"],
        request=str((json_object(message["Body"]) or {}).get("id", "")),
    )


def _scheduler(message: Json, texts: dict[str, str]) -> DeadLetter:
    """Schedule (EventBridge Scheduler guide, "Configuring a dead-letter queue")."""
    truncated = texts.get("IS_PAYLOAD_TRUNCATED", "").lower() == "true"
    return DeadLetter(
        kind="scheduler",
        origin=texts.get("TARGET_ARN", ""),
        rule=texts["SCHEDULE_ARN"],
        code=texts.get("ERROR_CODE", ""),
        cause=texts.get("ERROR_MESSAGE", "")[:_CAUSE_LENGTH],
        payload=None if truncated else message["Body"],
        refused="the payload was truncated by EventBridge Scheduler and is not whole any more"
        if truncated
        else "",
    )


def told_by_lambda(body: dict[str, Json]) -> dict[str, Json]:
    """Return the record of an invocation that an event brought, when the destination is an event bus; else all.

    Lambda guide, "Capturing records of asynchronous invocations": the record is the event's detail.
    """
    detail = body.get("detail")
    if isinstance(detail, dict) and str(body.get("detail-type", "")).startswith(_RESULT):
        return detail
    return body


def _destination(record: dict[str, Json]) -> DeadLetter | None:
    """On-failure destination of a function or an event source mapping (Lambda guide, "Retaining records")."""
    context = record.get("requestContext")
    if not isinstance(context, dict) or "condition" not in context:
        return None
    told = record.get("responseContext")
    answer = record.get("responsePayload")
    code = str((told if isinstance(told, dict) else {}).get("functionError") or context["condition"])
    cause = ""
    if isinstance(answer, dict):
        cause = str(answer.get("errorMessage") or answer.get("errorType") or "")
    function = str(context.get("functionArn", ""))
    for kind in ("KinesisBatchInfo", "DDBStreamBatchInfo"):
        if isinstance(record.get(kind), dict):
            return DeadLetter(
                kind="stream",
                origin=function,
                code=str(context["condition"]),
                cause=cause[:_CAUSE_LENGTH] or str(context["condition"]),
                stream={"kind": kind, **record[kind]},
                request=str(context.get("requestId", "")),
            )
    if any(name.endswith("BatchInfo") for name in record):
        return DeadLetter(
            kind="stream",
            origin=function,
            code=str(context["condition"]),
            cause=cause[:_CAUSE_LENGTH] or str(context["condition"]),
            request=str(context.get("requestId", "")),
            refused="only batches of Kinesis and DynamoDB streams can be read again",
        )
    payload = record.get("requestPayload")
    if payload is None and ":function:" not in function:
        return None
    return DeadLetter(
        kind="lambda-destination",
        origin=function,
        code=code,
        cause=cause[:_CAUSE_LENGTH] or str(context["condition"]),
        payload=None if payload is None else json.dumps(payload),
        request=str(context.get("requestId", "")),
        refused=_SUCCESS if context["condition"] == "Success" else _DROPPED if payload is None else "",
    )


def _pipe(record: dict[str, Json]) -> DeadLetter | None:
    """Dead letter of a pipe that reads a stream (EventBridge guide, "Pipes error handling")."""
    context = record.get("context")
    if not isinstance(context, dict) or not {"partnerResourceArn", "condition"} <= context.keys():
        return None
    return DeadLetter(
        kind="stream",
        origin=str(context["partnerResourceArn"]),
        code=str(context["condition"]),
        cause=str(context["condition"]),
        refused="it names a batch of a pipe, and only the pipe can filter, enrich and deliver that",
    )


def _custom_bus(record: dict[str, Json]) -> DeadLetter | None:
    """EventBridge custom event bus, which records a failure without the event itself."""
    if not {"busArn", "subscriberArn", "failedMessages"} <= record.keys():
        return None
    return DeadLetter(
        kind="custom-bus",
        origin=str(record.get("targetArn", "")),
        rule=str(record["subscriberArn"]),
        code=str(record.get("errorCode", "")),
        cause=str(record.get("errorMessage", ""))[:_CAUSE_LENGTH],
        refused="this record of a custom event bus names the failed events and does not hold them",
    )


def _sns(record: dict[str, Json], message: Json) -> DeadLetter | None:
    """SNS subscription without raw delivery (SNS guide, "Message and JSON formats"); no reason is given.

    Whether the notification itself failed, or only carries the record of another failure, is told by what its
    subscription delivers to.
    """
    if record.get("Type") != "Notification" or "TopicArn" not in record:
        return None
    try:
        asked = parse_qs(urlsplit(str(record.get("UnsubscribeURL", ""))).query)
    except ValueError:
        asked = {}
    carried = dead_letter_of(opened(message))
    inside = carried if carried.kind in OF_LAMBDA else None
    return DeadLetter(
        kind="sns",
        origin=next(iter(asked.get("SubscriptionArn", [])), ""),
        rule=str(record["TopicArn"]),
        code=inside.code if inside else "",
        cause=inside.cause if inside else "SNS could not deliver it to the subscriber",
        payload=record.get("Message"),
        request=inside.request if inside else "",
        inside=inside,
    )


def opened(message: Json) -> dict[str, Json]:
    """Return the message that an SNS envelope carries, as it was published, under the envelope's own id."""
    envelope = json_object(message["Body"]) or {}
    told = envelope.get("MessageAttributes")
    attributes = {
        name: {"DataType": str(one.get("Type", "String")), "StringValue": str(one.get("Value", ""))}
        for name, one in (told if isinstance(told, dict) else {}).items()
        if isinstance(one, dict) and one.get("Type") != "Binary"
    }
    kept = {name: value for name, value in message.items() if not name.startswith("MD5Of")}
    return {**kept, "Body": str(envelope.get("Message", "")), "MessageAttributes": attributes}


def shape_of(body: str) -> str:
    """Describe a body by its form: the members of a JSON object, or what else it is."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return "empty" if not body.strip() else "XML" if body.lstrip().startswith("<") else "text, not JSON"
    if isinstance(found, dict):
        names = sorted(str(name) for name in found)
        return "JSON {" + ", ".join(names[:8]) + (", ...}" if len(names) > 8 else "}")
    if isinstance(found, list):
        return "JSON list"
    return f"JSON {_JSON_TYPES[type(found)]}"


_JSON_TYPES = {str: "text", int: "number", float: "number", bool: "true or false", type(None): "null"}
_VARYING = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|0x[0-9a-fA-F]+|\d+(?:\.\d+)?")


def same_cause(cause: str) -> str:
    """Return a cause with what varies between messages (ids, numbers) taken out, so that like stands with like."""
    return _VARYING.sub("#", cause)
