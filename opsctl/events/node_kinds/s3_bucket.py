"""S3 buckets: notifications to queues, topics and functions, and everything to EventBridge.

Sources: S3 guide, "Amazon S3 Event Notifications" and "Using EventBridge"; GetBucketNotificationConfiguration.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from opsctl.events.arns import bucket_region, named
from opsctl.events.delivery_graph import DeliveryNode
from opsctl.events.hops import Hop, ReadResource, Waypoint
from opsctl.events.resource_answers import ResourceAnswers, items_of, read_of
from opsctl.events.selections import NotificationSelection
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context
from opsctl.model.value import Json

SERVICE = "s3.amazonaws.com"
_ENTRIES = (
    ("QueueConfigurations", "QueueArn"),
    ("TopicConfigurations", "TopicArn"),
    ("LambdaFunctionConfigurations", "LambdaFunctionArn"),
)
_ONCE_MORE = "at least once: an event may come twice"
_UNORDERED = "no order between objects; for one object compare the sequencer"


def read(place: Waypoint, about: Context) -> Fetching[ReadResource]:
    """Read the bucket's whole notification configuration in one call."""
    name = place.arn.rpartition(":::")[2]
    told = ResourceAnswers()
    wanted = read_of("s3", "GetBucketNotificationConfiguration", Bucket=name)
    found = (yield from told.ask([("notification configuration", wanted)]))["notification configuration"]
    exists = not told.missing
    hops = [*_notifications(place, found)]
    eventbridge = "EventBridgeConfiguration" in (found or {})
    region: str | None = ""
    if eventbridge or any(named(one.to.arn).region != about.region for one in hops):
        location = read_of("s3", "GetBucketLocation", Bucket=name)
        there = (yield from told.ask([("region", location)]))["region"]
        region = None if there is None else bucket_region(there)
    if eventbridge:
        hops.append(_eventbridge(name, region, about))
    notes = () if hops or found is None or not exists else ("it notifies nobody",)
    node = DeliveryNode(
        arn=place.arn,
        kind="bucket",
        name=name,
        notes=notes,
        unknown=tuple(told.unknown),
        exists=exists,
        region=region or "",
    )
    return ReadResource(node=node, hops=tuple(hops))


def _notifications(place: Waypoint, found: Json) -> Iterator[Hop]:
    for kind, member in _ENTRIES:
        for entry in items_of(found, kind):
            yield Hop(
                to=Waypoint(arn=str(entry[member])),
                by=f"notification {entry.get('Id', '')}".strip(),
                passes=passes_of(entry),
                verdict="filtered",
                service=SERVICE,
                on_behalf_of=place.arn,
                retry="S3 tries again for an unstated time, then the event is gone; there is no dead-letter queue",
                order=_UNORDERED,
                duplicates=_ONCE_MORE,
                takes=_selection(entry),
                makes="records",
            )


def destinations_of(found: Json) -> list[str]:
    """Return the ARNs that a notification configuration names."""
    return [str(entry[member]) for kind, member in _ENTRIES for entry in items_of(found, kind)]


def passes_of(entry: Json) -> str:
    """Say which events an entry lets pass: types, prefix and suffix; S3 capitalises the names of rules or not."""
    filters = _filters(entry)
    words = [", ".join(entry.get("Events") or [])]
    words += [f"{name} {filters[name]}" for name in ("prefix", "suffix") if filters.get(name)]
    return "; ".join(words)


def _filters(entry: Json) -> dict[str, str]:
    rules = ((entry.get("Filter") or {}).get("Key") or {}).get("FilterRules") or []
    return {str(one.get("Name", "")).lower(): str(one.get("Value", "")) for one in rules}


def _selection(entry: Json) -> NotificationSelection:
    filters = _filters(entry)
    return NotificationSelection(
        events=tuple(entry.get("Events") or ()),
        # Special characters stand URL-encoded in filters (S3 guide, object key name filtering).
        prefix=unquote_plus(filters.get("prefix", "")),
        suffix=unquote_plus(filters.get("suffix", "")),
    )


def _eventbridge(name: str, region: str | None, about: Context) -> Hop:
    """To the default bus of the bucket's own region, which may be another one than that of the run."""
    carrying: dict[str, Any] = {"source": "aws.s3", "detail": {"bucket": {"name": name}}}
    place = f"{region or about.region}:{about.account}"
    bus = f"arn:{about.identity.partition}:events:{place}:event-bus/default"
    return Hop(
        to=Waypoint(arn=bus, carrying=carrying),
        by="EventBridge is on",
        verdict="unknown" if region is None else "delivers",
        why=("the bucket's region could not be read, and its events go to the bus of that one",)
        if region is None
        else (),
        passes="every event but those of replication and lost reduced-redundancy objects",
        duplicates=_ONCE_MORE,
        order=_UNORDERED,
        makes="eventbridge",
    )
