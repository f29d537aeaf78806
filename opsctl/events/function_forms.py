"""The forms in which functions and pipes get what comes to them; pure. What nobody told is left out.

Sources: Lambda guide, "Invoking Lambda functions with Amazon SNS notifications" and "Using Lambda with Amazon
SQS"; EventBridge guide, "Amazon Simple Queue Service as a source" and "EventBridge Pipes batching and concurrency"
(a function and a state machine get a list, also of one record); API Gateway guide, "Input format of a Lambda
function for proxy integration" and "Lambda proxy integrations for HTTP APIs" (payload formats 1.0 and 2.0).
"""

import json

from opsctl.events.event_forms import ApiRequest, PassingEvent
from opsctl.model.value import Json

_TAKE_LISTS = ("function", "state machine")


def as_sns_record(event: PassingEvent, topic: str) -> str:
    """Return the event that a function gets of a message of a topic: raw delivery there is none."""
    told: dict[str, Json] = {"Type": "Notification", "TopicArn": topic, "Message": event.body}
    told["MessageAttributes"] = {
        name: {
            "Type": one.get("DataType", one.get("Type", "String")),
            "Value": one.get("StringValue", one.get("Value", one.get("BinaryValue", ""))),
        }
        for name, one in event.attributes.items()
    }
    return json.dumps({"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": told}]})


def as_sqs_records(event: PassingEvent, queue: str) -> str:
    """Return the event that a function gets of one message of a queue."""
    return json.dumps({"Records": [_record(event, queue)]})


def as_pipe_input(event: PassingEvent, queue: str, kind: str) -> str:
    """Return what a pipe hands to a target of a kind of one message of a queue: the record, or a list of one."""
    record = _record(event, queue)
    return json.dumps([record] if kind in _TAKE_LISTS else record)


def _record(event: PassingEvent, queue: str) -> dict[str, Json]:
    attributes = {
        name: {
            "dataType": one.get("DataType", one.get("Type", "String")),
            "stringValue": one.get("StringValue", one.get("Value", "")),
        }
        for name, one in event.attributes.items()
    }
    return {
        "body": event.body,
        "messageAttributes": attributes,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue,
        "awsRegion": queue.split(":")[3],
    }


def as_proxy_1(request: ApiRequest, route: str, *, http: bool) -> str:
    """Return what a function gets of a request in payload format 1.0; an HTTP API puts the version in front."""
    told = {
        **({"version": "1.0"} if http else {}),
        "resource": route.partition(" ")[2] or route,
        "path": request.path,
        "httpMethod": request.method,
        "headers": request.headers or None,
        "queryStringParameters": request.query or None,
        "pathParameters": request.parameters(route) or None,
        "requestContext": {"httpMethod": request.method, "resourcePath": route.partition(" ")[2] or route},
        "body": request.body or None,
        "isBase64Encoded": False,
    }
    return json.dumps(told)


def as_proxy_2(request: ApiRequest, route: str) -> str:
    """Return what a function gets of a request in payload format 2.0, with names of headers in small letters."""
    told: dict[str, Json] = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": request.path,
        "rawQueryString": "&".join(f"{name}={value}" for name, value in request.query.items()),
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "requestContext": {"http": {"method": request.method, "path": request.path}, "routeKey": route},
        "isBase64Encoded": False,
    }
    more = {
        "queryStringParameters": request.query,
        "pathParameters": request.parameters(route),
        "body": request.body,
    }
    return json.dumps(told | {name: value for name, value in more.items() if value})
