"""Moves the messages that a filter matches out of a FIFO queue, through a temporary queue."""

from typing import ClassVar

from opsctl.dlq.jobs.dlq_bring_back import DlqBringBack
from opsctl.dlq.jobs.dlq_move import DlqMove
from opsctl.dlq.jobs.dlq_purge import DlqPurge
from opsctl.dlq.parks import ParkFound, parking_needs
from opsctl.dlq.transfer.through import Park, Through
from opsctl.model.changes import Change, Instruction, Irreversible, Risk
from opsctl.model.jobs import Job, JobResult, Tools
from opsctl.model.run import Context

_HOW = (
    "All messages of {queue} are taken out in order. Those that the filter does not match, or that their "
    "destination does not accept, are parked and brought back in order; then the parking queue is deleted. "
    "Messages that arrive during the run stay, ahead of those that are brought back."
)
_LOSES = (
    "A message that is brought back is a new message: it has another message ID, its retention and receive count "
    "start again, and its source queue is in an attribute (opsctl-origin) instead of DeadLetterQueueSourceArn."
)


class DlqThrough(Job):
    """Take everything out of a FIFO queue in order, park what is not meant, bring that back and remove the park.

    `taking` says what is meant and where it goes.
    """

    name: ClassVar[str] = "dlq.through"
    takes_out_of: ClassVar[str] = "queue_url"
    parks: ClassVar[bool] = True

    queue_url: str
    taking: DlqMove | DlqPurge
    park: Park

    @classmethod
    def instead_of(cls, change: Change, taking: DlqMove | DlqPurge, found: ParkFound, about: Context) -> Change:
        """Return a change that does what another does, by way of the park that was found."""
        park = Park(
            name=found.name,
            url=found.url,
            queue_name=taking.queue_name,
            queue_url=taking.queue_url,
            region=taking.region,
            run=about.plan_id,
            others_hold_s=taking.others_hold_s,
            max_bytes=found.max_bytes,
        )
        job = cls(queue_url=taking.queue_url, taking=taking, park=park)
        undo = DlqBringBack(park=park)
        needs = parking_needs(found)
        grants = tuple({one.model_dump_json(): one for one in (*change.grants, *needs)}.values())
        return change.model_copy(
            update={
                "operation": job.name,
                "params": job.model_dump(mode="json"),
                "grants": grants,
                "title": f"{change.title}, through {found.name}",
                "why": f"{change.why} {_HOW.format(queue=taking.queue_name)}",
                "undo": Instruction(
                    kind="job",
                    service="opsctl",
                    operation=undo.name,
                    params=undo.model_dump(mode="json"),
                    grants=needs,
                ),
                "lasting": _lasting(change),
                "risk": change.risk.model_copy(update={"note": f"{change.risk.note} {_LOSES}"}),
                "undo_risk": Risk(note=_LOSES),
            }
        )

    def run(self, tools: Tools) -> JobResult:
        """Go on to the end, or until something stops it; what is parked then is told."""
        return Through(self.park, tools).run(lambda parking: self.taking.take_out(tools, parking))


def _lasting(change: Change) -> str:
    return change.undo.because if isinstance(change.undo, Irreversible) else ""
