"""Archives of a bus as they are read.

Sources: ListArchives, DescribeArchive, CreateArchive (EventBridge API); EventBridge guide, "Archiving and
replaying events".
"""

from datetime import UTC, datetime

from opsctl.model.errors import FactUnknown, InvalidInput
from opsctl.model.fetching import Fetching, require
from opsctl.model.reads import Read, RefusalKind
from opsctl.model.run import Context
from opsctl.model.spans import utc
from opsctl.model.value import Json, Value, json_object

DAY_S = 86_400


class EventArchive(Value):
    """An archive: `created` in seconds since the epoch; `days` 0 keeps for ever; no `pattern` takes all."""

    name: str
    arn: str
    state: str
    created: float
    days: int
    pattern: str
    events: int

    @property
    def says(self) -> str:
        """Name, how long it keeps what, since when."""
        kept = f"{self.days} days" if self.days else "for ever"
        part = ", only a part of the events" if self.pattern else ""
        return f"{self.name}: since {moment(self.created)}, kept {kept}{part}"


class BusFound(Value):
    """An event bus and the archives of what comes to it."""

    name: str
    arn: str
    key: str
    archives: tuple[EventArchive, ...]


def moment(seconds: float) -> str:
    """Write a moment in UTC."""
    return utc(datetime.fromtimestamp(seconds, UTC))


def seconds_of(text: str, source: str) -> float:
    """Return a moment that a person typed; InvalidInput without a time or a zone."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        told = None
    if told is None or told.tzinfo is None:
        raise InvalidInput.one(
            f"{text!r} is no moment with time and zone", source=source, hint="such as 2026-01-01T00:00:00Z"
        )
    return told.timestamp()


def bus_name(asked: str, about: Context) -> str:
    """Return the name of a bus that a person named; InvalidInput when it is elsewhere or of the newer kind."""
    if "event-busv2/" in asked:
        typed = about.commands.opsctl("events", "replay")
        raise InvalidInput.one(
            f"{asked} is a Custom Event Bus, which keeps its events itself",
            source="bus",
            hint=f"{typed} --bus ARN --into QUEUE --role ROLE sends them again",
        )
    if asked.startswith("topic:") or asked.split(":")[2:3] == ["sns"]:
        raise InvalidInput.one(
            f"{asked} is a topic, not a bus",
            source="bus",
            hint="a FIFO topic is named by --topic, and its archive by the topic alone",
        )
    if not asked.startswith("arn:"):
        return asked.removeprefix("bus:")
    parts = asked.split(":", 5)
    if len(parts) < 6 or parts[2:5] != ["events", about.region, about.account] or "event-bus/" not in parts[5]:
        raise InvalidInput.one(f"{asked} is no event bus of this account and region", source="bus")
    return parts[5].removeprefix("event-bus/")


def read_bus(name: str) -> Fetching[BusFound]:
    """Read a bus, then every archive of it; FactUnknown where one of them may not be read."""
    (told,) = yield [Read(service="events", operation="DescribeEventBus", params={"Name": name})]
    if told.refusal is not None:
        if told.refusal.kind is RefusalKind.MISSING:
            raise InvalidInput.one(f"there is no event bus {name!r}", source="bus")
        raise FactUnknown(told.refusal)
    arn = str(told.value["Arn"])
    listed = yield from require(Read(service="events", operation="ListArchives", params={"EventSourceArn": arn}))
    names = [str(one["ArchiveName"]) for one in listed.get("Archives") or []]
    answers = (yield [describe_archive(one) for one in names]) if names else []
    for answer in answers:
        if answer.refusal is not None and answer.refusal.kind is not RefusalKind.MISSING:
            raise FactUnknown(answer.refusal)
    return BusFound(
        name=name,
        arn=arn,
        key=str(told.value.get("KmsKeyIdentifier") or ""),
        archives=tuple(_archive(one.value) for one in answers if one.value),
    )


def describe_archive(name: str) -> Read:
    """Read one archive; one that is not there is missing."""
    return Read(service="events", operation="DescribeArchive", params={"ArchiveName": name})


def same_pattern(one: str, other: str) -> bool:
    """Whether two patterns are the same document."""
    return json_object(one or "{}") == json_object(other or "{}")


def _archive(told: Json) -> EventArchive:
    return EventArchive(
        name=str(told["ArchiveName"]),
        arn=str(told.get("ArchiveArn", "")),
        state=str(told.get("State", "")),
        created=_seconds(told.get("CreationTime")),
        days=int(told.get("RetentionDays") or 0),
        pattern=str(told.get("EventPattern") or ""),
        events=int(told.get("EventCount") or 0),
    )


def _seconds(value: Json) -> float:
    if isinstance(value, (int, float)):
        return float(value)
    return datetime.fromisoformat(str(value)).timestamp()
