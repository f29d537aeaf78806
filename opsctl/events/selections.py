"""Which events a step takes, by what its settings say; pure.

Sources: S3 guide, "Configuring event notifications using object key name filtering"; SNS guide, "Subscription
filter policies"; EventBridge guide, "Event patterns"; Lambda guide, "Control which events Lambda sends".
"""

from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from opsctl.events.event_forms import PassingEvent
from opsctl.model.value import Json, Value
from opsctl.resources.event_patterns import Pattern, parsed
from opsctl.resources.sns_filters import FilterPolicy


class NotificationSelection(Value):
    """Of a bucket's notification: event types (`s3:ObjectCreated:*`), prefix and suffix of the key."""

    kind: Literal["notification"] = "notification"
    events: tuple[str, ...]
    prefix: str = ""
    suffix: str = ""

    def takes(self, event: PassingEvent) -> bool:
        """Whether the notification is for an object event; names are compared letter by letter."""
        if event.s3 is None:
            raise ValueError("what comes from a bucket is an event of an object")
        name = event.s3.name
        typed = any(one == name or (one.endswith("*") and name.startswith(one[:-1])) for one in self.events)
        return typed and event.s3.key.startswith(self.prefix) and event.s3.key.endswith(self.suffix)


class FilterSelection(Value):
    """Of a subscription: its filter policy, and whether that is on the body or on attributes."""

    kind: Literal["filter"] = "filter"
    policy: str
    scope: str

    def takes(self, event: PassingEvent) -> bool:
        """Whether the subscription gets a message."""
        return FilterPolicy(self.policy, scope=self.scope).takes(event.body, event.attributes)


class PatternSelection(Value):
    """Of a rule: its event pattern."""

    kind: Literal["pattern"] = "pattern"
    pattern: str

    def takes(self, event: PassingEvent) -> bool:
        """Whether the rule matches an event.

        Raises:
            ValueError: it asks for what the event has and nobody told.
        """
        pattern = Pattern(self.pattern)
        asked = sorted(pattern.asks & set(event.unsure))
        told = parsed(event.body)
        if not asked:
            return pattern.matches(told)
        if not pattern.may_match(_without(told, event.unsure)):
            return False
        raise ValueError(f"the pattern asks for {', '.join(asked)}, which the event that was given does not tell")


def _without(event: Json, names: Sequence[str], prefix: str = "") -> Json:
    """An event without some of its members, by their dotted names."""
    if not isinstance(event, dict):
        return event
    return {
        name: _without(value, names, f"{prefix}{name}.")
        for name, value in event.items()
        if f"{prefix}{name}" not in names
    }


class MappingSelection(Value):
    """Of an event source mapping or a pipe on a queue: its filters, of which one is enough."""

    kind: Literal["mapping"] = "mapping"
    patterns: tuple[str, ...]

    def takes(self, event: PassingEvent) -> bool:
        """Whether a message passes: filters see its body, as JSON where it is JSON, and not its attributes.

        A filter on `body` as JSON drops a body that is plain text, and the reverse (Lambda guide, "Using event
        filtering with an Amazon SQS event source").
        """
        try:
            body = parsed(event.body)
        except ValueError:
            body = event.body
        record = {"body": body if isinstance(body, dict | str) else event.body}
        return any(_read(text).matches(record) for text in self.patterns)


class RouteSelection(Value):
    """Of an API: one of its routes, which takes the requests that fit no other one better."""

    kind: Literal["route"] = "route"
    route: str
    others: tuple[str, ...] = ()

    def takes(self, event: PassingEvent) -> bool:
        """Whether a request is for the route.

        Raises:
            ValueError: it is no request, or the API is one of WebSockets.
        """
        if event.request is None:
            raise ValueError("what comes to an API is a request")
        if self.route.startswith("$") and self.route != "$default":
            raise ValueError("which route a message of a WebSocket takes is not evaluated here")
        mine = event.request.fits(self.route)
        fits = [one for one in map(event.request.fits, self.others) if one is not None]
        return mine is not None and all(mine <= one for one in fits)


def _read(text: str) -> Pattern:
    pattern = Pattern(text)
    strangers = sorted(pattern.names - {"body"})
    if strangers:
        raise ValueError(f"the filter asks for {', '.join(strangers)} of a message, which is not evaluated here")
    return pattern


Selection: TypeAlias = Annotated[
    NotificationSelection | FilterSelection | PatternSelection | MappingSelection | RouteSelection,
    Field(discriminator="kind"),
]
