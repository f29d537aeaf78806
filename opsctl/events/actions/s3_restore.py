"""Puts back what a bucket's notification configuration once had and has lost."""

from typing import ClassVar

from pydantic import Field

from opsctl.events.actions.s3_notify import others_stay
from opsctl.events.s3_entries import EVENTBRIDGE, S3Entry, entries_of, lost_of, read_document
from opsctl.events.s3_notification_calls import (
    edit_entries,
    edit_eventbridge,
    entry_is,
    eventbridge_is,
    notifications,
)
from opsctl.model.changes import Change, Proof, Risk, Severity
from opsctl.model.fetching import Fetching, require
from opsctl.model.run import Action, Context
from opsctl.model.sentences import sentence
from opsctl.model.write_backs import documents_of, require_whole


class S3Restore(Action):
    """Add the entries of an earlier configuration that are missing, and have EventBridge on where it was.

    What was added since stays. An entry whose id is used otherwise by now comes back under a new one.
    """

    name: ClassVar[str] = "s3.restore"

    bucket: str = Field(description="Name of the bucket.")
    document: str = Field(description="The earlier configuration, as S3 answers it, in JSON.")
    skip_validation: bool = Field(
        default=False, description="Have S3 look at no destination, where one of somebody else's is gone."
    )
    why: str = Field(description="Why it is put back.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one rewrite for the entries, and one for EventBridge."""
        earlier = read_document(self.document, "document")
        now = yield from require(notifications(self.bucket, about.account))
        here = entries_of(now)
        lost = self._named_anew(lost_of(earlier, now), here, about)
        changes = [self._entries(lost, here, about, on=EVENTBRIDGE in now)] if lost else []
        if EVENTBRIDGE in earlier and EVENTBRIDGE not in now:
            changes.append(self._eventbridge(about, after=tuple(one.id for one in changes)))
        yield from require_whole(documents_of(changes))
        return changes

    def _named_anew(
        self, lost: tuple[S3Entry, ...], here: tuple[S3Entry, ...], about: Context
    ) -> tuple[S3Entry, ...]:
        used = {one.id for one in here}
        return tuple(
            one
            if one.id and one.id not in used
            else one.model_copy(update={"id": f"opsctl-{about.plan_id}-{number}"})
            for number, one in enumerate(lost, 1)
        )

    def _entries(
        self, lost: tuple[S3Entry, ...], here: tuple[S3Entry, ...], about: Context, *, on: bool
    ) -> Change:
        account = about.account
        others = others_stay(self.bucket, account, here, eventbridge=on)
        return Change(
            **dict(edit_entries(self.bucket, account, "add", lost, skip=self.skip_validation)),
            id="entries",
            title=f"Notify {', '.join(one.says for one in lost)} of bucket {self.bucket} again",
            why=sentence(self.why),
            expect=(*(entry_is(self.bucket, account, one, there=False) for one in lost), *others),
            proof=Proof(
                configured=(*(entry_is(self.bucket, account, one, there=True) for one in lost), *others),
                within_s=30,
            ),
            undo=edit_entries(self.bucket, account, "remove", lost, skip=True),
            risk=Risk(severity=Severity.MEDIUM, affects=tuple(one.says for one in here)),
        )

    def _eventbridge(self, about: Context, *, after: tuple[str, ...]) -> Change:
        account = about.account
        return Change(
            **dict(edit_eventbridge(self.bucket, account, on=True, skip=True)),
            id="eventbridge",
            title=f"Send every event of bucket {self.bucket} to EventBridge again",
            why=sentence(self.why),
            expect=(eventbridge_is(self.bucket, account, on=False),),
            proof=Proof(configured=(eventbridge_is(self.bucket, account, on=True),), within_s=30),
            undo=edit_eventbridge(self.bucket, account, on=False, skip=True),
            risk=Risk(severity=Severity.MEDIUM),
            depends_on=after,
        )
