"""Follows events from a resource to where they end, and says what happens on each step."""

from typing import ClassVar

from pydantic import Field

from opsctl.events.arns import named
from opsctl.events.delivery_graph import Delivery
from opsctl.events.event_forms import PassingEvent, event_from
from opsctl.events.exploring import explore, explore_back
from opsctl.events.named_sources import find_source
from opsctl.events.walking import walk_event
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value


class EventsTrace(Fact):
    """Follow events from a bucket, topic, bus, rule, queue, function, pipe or API, or back to what sends them.

    Each edge has a verdict (delivers, filtered, blocked, unknown) with its reasons, what AWS promises of retries,
    order and duplicates there, and when an event is lost.
    """

    name: ClassVar[str] = "events.trace"
    Result: ClassVar[type[Value]] = Delivery

    source: str = Field(description="ARN, KIND:NAME, or a name that only one resource has.")
    back: bool = Field(default=False, description="Follow events to what sends them instead.")
    event: str = Field("", description="Text of one event of the resource, to be walked along.")

    def read(self, about: Context) -> Fetching[Value]:
        """Find the resource, then go on in one round for each step."""
        start = yield from find_source(self.source, about, source="source")
        if self.back and self.event:
            raise InvalidInput.one("an event goes forwards: it cannot be walked back", source="event")
        event = self._event(named(start).kind) if self.event else None
        follow = explore_back if self.back else explore
        found = yield from follow(start, about)
        if event is None:
            return found.delivery
        return walk_event(found.delivery, found.ways, event, about)

    def _event(self, kind: str) -> PassingEvent:
        try:
            return event_from(self.event, kind)
        except ValueError as fault:
            raise InvalidInput.one(f"this is no event of a {kind}: {fault}", source="event") from None
