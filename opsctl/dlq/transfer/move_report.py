"""What a move came to, in a sentence and in figures."""

from dataclasses import dataclass

from opsctl.dlq.transfer.parking import Parking
from opsctl.dlq.transfer.tally import TWICE, Tally, says_copies
from opsctl.model.jobs import JobResult
from opsctl.model.value import Json


@dataclass(frozen=True, kw_only=True)
class MoveReport:
    """What is known at the end of a move.

    `moved` is how many are sent and gone from their queue; `still_there` was sent and may be in its queue still,
    with the reason; `copies` is how many there may be of each message that may be there more than once;
    `may_be_lost` has arrived, or was deleted with its queue; `reason` is why the move stopped early, or nothing.
    """

    tally: Tally
    moved: int
    parking: Parking | None
    still_there: dict[str, str]
    copies: dict[str, int]
    may_be_lost: tuple[str, ...] = ()
    reason: str
    not_looked_at: int
    stopping: bool

    def result(self) -> JobResult:
        """Return the result of the job."""
        tally = self.tally
        parts = [f"{self.moved:,} moved"]
        parts += [f"{self.left:,} not matched by the filter"] if self.left else []
        parts += [f"{self.stayed:,} stayed"] if self.stayed else []
        parts += [f"{len(self.still_there):,} sent but not deleted"] if self.still_there else []
        parts += [f"{tally.came_back:,} came back"] if tally.came_back else []
        parts += [f"{tally.arrived:,} arrived during the run"] if tally.arrived else []
        parts += [says_copies(self.copies)] if self.copies else []
        parts += [f"{len(self.may_be_lost):,} arrived or deleted with the queue"] if self.may_be_lost else []
        return JobResult(
            says=", ".join(parts) + (f"; stopped: {self.reason}" if self.reason else ""),
            complete=not (self.reason or self.stayed or self.still_there or self.stopping),
            certain=not (self.copies or self.still_there or self.may_be_lost),
            details=self._details(),
        )

    @property
    def stayed(self) -> int:
        """How many were meant and not moved."""
        return self.tally.stayed + (self.parking.stayed if self.parking else 0)

    @property
    def left(self) -> int:
        """What the filter does not want; what is parked by now has been told from what stayed."""
        if self.parking is None:
            return self.tally.missed
        return max(0, self.parking.checkpoint.moved() - self.parking.stayed_here)

    def _details(self) -> dict[str, Json]:
        tally = self.tally
        return {
            "moved": self.moved,
            "left_by_filter": self.left,
            "stayed": self.stayed,
            "stayed_messages": [
                *(self.parking.named if self.parking else ()),
                *({"id": id_, "code": code, "reason": why} for id_, code, why in tally.named),
            ],
            "reasons": [
                *(self.parking.reasons if self.parking else ()),
                *({"code": code, "reason": why, "count": count} for (code, why), count in tally.reasons.items()),
            ],
            "sent_not_deleted": [{"id": id_, "reason": why} for id_, why in self.still_there.items()],
            "came_back": tally.came_back,
            "came_back_messages": tally.returned,
            "arrived_meanwhile": tally.arrived,
            "not_looked_at": self.not_looked_at,
            "may_be_twice": list(self.copies),
            "copies_at_most": {id_: most for id_, most in self.copies.items() if most > TWICE},
            "may_be_lost": list(self.may_be_lost),
            "stopped": self.reason,
        }


def nothing_looked_at() -> dict[str, Json]:
    """Return the details of a move of which no process has told what it came to: the members are always there."""
    lists = ("stayed_messages", "reasons", "sent_not_deleted", "came_back_messages", "may_be_twice", "may_be_lost")
    counts = ("moved", "left_by_filter", "stayed", "came_back", "arrived_meanwhile", "not_looked_at")
    told: dict[str, Json] = {**dict.fromkeys(counts, 0), **{name: [] for name in lists}}
    return told | {"copies_at_most": {}, "stopped": ""}
