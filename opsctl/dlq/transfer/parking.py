"""Where a move parks what is not to go home, so that the queue shows what lies behind it."""

import threading
from collections import Counter
from collections.abc import Collection, Sequence

from opsctl.dlq.transfer.sending import Sending, Stayed
from opsctl.model.jobs import Checkpoint
from opsctl.model.value import Json

GROUPS_AT_MOST = 1000
NAMED_AT_MOST = 100
_GROUPS = "stopped_groups"
_STAYING = "staying"
_NAMED = "stayed_messages"


class Parking:
    """A queue of opsctl's own, with a checkpoint of its own; used by several threads.

    A message that its destination does not take is parked as well, and with it all that follow in its group: none
    may overtake it. What stayed so is known to the next process too: `staying` counts it, and how many of these
    their destination was asked to take, and has the ids of those that may not be parked yet, so that a process
    that sees one of them again does not count it again.
    """

    def __init__(self, sending: Sending, checkpoint: Checkpoint) -> None:
        self.sending = sending
        self.checkpoint = checkpoint
        self._lock = threading.Lock()
        self._groups: list[str] = list(checkpoint.recall(_GROUPS) or ())
        self._stopped = set(self._groups)
        self._named: list[dict[str, str]] = list(checkpoint.recall(_NAMED) or ())
        staying = checkpoint.recall(_STAYING) or {}
        self._stayed, self._tried = int(staying.get("count", 0)), int(staying.get("tried", 0))
        sent = {held.id for one in checkpoint.open_batches() if one.state == "sent" for held in one.messages}
        self._unparked = {id_ for id_ in staying.get("unparked", ()) if id_ not in sent}
        self._refused: set[str] = set()

    @property
    def closed(self) -> str:
        """Why nothing more should be parked, or nothing."""
        if self.sending.closed:
            return f"no more messages can be parked: {self.sending.closed}"
        if len(self._groups) >= GROUPS_AT_MOST:
            return f"messages of {len(self._groups):,} groups could not be sent"
        return ""

    @property
    def stayed(self) -> int:
        """How many were to go home and did not, over all processes."""
        return self._stayed - len(self._refused)

    @property
    def stayed_here(self) -> int:
        """How many of those are parked."""
        return self._stayed - len(self._unparked)

    @property
    def tried(self) -> int:
        """How many of those their destination was asked to take."""
        return self._tried

    @property
    def named(self) -> list[dict[str, str]]:
        """The first of those, each with id, code and reason."""
        return [one for one in self._named if one["id"] not in self._refused]

    @property
    def reasons(self) -> list[Json]:
        """Why they did not, with how many of the first ones for each reason."""
        counts = Counter((one["code"], one["reason"]) for one in self.named)
        return [{"code": code, "reason": why, "count": count} for (code, why), count in counts.items()]

    def stops(self, message: Json) -> bool:
        """Tell whether an earlier message of its group did not go home."""
        return group_of(message) in self._stopped

    def stay(self, several: Sequence[Stayed]) -> None:
        """Name messages that do not go home, and stop their groups, on disk before they are parked."""
        with self._lock:
            self._stop(dict.fromkeys(group_of(one.message) for one in several))
            new = [one for one in several if one.message["MessageId"] not in self._unparked]
            self._name(new)
            self._stayed += len(new)
            self._tried += sum(one.tried for one in new)
            self._unparked.update(one.message["MessageId"] for one in new)
            # Last, so that what a kill leaves half recorded is counted once it is seen again.
            self._record()

    def parked(self, ids: Collection[str]) -> None:
        """Record that messages are parked, before they are forgotten where they came from."""
        with self._lock:
            if not self._unparked.isdisjoint(ids):
                self._unparked.difference_update(ids)
                self._record()

    def not_parked(self, ids: Collection[str]) -> None:
        """Leave messages that could not be parked either to this process's own report; the next tries again."""
        with self._lock:
            self._refused |= self._unparked.intersection(ids)

    def _stop(self, groups: dict[str, None]) -> None:
        new = [one for one in groups if one not in self._stopped]
        if new:
            self._groups += new
            self._stopped.update(new)
            self.checkpoint.remember(_GROUPS, self._groups)

    def _name(self, several: Sequence[Stayed]) -> None:
        known = {one["id"] for one in self._named}
        new = [
            {"id": one.message["MessageId"], "code": one.code, "reason": one.reason[:200]}
            for one in several
            if one.message["MessageId"] not in known
        ][: NAMED_AT_MOST - len(self._named)]
        if new:
            self._named += new
            self.checkpoint.remember(_NAMED, self._named)

    def _record(self) -> None:
        unparked = sorted(self._unparked)
        staying = {"count": self._stayed, "tried": self._tried, "unparked": unparked}
        self.checkpoint.remember(_STAYING, staying)


def group_of(message: Json) -> str:
    """The group of a message of a FIFO queue."""
    return str((message.get("Attributes") or {}).get("MessageGroupId", ""))
