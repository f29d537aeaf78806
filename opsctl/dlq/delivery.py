"""Turns a dead letter into what its consumer was to get; pure."""

import json

from opsctl.dlq.dead_letter import dead_letter_of, told_by_lambda
from opsctl.model.lossless import parse, text_of
from opsctl.model.value import Json
from opsctl.resources.event_inputs import event_of


def payload_for_function(message: Json, form: str) -> str:
    """Return the event with which to invoke a function again.

    Raises:
        ValueError: the message does not hold what the function was to get.
    """
    if form == "body":
        return _json_text(message["Body"], "the body")
    dead_letter = dead_letter_of(message)
    if dead_letter.refused:
        raise ValueError(dead_letter.refused)
    if dead_letter.kind == "sns":
        return notification_event(json.loads(message["Body"]))
    if dead_letter.kind == "lambda-destination":
        # Read again from the text, so that no digit of a number is lost.
        return text_of(told_by_lambda(parse(message["Body"]))["requestPayload"])
    if dead_letter.payload is None:
        raise ValueError("the record does not hold what the function was to get")
    return _json_text(str(dead_letter.payload), "the payload")


def notification_event(envelope: dict[str, Json]) -> str:
    """Rebuild the event with which SNS invokes a function (Lambda guide, "Invoking Lambda with SNS")."""
    attributes = envelope.get("MessageAttributes") or {}
    notification = {
        "Type": "Notification",
        "MessageId": envelope.get("MessageId", ""),
        "TopicArn": envelope.get("TopicArn", ""),
        "Subject": envelope.get("Subject"),
        "Message": envelope.get("Message", ""),
        "Timestamp": envelope.get("Timestamp", ""),
        "SignatureVersion": envelope.get("SignatureVersion", ""),
        "Signature": envelope.get("Signature", ""),
        "SigningCertUrl": envelope.get("SigningCertURL", ""),
        "UnsubscribeUrl": envelope.get("UnsubscribeURL", ""),
        "MessageAttributes": attributes,
    }
    subscription = dead_letter_of({"Body": json.dumps(envelope)}).origin
    record = {"EventVersion": "1.0", "EventSubscriptionArn": subscription, "EventSource": "aws:sns"}
    return json.dumps({"Records": [{**record, "Sns": notification}]}, ensure_ascii=False)


def entry_for_bus(message: Json, bus: str) -> dict[str, Json]:
    """Return the PutEvents entry that puts an event back on a bus.

    Raises:
        ValueError: the body is not an event.
    """
    event = event_of(message["Body"])
    missing = [name for name in ("source", "detail-type", "detail") if name not in event]
    if missing:
        raise ValueError(f"the body is no event: {', '.join(missing)} is missing")
    if str(event["source"]).startswith("aws."):
        raise ValueError("only AWS services may send events with a source that begins with aws.")
    return {
        "EventBusName": bus,
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Detail": text_of(event["detail"]),
        "Resources": event.get("resources") or [],
        # Without it EventBridge takes the time of the call, and consumers sort by the event's own.
        **({"Time": event["time"]} if event.get("time") else {}),
    }


def _json_text(text: str, what: str) -> str:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"{what} is not JSON, and a function takes nothing else") from None
    return text
