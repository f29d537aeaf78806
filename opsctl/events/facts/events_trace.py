"""Follows events from a resource to where they end, and says what happens on each step."""

from typing import ClassVar

from pydantic import Field

from opsctl.events.delivery_graph import Delivery
from opsctl.events.exploring import explore, explore_back
from opsctl.events.named_sources import find_source
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value


class EventsTrace(Fact):
    """Follow events from a bucket, topic, event bus, rule, queue, function or pipe, or back to what sends them.

    Each edge has a verdict (delivers, filtered, blocked, unknown) with its reasons, what AWS promises of retries,
    order and duplicates there, and when an event is lost.
    """

    name: ClassVar[str] = "events.trace"
    Result: ClassVar[type[Value]] = Delivery

    source: str = Field(description="ARN, KIND:NAME, or a name that only one resource has.")
    back: bool = Field(default=False, description="Follow events to what sends them instead.")

    def read(self, about: Context) -> Fetching[Value]:
        """Find the resource, then go on in one round for each step."""
        start = yield from find_source(self.source, about, source="source")
        follow = explore_back if self.back else explore
        found = yield from follow(start, about)
        return found
