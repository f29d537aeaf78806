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

_NO_BATCH = 0
_COUNTED = "counted"
_EARLIER = "sent by an earlier process, and not received again here"


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
        self.stuck = ""

    @property
    def refused(self) -> dict[str, str]:
        """What was sent here and could not be deleted, with the reason."""
        return {id_: why for id_, why in self.sent.items() if why}

    def uncounted(self) -> list[str]:
        """What was sent, is not known to be deleted, and does not count as moved yet."""
        return [id_ for id_ in list(self.sent) if id_ not in self.counted]

    def still_there(self, *, whole: bool) -> dict[str, str]:
        """What may be in its queue still; once the `whole` queue was received, what did not show up is gone."""
        early = {} if whole else dict.fromkeys(self.sent, _EARLIER)
        return {id_: why for id_, why in early.items() if id_ not in self.counted} | self.refused

    def name_earlier(self, checkpoint: Checkpoint, now: float, repeats_s: float) -> list[EarlierBatch]:
        """Return what an earlier process left open; what may be duplicated, or be there still, is on disk by then.

        A send that is repeated within `repeats_s` is recognised by its destination.
        """
        earlier = [EarlierBatch(checkpoint, batch) for batch in checkpoint.open_batches()]
        for one in earlier:
            if one.batch.state == "sent":
                checkpoint.undeleted([id_ for id_, _ in one.held])
            elif now - one.batch.at >= repeats_s:
                checkpoint.doubt([id_ for id_, _ in one.held])
        self.sent.update(dict.fromkeys(checkpoint.all_undeleted(), ""))
        self.counted.update(checkpoint.recall(_COUNTED) or ())
        return earlier

    def delete_earlier(self, one: EarlierBatch) -> int:
        """Delete a batch that was confirmed, and return of how many messages; raises what AWS refuses."""
        held = one.held
        for start in range(0, len(held), BATCH):
            self._queue.delete(held[start : start + BATCH])
        # An old receipt handle may be accepted without effect, so the ids stay known.
        self.counted.update(id_ for id_, _ in held)
        one.checkpoint.remember(_COUNTED, sorted(self.counted))
        one.checkpoint.close(one.batch.number, len(held))
        if one.checkpoint is self._checkpoint:
            self._tally.moved += len(held)
        return len(held)

    def finish(self, message: Json) -> None:
        """Delete a message that was sent before and could not be deleted then."""
        id_ = message["MessageId"]
        refused = self._not_deleted([(id_, message["ReceiptHandle"])])
        if refused:
            self.sent[id_] = f"{refused[0][1]}: {refused[0][2]}"
            return
        self.sent.pop(id_, None)
        count = int(id_ not in self.counted)
        checkpoint = self._checkpoint
        if self._parking is not None and id_ in self.parked:
            self.parked.discard(id_)
            checkpoint = self._parking.checkpoint
        checkpoint.deleted([id_])
        checkpoint.close(_NO_BATCH, count)
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
            checkpoint.deleted(ids)
            checkpoint.close(_NO_BATCH, len(gone & set(ids)))
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
