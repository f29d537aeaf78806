"""What a redrive would make of a few messages: which pass the filter, and how each would be changed."""

import difflib

from opsctl.dlq.message_filter import MessageFilter
from opsctl.model.lossless import parse, text_of
from opsctl.model.value import Json, Value


class Preview(Value):
    """One message: whether it is meant, its difference as unified-diff lines, or why it cannot be edited."""

    id: str
    wanted: bool
    difference: tuple[str, ...] = ()
    fault: str = ""


def preview_of(message: Json, message_filter: MessageFilter) -> Preview:
    """Return what would become of a received message."""
    if not message_filter.wants(message):
        return Preview(id=message["MessageId"], wanted=False)
    try:
        edited = message_filter.edited(message)
    except ValueError as fault:
        return Preview(id=message["MessageId"], wanted=True, fault=str(fault))
    return Preview(id=message["MessageId"], wanted=True, difference=tuple(_difference(message, edited)))


def _difference(before: Json, after: Json) -> list[str]:
    lines = [
        line
        for line in difflib.unified_diff(_lines(before), _lines(after), lineterm="", n=1)
        if not line.startswith(("---", "+++", "@@"))
    ]
    return lines[:60]


def _lines(message: Json) -> list[str]:
    try:
        body = text_of(parse(message["Body"]), indent=2).splitlines()
    except ValueError:
        body = message["Body"].splitlines()
    attributes = message.get("MessageAttributes") or {}
    return [
        *body,
        *(f"{name}: {value.get('StringValue', '(binary)')}" for name, value in sorted(attributes.items())),
    ]
