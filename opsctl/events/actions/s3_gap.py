"""After a cutover to EventBridge: waits until S3 follows, and lists the objects that came in between."""

from typing import ClassVar

from pydantic import Field

from opsctl.events.jobs.s3_gap import S3Gap
from opsctl.model.changes import Change, Grant, Instruction, Irreversible, Proof
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.model.sentences import sentence


class S3GapAction(Action):
    """Wait as long as S3 may take, then list by LastModified what came meanwhile; undo has nothing to do.

    It tells nobody of these objects: S3 has no call for that, and only the consumer knows which of them it has.
    """

    name: ClassVar[str] = "s3.gap"

    bucket: str = Field(description="Name of the bucket.")
    prefix: str = Field("", description="Only keys that begin so.")
    suffix: str = Field("", description="Only keys that end so.")
    wait_s: int = Field(300, ge=0, le=3600, description="How long S3 may take to follow.")
    destination: str = Field("", description="ARN of what gets the events.")
    record_event: str = Field("", description="Event name, where it gets records of S3.")
    created: bool = Field(default=True, description="Whether created objects were asked for.")
    why: str = Field(description="What the list is for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one job."""
        yield from ()
        job = S3Gap(
            bucket=self.bucket,
            partition=about.identity.partition,
            account=about.account,
            region=about.region,
            prefix=self.prefix,
            suffix=self.suffix,
            wait_s=self.wait_s,
            destination=self.destination,
            record_event=self.record_event,
            mark=about.plan_id,
            created=self.created,
        )
        listing = Grant(service="s3", operation="ListObjectsV2", params={"Bucket": self.bucket})
        return [
            Change(
                **dict(
                    Instruction(
                        kind="job",
                        service="opsctl",
                        operation=job.name,
                        params=job.model_dump(mode="json"),
                        grants=(listing,),
                    )
                ),
                id="gap",
                title=f"List what came to bucket {self.bucket} in between",
                why=sentence(self.why),
                expect=(),
                proof=Proof(configured=()),
                undo=Irreversible(because="it only waits and lists", only_reads=True),
            )
        ]
