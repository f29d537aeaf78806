"""Has a FIFO topic archive what is published to it.

Source: SNS guide, "Message archiving for FIFO topic owners".
"""

import json
from typing import ClassVar

from pydantic import Field

from opsctl.events.topic_archives import DAYS_AT_MOST
from opsctl.model.changes import Change, Check, Instruction, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.dead_letter_reads import topic_attributes

_DAYS = "to_number((from_json(Attributes.ArchivePolicy || '{}').MessageRetentionPeriod) || '0')"


class EventsTopicArchive(Action):
    """Set for how many days a FIFO topic archives its messages.

    Undo sets the days that it had before. Where it had no archive, the undo switches it off, and SNS deletes every
    message that was archived meanwhile: so it is severe.
    """

    name: ClassVar[str] = "events.topic_archive"

    topic: str = Field(description="ARN of the FIFO topic.")
    days: int = Field(ge=1, le=DAYS_AT_MOST, description="How many days a message is kept.")
    before: int = Field(0, ge=0, description="How many days it keeps them now; 0 where it has no archive.")
    why: str = Field(description="What the archive is for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one SetTopicAttributes."""
        yield from ()
        name = self.topic.rpartition(":")[2]
        shorter = bool(self.before) and self.days < self.before
        words = f"Archive what is published to topic {name}, {self.days} days"
        return [
            Change(
                **dict(self._set(self.days)),
                id="archive",
                title=f"{words} instead of {self.before}" if self.before else words,
                why=self.why,
                expect=(self._is(self.before),),
                proof=Proof(configured=(self._is(self.days),), within_s=60),
                undo=self._set(self.before),
                lasting=f"what was older than {self.days} days stays deleted" if shorter else "",
                undo_risk=self._undo_risk(),
                risk=Risk(
                    severity=Severity.HIGH if shorter else Severity.LOW,
                    affects=(name,) if shorter else (),
                    note=f"Messages older than {self.days} days can no longer be replayed."
                    if shorter
                    else "What is kept is paid for. A topic with an archive cannot be deleted.",
                ),
            )
        ]

    def _undo_risk(self) -> Risk:
        if self.before:
            return Risk(note=f"It keeps {self.before} days again.")
        name = self.topic.rpartition(":")[2]
        note = "SNS deletes every archived message when the archive is switched off."
        return Risk(severity=Severity.SEVERE, affects=(name,), note=note)

    def _set(self, days: int) -> Instruction:
        policy: dict[str, Json] = {"MessageRetentionPeriod": str(days)} if days else {}
        return Instruction(
            kind="call",
            service="sns",
            operation="SetTopicAttributes",
            params={
                "TopicArn": self.topic,
                "AttributeName": "ArchivePolicy",
                "AttributeValue": json.dumps(policy),
            },
        )

    def _is(self, days: int) -> Check:
        kept = f"archives {days} days" if days else "has no archive"
        return Check(
            read=topic_attributes(self.topic),
            query=_DAYS,
            op="equals",
            value=days,
            says=f"topic {self.topic.rpartition(':')[2]} {kept}",
        )
