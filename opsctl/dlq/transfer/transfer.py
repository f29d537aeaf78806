"""Moves messages: receive, sort, record the intent, send, record what was confirmed, delete that, forget it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.digests import intact
from opsctl.dlq.transfer.in_hand import InHand
from opsctl.dlq.transfer.parking import Parking, group_of
from opsctl.dlq.transfer.queue import BATCH, Queue
from opsctl.dlq.transfer.rate import Budget, Rate
from opsctl.dlq.transfer.sending import CANNOT_EDIT, GROUP_STOPPED, Filter, Keeper, Sending, Stayed, undivided
from opsctl.dlq.transfer.tally import HELD_AT_MOST, Tally
from opsctl.dlq.transfer.unsettled import SentBatch, Unsettled
from opsctl.model.jobs import Checkpoint
from opsctl.model.run import Clock
from opsctl.model.value import Json

EMPTY_POLLS = 2
_CLOCK_MS = 2000
EARLY_S = 3.0
RENEWED_AT_ONCE = 50
_KNOWN_AT_LEAST = 100


@dataclass(kw_only=True)
class Transfer:
    """Everything a worker needs; `work` is the body of each worker thread.

    `unsettled` is what was sent and may not have been deleted: it is deleted, not sent. What entered the queue at
    or after `cutoff_ms` (SentTimestamp, by SQS's clock) is never moved: it came back, or failed meanwhile. What is
    sent before `early_until` may come back with an older time than that. `parts` divides messages into those that
    are sent and recorded together. With `parking`, what is not to go home is not held aside but parked, in its
    order. One that `settles` looks for what was sent and not deleted also when the budget is spent.
    """

    queue: Queue
    sending: Sending
    message_filter: Filter | None
    keeper: Keeper | None
    rate: Rate
    budget: Budget
    tally: Tally
    checkpoint: Checkpoint
    clock: Clock
    stopping: Callable[[], bool]
    visibility_s: int
    cutoff_ms: int
    early_until: float
    unsettled: Unsettled
    in_hand: InHand
    patience: Patience
    parts: Callable[[list[Json]], list[list[Json]]] = undivided
    parking: Parking | None = None
    broken_groups: set[str] = field(default_factory=set)
    returns_at_most: int = -1
    settles: bool = False
    known_in_a_row: int = 0
    calls: int = 0
    waited_s: float = 0.0

    def why_stop(self) -> str:
        """Return why moving has to end before the queue is empty, or nothing."""
        if self.sending.closed:
            return f"the destination accepts no messages: {self.sending.closed}"
        if self.parking is not None and self.parking.closed:
            return self.parking.closed
        if self.unsettled.stuck:
            return f"what was sent cannot be deleted: {self.unsettled.stuck}"
        if 0 <= self.returns_at_most < self.tally.came_back:
            return f"{self.tally.came_back} messages came back to the queue"
        if self.full:
            return (
                f"{len(self.tally.aside):,} messages are kept in flight, and SQS allows 120,000: "
                "the rest of the queue cannot be received"
            )
        return ""

    @property
    def full(self) -> bool:
        """Whether as much is held aside as SQS lets be in flight."""
        return len(self.tally.aside) >= HELD_AT_MOST

    def work(self) -> None:
        """Move messages until the queue shows nothing, the budget is spent, or there is a reason to stop.

        What is known already and shown again is no sign of the end, for it may hide others; it is one when all of
        it has been shown more than twice with nothing new in between.
        """
        empty = self.known_in_a_row = 0
        while (
            empty < EMPTY_POLLS
            and self.known_in_a_row <= 2 * len(self.tally.aside) + _KNOWN_AT_LEAST
            and not (self.budget.spent and not self.settling)
            and not self.stopping()
            and not self.why_stop()
        ):
            asked = self.budget.take(BATCH)
            if not asked and not self.settling:
                return
            self.rate.take(asked)
            if self.stopping():
                self.budget.give_back(asked)
                return
            self.tally.aside.renew(RENEWED_AT_ONCE)
            began = self.clock.now()
            messages = self.queue.receive(asked or BATCH, 1 if empty else 0)
            self._count(began)
            moved, learned = self._deal_with(messages, began, may_move=asked > 0)
            self.budget.give_back(asked - moved)
            self.rate.give_back(asked - moved)
            empty = 0 if messages else empty + 1
            self.known_in_a_row = 0 if learned else self.known_in_a_row + len(messages)

    def _deal_with(self, messages: list[Json], began: float, *, may_move: bool) -> tuple[int, bool]:
        """Move what may be moved; returns how many were tried, and whether any was seen for the first time."""
        shown = partial(self._may_be_shown, began)
        ours = self.in_hand.take(messages, lambda: not shown())
        self.queue.answers_lost += int(bool(messages) and shown())  # what comes too late is as good as lost
        try:
            seen = self._sorted(self._not_behind_others(messages, ours), shown)
            return self._move(seen, began) if may_move else self._put_by(seen.to_do), seen.learned
        finally:
            self.in_hand.put_down(ours)

    def _may_be_shown(self, began: float) -> bool:
        """Whether what was asked for at that time may have been received by somebody else since."""
        return self.clock.now() >= began + self.visibility_s

    def _not_behind_others(self, messages: list[Json], ours: list[Json]) -> list[Json]:
        """Give back what lies, on a FIFO queue, in a group of which another worker has messages in hand."""
        if not self.queue.fifo or len(ours) == len(messages):
            return ours
        taken = {one["MessageId"] for one in ours}
        groups = {group_of(one) for one in messages if one["MessageId"] not in taken}
        behind = [one for one in ours if group_of(one) in groups]
        self.queue.give_back([(one["MessageId"], one["ReceiptHandle"]) for one in behind])
        return [one for one in ours if group_of(one) not in groups]

    def peek(self) -> None:
        """Look, without moving anything, whether messages came back; what is not for us to keep is given back."""
        self.tally.aside.renew(RENEWED_AT_ONCE)
        messages = self.queue.receive(BATCH, 0)
        ours = []
        for message in messages:
            later = int((message.get("Attributes") or {}).get("SentTimestamp", 0)) >= self.cutoff_ms
            if not self.tally.aside.again(message):
                if later:
                    self.tally.later(message)
                else:
                    ours.append((message["MessageId"], message["ReceiptHandle"]))
        self.queue.give_back(ours)

    def _sorted(self, messages: list[Json], may_be_shown: Callable[[], bool]) -> "_Seen":
        """Tell apart what is to be moved and what is to be parked; nothing is recorded of the latter yet."""
        seen = _Seen(messages)
        for message in messages:
            sent_at = int((message.get("Attributes") or {}).get("SentTimestamp", 0))
            if message["MessageId"] in self.unsettled.sent:
                self.unsettled.finish(message, may_be_shown)
            elif self.tally.aside.again(message):
                continue
            elif sent_at >= self.cutoff_ms or self._came_back(message, sent_at):
                self.tally.later(message)
            elif held := self._held_back(message):
                self.tally.stay(held)
            elif self.message_filter is not None and not self.message_filter.wants(message):
                if self.parking is None:
                    self.tally.miss(message)
                else:
                    seen.unwanted.append(message)
            elif self.parking is not None and self.parking.stops(message):
                seen.behind.append(Stayed(message, GROUP_STOPPED, "an earlier message of its group stayed"))
            else:
                seen.wanted.append(message)
            seen.learned = True
        return seen

    def _held_back(self, message: Json) -> Stayed | None:
        """What was not received whole stays, and on a FIFO queue all that follow in its group.

        They are not parked either: the next process may receive it whole, and is to find them behind it.
        """
        group = group_of(message) if self.queue.fifo else ""
        if group in self.broken_groups:
            return Stayed(message, GROUP_STOPPED, "an earlier message of its group stayed")
        if intact(message):
            return None
        if self.queue.fifo:
            self.broken_groups.add(group)
        return Stayed(
            message, "DigestDiffers", "the digest of the received message differs from the one that SQS reports"
        )

    def _put_by(self, messages: list[Json]) -> int:
        """Hold aside what may not be moved any more, so that the queue shows what was sent and not deleted."""
        for message in messages:
            self.tally.aside.put(message)
        return 0

    @property
    def settling(self) -> bool:
        """Whether, with nothing left to move, something is looked for that was sent and not deleted."""
        return self.settles and bool(self.unsettled.uncounted())

    def _came_back(self, message: Json, sent_at: int) -> bool:
        """Whether it is one of those that this run sent; SQS's clock is told in whole seconds, so begins late."""
        return sent_at >= self.cutoff_ms - _CLOCK_MS and self.tally.recognises(message)

    def _move(self, seen: "_Seen", began: float) -> int:
        """Send some of what was received and park others; returns how many of the first kind were tried."""
        if not seen.to_do:
            return 0
        messages, left = self._edited(seen.wanted)
        every = [(m["MessageId"], m["ReceiptHandle"]) for m in seen.to_do]
        alive = _Alive(self, every, began)
        batches: list[SentBatch] = []
        try:
            if messages and self.keeper is not None:
                self.keeper.keep(seen.wanted)
            for part in self.parts(messages) if messages else ():
                batch, stayed = self._send(part, alive, self.sending, self.checkpoint)
                batches.append(batch)
                left += stayed
            tried = sum(len(one.confirmed) + one.stayed for one in batches)
            batches += self._leave(seen, [*left, *seen.behind], alive)
        except OSError:
            # What cannot be recorded any more ends the move; what was sent until then is settled all the same,
            # and what was not is given back with the rest.
            self._put_by([one for one in seen.to_do if one["MessageId"] not in alive.sent])
            self.unsettled.delete(batches, alive.may_be_shown)
            raise
        self.unsettled.delete(batches, alive.may_be_shown)
        self._count(began)
        return tried

    def _edited(self, wanted: list[Json]) -> tuple[list[Json], list[Stayed]]:
        messages, left = [], []
        for message in wanted:
            try:
                messages.append(message if self.message_filter is None else self.message_filter.edited(message))
            except ValueError as fault:
                left.append(Stayed(message, CANNOT_EDIT, str(fault)))
        return messages, left

    def _leave(self, seen: "_Seen", left: list[Stayed], alive: "_Alive") -> list[SentBatch]:
        """Park what did not go home, in the order of the queue; without a park it is held aside.

        When the destination has just closed everything is held aside: the next process is to send it, in order.
        """
        if self.parking is None or self.sending.closed:
            for one in left:
                self.tally.stay(one)
            for message in seen.unwanted:
                self.tally.aside.put(message)
            return []
        if left:
            self.parking.stay(left)
        ids = {one["MessageId"] for one in seen.unwanted} | {one.message["MessageId"] for one in left}
        if not ids:
            return []
        parked = [one for one in seen.received if one["MessageId"] in ids]
        batch, stayed = self._send(parked, alive, self.parking.sending, self.parking.checkpoint)
        self.parking.parked([id_ for id_, _ in batch.confirmed])
        self.parking.not_parked([one.message["MessageId"] for one in stayed])
        for one in stayed:
            self.tally.stay(one)
        return [batch]

    def _send(
        self, messages: list[Json], alive: "_Alive", sending: Sending, checkpoint: Checkpoint
    ) -> tuple[SentBatch, list[Stayed]]:
        ids = [message["MessageId"] for message in messages]
        first = self.unsettled.first_sent(ids, self.clock.now())
        number = checkpoint.intend([(m["MessageId"], m["ReceiptHandle"]) for m in messages], first)
        early = self.clock.now() < self.early_until
        alive.sent.update(ids)
        came = sending.send(messages, alive)
        late = self.unsettled.repeated_late(ids, self.clock.now(), sending.repeats_s)
        if came.doubtful or late:
            checkpoint.doubt([*came.doubtful, *late])
        self.tally.sent(came)
        done = [(m["MessageId"], m["ReceiptHandle"]) for m in came.confirmed]
        if early and checkpoint is self.checkpoint:
            checkpoint.arrived(came.new_ids)
        self._confirm(checkpoint, number, done)
        return SentBatch(checkpoint, number, done, sum(one.tried for one in came.stayed)), came.stayed

    def _confirm(self, checkpoint: Checkpoint, number: int, done: list[tuple[str, str]]) -> None:
        try:
            checkpoint.confirm(number, done)
        except OSError as fault:
            self.unsettled.not_recorded([id_ for id_, _ in done], fault)
            raise

    def _count(self, began: float) -> None:
        self.calls += 1
        self.waited_s += self.clock.now() - began


@dataclass
class _Seen:
    """What was received: what is to be sent, what is not meant, what lies behind one that stayed.

    `learned` says whether anything of it was seen for the first time.
    """

    received: list[Json]
    wanted: list[Json] = field(default_factory=list)
    unwanted: list[Json] = field(default_factory=list)
    behind: list[Stayed] = field(default_factory=list)
    learned: bool = False

    @property
    def to_do(self) -> list[Json]:
        """Everything that has to go somewhere."""
        return [*self.wanted, *self.unwanted, *(one.message for one in self.behind)]


class _Alive:
    """Keeps a batch hidden while sending it takes long; `sent` are the ids of what may have left by now.

    Times are those before a call, for SQS counts from a moment after it: what is hidden here is hidden there.
    """

    def __init__(self, transfer: Transfer, held: list[tuple[str, str]], since: float) -> None:
        self.sent: set[str] = set()
        self._transfer = transfer
        self._held = held
        self._hidden_until = since + transfer.visibility_s
        self._was_shown = False

    def __call__(self) -> None:
        transfer, now = self._transfer, self._transfer.clock.now()
        if self._hidden_until - now < transfer.visibility_s * 2 / 3:
            kept = transfer.queue.keep(transfer.in_hand.newest(self._held))
            self._was_shown = self.may_be_shown()
            if kept:
                self._hidden_until = now + transfer.visibility_s

    def may_be_shown(self) -> bool:
        """Whether somebody may have received a message again since: then its receipt handle is not the newest."""
        return self._was_shown or self._transfer.clock.now() >= self._hidden_until
