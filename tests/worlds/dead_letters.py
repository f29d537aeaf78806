"""The kinds of dead letters in a world, and the table that says where each belongs: the oracle's own.

Shapes: facts recorded from AWS, as the documents of SQS, Lambda, SNS, EventBridge and Scheduler have them.
"""

import json
from collections.abc import Callable
from typing import NamedTuple

from opsctl.model.value import Json

REGION, ACCOUNT = "us-east-1", "123456789012"
STRANGER = "999999999999"


def arn(service: str, name: str, account: str = ACCOUNT) -> str:
    """An ARN in the world's Region."""
    return f"arn:aws:{service}:{REGION}:{account}:{name}"


class Written(NamedTuple):
    """A letter as it lies in the queue."""

    body: str
    attributes: dict[str, Json] = {}
    source: str = ""


class Kind(NamedTuple):
    """How a letter about `told` is written, where it belongs (nowhere: it stays), and what arrives there."""

    write: Callable[[str], Written]
    home: str = ""
    gets: Callable[[str, str], str] = lambda _told, body: body


def _string(text: str, kind: str = "String") -> Json:
    return {"DataType": kind, "StringValue": text}


def _from_queue(name: str) -> Callable[[str], Written]:
    return lambda told: Written(told, {"shop": _string("7", "Number")}, arn("sqs", name))


def _async(told: str) -> Written:
    request = {"RequestID": _string("00000000-0000-4000-8000-000000000001"), "ErrorCode": _string("200", "Number")}
    return Written(told, {**request, "ErrorMessage": _string("it failed")})


def _record(function: str, condition: str, account: str = ACCOUNT) -> Callable[[str], Written]:
    context = {
        "requestId": "00000000-0000-4000-8000-000000000002",
        "functionArn": f"{arn('lambda', f'function:{function}', account)}:$LATEST",
        "condition": condition,
        "approximateInvokeCount": 3,
    }
    return lambda told: Written(
        json.dumps(
            {
                "version": "1.0",
                "timestamp": "2026-11-19T00:38:06.021Z",
                "requestContext": context,
                "requestPayload": json.loads(told),
                "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
                "responsePayload": {"errorMessage": "no", "errorType": "Error"},
            }
        )
    )


def _envelope(subscription: str, inside: Callable[[str], str]) -> Callable[[str], Written]:
    topic = arn("sns", "news")
    link = f"https://sns.{REGION}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={topic}:{subscription}"
    return lambda told: Written(
        json.dumps(
            {
                "Type": "Notification",
                "MessageId": "00000000-0000-4000-8000-000000000003",
                "TopicArn": topic,
                "Message": inside(told),
                "Timestamp": "2026-11-19T00:38:06.021Z",
                "SignatureVersion": "1",
                "Signature": "c2ln",
                "SigningCertURL": f"https://sns.{REGION}.amazonaws.com/cert.pem",
                "UnsubscribeURL": link,
            }
        )
    )


def _event(target: str) -> Callable[[str], Written]:
    attributes = {
        "RULE_ARN": _string(arn("events", "rule/sales")),
        "TARGET_ARN": _string(target),
        "ERROR_CODE": _string("NO_PERMISSIONS"),
    }
    return lambda told: Written(
        json.dumps(
            {
                "version": "0",
                "id": "00000000-0000-4000-8000-000000000004",
                "detail-type": "sale",
                "source": "shop",
                "account": ACCOUNT,
                "time": "2026-11-19T00:38:06Z",
                "region": REGION,
                "resources": [],
                "detail": json.loads(told),
            }
        ),
        attributes,
    )


def _scheduled(queue: str) -> Callable[[str], Written]:
    attributes = {
        "SCHEDULE_ARN": _string(arn("scheduler", "schedule/default/nightly")),
        "TARGET_ARN": _string("arn:aws:scheduler:::aws-sdk:sqs:sendMessage"),
        "ERROR_CODE": _string("AWS.SimpleQueueService.NonExistentQueue"),
    }
    url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{queue}"
    return lambda told: Written(json.dumps({"MessageBody": told, "QueueUrl": url}), attributes)


def _told(told: str, _body: str) -> str:
    return told


KINDS: dict[str, Kind] = {
    "of orders": Kind(_from_queue("orders"), "orders"),
    "of bills": Kind(_from_queue("bills"), "bills"),
    "of a queue that uses another": Kind(_from_queue("elsewhere")),
    "garbage": Kind(lambda told: Written(f"<<{told}")),
    "of an invocation": Kind(_async, "function:worker"),
    "record": Kind(_record("reporter", "RetriesExhausted"), "function:reporter", _told),
    "record of a success": Kind(_record("reporter", "Success")),
    "record of a stranger": Kind(_record("reporter", "RetriesExhausted", STRANGER)),
    "notification for a queue": Kind(_envelope("to-mail", str), "mail"),
    "notification for a function": Kind(_envelope("to-mailer", str), "function:mailer", _told),
    "notification that carries a record": Kind(
        _envelope("to-dead", lambda told: _record("reporter", "RetriesExhausted")(told).body),
        "function:reporter",
        _told,
    ),
    "notification that did not fail": Kind(_envelope("to-dead", str)),
    "notification of nobody": Kind(_envelope("gone", str)),
    "event for a function": Kind(_event(arn("lambda", "function:seller")), "function:seller"),
    "event for a queue": Kind(_event(arn("sqs", "sales")), "sales", _told),
    "event for this queue": Kind(_event(arn("sqs", "dead"))),
    "of a schedule": Kind(_scheduled("nightly"), "nightly", _told),
    "of a schedule into this queue": Kind(_scheduled("dead")),
}
MIXED = tuple(KINDS)
OF_QUEUES = ("of orders", "of bills", "of a queue that uses another")
EDITABLE = ("of orders", "of bills", "garbage", "of an invocation")
