"""Takes messages out of a queue into a file."""

from typing import ClassVar

from opsctl.dlq.message_filter import MessageFilter
from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.backup import BackupFile, FileSending
from opsctl.dlq.transfer.filtering import after_filtering
from opsctl.dlq.transfer.move_order import MoveOrder, set_out_ms
from opsctl.dlq.transfer.mover import Mover
from opsctl.dlq.transfer.parking import Parking
from opsctl.dlq.transfer.queue import Queue
from opsctl.dlq.transfer.through import TakenOut
from opsctl.model.jobs import Job, JobResult, Tools

VISIBILITY_S = 120


class DlqPurge(Job):
    """Write each message to a file and delete it then: what is deleted is exactly what was saved."""

    name: ClassVar[str] = "dlq.purge"
    takes_out_of: ClassVar[str] = "queue_url"

    queue_name: str
    queue_url: str
    region: str
    path: str
    where: str = ""
    others_hold_s: int = 30
    expected: int = 0

    def run(self, tools: Tools) -> JobResult:
        """Save and delete until nothing is left that is meant, by what the queue shows and by its counts."""
        return self.take_out(tools, None).result

    def take_out(self, tools: Tools, parking: Parking | None) -> TakenOut:
        """Save and delete, and park what is not meant."""
        patience = Patience(tools.clock, tools.stopping)
        wire = tools.queues(self.region)
        queue = Queue(wire, self.queue_url, patience, visibility_s=VISIBILITY_S, everything=True)
        began_ms = set_out_ms(tools, queue, wire)
        file = BackupFile(self.path)
        message_filter = MessageFilter(self.where, (), "") if self.where else None
        try:
            mover = Mover(
                MoveOrder(
                    title=f"purge {self.queue_name}",
                    visibility_s=VISIBILITY_S,
                    others_hold_s=self.others_hold_s,
                    expected=self.expected,
                ),
                tools,
                patience,
                queue,
                FileSending(file),
                message_filter=message_filter,
                parking=parking,
            )
            result = mover.run(began_ms)
        finally:
            file.close()
        return TakenOut(after_filtering(result, message_filter, fifo=queue.fifo), mover.ended)
