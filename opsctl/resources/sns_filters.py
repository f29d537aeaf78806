"""Filter policies of SNS subscriptions, on message attributes or on the message body; pure.

Sources: SNS guide, "Amazon SNS subscription filter policies", "Filter policy scope" and "String value matching";
MessageAttributes in the SNS API.
"""

from decimal import Decimal, InvalidOperation

from opsctl.model.value import Json
from opsctl.resources.event_patterns import Pattern, parsed

BODY, ATTRIBUTES = "MessageBody", "MessageAttributes"


class FilterPolicy:
    """One policy; `takes` tells whether the subscription gets a message."""

    def __init__(self, policy: str, *, scope: str = ATTRIBUTES) -> None:
        """Read a policy; an empty one takes everything. Raises ValueError when SNS would refuse it."""
        told = parsed(policy) if policy.strip() else {}
        self._body = scope == BODY
        self._pattern = Pattern(policy) if told else None
        if told and not self._body and any(isinstance(value, dict) for value in told.values()):
            raise ValueError("nested names are for the scope MessageBody only")

    def takes(self, body: str, attributes: dict[str, Json]) -> bool:
        """Whether a message passes, given by its body and its attributes as Publish takes them.

        A body that is no JSON object passes no filter on the body; binary attributes are left out of account.

        Raises:
            ValueError: it cannot be told.
        """
        if self._pattern is None:
            return True
        if not self._body:
            return self._pattern.matches(_values(attributes))
        try:
            content = parsed(body)
        except ValueError:
            return False
        return isinstance(content, dict) and self._pattern.matches(content)


def _values(attributes: dict[str, Json]) -> dict[str, Json]:
    """The values of attributes by their names: a number as a number, an array as a list."""
    found: dict[str, Json] = {}
    for name, told in attributes.items():
        kind = str(told.get("DataType") or told.get("Type") or "String")
        text = told.get("StringValue", told.get("Value"))
        if kind.startswith("Binary") or text is None:
            continue
        found[name] = _value(kind, str(text), name)
    return found


def _value(kind: str, text: str, name: str) -> Json:
    if kind.startswith("Number"):
        try:
            return Decimal(text)
        except InvalidOperation:
            raise ValueError(f"attribute {name} is said to be a number and is none") from None
    if kind.startswith("String.Array"):
        found = parsed(text)
        if not isinstance(found, list):
            raise ValueError(f"attribute {name} is said to be an array and is none")
        return found
    return text
