"""The one executor. Proof holds: already done, skip. Expectation holds: run. Neither: drifted, stop."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf

from opsctl.execution.asking import Asking, NotThere
from opsctl.execution.choosing import choose, chosen, none_free
from opsctl.execution.going_back import way_back, went_back
from opsctl.execution.inverse import references_of
from opsctl.execution.not_as_planned import (
    all_held,
    broken_of,
    drift_error,
    expected_and_found,
    short,
    unseen_error,
)
from opsctl.execution.refused_calls import ValueTaken, is_for_good, is_passing, taken_value
from opsctl.execution.resolving import request_for
from opsctl.model.changes import Change
from opsctl.model.commands import run_command
from opsctl.model.errors import AwsRefused, Drifted, Interrupted, OpsctlError, OutcomeUnknown, Unproved
from opsctl.model.jobs import JobResult
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws, RunJournal
from opsctl.model.reads import RefusalKind
from opsctl.model.report import CheckResult
from opsctl.model.run import Clock, Progress
from opsctl.model.spans import span
from opsctl.model.value import Json

POLL_S = 1.0
POLL_AT_MOST_S = 15.0
POLL_GROWTH = 1.5
EFFECTIVE_POLL_S = 10.0
SETTLE_WITHIN_S = 30

Judge = Callable[[Asking], tuple[CheckResult, ...]]


@dataclass
class Compared:
    """How an account stands to a plan: what is made already, and what could not start, with why."""

    already: list[Change] = field(default_factory=list)
    drifted: list[tuple[Change, tuple[CheckResult, ...]]] = field(default_factory=list)


class Executor:
    """Carries a plan out, one change after the other, journalled before and after every call.

    The same code applies, resumes and undoes: what is already so is skipped, and what a run has settled once
    stays settled, for later changes of the same run may have built on it, superseded it or taken it away.
    """

    def __init__(
        self,
        plan: Plan,
        aws: Aws,
        journal: RunJournal,
        clock: Clock,
        progress: Progress,
        stopping: Callable[[], bool],
        run_job: Callable[[Change], JobResult] | None = None,
    ) -> None:
        self._run_job = run_job
        self._plan = plan
        self._aws = aws
        self._journal = journal
        self._clock = clock
        self._progress = progress
        self._stopping = stopping
        self._outputs = references_of(plan)
        self._made_at: dict[str, float] = {}

    def apply(self) -> None:
        """Carry out every change and wait until each is configured, then until each is effective.

        Raises:
            Drifted: neither a change's proof nor its expectation holds; nothing further was changed.
            Unproved: a change was made but cannot be seen in time.
            AwsRefused, OutcomeUnknown: a call failed; the journal knows which.
            Interrupted: asked to stop between two calls.
        """
        for change in self._plan.changes:
            if self._journal.last(change.id) == "returning":
                self._heed_return(change)
        for number, change in enumerate(self._plan.changes, start=1):
            self._heed_stop()
            self._progress(f"[{number}/{len(self._plan.changes)}] {change.title}")
            self._one(change)
        for change in self._plan.changes:
            if change.proof.effective and self._journal.last(change.id) == "done":
                self._await_effect(change)

    def compared(self) -> Compared:
        """Find the changes that could not start now, and those that are made already; makes no mutating call.

        A change that depends on earlier ones is only held to what must be absent: they may make the rest.
        """
        asking = self._asking()
        found = Compared()
        for planned in self._plan.changes:
            change = choose(planned, asking) or planned
            if change.kind != "job" and all_held(asking.prove(change.proof)):
                found.already.append(change)
                continue
            if not all_held(asking.judge_all(change.only_if)):
                continue
            checks = [c for c in change.expect if not change.depends_on or c.op in ("empty", "excludes")]
            broken = tuple(result for result in asking.judge_all(checks) if not result.held)
            broken += none_free(planned, asking)
            if broken:
                found.drifted.append((change, broken))
        return found

    def _one(self, change: Change) -> None:
        self._heed_return(change)
        tried: list[Json] = []
        because = ""
        while self._journal.last(change.id) not in ("done", "skipped", "kept"):
            asking = self._asking()
            candidate = choose(change, asking, tried)
            if candidate is None:
                raise self._drift(change, none_free(change, asking, tried), because)
            try:
                self._make(candidate, asking)
            except ValueTaken as taken:
                tried.append(taken.value)
                because = taken.because
                self._progress(f"{change.title}: {taken} is already in use; trying the next")

    def _go_back(self, change: Change, because: str) -> None:
        self._journal.record(change.id, "returning", {"message": because})
        self._heed_return(change, because)

    def _heed_return(self, change: Change, because: str = "") -> None:
        """Take back what was made in the turn of a change with which it cannot go on, and end the run.

        Killed in the middle of it, a resumed run goes on with it here.
        """
        if self._journal.last(change.id) == "returning":
            for planned, back in way_back(self._plan, change, self._journal):
                self._heed_stop()
                self._progress(f"going back: {back.title}")
                self._one(back)
                if planned:
                    self._journal.record(
                        planned, "reverted", {"message": f"its turn could not go on with: {change.title}"}
                    )
            self._journal.record(change.id, "reverted", {"message": because})
        if self._journal.last(change.id) == "reverted":
            raise went_back(self._plan.id, change, because)

    def _make(self, change: Change, asking: Asking) -> None:
        if change.kind == "job":
            self._job(change, asking)
        elif change.kind == "wait" and all_held(asking.judge_all(change.only_if)):
            self._await_proof(change)
            self._journal.record(change.id, "done")
        elif all_held(asking.prove(change.proof)):
            ours = bool(self._journal.open_intents(change.id))
            if change.only_ours and not ours:
                self._require(change, asking)
            self._journal.record(change.id, "done" if ours else "skipped")
        elif unmet := [result for result in asking.judge_all(change.only_if) if not result.held]:
            self._journal.record(change.id, "kept", {"message": f"not so: {unmet[0].says}"})
        elif not self._took_effect_late(change, asking):
            self._require(change, asking)
            self._run(change)

    def _took_effect_late(self, change: Change, asking: Asking) -> bool:
        """Wait for the effect of a call that may have been sent: what is expected before it is not so any more.

        An instance whose stop was sent just before the process died neither runs nor is stopped yet. Where nothing
        is expected that the call itself would alter, only time can tell.
        """
        if self._journal.last(change.id) not in ("intent", "unproved"):
            return False
        altered = [check for check in change.expect if check.can_fail and not check.context]
        if altered and all_held(asking.judge_all(change.expect)):
            return False
        try:
            self._await_proof(change)
        except Unproved:
            return False
        self._journal.record(change.id, "done", {"note": "made by an earlier attempt"})
        return True

    def _job(self, change: Change, asking: Asking) -> None:
        """Run a job to its end, unless that was done; a job begun earlier goes on whatever else has changed."""
        if self._journal.last(change.id) is None:
            self._require(change, asking)
        if self._run_job is None:
            raise AssertionError(f"{change.id} is a job and this run cannot run jobs")
        self._journal.record(change.id, "intent", {"api": change.api})
        try:
            result = self._run_job(change)
        except OpsctlError as fault:
            self._journal.record(change.id, "failed", {"message": fault.summary})
            raise
        detail = {"message": result.says, **result.details}
        if not result.complete:
            self._journal.record(change.id, "failed", detail | ({"interrupted": True} if self._stopping() else {}))
            self._heed_stop()
            # What may have been done twice is for somebody to look at, before anything is done again.
            error = OpsctlError if result.certain else Unproved
            raise error(f"{change.title}: {result.says}", result.hint)
        if not result.certain:
            self._journal.record(change.id, "unproved", detail)
            raise Unproved(f"{change.title}: {result.says}", result.hint)
        self._journal.record(change.id, "done", detail)

    def _require(self, change: Change, asking: Asking) -> None:
        broken = broken_of(change, asking)
        while broken and self._follows_new(change) and all(not result.found for result in broken):
            self._await_sight(change, broken[0].says)
            broken = broken_of(change, self._asking())
        if broken:
            raise self._drift(change, broken)

    def _follows_new(self, change: Change) -> bool:
        """Tell whether a change builds on one that was made a moment ago, which not all of AWS may know yet.

        A proof that held once does not say that the next call meets a server that knows: services answer about
        new things from several places that agree only after a while.
        """
        now = self._clock.now()
        return any(now - self._made_at.get(one, -inf) < SETTLE_WITHIN_S for one in change.depends_on)

    def _await_sight(self, change: Change, what: str) -> None:
        self._progress(f"{change.title}: waiting for the resource just created: {what}")
        self._clock.sleep(POLL_S)
        self._heed_stop()

    def _drift(self, change: Change, broken: Sequence[CheckResult], because: str = "") -> OpsctlError:
        """Record a drift and return it as an error; where its turn has begun, that is taken back instead."""
        self._journal.record(change.id, "drifted", [result.model_dump(mode="json") for result in broken])
        if change.goes_back and any(way_back(self._plan, change, self._journal)):
            self._go_back(change, because or expected_and_found(broken))
        return drift_error(change, broken)

    def _run(self, change: Change) -> None:
        intent = {"api": change.api, **chosen(change)}
        again = intent in self._journal.open_intents(change.id)
        self._journal.record(change.id, "intent", intent)
        try:
            written = self._send(change)
        except AwsRefused as refused:
            if self._proved(change) or self._made_earlier(change, refused, again=again):
                self._found_made(change, str(refused), ours=again)
                return
            self._journal.record(change.id, "failed", refused.refusal.model_dump(mode="json"))
            if (choice := taken_value(change, refused)) is not None:
                raise ValueTaken(choice, refused.summary) from refused
            if is_for_good(change, refused.refusal):
                self._go_back(change, refused.summary)
            if refused.refusal.kind is RefusalKind.CONFLICT and change.kind == "call":
                raise Drifted(
                    f"{change.title}: changed concurrently: {refused.summary}",
                    "plan again to see the account as it is",
                ) from refused
            raise
        except NotThere as missing:
            self._journal.record(change.id, "failed", {"message": f"{missing} does not exist"})
            if change.goes_back:
                self._go_back(change, f"{missing} no longer exists")
            raise Drifted(f"{change.title}: {missing} no longer exists", "plan again") from missing
        except OutcomeUnknown as lost:
            self._settle(change, lost)
            return
        if not written:
            self._found_made(change, "created concurrently by somebody else", ours=again)
            return
        self._await_proof(change)
        self._journal.record(change.id, "done")
        self._made_at[change.id] = self._clock.now()

    def _made_earlier(self, change: Change, refused: AwsRefused, *, again: bool) -> bool:
        """Wait for what an earlier call of this run may have made, before its value counts as somebody else's."""
        if not again or taken_value(change, refused) is None:
            return False
        try:
            self._await_proof(change, SETTLE_WITHIN_S)
        except Unproved:
            return False
        return True

    def _found_made(self, change: Change, note: str, *, ours: bool) -> None:
        """Record a change that is there though AWS refused our call: it is not ours to undo, unless an earlier
        call of this run may have made it.
        """
        self._journal.record(change.id, "done" if ours else "skipped", {"note": note})

    def _settle(self, change: Change, lost: OutcomeUnknown) -> None:
        try:
            self._await_proof(change, SETTLE_WITHIN_S)
        except Unproved:
            if self._took_effect_late(change, self._asking()):
                return
            self._journal.record(change.id, "failed", {"message": lost.summary})
            raise lost from None
        self._journal.record(change.id, "done", {"note": "the response was lost, but the proof holds"})

    def _send(self, change: Change) -> bool:
        """Make the call; returns False when somebody else made the change before we could."""
        started = self._clock.now()
        attempt = 0
        while True:
            attempt += 1
            try:
                self._aws.write(
                    change.service, change.operation, request_for(change, self._asking(), self._aws), change.region
                )
            except NotThere as missing:
                if not self._follows_new(change):
                    raise
                self._await_sight(change, str(missing))
            except AwsRefused as refused:
                unseen = refused.refusal.kind is RefusalKind.MISSING and self._follows_new(change)
                if not unseen and not is_passing(change, refused.refusal, self._clock.now() - started):
                    raise
                if refused.refusal.kind is not RefusalKind.THROTTLED:  # that is told of for all calls at once
                    self._progress(f"{change.title}: {refused.refusal.code}, retrying")
                # Many who lost the same lock must not come back at the same moment.
                self._clock.sleep(POLL_S * min(attempt, 10) * random.uniform(0.5, 1))  # noqa: S311
                self._heed_stop()
                if change.edit is not None and refused.refusal.code in change.edit.conflicts:
                    if self._proved(change):
                        return False
                    # Somebody else wrote: the lock is taken anew only on what the plan was made for.
                    self._require(change, self._asking())
            else:
                return True

    def _proved(self, change: Change) -> bool:
        return all_held(self._asking().prove(change.proof))

    def _await_proof(self, change: Change, at_most_s: int | None = None) -> None:
        self._await(change, lambda asking: asking.prove(change.proof), POLL_S, at_most_s)

    def _await_effect(self, change: Change) -> None:
        self._await(change, lambda asking: asking.judge_all(change.proof.effective), EFFECTIVE_POLL_S)

    def _await(self, change: Change, judge: Judge, every_s: float, at_most_s: int | None = None) -> None:
        within_s = change.proof.within_s if at_most_s is None else min(at_most_s, change.proof.within_s)
        deadline = self._clock.now() + within_s
        while True:
            asking = self._asking()
            results = judge(asking)
            missing = [result for result in results if not result.held]
            if not missing:
                return
            self._heed_failure(change, asking)
            left_s = deadline - self._clock.now()
            if left_s <= 0:
                self._journal.record(change.id, "unproved", [r.model_dump(mode="json") for r in missing])
                raise unseen_error(self._plan.id, change, missing[0], within_s)
            self._progress(f"{change.title}: waiting for: {missing[0].says} (at most {span(left_s)})")
            self._clock.sleep(min(every_s, left_s))
            every_s = min(every_s * POLL_GROWTH, POLL_AT_MOST_S)
            self._heed_stop()

    def _heed_failure(self, change: Change, asking: Asking) -> None:
        """Give up waiting for what has failed for good, as the look tells that did not find the proof.

        What a wait expects no longer holds, or what has to be so for the proof of a call to come at all.
        """
        if change.kind != "wait":
            never = [one for one in asking.judge_all(change.proof.possible) if not one.held]
            if never:
                raise self._drift(change, never)
            return
        broken = broken_of(change, asking)
        if broken and change.goes_back:
            self._go_back(change, f"{broken[0].says} does not hold: {short(broken[0].found)}")
        self._require(change, asking)

    def _heed_stop(self) -> None:
        if self._stopping():
            raise Interrupted(
                "interrupted; the call in flight was completed and journalled",
                run_command("resume", self._plan.id),
            )

    def _asking(self) -> Asking:
        return Asking(self._aws, self._outputs)
