"""The filter and the edits of a redrive: JMESPath over a message, and members to set."""

import json
from collections.abc import Callable, Mapping, Sequence

from opsctl.dlq.dead_letter import dead_letter_of
from opsctl.dlq.origin import unmarked
from opsctl.expressions.evaluate import ExpressionFault, evaluate
from opsctl.model.lossless import is_number, measurable, parse, text_of
from opsctl.model.value import Json, Value


class Setting(Value):
    """One member to set: `body`, `body.path.to.member`, or `attributes.name`; JSON text or an expression."""

    at: str
    json_text: str = ""
    expression: str = ""


class MessageFilter:
    """Decides which messages are meant and how they are changed.

    An expression sees `body` (parsed when it is JSON, else text), `attributes` (values by name), `system`,
    `id`, `kind`, `code`, `cause` and `origin`. What is not edited keeps its very bytes. `unjudged` counts, by
    reason, the messages over which the filter cannot be evaluated.
    """

    def __init__(self, where: str, settings: Sequence[Setting], edit: str) -> None:
        self.unjudged: dict[str, int] = {}
        self._where = where
        self._settings = settings
        self._edit = edit

    def wants(self, message: Json) -> bool:
        """Tell whether the filter lets a message pass; one that it cannot judge does not, and is counted."""
        if not self._where:
            return True
        try:
            found = evaluate(self._where, scope_of(message))
        except ExpressionFault as fault:
            self.unjudged[fault.bare] = self.unjudged.get(fault.bare, 0) + 1
            return False
        return found not in (None, False, "", [], {})

    def edited(self, message: Json) -> Json:
        """Return the message as it is to be sent.

        Raises:
            ValueError: the edit does not fit this message.
        """
        if not self._settings and not self._edit:
            return message
        changed = {name: value for name, value in message.items() if not name.startswith("MD5Of")}
        try:
            if self._edit:
                made = evaluate(self._edit, scope_of(message, measurable))
                if made is None:
                    raise ValueError("the edit expression returns null for this message")
                changed["Body"] = made if isinstance(made, str) else text_of(made)
            for setting in self._settings:
                self._set(changed, setting, message)
        except ExpressionFault as fault:
            # Without the value: this goes into reports and the journal, where no body belongs.
            raise ValueError(fault.bare) from None
        _refuse_half_characters(changed)
        return changed

    def _set(self, changed: Json, setting: Setting, message: Json) -> None:
        if setting.expression:
            value = evaluate(setting.expression, scope_of(message, measurable))
            if value is None:
                raise ValueError(f"{setting.expression} finds nothing for {setting.at}")
        else:
            value = parse(setting.json_text)
        head, _, path = setting.at.partition(".")
        if head == "attributes":
            changed["MessageAttributes"] = _with_attribute(changed.get("MessageAttributes") or {}, path, value)
            return
        if not path:
            changed["Body"] = value if isinstance(value, str) and not is_number(value) else text_of(value)
            return
        try:
            body = parse(changed["Body"])
        except ValueError:
            raise ValueError("the body is not JSON, so no member of it can be set") from None
        _put(body, path, value)
        changed["Body"] = text_of(body)


def says_unjudged(unjudged: Mapping[str, int]) -> str:
    """Say that a filter did not fit messages, lest somebody take them for not wanted; empty when it did."""
    if not unjudged:
        return ""
    reason = max(unjudged, key=lambda one: unjudged[one])
    return f"the filter cannot be evaluated for {sum(unjudged.values()):,} of them: {reason}"


def scope_of(message: Json, read: Callable[[str], Json] = json.loads) -> dict[str, Json]:
    """Return what expressions see of a message; `read` parses the body."""
    dead_letter = dead_letter_of(message)
    try:
        body = read(message["Body"])
    except (ValueError, RecursionError):
        body = message["Body"]
    return {
        "id": message["MessageId"],
        "body": body,
        "attributes": {
            name: value.get("StringValue", value.get("BinaryValue"))
            for name, value in (unmarked(message).get("MessageAttributes") or {}).items()
        },
        "system": message.get("Attributes") or {},
        "kind": dead_letter.kind,
        "code": dead_letter.code,
        "cause": dead_letter.cause,
        "origin": dead_letter.origin,
    }


def _refuse_half_characters(message: Json) -> None:
    """Half of a surrogate pair can stand in JSON as an escape, but in no text that is sent."""
    attributes = (message.get("MessageAttributes") or {}).values()
    for text in (message["Body"], *(one.get("StringValue", "") for one in attributes)):
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError(
                "the edit makes a lone surrogate (half a character), which UTF-8 cannot encode"
            ) from None


def _with_attribute(attributes: dict[str, Json], name: str, value: Json) -> dict[str, Json]:
    known = attributes.get(name)
    kind = known["DataType"] if known else "Number" if is_number(value) else "String"
    if kind.startswith("Binary"):
        raise ValueError(f"attribute {name} is binary and cannot be set from text")
    text = value if isinstance(value, str) and not is_number(value) else text_of(value)
    if not text:
        raise ValueError(f"attribute {name} would be empty, which SQS refuses")
    return {**attributes, name: {"DataType": kind, "StringValue": text}}


def _put(body: Json, path: str, value: Json) -> None:
    names = path.split(".")
    for depth, name in enumerate(names):
        if not isinstance(body, dict):
            where = ".".join(["body", *names[:depth]])
            raise ValueError(f"{where} is not a JSON object, so {name} cannot be set in it")
        if depth == len(names) - 1:
            body[name] = value
        else:
            body = body.setdefault(name, {})
