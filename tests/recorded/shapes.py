"""Messages and records in the forms that AWS gives them, with invented values."""

import json

from opsctl.model.value import Json

ACCOUNT, REGION = "123456789012", "us-east-1"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:resize"
LATEST = f"{FUNCTION}:$LATEST"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:orders"
SUBSCRIBED = "15189ad7-870e-40e5-a7dd-a48898cd9f86"
SUBSCRIPTION = f"{TOPIC}:{SUBSCRIBED}"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders"
DEAD = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
CLICKS = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/clicks"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/t/stream/2026-01-01T00:00:00.000"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/shop/big-orders"
REQUEST = "3c9d2f6a-5b1e-4c57-9a55-0d1f5f3f2b10"


def text(value: str, kind: str = "String") -> Json:
    """A message attribute of text or a number."""
    return {"DataType": kind, "StringValue": value}


def binary(value: str) -> Json:
    """A binary message attribute, in base64 as it stands in JSON."""
    return {"DataType": "Binary", "BinaryValue": value}


def received(body: Json, attributes: Json = None, **system: str) -> Json:
    """A message as ReceiveMessage gives it."""
    message: dict[str, Json] = {
        "MessageId": "79406a00-bf15-46ca-978c-22c3613fcb30",
        "ReceiptHandle": "AQEB3fkqlBqq",
        "Body": body if isinstance(body, str) else json.dumps(body),
        "Attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1767225600123", **system},
    }
    return {**message, **({"MessageAttributes": attributes} if attributes else {})}


def record(condition: str, count: int, function: str = LATEST, error: Json = "Unhandled", **more: Json) -> Json:
    """A record of an invocation, as it is sent to a destination."""
    response = {"statusCode": 200, "executedVersion": "$LATEST"}
    return {
        "version": "1.0",
        "timestamp": "2026-01-01T00:00:00.123Z",
        "requestContext": {
            "requestId": REQUEST,
            "functionArn": function,
            "condition": condition,
            "approximateInvokeCount": count,
        },
        "responseContext": response if error == "" else {**response, "functionError": error},
        **more,
    }


def raised(message: str) -> Json:
    """The answer of a Python function that raised."""
    return {
        "errorMessage": message,
        "errorType": "Exception",
        "requestId": REQUEST,
        "stackTrace": ['  File "/var/task/handler.py", line 7, in handler\n    raise Exception()\n'],
    }


def batch(
    stream: str, first: str = "49590338271490256608", last: str = "49590338271490256610", size: int = 3
) -> Json:
    """What a record says of a batch of a stream."""
    fraction = ".123" if stream == CLICKS else ""
    return {
        "shardId": "shardId-000000000000",
        "startSequenceNumber": first,
        "endSequenceNumber": last,
        "approximateArrivalOfFirstRecord": f"2026-01-01T00:00:00{fraction}Z",
        "approximateArrivalOfLastRecord": f"2026-01-01T00:00:01{fraction}Z",
        "batchSize": size,
        "streamArn": stream,
    }


def discarded(
    stream: str, condition: str = "RetryAttemptsExhausted", error: Json = "Unhandled", **more: Json
) -> Json:
    """A record of a discarded stream batch; `error` "" leaves the response out."""
    kind = "KinesisBatchInfo" if stream == CLICKS else "DDBStreamBatchInfo"
    made = record(condition, 2, FUNCTION, error, **{kind: batch(stream)}, **more)
    return {name: value for name, value in made.items() if name != "responseContext" or error != ""}


def envelope(message: str, topic: str = TOPIC, attributes: Json = None, **more: Json) -> Json:
    """A notification of a standard topic, as a queue gets it without raw delivery."""
    host = f"https://sns.{topic.split(':')[3]}.amazonaws.com"
    return {
        "Type": "Notification",
        "MessageId": "d88d4479-6ec0-54fe-b63f-1cf9df4bb16e",
        "TopicArn": topic,
        **more,
        "Message": message,
        "Timestamp": "2026-01-01T00:00:00.123Z",
        "SignatureVersion": "1",
        "Signature": "tEo2i6Lw6==",
        "SigningCertURL": f"{host}/SimpleNotificationService-010a507c.pem",
        "UnsubscribeURL": f"{host}/?Action=Unsubscribe&SubscriptionArn={topic}:{SUBSCRIBED}",
        **({"MessageAttributes": attributes} if attributes else {}),
    }


def fifo_envelope(message: str, topic: str, **more: Json) -> Json:
    """A notification of a FIFO topic: numbered, and not signed."""
    made = envelope(message, topic, SequenceNumber="10000000000000004000", **more)
    signed = ("SignatureVersion", "Signature", "SigningCertURL")
    return {name: value for name, value in made.items() if name not in signed}


def event(detail: Json, **more: Json) -> Json:
    """An event as EventBridge hands it on."""
    return {
        "version": "0",
        "id": "7bf73129-1428-4cd3-a780-95db273d1602",
        "detail-type": "core.update-account-command",
        "source": "core.update-account-command",
        "account": ACCOUNT,
        "time": "2026-01-01T00:00:00Z",
        "region": REGION,
        "resources": [],
        "detail": detail,
        **more,
    }
