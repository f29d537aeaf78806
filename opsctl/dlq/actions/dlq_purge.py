"""Empties a queue, into a file or for good."""

from typing import ClassVar

from pydantic import Field

from opsctl.dlq.edits import refuse_bad_expression
from opsctl.dlq.jobs.dlq_purge import DlqPurge
from opsctl.dlq.jobs.dlq_through import DlqThrough
from opsctl.dlq.parks import ParkFound
from opsctl.dlq.queue_checks import queue_is_empty, queue_is_there
from opsctl.model.changes import Change, Grant, Instruction, Irreversible, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.queue_facts import QueueFacts

_PURGE_TAKES_S = 120


class DlqPurgeAction(Action):
    """Take the messages out of a queue: each is written to a file before it is deleted.

    Without a file it is PurgeQueue, and nothing brings the messages back.
    """

    name: ClassVar[str] = "dlq.purge"

    queue: QueueFacts = Field(description="The queue, as the fact `sqs.queue` found it.")
    path: str = Field("", description="The file; empty deletes permanently.")
    where: str = Field("", description="Only messages that match this JMESPath expression.")
    park: ParkFound = Field(ParkFound(), description="What the fact `dlq.park` found.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one job or one PurgeQueue; nothing when the queue is empty."""
        if self.where:
            refuse_bad_expression(self.where, "where")
        if not self.queue.total:
            return []
        return [self._into_file(about) if self.path else self._for_good()]
        yield

    def _into_file(self, about: Context) -> Change:
        job = DlqPurge(
            queue_name=self.queue.name,
            queue_url=self.queue.url,
            region=about.region,
            path=self.path,
            where=self.where,
            others_hold_s=min(self.queue.visibility_s, 60),
            expected=self.queue.total,
        )
        names = ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes")
        params = {"QueueArn": self.queue.arn}
        back = about.commands.opsctl("dlq", "import", self.path, self.queue.name)
        which = f" where {self.where}" if self.where else ""
        change = Change(
            kind="job",
            service="opsctl",
            operation=job.name,
            params=job.model_dump(mode="json"),
            grants=tuple(Grant(service="sqs", operation=name, params=params) for name in names),
            id=self.queue.name,
            title=f"Move about {self.queue.total:,} messages from {self.queue.name}{which} to {self.path}",
            why="Each message is written to the file before it is deleted from the queue.",
            expect=(queue_is_there(self.queue),),
            proof=Proof(configured=()),
            undo=Irreversible(because=f"the messages are in the file; {back} puts them back"),
            risk=Risk(severity=Severity.SEVERE, note="After this the messages exist only in that file."),
        )
        return DlqThrough.instead_of(change, job, self.park, about) if self.park.name else change

    def _for_good(self) -> Change:
        return Change(
            **dict(
                Instruction(
                    kind="call", service="sqs", operation="PurgeQueue", params={"QueueUrl": self.queue.url}
                )
            ),
            id=self.queue.name,
            title=f"Purge {self.queue.name}: delete all messages permanently, about {self.queue.total:,}",
            why="No backup was requested. SQS purges the queue itself, which takes up to 60 seconds.",
            expect=(queue_is_there(self.queue),),
            proof=Proof(configured=(queue_is_empty(self.queue.url, self.queue.name),), within_s=_PURGE_TAKES_S),
            undo=Irreversible(because="deleted messages cannot be recovered"),
            risk=Risk(severity=Severity.SEVERE, note="Messages that arrive while the purge runs are deleted too."),
        )
