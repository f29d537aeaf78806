"""Moving through a queue of opsctl's own: take everything out in order, then bring back what was not meant."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal, NamedTuple, TypeAlias

from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.move_order import MoveOrder, set_out_ms
from opsctl.dlq.transfer.move_report import nothing_looked_at
from opsctl.dlq.transfer.mover import Ended, Mover
from opsctl.dlq.transfer.parking import Parking
from opsctl.dlq.transfer.queue import ATTEMPTS, PASSING, Queue
from opsctl.dlq.transfer.returning import ParkSending, Returning, parked_as
from opsctl.dlq.transfer.sending import Alive, Sent
from opsctl.dlq.transfer.tally import copies_of, says_copies
from opsctl.dlq.transfer.whole import COUNTED_AFTER_S
from opsctl.model.commands import run_command
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.jobs import JobResult, Tools
from opsctl.model.reads import RefusalKind
from opsctl.model.value import Json, Value

Phase: TypeAlias = Literal["sorting", "emptying", "returning", "emptied", "gone"]
VISIBILITY_S = 120
VISIBLE_WITHIN_S = 60
GONE_WITHIN_S = 90
_PHASE = "phase"
_RESULT = "taken_out"
_NEVER_MS = 2**53
_STAYED = "the messages that stayed are back in the queue, in order: plan again once the reason is fixed"
_POLL_S = 1.0
_ASKED = 3


class Park(Value):
    """The queue that messages are parked in, and that which they come from and go back to; `run` is who parks.

    `max_bytes` is the largest message that goes back; 0 when nobody knows.
    """

    name: str
    url: str
    queue_name: str
    queue_url: str
    region: str
    run: str
    others_hold_s: int = 30
    max_bytes: int = 0


class TakenOut(NamedTuple):
    """What taking messages out of a queue came to, and how it ended."""

    result: JobResult
    ended: Ended


TakeOut: TypeAlias = Callable[[Parking], TakenOut]


class Through:
    """Takes messages out of a FIFO queue, parks those that are not to go home, brings them back, removes the park.

    Where each message is stands in three checkpoints: that of the job for what goes home, and those of its parts
    `parked` and `back`. Messages come back only when the queue has nothing left that was there before the start,
    so that they follow each other as they did.
    """

    def __init__(self, park: Park, tools: Tools) -> None:
        self._park = park
        self._tools = tools
        self._patience = Patience(tools.clock, tools.stopping)
        self._wire = tools.queues(park.region)
        sending = ParkSending(self._wire, park.url, self._patience, park.max_bytes)
        self._parking = Parking(sending, tools.checkpoint.part("parked"))
        self._back = tools.checkpoint.part("back")
        self._queue = Queue(self._wire, park.url, self._patience, visibility_s=VISIBILITY_S, everything=True)

    def run(self, take_out: TakeOut | None) -> JobResult:
        """Go on from where it stopped, to the end; without `take_out` nothing more is sent home."""
        try:
            return self._run(take_out)
        except AwsRefused as refused:
            if refused.refusal.kind is not RefusalKind.MISSING or not self._is_missing():
                raise
            return self._stopped(self._taken_out(), undoing=take_out is None)

    def _run(self, take_out: TakeOut | None) -> JobResult:
        if self._phase == "sorting" and take_out is not None:
            self._await_park()
            taken = take_out(self._parking)
            if not taken.ended:
                return self._stopped(taken.result, undoing=False)
            self._tools.checkpoint.remember(_RESULT, taken.result.model_dump(mode="json"))
            self._enter("returning" if taken.ended == "whole" else "emptying")
        if self._phase in ("sorting", "emptying"):
            result, ended = self._empty()
            if not ended:
                return self._stopped(result, undoing=take_out is None)
            self._enter("returning")
        if self._phase == "returning":
            result = self._return()
            if not result.complete or self._parked:
                return self._stopped(self._with_taken_out(result), undoing=take_out is None)
            self._enter("emptied")
        kept = self._remove() if self._phase == "emptied" else ""
        return self._finished(kept, undoing=take_out is None)

    @property
    def _phase(self) -> Phase:
        phase: Phase = self._tools.checkpoint.recall(_PHASE) or "sorting"
        return phase

    def _enter(self, phase: Phase) -> None:
        self._tools.checkpoint.remember(_PHASE, phase)

    def _await_park(self) -> None:
        """Wait until a queue that was just made can be used: a second at least (SQS API, CreateQueue)."""
        if self._tools.checkpoint.recall("began_ms") is not None:
            return
        self._patience.sleep(_POLL_S)
        deadline = self._tools.clock.now() + VISIBLE_WITHIN_S
        while not self._is_there() and self._tools.clock.now() < deadline and not self._tools.stopping():
            self._tools.progress(f"waiting for queue {self._park.name} to become available")
            self._patience.sleep(_POLL_S)

    def _is_there(self) -> bool:
        try:
            self._queue.depth()
        except AwsRefused as refused:
            if refused.refusal.kind is RefusalKind.MISSING:
                return False
            raise
        return True

    def _empty(self) -> TakenOut:
        """Take out of the queue what is left of what was there at the start, none of which goes home."""
        source = Queue(
            self._wire, self._park.queue_url, self._patience, visibility_s=VISIBILITY_S, everything=True
        )
        began_ms = set_out_ms(self._tools, source, self._wire)
        whole = self._in_hand
        mover = Mover(
            MoveOrder(
                title=f"park the rest of {self._park.queue_name}",
                limit=-1 if whole else 0,
                visibility_s=VISIBILITY_S,
                others_hold_s=self._park.others_hold_s,
            ),
            self._tools,
            self._patience,
            source,
            _NotHome(),
            message_filter=_Nothing(),
            parking=self._parking,
        )
        result = mover.run(began_ms)
        return TakenOut(result, mover.ended)

    @property
    def _in_hand(self) -> bool:
        """Whether anything is, or may be, where only a look at all of the queue can put it right."""
        several = (self._tools.checkpoint, self._parking.checkpoint)
        return bool(
            self._parking.checkpoint.moved() or any(one.open_batches() or one.all_undeleted() for one in several)
        )

    def _return(self) -> JobResult:
        """Bring everything back that is parked, in its order."""
        twice = {parked_as(one) for one in self._parking.checkpoint.doubtful()}
        sending = Returning(self._wire, self._park.queue_url, self._patience, self._back, twice)
        return Mover(
            MoveOrder(
                title=f"bring messages back to {self._park.queue_name}",
                visibility_s=VISIBILITY_S,
                others_hold_s=0,
                expected=self._parked,
                at_least=self._parked,
            ),
            replace(self._tools, checkpoint=self._back),
            self._patience,
            self._queue,
            sending,
            parts=sending.parts,
        ).run(_NEVER_MS)

    @property
    def _parked(self) -> int:
        """How many are parked now, by what is recorded of them."""
        parked = self._parking.checkpoint
        uncounted = set(parked.all_undeleted()) - set(parked.recall("counted") or ())
        return max(0, parked.moved() + len(uncounted) - self._back.moved())

    def _remove(self) -> str:
        """Delete the park once it is proved empty; returns why it is kept, or nothing.

        All that was parked is known to be back, and SQS has to say so too. Where a message may have been parked
        twice the first does not prove the second, so SQS is asked for longer than its counts lag.
        """
        sure = self._parking.checkpoint.moved() == self._back.moved() and not self._parking.checkpoint.doubtful()
        for _ in range(_ASKED):
            self._patience.sleep(_POLL_S if sure else COUNTED_AFTER_S / 2)
            depth = self._queue.depth()
            if depth.total:
                return f"SQS still counts {depth.total:,} in it"
            if self._tools.stopping():
                return "interrupted"
        kept = self._delete_park()
        if not kept:
            self._enter("gone")
        return kept

    def _delete_park(self) -> str:
        """Delete the park, again after a refusal that passes; returns why it is there still, or nothing."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._tools.aws.write("sqs", "DeleteQueue", {"QueueUrl": self._park.url}, self._park.region)
            except AwsRefused as refused:
                if refused.refusal.kind is RefusalKind.MISSING:
                    return ""
                if refused.refusal.kind not in PASSING or attempt == ATTEMPTS or self._tools.stopping():
                    return refused.summary
            except OutcomeUnknown as lost:
                return "" if self._gone() else lost.summary
            else:
                return ""
            self._patience.wait(attempt)
        raise AssertionError("the last attempt returns")

    def _gone(self) -> bool:
        """Wait until the queue is not there any more; AWS takes up to a minute for it."""
        deadline = self._tools.clock.now() + GONE_WITHIN_S
        while self._is_there():
            if self._tools.clock.now() >= deadline or self._tools.stopping():
                return False
            self._tools.progress(f"waiting for queue {self._park.name} to be deleted")
            self._patience.sleep(_POLL_S)
        return True

    def _stopped(self, result: JobResult, *, undoing: bool) -> JobResult:
        """Say where the parked messages are, and what brings them back."""
        parked, name = self._parked, self._park.name
        if self._is_missing():
            settled = undoing and not parked and not result.details.get("sent_not_deleted")
            if self._phase == "emptied" or settled:
                self._enter("gone")
                return self._finished("", undoing=undoing)
            says = f"{result.says}; queue {name} does not exist any more: somebody else has deleted it"
            says += f", with {parked:,} messages that were parked in it" if parked else ""
            undo = run_command("undo", self._park.run)
            hint = f"no more messages can be parked: {undo} settles what was sent, then plan again for the rest"
            told = self._told(result, says, complete=False)
            return told if undoing else told.model_copy(update={"hint": hint})
        says = f"{result.says}; {parked:,} are parked in {name}, in order" if parked else result.says
        hint = ""
        if not undoing:
            resume, undo = run_command("resume", self._park.run), run_command("undo", self._park.run)
            hint = f"{resume} continues, {undo} sends nothing more; both bring the parked messages back"
        return self._told(result, says, complete=False).model_copy(update={"hint": hint})

    def _is_missing(self) -> bool:
        try:
            return not self._is_there()
        except (AwsRefused, OutcomeUnknown):
            return False

    def _finished(self, kept: str, *, undoing: bool) -> JobResult:
        result = self._taken_out()
        back = "nothing was parked"
        if self._back.moved():
            back = f"{self._back.moved():,} are back in {self._park.queue_name}, in order"
        says = f"{result.says}; {back}" if self._back.moved() or undoing else result.says
        if kept:
            says += f"; queue {self._park.name} is kept: {kept}"
        hint = "" if undoing or result.complete else _STAYED
        told = self._told(result, says, complete=not kept and (undoing or result.complete))
        return told.model_copy(update={"hint": hint})

    def _with_taken_out(self, back: JobResult) -> JobResult:
        """What was taken out, and why not all of it is back."""
        known = self._taken_out()
        details = known.details | {
            name: back.details[name] for name in ("stayed_messages", "reasons", "sent_not_deleted", "stopped")
        }
        says = f"{known.says}; of what is parked, {back.says.replace('moved', 'brought back', 1)}"
        return known.model_copy(update={"says": says, "details": details, "certain": back.certain})

    def _taken_out(self) -> JobResult:
        """What taking out came to, also when it was an earlier process that did it."""
        kept = self._tools.checkpoint.recall(_RESULT)
        if kept is not None:
            return JobResult.model_validate(kept)
        moved = self._tools.checkpoint.moved()
        copies = copies_of(self._tools.checkpoint.doubtful())
        return JobResult(
            says=f"{moved:,} moved" + (f", {says_copies(copies)}" if copies else ""),
            complete=True,
            certain=not copies,
            details=nothing_looked_at() | {"moved": moved, "may_be_twice": list(copies)},
        )

    def _told(self, result: JobResult, says: str, *, complete: bool) -> JobResult:
        copies = list(copies_of(self._back.doubtful()))
        where: dict[str, Json] = {
            "queue": self._park.name,
            "queue_url": self._park.url,
            "now": self._parked,
            "in_all": self._parking.checkpoint.moved(),
            "brought_back": self._back.moved(),
        }
        details = result.details | {"parked": where}
        if copies:
            says += f"; of what came back {says_copies(copies_of(self._back.doubtful()))}"
            details["may_be_twice"] = [*details.get("may_be_twice", ()), *copies]
        return result.model_copy(
            update={
                "says": says,
                "complete": complete,
                "certain": result.certain and not copies,
                "details": details,
            }
        )


class _Nothing:
    """Implements `Filter`: none is meant."""

    def wants(self, message: Json) -> bool:
        """No."""
        return False

    def edited(self, message: Json) -> Json:
        """Return the message as it is."""
        return message


class _NotHome:
    """Implements `Sending` for what is never sent: of what was being sent at a kill nobody learns any more."""

    closed = ""
    repeats_s = 0.0

    def send(self, messages: list[Json], alive: Alive) -> Sent:
        """Nothing is meant, so nothing is sent."""
        raise AssertionError("nothing is to be sent home")
