"""Takes entries out of a bucket's notifications; what others have there stays as it is."""

from typing import ClassVar

from pydantic import Field

from opsctl.events.actions.s3_notify import PROPAGATES, others_stay
from opsctl.events.s3_entries import EVENTBRIDGE, entries_of
from opsctl.events.s3_notification_calls import edit_entries, entry_is, notifications
from opsctl.model.changes import Change, Proof, Risk, Severity
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching, require
from opsctl.model.run import Action, Context
from opsctl.model.sentences import sentence
from opsctl.model.write_backs import documents_of, require_whole


class S3Unnotify(Action):
    """Remove entries by their ids in one rewrite; undo puts the same entries back.

    The destination's policy stays: others may rely on it.
    """

    name: ClassVar[str] = "s3.unnotify"

    bucket: str = Field(description="Name of the bucket.")
    ids: tuple[str, ...] = Field(description="Ids of the entries.")
    skip_validation: bool = Field(
        default=False, description="Have S3 look at no destination, where one that stays is gone."
    )
    owner: str = Field("", description="The stack or module that will revert the change.")
    instead: str = Field("", description="What tells the same from then on; empty: nothing does.")
    why: str = Field(description="Why they are taken away.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one rewrite of the configuration."""
        account = about.account
        document = yield from require(notifications(self.bucket, account))
        here = entries_of(document)
        gone = [one for one in here if one.id in self.ids]
        missing = sorted(set(self.ids) - {one.id for one in gone})
        if missing:
            raise InvalidInput.one(f"bucket {self.bucket} has no notification {', '.join(missing)}", source="ids")
        others = others_stay(
            self.bucket,
            account,
            [one for one in here if one not in gone],
            eventbridge=EVENTBRIDGE in document,
        )
        show = about.commands.opsctl("s3-events", "show", self.bucket)
        change = Change(
            **dict(edit_entries(self.bucket, account, "remove", gone, skip=self.skip_validation)),
            id="entries",
            title=f"Stop notifying {', '.join(one.says for one in gone)} of bucket {self.bucket}",
            why=sentence(self.why),
            expect=(*(entry_is(self.bucket, account, one, there=True) for one in gone), *others),
            proof=Proof(
                configured=(*(entry_is(self.bucket, account, one, there=False) for one in gone), *others),
                within_s=30,
                otherwise=f"somebody else wrote the configuration meanwhile; look at it: {show}",
            ),
            undo=edit_entries(self.bucket, account, "add", gone, skip=True),
            risk=Risk(
                severity=Severity.HIGH,
                affects=tuple(one.says for one in gone),
                owner=self.owner or None,
                note=f"{self._note()} {PROPAGATES}",
            ),
        )
        yield from require_whole(documents_of([change]))
        return [change]

    def _note(self) -> str:
        if self.instead:
            return f"{self.instead} tells the same; while both do, events come twice."
        return "Events that come while it is away are not told later."
