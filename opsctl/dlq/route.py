"""Where a dead letter goes: routes as data, decided when planning, followed message by message."""

from typing import Literal

from opsctl.model.value import Value

_WORDS = {
    "queue": "queue",
    "function": "function",
    "bus": "event bus",
    "stream": "function",
    "target": "target",
    "call": "call",
}
_FORMS = {
    "body": "",
    "payload": "with the payload of the record",
    "notification": "as SNS invokes it",
    "records": "with its records read again",
    "event": "with the input settings of its rule",
    "carried": "with what its dead letter carries",
    "request": "just as its schedule makes it",
}


class Route(Value):
    """One destination. `origin` limits it to messages that failed there; empty takes every message.

    `form` says what is delivered: the `body` as it is, the `payload` inside a record, an SNS `notification` as a
    function gets it, the `records` of a stream read again, the `event` after the input settings of the `rule`,
    the request or input that a schedule's letter has `carried`, or the `request` of a `call` of any API, which
    has to be the one that its schedule makes. `bare` routes also take messages that do not say where they
    failed. `roles` are those that a call hands on, `key` is what the filter of a stream's
    mapping is encrypted with.
    """

    origin: str = ""
    rule: str = ""
    kind: Literal["queue", "function", "bus", "stream", "target", "call"]
    arn: str
    url: str = ""
    name: str
    form: Literal["body", "payload", "notification", "records", "event", "carried", "request"] = "body"
    bare: bool = False
    roles: tuple[str, ...] = ()
    key: str = ""
    why: str = ""

    def region(self, own: str) -> str:
        """Where it is, by its ARN; `own` is the Region of who asks, for what has no ARN."""
        parts = self.arn.split(":")
        return parts[3] if len(parts) > 5 and parts[3] else own

    def says(self) -> str:
        """The destination, and what it gets, in words."""
        how = _FORMS[self.form]
        return f"{_WORDS[self.kind]} {self.name}{f' {how}' if how else ''}"
