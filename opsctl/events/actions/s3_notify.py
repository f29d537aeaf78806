"""Has a bucket notify one more destination; what others have there stays as it is."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from opsctl.events.arns import bucket_arn
from opsctl.events.destination_permissions import permission
from opsctl.events.s3_destinations import read_destinations
from opsctl.events.s3_entries import EVENTBRIDGE, S3Entry, entries_of
from opsctl.events.s3_notification_calls import edit_entries, entry_is, eventbridge_is, notifications, still_there
from opsctl.model.changes import Change, Check, Proof, Risk, Severity
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching, require
from opsctl.model.run import Action, Context
from opsctl.model.sentences import sentence
from opsctl.model.write_backs import documents_of, require_whole

PROPAGATES = "S3 follows within five minutes; queues and topics get a test message (s3:TestEvent) at once."


class S3Notify(Action):
    """Let S3 write to the destination where it may not yet, then add one entry; undo takes both away again.

    Nothing is planned where an entry does the same already. S3 has no lock for this configuration, so each entry
    of somebody else's is looked for afterwards, by what it does.
    """

    name: ClassVar[str] = "s3.notify"

    bucket: str = Field(description="Name of the bucket.")
    destination: str = Field(description="ARN of the queue, topic or function.")
    events: tuple[str, ...] = Field(description="Event types, such as s3:ObjectCreated:*.")
    prefix: str = Field("", description="Only objects whose key begins so.")
    suffix: str = Field("", description="Only objects whose key ends so.")
    skip_validation: bool = Field(
        default=False, description="Have S3 look at no destination, where one of somebody else's is gone."
    )
    owner: str = Field("", description="The stack or module that will revert the change.")
    why: str = Field(description="What the notification is for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan the permission where there is none, and one rewrite of the configuration."""
        document = yield from require(notifications(self.bucket, about.account))
        here = entries_of(document)
        entry = S3Entry(
            arn=self.destination,
            events=self.events,
            prefix=self.prefix,
            suffix=self.suffix,
            id=f"opsctl-{about.plan_id}",
        )
        if any(one.does() == entry.does() for one in here):
            return []
        own = bucket_arn(self.bucket, about.identity.partition)
        seen = (yield from read_destinations([entry.arn], own, about.account))[entry.arn]
        if seen.exists is None and self.skip_validation:
            raise InvalidInput.one(
                f"{seen.unknown}, and S3 would not look at it either",
                source="skip_validation",
                hint="leave it out, and S3 looks at the destination itself",
            )
        # What cannot be looked at belongs to somebody else: S3 says whether it is let in.
        allowed = []
        if not seen.open and seen.exists is not None:
            allowed = [permission(entry.arn, own, about.account, url=seen.url)]
        added = self._added(entry, here, about, after=tuple(one.id for one in allowed), on=EVENTBRIDGE in document)
        yield from require_whole(documents_of([added]))
        return [*allowed, added]

    def _added(
        self, entry: S3Entry, here: Sequence[S3Entry], about: Context, *, after: tuple[str, ...], on: bool
    ) -> Change:
        account = about.account
        others = others_stay(self.bucket, account, here, eventbridge=on)
        restore = about.commands.opsctl("s3-events", "restore", self.bucket, "--run", about.plan_id)
        return Change(
            **dict(edit_entries(self.bucket, account, "add", [entry], skip=self.skip_validation)),
            id="entry",
            title=f"Notify {entry.says} of bucket {self.bucket}",
            why=sentence(self.why),
            expect=(entry_is(self.bucket, account, entry, there=False), *others),
            proof=Proof(
                configured=(entry_is(self.bucket, account, entry, there=True), *others),
                within_s=30,
                otherwise=f"somebody else wrote the configuration meanwhile; put back what is missing: {restore}",
            ),
            # Somebody else's destination that is gone by then does not stand in the way of an undo.
            undo=edit_entries(self.bucket, account, "remove", [entry], skip=True),
            risk=Risk(
                severity=Severity.MEDIUM,
                affects=tuple(one.says for one in here),
                owner=self.owner or None,
                note=f"S3 replaces the whole configuration, without a lock. {PROPAGATES}",
            ),
            depends_on=after,
        )


def others_stay(bucket: str, account: str, entries: Sequence[S3Entry], *, eventbridge: bool) -> tuple[Check, ...]:
    """What others have in a bucket's configuration, each looked for by itself, so that what is lost has a name."""
    kept = tuple(still_there(bucket, account, one) for one in entries)
    # Where it is off, somebody may switch it on meanwhile: the edit carries that over.
    return (*kept, eventbridge_is(bucket, account, on=True, context=True)) if eventbridge else kept
