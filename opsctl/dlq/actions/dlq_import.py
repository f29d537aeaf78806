"""Puts messages from a file into a queue."""

from typing import ClassVar

from pydantic import Field

from opsctl.dlq.jobs.dlq_import import DlqImport
from opsctl.dlq.queue_checks import queue_is_there
from opsctl.model.changes import Change, Grant, Irreversible, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.queue_facts import QueueFacts


class DlqImportAction(Action):
    """Send the messages of a file to a queue, with bodies, attributes and groups as they were; no undo."""

    name: ClassVar[str] = "dlq.import"

    path: str = Field(description="The file; it must be the same when the plan is applied.")
    sha256: str = Field(description="Its SHA-256, as the fact `dlq.file` gave it.")
    count: int = Field(description="How many messages it holds.")
    queue: QueueFacts = Field(description="The queue, as the fact found it.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one job."""
        job = DlqImport(
            path=self.path,
            sha256=self.sha256,
            count=self.count,
            queue_name=self.queue.name,
            queue_url=self.queue.url,
            region=about.region,
            mark=about.plan_id,
        )
        change = Change(
            kind="job",
            service="opsctl",
            operation=job.name,
            params=job.model_dump(mode="json"),
            grants=(Grant(service="sqs", operation="SendMessage", params={"QueueArn": self.queue.arn}),),
            id=self.queue.name,
            title=f"Send the {self.count:,} messages of {self.path} to {self.queue.name}",
            why="Each message gets a new message ID and a new age.",
            expect=(queue_is_there(self.queue),),
            proof=Proof(configured=()),
            undo=Irreversible(because="a message that was sent may have been consumed"),
            risk=Risk(
                severity=Severity.MEDIUM,
                note="A message that is still in the queue, or was processed already, is duplicated by this.",
            ),
        )
        return [change]
        yield
