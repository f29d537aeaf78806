"""Reads what a bucket notifies, and what would stand in the way of one more entry, or of taking some away."""

import re
from typing import ClassVar

from pydantic import Field

from opsctl.events.arns import bucket_arn, bucket_region
from opsctl.events.bucket_refusals import bucket_unknown
from opsctl.events.kms_keys import KeyFacts, read_keys, what_key_refuses
from opsctl.events.s3_destinations import NotifiedResource, read_destinations
from opsctl.events.s3_entries import (
    EVENT_TYPES,
    EVENTBRIDGE,
    KNOWN,
    S3Entry,
    entries_of,
    entry_named,
    lost_of,
    read_document,
)
from opsctl.events.s3_notification_calls import notifications
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read, RefusalKind
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value
from opsctl.resources.owners import owner_of

S3 = "s3.amazonaws.com"
_BUCKET = re.compile(r"[A-Za-z0-9._-]{3,255}")
_DESTINATION = re.compile(
    r"arn:[a-z-]+:(?:sqs|sns):[a-z0-9-]+:\d{12}:[\w-]{1,256}(?:\.fifo)?"
    r"|arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:[\w-]{1,64}(?::[\w$-]{1,128})?",
    re.ASCII,
)


class BucketNotifications(Value):
    """A bucket's notifications as they are, and what was asked about them.

    `document` is the whole configuration as S3 answered, kept as a backup. `overlaps` are entries that S3 refuses
    beside the wanted one; `same` those that do what is wanted already. `dead` are entries of a destination that is
    gone or shuts S3 out: S3 refuses every edit because of them. `refused` says why S3 takes no such entry, `lost`
    what an earlier configuration had and this has not. `owner` is a program that writes the whole configuration,
    `owners` are all that keep the bucket or one of the entries, or of those that are to be taken away.
    """

    bucket: str
    region: str
    eventbridge: bool
    entries: tuple[S3Entry, ...]
    document: dict[str, Json]
    wanted: S3Entry | None = None
    same: tuple[str, ...] = ()
    overlaps: tuple[str, ...] = ()
    dead: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    removable: tuple[S3Entry, ...] = ()
    lost: tuple[str, ...] = ()
    owner: str = ""
    owners: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class S3Notifications(Fact):
    """Read a bucket's event notifications; with a destination, what stands in the way of adding that entry."""

    name: ClassVar[str] = "s3.notifications"
    Result: ClassVar[type[Value]] = BucketNotifications
    services: ClassVar[tuple[str, ...]] = ("s3",)

    bucket: str = Field(description="Name of the bucket.")
    destination: str = Field("", description="ARN of a queue, topic or function that is to be notified.")
    events: tuple[str, ...] = Field(("s3:ObjectCreated:*",), description="Event types of that entry.")
    prefix: str = Field("", description="Only objects whose key begins so.")
    suffix: str = Field("", description="Only objects whose key ends so.")
    ids: tuple[str, ...] = Field((), description="Ids of entries that are to be taken away.")
    earlier: str = Field("", description="An earlier configuration in JSON, whose entries are compared.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read configuration, place and tags at once, then every destination."""
        wanted = self._wanted(about.identity.partition)
        if not _BUCKET.fullmatch(self.bucket):
            raise InvalidInput.one(f"{self.bucket!r} is no name of a bucket", source="bucket")
        document, region, owner, unread = yield from self._bucket(about)
        entries = entries_of(document)
        arns = [one.arn for one in entries] + ([wanted.arn] if wanted else [])
        seen = yield from read_destinations(arns, self._arn(about), about.account)
        keys = yield from read_keys([seen[wanted.arn].key] if wanted else [])
        removable = self._removable(entries)
        others = [one for one in entries if one not in removable]
        return BucketNotifications(
            bucket=self.bucket,
            region=region,
            eventbridge=EVENTBRIDGE in document,
            entries=entries,
            document=document,
            wanted=wanted,
            same=tuple(one.id for one in entries if wanted and one.does() == wanted.does()),
            overlaps=tuple(
                f"{one.says}, id {one.id}"
                for one in entries
                if wanted and one.overlaps(wanted) and one.does() != wanted.does()
            ),
            dead=tuple(text for one in others if (text := _dead(one, seen[one.arn]))),
            refused=tuple(self._refused(wanted, region, seen, keys, about)) if wanted else (),
            removable=removable,
            lost=self._lost(document),
            owner=owner or next((one.kept_by for one in entries if one.kept_by.startswith("Terraform")), ""),
            owners=tuple(dict.fromkeys(filter(None, (owner, *map(_kept, removable or entries))))),
            unknown=tuple(dict.fromkeys((*unread, *_doubts(seen, wanted, keys, self._arn(about), about.account)))),
        )

    def _arn(self, about: Context) -> str:
        return bucket_arn(self.bucket, about.identity.partition)

    def _bucket(self, about: Context) -> Fetching[tuple[dict[str, Json], str, str, list[str]]]:
        params = {"Bucket": self.bucket, "ExpectedBucketOwner": about.account}
        reads = [
            notifications(self.bucket, about.account),
            Read(service="s3", operation="GetBucketLocation", params=params),
            Read(service="s3", operation="GetBucketTagging", params=params),
        ]
        told, place, tags = yield reads
        if told.refusal is not None:
            if told.refusal.kind is RefusalKind.MISSING:
                raise InvalidInput.one(f"there is no bucket {self.bucket!r}", source="bucket")
            raise bucket_unknown(self.bucket, told.refusal)
        document: dict[str, Json] = dict(told.value or {})
        strangers = sorted(document.keys() - KNOWN)
        if strangers:
            lost = f"{', '.join(strangers)} of bucket {self.bucket} would be lost by an edit of this version"
            raise InvalidInput.one(lost, source="bucket", hint="upgrade opsctl, or edit it in the console")
        unread = [
            f"{what}: {answer.refusal}"
            for what, answer in (("the bucket's region", place), ("the bucket's tags", tags))
            if answer.refusal is not None and not answer.known
        ]
        region = bucket_region(place.value) if place.refusal is None else about.region
        if region != about.region:
            raise InvalidInput.one(
                f"bucket {self.bucket} is in {region}, this run in {about.region}",
                source="bucket",
                hint=f"--region {region}",
            )
        named = {str(one["Key"]): str(one["Value"]) for one in (tags.value or {}).get("TagSet") or []}
        return document, region, owner_of(named), unread

    def _wanted(self, partition: str) -> S3Entry | None:
        if not self.destination:
            return None
        if not _DESTINATION.fullmatch(self.destination) or self.destination.split(":")[1] != partition:
            raise InvalidInput.one(
                f"{self.destination!r} is not the ARN of a queue, topic or function of partition {partition}",
                source="destination",
            )
        if not self.events:
            raise InvalidInput.one("no event type was given", source="events", hint="such as s3:ObjectCreated:*")
        strangers = [one for one in self.events if one not in EVENT_TYPES]
        if strangers:
            raise InvalidInput.one(
                f"S3 has no event type {', '.join(strangers)}",
                source="events",
                hint=f"one of {', '.join(EVENT_TYPES)}",
            )
        return S3Entry(arn=self.destination, events=self.events, prefix=self.prefix, suffix=self.suffix)

    def _lost(self, document: dict[str, Json]) -> tuple[str, ...]:
        if not self.earlier:
            return ()
        earlier = read_document(self.earlier, "document")
        off = ("EventBridge",) if EVENTBRIDGE in earlier and EVENTBRIDGE not in document else ()
        return (*(one.says for one in lost_of(earlier, document)), *off)

    def _removable(self, entries: tuple[S3Entry, ...]) -> tuple[S3Entry, ...]:
        return tuple(entry_named(name, entries, self.bucket, "ids") for name in self.ids)

    def _refused(
        self,
        wanted: S3Entry,
        region: str,
        seen: dict[str, NotifiedResource],
        keys: dict[str, KeyFacts],
        about: Context,
    ) -> list[str]:
        place = seen[wanted.arn]
        name = wanted.arn.rpartition(":")[2]
        found = []
        if wanted.arn.endswith(".fifo"):
            found.append(f"S3 cannot notify {name}: FIFO queues and topics get its events by EventBridge only")
        if wanted.arn.split(":")[3] != region:
            found.append(f"{name} is in {wanted.arn.split(':')[3]}, the bucket in {region}")
        if place.exists is False:
            found.append(f"{name} does not exist")
        if place.key:
            refused, _ = what_key_refuses(
                keys[place.key], service=S3, on_behalf_of=self._arn(about), account=about.account
            )
            found += [refused] if refused else []
        return found


def _doubts(
    seen: dict[str, NotifiedResource], wanted: S3Entry | None, keys: dict[str, KeyFacts], bucket: str, account: str
) -> list[str]:
    found = [one.unknown for one in seen.values() if one.unknown]
    key = keys.get(seen[wanted.arn].key) if wanted else None
    _, doubt = what_key_refuses(key, service=S3, on_behalf_of=bucket, account=account) if key else ("", "")
    return [*found, doubt] if doubt else found


def _kept(entry: S3Entry) -> str:
    return f"{entry.kept_by} (notification {entry.id})" if entry.kept_by else ""


def _dead(entry: S3Entry, place: NotifiedResource) -> str:
    if place.exists is False:
        return f"{entry.says}, id {entry.id}: it does not exist"
    if place.shut:
        return f"{entry.says}, id {entry.id}: its policy does not let S3 in"
    return ""
