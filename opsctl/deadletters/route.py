"""Where a dead letter goes: routes as data, decided when planning, followed message by message."""

from typing import Literal

from opsctl.model.value import Json, Value


class Route(Value):
    """One destination. `origin` limits it to messages that failed there; empty takes every message.

    `form` says what is delivered: the `body` as it is, the `payload` inside a record, an SNS `notification`
    as a function gets it, or the `event` of a bus after the target's own input settings.
    """

    origin: str = ""
    kind: Literal["queue", "function", "bus", "stream"]
    arn: str
    url: str = ""
    name: str
    form: Literal["body", "payload", "notification", "event"] = "body"
    input: dict[str, Json] = {}
    why: str = ""

    def says(self) -> str:
        """The destination in words."""
        what = {"queue": "queue", "function": "function", "bus": "event bus", "stream": "function"}[self.kind]
        return f"{what} {self.name}"
