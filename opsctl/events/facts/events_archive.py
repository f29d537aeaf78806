"""Reads a bus and its archives, and what stands in the way of one more."""

import re
from typing import ClassVar

from pydantic import Field

from opsctl.events.archives import EventArchive, bus_name, read_bus, same_pattern
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value, fingerprint
from opsctl.resources.event_patterns import Pattern

NAME_AT_MOST = 48


class BusArchives(Value):
    """A bus, the archives of it, and the name that a new one gets.

    `covering` are archives that keep already what the new one would; `encrypted` is the customer key of the bus.
    """

    bus: str
    arn: str
    name: str
    encrypted: str
    archives: tuple[EventArchive, ...]
    covering: tuple[str, ...] = ()


class EventsArchive(Fact):
    """Read a bus and its archives; the pattern is that of an archive that is wanted."""

    name: ClassVar[str] = "events.archive"
    Result: ClassVar[type[Value]] = BusArchives
    services: ClassVar[tuple[str, ...]] = ("events",)

    bus: str = Field(description="Name or ARN of the event bus.")
    pattern: str = Field("", description="Event pattern in JSON of what is to be kept; empty: everything.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the bus, then its archives."""
        if self.pattern:
            try:
                Pattern(self.pattern)
            except ValueError as fault:
                raise InvalidInput.one(f"EventBridge refuses the pattern: {fault}", source="pattern") from None
        found = yield from read_bus(bus_name(self.bus, about))
        covering = [
            one.says
            for one in found.archives
            if one.state != "DISABLED" and (not one.pattern or same_pattern(one.pattern, self.pattern))
        ]
        return BusArchives(
            bus=found.name,
            arn=found.arn,
            name=_name(found.name, self.pattern),
            encrypted=found.key,
            archives=found.archives,
            covering=tuple(covering),
        )


def _name(bus: str, pattern: str) -> str:
    """The name of an archive after its bus: AWS takes 48 characters, and one name once a Region."""
    plain = re.sub(r"[^.\-_A-Za-z0-9]", "-", bus)
    if not pattern and len(plain) <= NAME_AT_MOST:
        return plain
    mark = fingerprint([bus, pattern])[7:15]
    return f"{plain[: NAME_AT_MOST - len(mark) - 1]}-{mark}"
