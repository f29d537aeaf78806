"""Turns a dead letter into what its consumer was to get; pure."""

import json
import re

from opsctl.deadletters.letter import letter_of
from opsctl.deadletters.lossless import parse, text_of
from opsctl.model.value import Json

_PLACE = re.compile(r"<([\w.-]+)>")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')


def payload_for_function(message: Json, form: str) -> str:
    """Return the event with which to invoke a function again.

    Raises:
        ValueError: the message does not hold what the function was to get.
    """
    if form == "body":
        return _json_text(message["Body"], "the body")
    letter = letter_of(message)
    if letter.refused:
        raise ValueError(letter.refused)
    if letter.kind == "sns":
        return notification_event(json.loads(message["Body"]))
    if letter.kind == "lambda-destination":
        # Read again from the text, so that no digit of a number is lost.
        return text_of(parse(message["Body"])["requestPayload"])
    if letter.payload is None:
        raise ValueError("the record does not hold what the function was to get")
    return _json_text(str(letter.payload), "the payload")


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
    subscription = letter_of({"Body": json.dumps(envelope)}).origin
    record = {"EventVersion": "1.0", "EventSubscriptionArn": subscription, "EventSource": "aws:sns"}
    return json.dumps({"Records": [{**record, "Sns": notification}]}, ensure_ascii=False)


def entry_for_bus(message: Json, bus: str) -> dict[str, Json]:
    """Return the PutEvents entry that puts an event back on a bus.

    Raises:
        ValueError: the body is not an event.
    """
    event = _event(message["Body"])
    missing = [name for name in ("source", "detail-type", "detail") if name not in event]
    if missing:
        raise ValueError(f"the body is no event: {', '.join(missing)} is missing")
    if str(event["source"]).startswith("aws."):
        raise ValueError("only AWS services may send events with a source that begins with aws.")
    return {
        "EventBusName": bus,
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"], ensure_ascii=False),
        "Resources": event.get("resources") or [],
    }


def input_for_target(message: Json, target: dict[str, Json], rule_arn: str) -> str:
    """Return what a rule's target gets of an event, after the target's own input settings.

    Source: EventBridge API reference, Target and InputTransformer.

    Raises:
        ValueError: the body is not an event, or the settings cannot be followed.
    """
    event = _event(message["Body"])
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(value_at(event, str(target["InputPath"])), ensure_ascii=False)
    if "InputTransformer" in target:
        return _transformed(event, target["InputTransformer"], rule_arn)
    return str(message["Body"])


def _transformed(event: dict[str, Json], settings: dict[str, Json], rule_arn: str) -> str:
    known: dict[str, Json] = {
        name: value_at(event, path) for name, path in (settings.get("InputPathsMap") or {}).items()
    }
    known |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event.ingestion-time": event.get("time", ""),
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": event,
    }
    text = str(settings["InputTemplate"])
    is_json = text.lstrip().startswith(("{", "["))
    texts = [match.span() for match in _TEXT.finditer(text)] if is_json else []

    def value(match: re.Match[str]) -> str:
        if match[1] not in known:
            return match[0]
        found = known[match[1]]
        plain = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
        if any(start < match.start() < end for start, end in texts):
            # Inside the quotes of a JSON template a value goes in as text, elsewhere as JSON.
            return json.dumps(plain, ensure_ascii=False)[1:-1]
        return json.dumps(found, ensure_ascii=False) if is_json else plain

    return _PLACE.sub(value, text)


def value_at(event: Json, path: str) -> Json:
    """Follow a JSONPath of the kind EventBridge takes: `$`, `$.detail.name`, `$.resources[0]`."""
    found = event
    for part in path.removeprefix("$").replace("[", ".[").split("."):
        if not part:
            continue
        if part.startswith("["):
            number = part.strip("[]'\"")
            found = found[int(number)] if isinstance(found, list) and number.isdigit() else None
        else:
            found = found.get(part) if isinstance(found, dict) else None
    return found


def _event(body: str) -> dict[str, Json]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("the body is not JSON, so it is no event") from None
    if not isinstance(event, dict):
        raise ValueError("the body is no event")
    return event


def _json_text(text: str, what: str) -> str:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"{what} is not JSON, and a function takes nothing else") from None
    return text
