"""The entries of a bucket's notification configuration in one form, whoever wrote them; pure.

S3 answers with names of filters in capitals and with empty values, and gives entries an id where they have none
(recorded answers), so entries are compared by what they do. Source of the overlap: S3 guide, "Configuring event
notifications using object key name filtering".
"""

import json
import re
from collections.abc import Iterator, Sequence

from opsctl.events.s3_entry_owners import owner_of_entry
from opsctl.model.errors import InvalidInput
from opsctl.model.value import Json, Value

MEMBERS = {
    "sqs": ("QueueConfigurations", "QueueArn"),
    "sns": ("TopicConfigurations", "TopicArn"),
    "lambda": ("LambdaFunctionConfigurations", "LambdaFunctionArn"),
}
EVENTBRIDGE = "EventBridgeConfiguration"
# Event in the S3 API; a test compares.
EVENT_TYPES = (
    "s3:IntelligentTiering",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:LifecycleTransition",
    "s3:ObjectAcl:Put",
    "s3:ObjectAnnotation:*",
    "s3:ObjectAnnotation:Delete",
    "s3:ObjectAnnotation:Put",
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Put",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRestore:Delete",
    "s3:ObjectRestore:Post",
    "s3:ObjectRetention:Put",
    "s3:ObjectTagging:*",
    "s3:ObjectTagging:Delete",
    "s3:ObjectTagging:Put",
    "s3:ReducedRedundancyLostObject",
    "s3:Replication:*",
    "s3:Replication:OperationFailedReplication",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationNotTracked",
    "s3:Replication:OperationReplicatedAfterThreshold",
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u\{([0-9a-f]{1,6})\}|([nrt]))")
KNOWN = {*(listed for listed, _ in MEMBERS.values()), EVENTBRIDGE}


class S3Entry(Value):
    """One notification: to what, for which event types (`s3:ObjectCreated:*`), with which prefix and suffix."""

    arn: str
    events: tuple[str, ...]
    prefix: str = ""
    suffix: str = ""
    id: str = ""

    @property
    def kept_by(self) -> str:
        """The program that keeps it, by its id; empty where that tells of none."""
        return owner_of_entry(self.id, self.arn)

    @property
    def says(self) -> str:
        """The whole in a few words."""
        words = [", ".join(self.events)]
        words += [f"{name} {value}" for name, value in (("prefix", self.prefix), ("suffix", self.suffix)) if value]
        return f"{self.arn.rpartition(':')[2]} ({'; '.join(words)})"

    @property
    def member(self) -> str:
        """The list of the configuration that it belongs to."""
        return MEMBERS[self.arn.split(":")[2]][0]

    def does(self) -> tuple[str, tuple[str, ...], str, str]:
        """What makes two entries the same, whatever their ids and spelling."""
        return self.arn, tuple(sorted(self.events)), self.prefix, self.suffix

    def written(self) -> dict[str, Json]:
        """The entry as PutBucketNotificationConfiguration takes it."""
        rules = [
            {"Name": name, "Value": value}
            for name, value in (("prefix", self.prefix), ("suffix", self.suffix))
            if value
        ]
        made: dict[str, Json] = {"Id": self.id} if self.id else {}
        made |= {MEMBERS[self.arn.split(":")[2]][1]: self.arn, "Events": list(self.events)}
        return made | ({"Filter": {"Key": {"FilterRules": rules}}} if rules else {})

    def overlaps(self, other: "S3Entry") -> bool:
        """Whether S3 refuses both in one bucket: an event type in common, and prefixes and suffixes that meet."""
        return (
            any(_same_type(one, two) for one in self.events for two in other.events)
            and (self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix))
            and (self.suffix.endswith(other.suffix) or other.suffix.endswith(self.suffix))
        )


def _same_type(one: str, two: str) -> bool:
    return one == two or any(
        wide.endswith("*") and narrow.startswith(wide[:-1]) for wide, narrow in ((one, two), (two, one))
    )


def entries_of(document: Json) -> tuple[S3Entry, ...]:
    """Return the entries of an answer of GetBucketNotificationConfiguration."""
    return tuple(_entries(document or {}))


def _entries(document: dict[str, Json]) -> Iterator[S3Entry]:
    for listed, member in MEMBERS.values():
        for told in document.get(listed) or []:
            rules = ((told.get("Filter") or {}).get("Key") or {}).get("FilterRules") or []
            filters = {str(one.get("Name", "")).lower(): str(one.get("Value") or "") for one in rules}
            yield S3Entry(
                arn=str(told[member]),
                events=tuple(told.get("Events") or ()),
                prefix=filters.get("prefix", ""),
                suffix=filters.get("suffix", ""),
                id=str(told.get("Id", "")),
            )


def entry_named(typed: str, entries: Sequence[S3Entry], bucket: str, source: str) -> S3Entry:
    """Return the entry of an id, as it is or as it is shown: with escapes in the place of control characters.

    Raises:
        InvalidInput: there is none.
    """
    for wanted in (typed, _ESCAPE.sub(_character, typed)):
        found = next((one for one in entries if one.id == wanted), None)
        if found is not None:
            return found
    known = ", ".join(one.id for one in entries) or "none"
    raise InvalidInput.one(
        f"bucket {bucket} has no notification with id {typed!r}", source=source, hint=f"it has {known}"
    )


def _character(escape: re.Match[str]) -> str:
    code, point, letter = escape.groups()
    if letter:
        return {"n": "\n", "r": "\r", "t": "\t"}[str(letter)]
    number = int(code or point, 16)
    return chr(number) if number <= 0x10FFFF else escape[0]


def lost_of(earlier: Json, now: Json) -> tuple[S3Entry, ...]:
    """Return the entries that an earlier configuration had and one of now has not, by what they do."""
    there = {one.does() for one in entries_of(now)}
    return tuple(one for one in entries_of(earlier) if one.does() not in there)


def read_document(text: str, source: str) -> dict[str, Json]:
    """Read a notification configuration that was kept, as S3 answers it; the whole of `s3-events show` will do.

    Raises:
        InvalidInput: it is none; `source` is the flag or input that it came from.
    """
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise InvalidInput.one(f"this is no JSON: {fault}", source=source) from None
    for member in ("result", "document"):
        if isinstance(told, dict) and isinstance(told.get(member), dict):
            told = told[member]
    if not isinstance(told, dict) or not told or set(told) - KNOWN:
        known = ", ".join(sorted(KNOWN))
        raise InvalidInput.one(f"this is no notification configuration: that has {known}", source=source)
    try:
        entries = entries_of(told)
        listed = [(name, one) for name, _ in MEMBERS.values() for one in told.get(name) or []]
    except (AttributeError, KeyError, TypeError):
        raise InvalidInput.one("an entry of this configuration has no destination", source=source) from None
    for entry, (name, one) in zip(entries, listed, strict=True):
        if not _is_of(entry.arn, name) or not isinstance(one.get("Events"), list) or not entry.events:
            raise InvalidInput.one(f"{entry.arn} in {name} is no notification with its event types", source=source)
    return told


def _is_of(arn: str, listed: str) -> bool:
    parts = arn.split(":")
    return len(parts) >= 6 and parts[0] == "arn" and MEMBERS.get(parts[2], ("", ""))[0] == listed
