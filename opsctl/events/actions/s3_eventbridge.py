"""Has a bucket send everything to EventBridge as well; what it notifies by itself stays, or one entry goes."""

import json
from typing import ClassVar

from pydantic import Field

from opsctl.events.actions.s3_notify import PROPAGATES, others_stay
from opsctl.events.s3_entries import EVENTBRIDGE, S3Entry, entries_of
from opsctl.events.s3_notification_calls import (
    cut_over,
    edit_eventbridge,
    entry_is,
    eventbridge_is,
    notifications,
)
from opsctl.model.changes import Change, Check, Proof, Risk, Severity
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching, fetch, require
from opsctl.model.reads import Read
from opsctl.model.run import Action, Context
from opsctl.model.sentences import sentence
from opsctl.model.write_backs import documents_of, require_whole

_RULES = Read(service="events", operation="ListRules", params={})


class S3Eventbridge(Action):
    """Switch EventBridge on for a bucket in one rewrite; with an id, the same rewrite takes that entry out.

    Nothing is planned where it is on and no id is given. Undo switches it off again, unless another rule has come
    to listen to S3, and puts the entry back.
    """

    name: ClassVar[str] = "s3.eventbridge"

    bucket: str = Field(description="Name of the bucket.")
    instead_of: str = Field("", description="Id of an entry that goes in the same rewrite.")
    rule: str = Field("", description="Begin of the names of the rules that listen for this run.")
    skip_validation: bool = Field(
        default=False, description="Have S3 look at no destination, where one of somebody else's is gone."
    )
    owner: str = Field("", description="The stack or module that will revert the change.")
    why: str = Field(description="What EventBridge is to get the events for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one rewrite of the configuration."""
        document = yield from require(notifications(self.bucket, about.account))
        here = entries_of(document)
        gone = next((one for one in here if one.id == self.instead_of), None) if self.instead_of else None
        if self.instead_of and gone is None:
            raise InvalidInput.one(
                f"bucket {self.bucket} has no notification {self.instead_of}", source="instead_of"
            )
        on = EVENTBRIDGE in document
        if on and gone is None:
            return []
        others = others_stay(self.bucket, about.account, [one for one in here if one is not gone], eventbridge=on)
        rules = yield from fetch(_RULES)
        deaf = [str(one["Name"]) for one in (rules.value or {}).get("Rules") or []]
        change = self._change(gone, others, about, deaf, on=on)
        yield from require_whole(documents_of([change]))
        return [change]

    def _change(
        self, gone: S3Entry | None, others: tuple[Check, ...], about: Context, deaf: list[str], *, on: bool
    ) -> Change:
        bucket, account = self.bucket, about.account
        before = () if on else (eventbridge_is(bucket, account, on=False),)
        after = () if on else (eventbridge_is(bucket, account, on=True),)
        if gone is None:
            do = edit_eventbridge(bucket, account, on=True, skip=self.skip_validation)
            undo = edit_eventbridge(bucket, account, on=False, skip=True)
        else:
            do = cut_over(bucket, account, gone, to_eventbridge=True, switch=not on, skip=self.skip_validation)
            undo = cut_over(bucket, account, gone, to_eventbridge=False, switch=not on, skip=True)
            before = (*before, entry_is(bucket, account, gone, there=True))
            after = (*after, entry_is(bucket, account, gone, there=False))
        restore = about.commands.opsctl("s3-events", "restore", bucket, "--run", about.plan_id)
        title = f"Send everything of bucket {bucket} to EventBridge as well"
        if gone is not None:
            title = f"Send bucket {bucket} to EventBridge and stop notifying {gone.says}, at once"
        gap = "Events of a few minutes may reach neither. " if gone is not None else ""
        return Change(
            **dict(do),
            id="eventbridge",
            title=title,
            why=sentence(self.why),
            expect=(*before, *others),
            proof=Proof(
                configured=(*after, *others),
                within_s=30,
                otherwise=f"somebody else wrote the configuration meanwhile; put back what is missing: {restore}",
            ),
            undo=undo,
            undo_only_if=() if on or gone is not None else (self._nobody_else(deaf),),
            risk=Risk(
                severity=Severity.MEDIUM if gone is None else Severity.HIGH,
                affects=() if gone is None else (gone.says,),
                owner=self.owner or None,
                note=f"{gap}S3 replaces the whole configuration, without a lock. {PROPAGATES}",
            ),
            undo_risk=None if on or gone is None else self._undo_risk(gone),
        )

    def _undo_risk(self, gone: S3Entry) -> Risk:
        return Risk(
            severity=Severity.HIGH,
            affects=(gone.says,),
            owner=self.owner or None,
            note=f"Rules of others that came to listen to this bucket hear nothing any more. {PROPAGATES}",
        )

    def _nobody_else(self, deaf: list[str]) -> Check:
        """No rule of somebody else's has come to listen to S3: it would hear nothing any more."""
        theirs = (
            f"Rules[?EventPattern && contains(EventPattern, 'aws.s3') && !contains(`{json.dumps(deaf)}`, Name)"
        )
        ours = f" && !starts_with(Name, '{self.rule}')" if self.rule else ""
        return Check(
            read=_RULES, query=f"{theirs}{ours}].Name", op="empty", says="no other rule listens to S3 since"
        )
