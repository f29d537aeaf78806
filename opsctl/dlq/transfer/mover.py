"""One whole move: what an earlier process left, the canary, the rest, what is still hidden, and giving back."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Literal, TypeAlias

from opsctl.dlq.transfer.aside import Aside
from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.canary import Canary
from opsctl.dlq.transfer.in_hand import InHand
from opsctl.dlq.transfer.move_order import MoveOrder
from opsctl.dlq.transfer.move_report import MoveReport
from opsctl.dlq.transfer.parking import Parking
from opsctl.dlq.transfer.progress import Meter
from opsctl.dlq.transfer.queue import Queue
from opsctl.dlq.transfer.rate import Budget, Rate
from opsctl.dlq.transfer.sending import Filter, Keeper, Sending, undivided
from opsctl.dlq.transfer.tally import Tally, copies_of
from opsctl.dlq.transfer.transfer import EARLY_S, RENEWED_AT_ONCE, Transfer
from opsctl.dlq.transfer.unsettled import EarlierBatch, Unsettled
from opsctl.dlq.transfer.whole import COUNTED_AFTER_S, Whole
from opsctl.dlq.transfer.worker_pool import WorkerPool
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.jobs import Checkpoint, JobResult, Tools
from opsctl.model.reads import RefusalKind
from opsctl.model.spans import span
from opsctl.model.value import Json

START_THREADS = 4
FAR_THREADS = 32
THREADS_AT_MOST = 64
_FAR_S = 0.008
_POLL_S = 1.0
_POLL_AT_MOST_S = 5.0
_GRACE_S = 2.0
_NOTED_EVERY_S = 60
Ended: TypeAlias = Literal["", "limit", "whole"]


class Mover:
    """Carries out an `MoveOrder`; run again with the same checkpoint it goes on where it stopped."""

    def __init__(
        self,
        order: MoveOrder,
        tools: Tools,
        patience: Patience,
        queue: Queue,
        sending: Sending,
        *,
        message_filter: Filter | None = None,
        keeper: Keeper | None = None,
        canary: Canary | None = None,
        parking: Parking | None = None,
        parts: Callable[[list[Json]], list[list[Json]]] = undivided,
    ) -> None:
        """`patience` is the one that `queue` and `sending` wait by, so that the pace gives way as they do.

        `parts` divides messages into those that are sent and recorded together. With `parking`, what is not to go
        home is taken out as well.
        """
        self._order = order
        self._parking = parking
        self._tools = tools
        self._queue = queue
        self._canary = canary
        self._patience = patience
        self._far = False
        self._resumed = tools.checkpoint.recall("began_ms") is not None
        self._hidden_until = float(tools.checkpoint.recall("hidden_until") or 0)
        self._noted = 0.0
        self._not_looked_at = self._deleted_earlier = 0
        self._whole = self._in_part = False
        self._reason = ""
        aside = Aside(queue, tools.clock, order.visibility_s, self._note)
        self._tally = Tally(tools.checkpoint.moved(), aside)
        in_hand = InHand()
        self._unsettled = Unsettled(queue, tools.checkpoint, parking, self._tally, in_hand)
        self._meter = Meter(order.title, order.expected, tools.clock, tools.progress)
        self._failed: Callable[[], bool] = lambda: False
        self._transfer = Transfer(
            queue=queue,
            sending=sending,
            message_filter=message_filter,
            keeper=keeper,
            rate=Rate(order.per_s, tools.clock, self._patience),
            budget=Budget(-1),
            tally=self._tally,
            checkpoint=tools.checkpoint,
            clock=tools.clock,
            stopping=lambda: tools.stopping() or self._failed(),
            visibility_s=order.visibility_s,
            cutoff_ms=0,
            early_until=0.0,
            unsettled=self._unsettled,
            in_hand=in_hand,
            patience=self._patience,
            parking=parking,
            returns_at_most=order.returns_at_most,
            parts=parts,
        )

    def run(self, began_ms: int) -> JobResult:
        """Move; `began_ms` is SQS's own time at the first start, before anything was sent.

        What ends it early is the reason in the result, which also says what was moved until then.
        """
        began = self._tools.clock.now()
        self._set_out(began_ms, began)
        try:
            depth = self._queue.depth()
        except AwsRefused as refused:
            if refused.refusal.kind is not RefusalKind.MISSING or not self._resumed:
                raise
            return self._without_queue(refused)
        self._far = self._tools.clock.now() - began > _FAR_S
        expected = self._order.expected - sum(one.moved() for one in self._checkpoints())
        most = max(expected, self._order.at_least)
        whole = Whole(depth, self._tally.aside, self._dealt_with, most, self._behind_newcomers)
        reason = ""
        try:
            self._finish_earlier()
            reason = self._first_and_rest(whole)
        except (AwsRefused, OutcomeUnknown) as fault:
            reason = fault.summary
        except OSError as fault:
            reason = f"{fault.filename or 'a file'} cannot be written on this machine: {fault.strerror or fault}"
        finally:
            self._give_back()
        self._reason = reason
        return self._result(reason)

    def _without_queue(self, refused: AwsRefused) -> JobResult:
        """Name what an earlier process had in hand of a queue that is gone.

        What it was sending has arrived or was deleted with the queue, and nothing is left to ask.

        Raises:
            AwsRefused: the given one, when there was nothing.
        """
        in_hand = [id_ for one in self._checkpoints() for id_ in self._unsettled.name_sent(one)]
        if not in_hand and not self._unsettled.sent:
            raise refused
        self._reason = refused.summary
        return self._result(self._reason, in_hand)

    def _set_out(self, began_ms: int, began: float) -> None:
        """Keep when the first process set out; later ones know again what that one sent in its first moments."""
        checkpoint, recalled = self._tools.checkpoint, self._tools.checkpoint.recall("began_ms")
        if recalled is None:
            checkpoint.remember("early_until", began + EARLY_S)
            checkpoint.remember("began_ms", began_ms)
        self._transfer.cutoff_ms = began_ms if recalled is None else int(recalled)
        self._transfer.early_until = float(checkpoint.recall("early_until") or 0)
        self._tally.expect(checkpoint.all_arrived())

    def _finish_earlier(self) -> None:
        """Delete what an earlier process had sent, and make visible again what it had in hand.

        All of it is named first, for whatever ends this early.
        """
        now, unsettled = self._tools.clock.now, self._unsettled
        earlier = unsettled.name_earlier(self._tools.checkpoint, now(), self._transfer.sending.repeats_s)
        parked: list[EarlierBatch] = []
        if self._parking is not None:
            checkpoint = self._parking.checkpoint
            parked = unsettled.name_earlier(checkpoint, now(), self._parking.sending.repeats_s)
            unsettled.parked.update(checkpoint.all_undeleted())
        for one in (*earlier, *parked):
            if one.batch.state == "sent":
                self._deleted_earlier += unsettled.delete_earlier(one)
            else:
                self._queue.give_back(one.held)
                one.checkpoint.close(one.batch.number, 0)

    def _first_and_rest(self, whole: Whole) -> str:
        """Move; the rest goes only after a canary that is fine, not one that was interrupted or sent nothing."""
        checkpoint = self._tools.checkpoint
        if self._canary is not None and checkpoint.recall("canary") != "passed":
            reason = self._try_first(self._canary, whole)
            if checkpoint.recall("canary") != "passed":
                return reason
        return self._all(whole)

    def _try_first(self, canary: Canary, whole: Whole) -> str:
        """Send the canary and wait for the verdict; returns why not to go on, or nothing.

        What was sent is known to the next process too, so that it recognises what comes back. After a bad
        verdict the next process sends a canary of its own. A canary of no message is none: nothing is judged.
        """
        checkpoint, tally = self._tools.checkpoint, self._tally
        first = int(checkpoint.recall("canary_after") or 0)
        if checkpoint.recall("canary") and self._taken > first:
            tally.expect(list(checkpoint.recall("canary_ids") or []))
        else:
            reason = self._send_first(whole, first)
            if reason or self._tools.stopping() or self._taken == first:
                return reason
            checkpoint.remember("canary_ids", list(tally.new_ids))
            checkpoint.remember("canary", "sent")
        verdict = canary.verdict(tally, self._transfer, self._tools, self._taken - first)
        if verdict:
            checkpoint.remember("canary", "")
            checkpoint.remember("canary_after", self._taken)
            checkpoint.remember("destination_before", None)
        elif not self._tools.stopping():
            checkpoint.remember("canary", "passed")
        return verdict

    def _send_first(self, whole: Whole, first: int) -> str:
        """Send as many as the canary has, at least one unless nothing that is wanted is left.

        A queue that shows nothing may have messages all the same: they are waited for as the rest is.
        """
        self._in_part = True
        self._transfer.budget = Budget(max(0, self._order.canary - (self._taken - first)))
        self._drain()
        reason = self._transfer.why_stop()
        while not (reason or self._tools.stopping() or self._taken > first):
            reason = self._all(whole, self._order.canary)
            if not (self._in_part and self._transfer.budget.spent):
                break
        return reason

    @property
    def _taken(self) -> int:
        """How many were sent: those that moved, and those that are not known to be deleted."""
        return self._tally.moved + len(set(self._unsettled.uncounted()) - self._unsettled.parked)

    def _all(self, whole: Whole, at_most: int = -1) -> str:
        """Move everything there is, and go on until SQS's counts say so too or time is up; or so many at most."""
        taken = self._taken
        # What stayed and is parked is not tried again, so it has had its share of the limit.
        taken += self._parking.tried if self._parking else 0
        left = -1 if self._order.limit < 0 else max(0, self._order.limit - taken)
        self._in_part = at_most >= 0 and not 0 <= left <= at_most
        self._whole, left = False, at_most if self._in_part else left
        # A part looks for nothing but what it may send: the rest of the queue is for later.
        self._transfer.budget, self._transfer.settles = Budget(left), left == 0 and not self._in_part
        deadline, pause_s, judged = 0.0, _POLL_S, -1
        while not self._tools.stopping():
            self._drain(few=judged == self._tally.judged)
            reason = self._transfer.why_stop()
            if self._transfer.full and not whole.settled(self._queue.depth(), self._tools.clock.now()):
                self._not_looked_at = whole.unseen
            # Now that nobody works, what is taken of the budget is used up.
            self._transfer.settles = self._transfer.budget.spent and not self._in_part
            done = self._transfer.budget.spent and not self._transfer.settling
            if reason or done or self._tools.stopping():
                return reason
            depth, now = self._queue.depth(), self._tools.clock.now()
            if whole.settled(depth, now, self._queue.answers_lost):
                self._whole, self._tally.behind_newcomers = True, whole.unseen
                return ""
            if judged != self._tally.judged:
                # SQS's counts are older than what was done to the queue just now.
                deadline = max(deadline, now + self._patient_s(first=judged < 0))
                judged, pause_s = self._tally.judged, _POLL_S
            if now >= deadline and whole.unseen:
                self._not_looked_at = max(0, whole.unseen - len(self._unsettled.refused))
                return whole.missing(self._not_looked_at, fifo=self._queue.fifo) or (
                    f"SQS still counts {whole.unseen:,} more; what was sent but not deleted may be among them"
                )
            self._tools.progress(f"{self._order.title}: {self._waits_for(whole, deadline - now)}")
            self._patience.sleep(min(pause_s, deadline - now) if now < deadline else pause_s)
            pause_s = min(pause_s * 1.5, _POLL_AT_MOST_S)
        return ""

    def _waits_for(self, whole: Whole, left_s: float) -> str:
        if whole.unseen:
            return f"SQS counts {whole.unseen:,} more messages, waiting for them (at most {span(left_s)})"
        return (
            "fewer messages were received than SQS counted at first; if it counts no more for "
            f"{COUNTED_AFTER_S} s, another consumer took them"
        )

    def _behind_newcomers(self) -> bool:
        """Whether a FIFO queue can hide nothing from us but what lies behind messages that arrived later."""
        later = self._tally.newcomers + self._tally.came_back
        return self._queue.fifo and 0 < len(self._tally.aside) == later

    def _dealt_with(self) -> int:
        """How many of those that were there when this process began have surely been dealt with.

        Nobody knows while something may still be there that was sent, or was received by a lost answer: then it is
        left to SQS's counts.
        """
        if self._unsettled.uncounted() or self._queue.answers_lost:
            return -1
        return self._deleted_earlier + self._tally.judged

    def _patient_s(self, *, first: bool) -> float:
        """How long what is counted is waited for: a count's age, and what may be hidden by others or by us."""
        waits: list[float] = [COUNTED_AFTER_S]
        if first:
            waits.append(self._order.others_hold_s)
        if first and self._resumed:
            waits += [self._order.visibility_s, self._hidden_until - self._tools.clock.now()]
        if self._queue.answers_lost or self._unsettled.refused:
            waits.append(self._order.visibility_s)
        return max(waits) + _GRACE_S

    def _note(self, until: float) -> None:
        """Let a later process know, from time to time, until when something may be hidden by us.

        A disk that does not take it ends nothing: that process may then have to be resumed once more.
        """
        if until > self._noted:
            self._noted = until + _NOTED_EVERY_S
            with suppress(OSError):
                self._tools.checkpoint.remember("hidden_until", self._noted)

    def _drain(self, *, few: bool = False) -> None:
        """Let workers work until the queue shows nothing more; `few` when there is hardly anything to find."""
        threads = self._order.threads
        pool = WorkerPool(
            self._transfer.work,
            self._tools.clock,
            start=1 if few else threads or (FAR_THREADS if self._far else START_THREADS),
            at_most=threads or THREADS_AT_MOST,
        )
        self._failed = lambda: pool.failed
        try:
            pool.run(lambda: self._tally.moved, self._call_s, self._keep_hidden if few else self._tick)
        finally:
            self._failed = lambda: False

    def _tick(self) -> None:
        self._keep_hidden()
        self._meter.show(self._tally)

    def _keep_hidden(self) -> None:
        self._tally.aside.renew(RENEWED_AT_ONCE)

    def _call_s(self) -> float:
        return self._transfer.waited_s / (3 * self._transfer.calls) if self._transfer.calls else 0.0

    def _give_back(self) -> None:
        """Make everything held aside visible again, so that nobody waits for it."""
        aside = self._tally.aside
        if len(aside):
            self._tools.progress(f"{self._order.title}: making {len(aside):,} messages visible again")
            if not aside.give_back() and self._noted:
                with suppress(OSError):
                    self._tools.checkpoint.remember("hidden_until", 0)

    def _result(self, reason: str, may_be_lost: Sequence[str] = ()) -> JobResult:
        early = bool(reason) or self._tools.stopping()
        still_there = self._unsettled.still_there(whole=self._whole, early=early)
        copies = copies_of(self._tools.checkpoint.doubtful())
        unproved = self._unsettled.counted_only if early and not self._whole else 0
        if self._whole and not still_there:
            self._unsettled.forget(self._checkpoints())
        return MoveReport(
            tally=self._tally,
            moved=self._tally.moved - unproved,
            parking=self._parking,
            still_there=still_there,
            copies=copies,
            may_be_lost=tuple(may_be_lost),
            reason=reason,
            not_looked_at=self._not_looked_at,
            stopping=self._tools.stopping(),
        ).result()

    def _checkpoints(self) -> list[Checkpoint]:
        return [self._tools.checkpoint, *([self._parking.checkpoint] if self._parking else [])]

    @property
    def ended(self) -> Ended:
        """How it ended: all was taken out of the queue, or as many as wanted; nothing when it stopped before."""
        if self._reason or self._tally.stayed or self._unsettled.still_there(whole=self._whole, early=False):
            return ""
        if self._transfer.budget.spent and not self._in_part:
            return "limit"  # the rest was only looked through, if at all
        return "whole" if self._whole else ""
