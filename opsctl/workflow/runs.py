"""Carrying a plan out as a run, resuming it, verifying it, and making the plan that undoes it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Protocol

from opsctl import __version__
from opsctl.execution.asking import Asking
from opsctl.execution.executor import Executor, drift_error
from opsctl.execution.inverse import inverse_of, irreversible_in, references_of
from opsctl.expressions.evaluate import evaluate
from opsctl.model.changes import Change
from opsctl.model.errors import Drifted, OpsctlError, RefusedByGuard, Unproved
from opsctl.model.exits import Exit
from opsctl.model.jobs import Checkpoint, JobResult, Tools, Wire
from opsctl.model.plan import Finding, Plan, PlanCheck, Policies
from opsctl.model.ports import Aws, Reader, RunJournal
from opsctl.model.registry import Registry
from opsctl.model.report import CheckResult, EventRow, RunStatus
from opsctl.model.run import Clock, Context, Progress
from opsctl.planning.facts import look_up
from opsctl.planning.guards import as_evidence
from opsctl.planning.iam import policy_for_changes

CHECK_POLL_S = 5.0

STATUS_OF_EXIT: dict[Exit, RunStatus] = {
    Exit.DRIFTED: "drifted",
    Exit.UNPROVED: "unproved",
    Exit.INTERRUPTED: "interrupted",
}


class Journals(Protocol):
    """What running needs of the journal."""

    def begin(self, plan: Plan) -> None:
        """Record a new run; a plan is used once."""

    def set_status(self, run_id: str, status: RunStatus, message: str = "") -> None:
        """Record how a run stands."""

    def of_run(self, run_id: str) -> RunJournal:
        """The records of one run."""
        ...

    def events(self, run_id: str) -> list[EventRow]:
        """Everything recorded of one run, oldest first."""
        ...

    def checkpoint(self, run_id: str, change_id: str) -> Checkpoint:
        """What a job of a run has in hand."""
        ...

    def claim(self, run_id: str) -> AbstractContextManager[None]:
        """Hold a run against other processes."""
        ...


class Workbench:
    """Everything a run needs from outside, handed in once."""

    def __init__(
        self,
        *,
        aws: Aws,
        fresh_reader: Callable[[], Reader],
        journal: Journals,
        registry: Registry,
        about: Context,
        clock: Clock,
        progress: Progress,
        stopping: Callable[[], bool],
        queues: Callable[[str], Wire],
        probe: Callable[[str], str],
    ) -> None:
        self.queues = queues
        self.probe = probe
        self.aws = aws
        self.fresh_reader = fresh_reader
        self.journal = journal
        self.registry = registry
        self.about = about
        self.clock = clock
        self.progress = progress
        self.stopping = stopping


def refuse_drift(plan: Plan, bench: Workbench) -> None:
    """Read again what the plan expects, without changing anything.

    Raises:
        Drifted: the account no longer matches the plan.
    """
    drifted = _executor(plan, bench).drifted()
    if drifted:
        change, broken = drifted[0]
        error = drift_error(change, broken)
        raise Drifted(error.summary, error.hint)


def start_run(plan: Plan, bench: Workbench) -> tuple[CheckResult, ...]:
    """Carry a new plan out, then check the whole; returns the checks, raises what ends the run badly.

    Raises:
        RefusedByGuard: the plan was used before.
        Drifted, Unproved, AwsRefused, OutcomeUnknown, Interrupted: see `Executor.apply`; journalled.
    """
    with bench.journal.claim(plan.id):
        bench.journal.begin(plan)
        return _carry_out(plan, bench)


def resume_run(plan: Plan, bench: Workbench) -> tuple[CheckResult, ...]:
    """Carry a run on from wherever it stopped: what is already so is skipped; otherwise as `start_run`."""
    with bench.journal.claim(plan.id):
        bench.journal.set_status(plan.id, "running")
        return _carry_out(plan, bench)


def refuse_undone(run_id: str, undone_by: str) -> None:
    """Refuse to go on with a run that was undone; raises RefusedByGuard."""
    if undone_by:
        raise RefusedByGuard(
            f"run {run_id} was undone by run {undone_by}; nothing was changed",
            f"opsctl runs show {undone_by}",
        )


def undo_plan(plan: Plan, bench: Workbench) -> Plan:
    """Return the plan that takes a run back: what it set out to do, newest first, and nothing else.

    Raises:
        RefusedByGuard: the run did nothing that can be taken back, or is itself an undo.
    """
    if plan.undo_of:
        raise RefusedByGuard(
            f"run {plan.id} is itself the undo of run {plan.undo_of}; nothing was changed",
            f"plan anew to have it again; opsctl undo {plan.undo_of} takes the rest back if this one did not end",
        )
    intended = bench.journal.of_run(plan.id).intended()
    changes = inverse_of(plan, intended)
    if not changes:
        raise RefusedByGuard(f"run {plan.id} made no change that can be undone; nothing was changed")
    created = datetime.fromtimestamp(bench.clock.now(), UTC)
    expires = created + timedelta(seconds=bench.about.settings.plan_expires_s)
    policy = policy_for_changes(changes, bench.about.identity)
    return plan.model_copy(
        update={
            "id": bench.about.plan_id,
            "digest": "",
            "created": _utc(created),
            "expires": _utc(expires),
            "opsctl_version": __version__,
            "title": f"Undo of run {plan.id}: {plan.title}",
            "caller": bench.about.identity.arn,
            "reached_by": bench.about.identity.reached_by,
            "configuration": bench.about.settings.sources,
            "facts": {},
            "paths": None,
            "sections": (),
            "warnings": _final(plan, intended),
            "changes": changes,
            "checks": (),
            "outputs": {},
            "next": (),
            "notes": "",
            "undo_of": plan.id,
            "references": references_of(plan),
            "iam_policy": Policies(plan=plan.iam_policy.plan, apply=policy),
        }
    ).sealed()


def _final(plan: Plan, intended: Sequence[str]) -> tuple[Finding, ...]:
    """Tell which changes of a run stay, because they were approved as having no undo."""
    kept = irreversible_in(plan, intended)
    evidence = tuple(f"{change.title}: {because}" for change, because in kept)
    return (Finding(id="stays", because="these changes cannot be undone", evidence=evidence),) if kept else ()


def proofs_of(plan: Plan, bench: Workbench) -> dict[str, tuple[CheckResult, ...]]:
    """Ask every change's proof again, now, by change id.

    What was kept for others proves nothing, nor does a state that is only gone through, or that a later change of
    the run started from.
    """
    asking = Asking(bench.aws, references_of(plan))
    journal = bench.journal.of_run(plan.id)
    return {
        change.id: asking.judge_all((*change.proof.configured, *change.proof.effective))
        for number, change in enumerate(plan.changes)
        if journal.last(change.id) != "kept" and not change.proof.passing
        if not _superseded(change, plan.changes[number + 1 :])
    }


def _superseded(change: Change, later: Sequence[Change]) -> bool:
    """Tell whether a later change alters what this one made: it expects exactly what this one proves."""
    altered = [check for one in later for check in one.expect if not check.context]
    return all(check in altered for check in change.proof.configured)


def check_whole(plan: Plan, bench: Workbench, *, wait: bool) -> tuple[CheckResult, ...]:
    """Evaluate the playbook's checks on fresh facts; with `wait`, until they hold or their time is over."""
    return tuple(_check(check, plan, bench, wait=wait) for check in plan.checks)


