"""Has a destination told again of objects that came while S3 followed a cutover."""

from typing import ClassVar

from pydantic import Field

from opsctl.events.jobs.s3_tell_again import S3TellAgain
from opsctl.events.s3_told_again import CameBetween, ToldAs
from opsctl.model.changes import Change, Grant, Instruction, Irreversible, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.model.sentences import first_few, sentence

_CALLS = {"sqs": "SendMessage", "sns": "Publish", "lambda": "Invoke"}


class S3TellAgainAction(Action):
    """Send a queue, topic or function a message for each object, in the form of its rule; nothing undoes it."""

    name: ClassVar[str] = "s3.tell_again"

    told: ToldAs = Field(description="Of which bucket, and in which form.")
    objects: tuple[CameBetween, ...] = Field(description="The objects; none: nothing is to be done.")
    destination: str = Field(description="ARN of the queue, topic or function.")
    queue_url: str = Field("", description="URL, where it is a queue.")
    why: str = Field(description="Why.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one job."""
        yield from ()
        if not self.objects:
            return []
        service, name = self.destination.split(":")[2], self.destination.rpartition(":")[2]
        job = S3TellAgain(
            told=self.told, objects=self.objects, destination=self.destination, queue_url=self.queue_url
        )
        of = {"sqs": {"QueueUrl": self.queue_url}, "sns": {"TopicArn": self.destination}}
        params = of.get(service, {"FunctionName": self.destination})
        keys = first_few([one.key for one in self.objects], 5)
        count = f"{len(self.objects)} object{'s' * (len(self.objects) != 1)}"
        return [
            Change(
                **dict(
                    Instruction(
                        kind="job",
                        service="opsctl",
                        operation=job.name,
                        params=job.model_dump(mode="json"),
                        grants=(Grant(service=service, operation=_CALLS[service], params=params),),
                    )
                ),
                id="told",
                title=f"Tell {name} of {count} of bucket {self.told.bucket} again",
                why=sentence(self.why),
                expect=(),
                proof=Proof(configured=()),
                undo=Irreversible(because="what was sent is sent"),
                risk=Risk(
                    severity=Severity.HIGH,
                    affects=(name,),
                    note=f"Who has one of them already gets it twice: {keys}.",
                ),
            )
        ]
