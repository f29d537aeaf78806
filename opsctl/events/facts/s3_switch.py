"""Reads what is needed to have EventBridge tell what one notification of a bucket tells."""

from typing import ClassVar

from pydantic import Field

from opsctl.events.arns import bucket_arn
from opsctl.events.bucket_refusals import bucket_unknown
from opsctl.events.kms_keys import read_keys, what_key_refuses
from opsctl.events.rule_calls import record_template
from opsctl.events.s3_destinations import read_destinations
from opsctl.events.s3_entries import EVENTBRIDGE, S3Entry, entries_of, entry_named
from opsctl.events.s3_event_types import doubts_of, patterns_of, untold
from opsctl.events.s3_notification_calls import notifications
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read, RefusalKind
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value, fingerprint
from opsctl.resources.actions.events_rule import describe_rule
from opsctl.resources.owners import owner_of

_PATTERN_AT_MOST = 2048
SERVICE = "events.amazonaws.com"


class SwitchedRule(Value):
    """A rule that will choose a part of what the notification chose."""

    name: str
    pattern: dict[str, Json]


class S3SwitchRead(Value):
    """A notification, and the rules that can stand for it.

    `untold` are its event types that EventBridge is never told of. `taken` are rules of these names that exist.
    `dead` are entries of others because of which S3 refuses an edit. `doubts` say what the rules may choose
    otherwise, and what of the record's form EventBridge cannot make.
    """

    bucket: str
    entry: S3Entry
    eventbridge: bool
    document: dict[str, Json]
    prefix: str
    rules: tuple[SwitchedRule, ...]
    url: str = ""
    created: bool = False
    transformer: dict[str, Json] = {}
    record_event: str = ""
    untold: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    dead: tuple[str, ...] = ()
    owner: str = ""


class S3Switch(Fact):
    """Read a notification of a bucket by its id, its destination, and whether EventBridge can stand for it."""

    name: ClassVar[str] = "s3.switch"
    Result: ClassVar[type[Value]] = S3SwitchRead
    services: ClassVar[tuple[str, ...]] = ("s3",)

    bucket: str = Field(description="Name of the bucket.")
    id: str = Field(description="Id of the notification.")
    as_records: bool = Field(default=False, description="Whether the consumer is to get S3's record again.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the bucket, then all destinations and the rules of the names that will be made."""
        document, owner = yield from self._bucket(about)
        here = entries_of(document)
        entry = self._entry(here)
        patterns = patterns_of(entry, self.bucket)
        prefix = f"opsctl-s3-{fingerprint([self.bucket, *map(str, entry.does())])[7:17]}"
        rules = [
            SwitchedRule(name=f"{prefix}-{number}", pattern=pattern) for number, pattern in enumerate(patterns, 1)
        ]
        bucket = bucket_arn(self.bucket, about.identity.partition)
        seen = yield from read_destinations([one.arn for one in here], bucket, about.account)
        found = (yield [describe_rule(one.name, "default") for one in rules]) if rules else []
        place = seen[entry.arn]
        keys = yield from read_keys([place.key])
        refused = [f"{place.arn.rpartition(':')[2]} does not exist"] if place.exists is False else []
        refused += [place.unknown] if place.exists is None else []
        if place.key and (
            why := what_key_refuses(keys[place.key], service=SERVICE, on_behalf_of="", account=about.account)[0]
        ):
            refused.append(why)
        refused += [
            f"the pattern for {entry.says} is longer than {_PATTERN_AT_MOST:,} characters"
            for one in rules
            if len(str(one.pattern)) > _PATTERN_AT_MOST
        ]
        return S3SwitchRead(
            bucket=self.bucket,
            entry=entry,
            eventbridge=EVENTBRIDGE in document,
            document=document,
            prefix=prefix,
            rules=tuple(rules),
            url=place.url,
            created=any(one.startswith("s3:ObjectCreated:") for one in entry.events),
            transformer=self._transformer(entry, about),
            record_event=_event_of(entry) if self.as_records else "",
            untold=tuple(untold(entry.events)),
            taken=tuple(one.name for one, answer in zip(rules, found, strict=True) if answer.refusal is None),
            refused=tuple(refused),
            doubts=(*doubts_of(entry), *self._form(entry)),
            dead=tuple(
                f"{one.says}, id {one.id}: it does not exist"
                for one in here
                if one is not entry and seen[one.arn].exists is False
            ),
            owner=owner or entry.kept_by,
        )

    def _bucket(self, about: Context) -> Fetching[tuple[dict[str, Json], str]]:
        params = {"Bucket": self.bucket, "ExpectedBucketOwner": about.account}
        reads = [
            notifications(self.bucket, about.account),
            Read(service="s3", operation="GetBucketTagging", params=params),
        ]
        told, tags = yield reads
        if told.refusal is not None:
            if told.refusal.kind is RefusalKind.MISSING:
                raise InvalidInput.one(f"there is no bucket {self.bucket!r}", source="bucket")
            raise bucket_unknown(self.bucket, told.refusal)
        named = {str(one["Key"]): str(one["Value"]) for one in (tags.value or {}).get("TagSet") or []}
        return dict(told.value or {}), owner_of(named)

    def _entry(self, here: tuple[S3Entry, ...]) -> S3Entry:
        return entry_named(self.id, here, self.bucket, "id")

    def _transformer(self, entry: S3Entry, about: Context) -> dict[str, Json]:
        if not self.as_records:
            return {}
        return record_template(_event_of(entry), about.identity.partition)

    def _form(self, entry: S3Entry) -> list[str]:
        if not self.as_records:
            return [
                "the consumer gets EventBridge's event instead of S3's Records: other names, and the key as it is"
            ]
        lost = ["the key in each record is not URL-encoded, as S3 writes it: EventBridge cannot do that"]
        if len(entry.events) > 1 or entry.events[0].endswith("*"):
            name = _event_of(entry)
            lost.append(f"every record has the event name {name}: a rule cannot tell which of several it was")
        return lost


def _event_of(entry: S3Entry) -> str:
    """The one event name that records of a rule can have."""
    return entry.events[0].removeprefix("s3:").replace("*", "Put")