def _carry_out(plan: Plan, bench: Workbench) -> tuple[CheckResult, ...]:
    try:
        _executor(plan, bench).apply()
        checks = check_whole(plan, bench, wait=True)
        broken = [result for result in checks if not result.held]
        if broken:
            raise Unproved(
                f"applied, but a check does not hold: {broken[0].says}: {broken[0].found}",
                f"opsctl verify {plan.id}, or opsctl undo {plan.id}",
            )
    except OpsctlError as error:
        status = STATUS_OF_EXIT.get(error.exit_code, "failed")
        bench.journal.set_status(plan.id, status, error.summary)
        raise
    except KeyboardInterrupt:
        bench.journal.set_status(plan.id, "interrupted", "left at once by a second Ctrl-C")
        raise
    bench.journal.set_status(plan.id, "done")
    return checks


def _check(check: PlanCheck, plan: Plan, bench: Workbench, *, wait: bool) -> CheckResult:
    deadline = bench.clock.now() + (check.within_s if wait else 0)
    while True:
        facts = look_up(check.facts, bench.fresh_reader(), bench.about, bench.registry)
        scope = {"inputs": plan.inputs, "facts": facts}
        found = as_evidence(evaluate(check.none, scope))
        left_s = deadline - bench.clock.now()
        if not found or left_s <= 0 or bench.stopping():
            return CheckResult(
                says=f"{check.id}: {check.because}" if found else check.id,
                held=not found,
                expected="nothing",
                found=list(found),
                shown=as_evidence(evaluate(check.shows, scope)) if check.shows else (),
            )
        bench.progress(f"check {check.id}: not yet for {', '.join(found[:3])} (at most {left_s:.0f} s)")
        bench.clock.sleep(min(CHECK_POLL_S, left_s))


def _executor(plan: Plan, bench: Workbench) -> Executor:
    journal = bench.journal.of_run(plan.id)
    return Executor(
        plan,
        bench.aws,
        journal,
        bench.clock,
        bench.progress,
        bench.stopping,
        lambda change: _run_job(change, plan, bench),
    )


def _run_job(change: Change, plan: Plan, bench: Workbench) -> JobResult:
    job = bench.registry.jobs[change.operation].model_validate(change.params)
    return job.run(
        Tools(
            aws=bench.aws,
            queues=bench.queues,
            checkpoint=bench.journal.checkpoint(plan.id, change.id),
            clock=bench.clock,
            progress=bench.progress,
            stopping=bench.stopping,
            called_at=lambda api: _called_at(api, plan, bench),
            probe=bench.probe,
        )
    )


def _called_at(api: str, plan: Plan, bench: Workbench) -> float | None:
    """Tell when a run last set out to call an API, from the journal."""
    ids = {change.id for change in plan.changes if change.api == api}
    events = [one for one in bench.journal.events(plan.id) if one.change in ids and one.event == "intent"]
    return datetime.fromisoformat(events[-1].at).timestamp() if events else None


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
