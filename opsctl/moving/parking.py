"""Where a move parks what is not to go home, so that the queue shows what lies behind it."""

import threading
from collections import Counter
from collections.abc import Sequence

from opsctl.model.jobs import Checkpoint
from opsctl.model.value import Json
from opsctl.moving.sending import Sending, Stayed

GROUPS_AT_MOST = 1000
NAMED_AT_MOST = 100
_GROUPS = "stopped_groups"
_STAYED = "stayed"
_NAMED = "stayed_messages"


class Parking:
    """A queue of opsctl's own, with a checkpoint of its own; used by several threads.

    A message that its destination does not take is parked as well, and with it all that follow in its group: none
    may overtake it. What stayed so is known to the next process too.
    """

    def __init__(self, sending: Sending, checkpoint: Checkpoint) -> None:
        self.sending = sending
        self.checkpoint = checkpoint
        self._lock = threading.Lock()
        self._groups: list[str] = list(checkpoint.recall(_GROUPS) or ())
        self._stopped = set(self._groups)
        self._named: list[dict[str, str]] = list(checkpoint.recall(_NAMED) or ())
        self._stayed = int(checkpoint.recall(_STAYED) or 0)

    @property
    def closed(self) -> str:
        """Why nothing more should be parked, or nothing."""
        if self.sending.closed:
            return f"nothing more can be parked: {self.sending.closed}"
        if len(self._groups) >= GROUPS_AT_MOST:
            return f"messages of {len(self._groups):,} groups could not be sent"
        return ""

    @property
    def stayed(self) -> int:
        """How many were to go home and did not, over all processes."""
        return self._stayed

    @property
    def named(self) -> list[dict[str, str]]:
        """The first of those, each with id, code and reason."""
        return list(self._named)

    @property
    def reasons(self) -> list[Json]:
        """Why they did not, with how many of the first ones for each reason."""
        counts = Counter((one["code"], one["reason"]) for one in self._named)
        return [{"code": code, "reason": why, "count": count} for (code, why), count in counts.items()]

    def stops(self, message: Json) -> bool:
        """Tell whether an earlier message of its group did not go home."""
        return group_of(message) in self._stopped

    def stay(self, several: Sequence[Stayed]) -> None:
        """Name messages that do not go home, and stop their groups, on disk before they are parked."""
        with self._lock:
            self._stayed += len(several)
            self.checkpoint.remember(_STAYED, self._stayed)
            if len(self._named) < NAMED_AT_MOST:
                self._named += [
                    {"id": one.message["MessageId"], "code": one.code, "reason": one.reason[:200]}
                    for one in several
                ][: NAMED_AT_MOST - len(self._named)]
                self.checkpoint.remember(_NAMED, self._named)
            new = dict.fromkeys(group_of(one.message) for one in several)
            if new.keys() - self._stopped:
                self._groups += [one for one in new if one not in self._stopped]
                self._stopped.update(new)
                self.checkpoint.remember(_GROUPS, self._groups)


def group_of(message: Json) -> str:
    """The group of a message of a FIFO queue."""
    return str((message.get("Attributes") or {}).get("MessageGroupId", ""))
