"""Takes back what can be taken back of a move through a queue of opsctl's own."""

from typing import ClassVar

from opsctl.dlq.transfer.through import Park, Through
from opsctl.model.jobs import Job, JobResult, Tools


class DlqBringBack(Job):
    """Send nothing more, bring back what is parked and remove the park.

    Works with the checkpoint of the move: what that had sent and not deleted yet is deleted, not brought back.
    What is still in the queue is taken out first, so that all follow each other as they did.
    """

    name: ClassVar[str] = "dlq.bring_back"

    park: Park

    def run(self, tools: Tools) -> JobResult:
        """Go on to the end, or until something stops it."""
        return Through(self.park, tools).run(None)
