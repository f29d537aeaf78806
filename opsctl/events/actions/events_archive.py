"""Makes an archive of a bus. Source: CreateArchive and DeleteArchive (EventBridge API)."""

from typing import ClassVar

from pydantic import Field

from opsctl.events.archives import describe_archive
from opsctl.model.changes import Change, Check, Instruction, Proof, Retry, Risk
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.marks import described

_PASSES = Retry(codes=("ConcurrentModificationException",), within_s=60)
DESCRIPTION_AT_MOST = 512


class EventsArchiveAction(Action):
    """Keep what comes to a bus in an archive, from which it can be replayed.

    Undo deletes the archive as long as AWS counts no event in it: with an archive its events are gone.
    """

    name: ClassVar[str] = "events.archive"

    archive: str = Field(description="Name of the archive; not in use yet.")
    bus_arn: str = Field(description="ARN of the event bus.")
    days: int = Field(ge=0, description="How many days an event is kept; 0 keeps it for ever.")
    pattern: str = Field("", description="Event pattern in JSON of what is kept; empty: everything.")
    key: str = Field("", description="KMS key of the archive; empty: AWS's own.")
    why: str = Field(description="What the archive is for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateArchive."""
        yield from ()
        description = described(about.plan_id, self.why)[-DESCRIPTION_AT_MOST:]
        params: dict[str, Json] = {
            "ArchiveName": self.archive,
            "EventSourceArn": self.bus_arn,
            "Description": description,
            "RetentionDays": self.days,
        }
        params |= {"EventPattern": self.pattern} if self.pattern else {}
        params |= {"KmsKeyIdentifier": self.key} if self.key else {}
        bus = self.bus_arn.rpartition("event-bus/")[2]
        read = describe_archive(self.archive)
        made = {"bus": self.bus_arn, "description": description, "state": "ENABLED"}
        empty = "archive holds no event, as far as AWS has counted"
        return [
            Change(
                kind="call",
                service="events",
                operation="CreateArchive",
                params=params,
                retry=_PASSES,
                id="archive",
                title=f"Archive what comes to bus {bus}, {f'{self.days} days' if self.days else 'for ever'}",
                why=self.why,
                expect=(
                    Check(
                        read=read,
                        query="ArchiveName",
                        op="empty",
                        says=f"there is no archive {self.archive}",
                    ),
                ),
                proof=Proof(
                    configured=(
                        Check(
                            read=read,
                            query="{bus: EventSourceArn, description: Description, state: State}",
                            op="equals",
                            value=made,
                            says=f"archive {self.archive} is this plan's and enabled",
                        ),
                    ),
                    within_s=120,
                ),
                undo=Instruction(
                    kind="call",
                    service="events",
                    operation="DeleteArchive",
                    params={"ArchiveName": self.archive},
                    retry=_PASSES,
                ),
                undo_only_if=(Check(read=read, query="EventCount", op="equals", value=0, says=empty),),
                undo_risk=Risk(note="AWS counts late: what came in the last ten minutes is deleted with it."),
                risk=Risk(note="Each GB kept is paid for, and it counts as a rule. Rely on it after ten minutes."),
            )
        ]
