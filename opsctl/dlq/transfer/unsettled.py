"""What was sent and is not known to be deleted: deleted whenever it shows up again, never sent a second time."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from opsctl.dlq.transfer.in_hand import InHand
from opsctl.dlq.transfer.parking import Parking
from opsctl.dlq.transfer.queue import BATCH, Queue
from opsctl.dlq.transfer.tally import Tally
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.jobs import Checkpoint, OpenBatch
from opsctl.model.value import Json

_COUNTED = "counted"
_BEING_SENT = "being_sent"
_EARLIER = "sent by an earlier process, and not received again here"
_PERHAPS = "an earlier process was sending it, and it was not received again here"


class SentBatch(NamedTuple):
    """What was sent together: its number in its checkpoint, what was confirmed, how many stayed though tried."""

    checkpoint: Checkpoint
    number: int
    confirmed: list[tuple[str, str]]
    stayed: int


class EarlierBatch(NamedTuple):
    """A batch that an earlier process left open, and the checkpoint that it stands in."""

    checkpoint: Checkpoint
    batch: OpenBatch

    @property
    def held(self) -> list[tuple[str, str]]:
        """Its messages by id and receipt handle."""
        return [(one.id, one.handle) for one in self.batch.messages]


class Unsettled:
    """Deletes what was sent; used by several threads.

    `sent` are ids that were sent and may not have been deleted, with the reason if known. Those that count as
    moved already, whether or not their deletion took effect, are `counted` as well; those that were parked, not
    sent home, are `parked` as well. `stuck` is why nothing can be deleted any more.
    """

    def __init__(
        self, queue: Queue, checkpoint: Checkpoint, parking: Parking | None, tally: Tally, in_hand: InHand
    ) -> None:
        self._in_hand = in_hand
        self._queue = queue
        self._checkpoint = checkpoint
        self._parking = parking
        self._tally = tally
        self.sent: dict[str, str] = {}
        self.counted: set[str] = set()
        self.parked: set[str] = set()
        self._first_sent: dict[str, float] = dict(checkpoint.recall(_BEING_SENT) or {})
        self.stuck = ""

    @property
    def refused(self) -> dict[str, str]:
        """What was sent here and could not be deleted, with the reason."""
        return {id_: why for id_, why in self.sent.items() if why}

    def uncounted(self) -> list[str]:
        """What was sent, is not known to be deleted, and does not count as moved yet."""
        return [id_ for id_ in list(self.sent) if id_ not in self.counted]

    def still_there(self, *, whole: bool, early: bool) -> dict[str, str]:
        """What may be in its queue still; once the `whole` queue was received, what did not show up is gone.

        What counts already is doubted only where the move ended `early`.
        """
        if whole:
            return self.refused
        there = dict.fromkeys(self._first_sent, _PERHAPS) | dict.fromkeys(self.sent, _EARLIER)
        return {id_: why for id_, why in there.items() if early or id_ not in self.counted} | self.refused

    @property
    def counted_only(self) -> int:
        """How many count as moved for their deletion was accepted, which may have had no effect."""
        return len((self.counted & self.sent.keys()) - self.parked)

    def name_earlier(self, checkpoint: Checkpoint, now: float, repeats_s: float) -> list[EarlierBatch]:
        """Return what an earlier process left open; what may be duplicated, or be there still, is on disk by then.

        A send that is repeated within `repeats_s` is recognised by its destination.
        """
        earlier = [EarlierBatch(checkpoint, batch) for batch in checkpoint.open_batches()]
        for one in earlier:
            if one.batch.state == "sent":
                continue
            if now - one.batch.at >= repeats_s:
                checkpoint.doubt([id_ for id_, _ in one.held])
            else:
                self._first_sent.update({id_: one.batch.at for id_, _ in one.held})
        if self._first_sent:
            self._checkpoint.remember(_BEING_SENT, self._first_sent)
        self.name_sent(checkpoint)
        return earlier

    def name_sent(self, checkpoint: Checkpoint) -> list[str]:
        """Know again what an earlier process had sent; return what it was sending, which nobody knows of."""
        unknown = []
        for batch in checkpoint.open_batches():
            ids = [one.id for one in batch.messages]
            if batch.state == "sent":
                checkpoint.undeleted(ids)
            else:
                unknown += ids
        self.sent.update(dict.fromkeys(checkpoint.all_undeleted(), ""))
        self.counted.update(checkpoint.recall(_COUNTED) or ())
        return unknown

    def first_sent(self, ids: Iterable[str], now: float) -> float:
        """When the first of these may have been sent, where an earlier process was sending it; else now."""
        return min((self._first_sent.get(id_, now) for id_ in ids), default=now)

    def repeated_late(self, ids: Iterable[str], now: float, repeats_s: float) -> list[str]:
        """Of what was just sent, tell what an earlier process may have sent too long ago to be recognised."""
        first = {id_: self._first_sent.pop(id_) for id_ in ids if id_ in self._first_sent}
        if first:
            self._checkpoint.remember(_BEING_SENT, self._first_sent)
        return [id_ for id_, at in first.items() if now - at >= repeats_s]

    def delete_earlier(self, one: EarlierBatch) -> int:
        """Delete a batch that was confirmed, and return of how many messages; raises what AWS refuses."""
        held = one.held
        refused: set[str] = set()
        for start in range(0, len(held), BATCH):
            refused |= {id_ for id_, _, _ in self._queue.delete(held[start : start + BATCH])}
        accepted = [id_ for id_, _ in held if id_ not in refused]
        if self._queue.fifo:  # it refuses the receipt handle of what was shown again since
            self.sent = {id_: why for id_, why in self.sent.items() if id_ not in accepted}
            one.checkpoint.deleted(accepted)
        else:
            # An old receipt handle may be accepted without effect, so the ids stay known.
            self.counted.update(accepted)
            one.checkpoint.remember(_COUNTED, sorted(self.counted))
        one.checkpoint.close(one.batch.number, len(accepted))
        if one.checkpoint is self._checkpoint:
            self._tally.moved += len(accepted)
        return len(accepted)

    def finish(self, message: Json, may_be_shown: Callable[[], bool]) -> None:
        """Delete a message that was sent before and could not be deleted then.

        One that `may_be_shown` to others by then stays known, as it does in `delete`.
        """
        id_ = message["MessageId"]
        refused = self._not_deleted(self._in_hand.newest([(id_, message["ReceiptHandle"])]))
        if refused:
            self.sent[id_] = f"{refused[0][1]}: {refused[0][2]}"
            return
        if may_be_shown():
            self.sent[id_] = ""
            return
        self.sent.pop(id_, None)
        count = int(id_ not in self.counted)
        checkpoint = self._checkpoint
        if self._parking is not None and id_ in self.parked:
            self.parked.discard(id_)
            checkpoint = self._parking.checkpoint
        checkpoint.deleted([id_], count)
        self._count(checkpoint, count)

    def not_recorded(self, ids: Iterable[str], fault: OSError) -> None:
        """Report what was sent and not recorded: the next process cannot know of it."""
        why = f"NotRecorded: {fault.strerror or fault}"
        self.sent.update(dict.fromkeys(ids, why))

    def delete(self, batches: Sequence[SentBatch], may_be_shown: Callable[[], bool]) -> None:
        """Delete what was confirmed, in one request, and forget the batches.

        What `may_be_shown` to others by then is not known to be deleted: SQS accepts the receipt handle of a
        message that was received again since, and does nothing.
        """
        done = self._in_hand.newest(one for batch in batches for one in batch.confirmed)
        refused = self._not_deleted(done) if done else []
        self.sent.update({id_: f"{code}: {reason}" for id_, code, reason in refused})
        left = {id_ for id_, _, _ in refused}
        if may_be_shown():
            self.sent.update({id_: "" for id_, _ in done if id_ not in left})
            left = {id_ for id_, _ in done}
        for batch in batches:
            ids = {id_ for id_, _ in batch.confirmed}
            batch.checkpoint.undeleted([id_ for id_, _ in batch.confirmed if id_ in left])
            batch.checkpoint.close(batch.number, len(ids - left))
            self._count(batch.checkpoint, len(ids - left))
            if batch.checkpoint is not self._checkpoint:
                self.parked |= ids & left

    def forget(self, checkpoints: Iterable[Checkpoint]) -> None:
        """The whole queue was received: what did not show up again is deleted, although nobody was told so."""
        gone = set(self.uncounted())
        for checkpoint in checkpoints:
            ids = checkpoint.all_undeleted()
            checkpoint.deleted(ids, len(gone & set(ids)))
            if checkpoint is self._checkpoint:
                self._tally.moved += len(gone & set(ids))

    def _count(self, checkpoint: Checkpoint, count: int) -> None:
        if checkpoint is self._checkpoint:
            self._tally.finished(count)
        else:
            self._tally.parked_more(count)

    def _not_deleted(self, sent: list[tuple[str, str]]) -> list[tuple[str, str, str]]:
        """Delete what was sent; return what is or may be still there: id, error code, message."""
        try:
            return self._queue.delete(sent)
        except (AwsRefused, OutcomeUnknown) as fault:
            # What cannot be deleted would be in both queues, so nothing more is sent.
            self.stuck = fault.summary
            code, why = "OutcomeUnknown", fault.summary
            if isinstance(fault, AwsRefused):
                code, why = fault.refusal.code, fault.refusal.message
            return [(id_, code, why) for id_, _ in sent]
