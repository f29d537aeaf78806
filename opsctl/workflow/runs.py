"""Carrying a plan out as a run, resuming it, and verifying it."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime

from opsctl.execution.asking import Asking
from opsctl.execution.choosing import as_made, choose
from opsctl.execution.executor import Executor
from opsctl.execution.inverse import references_of, undone_change
from opsctl.execution.not_as_planned import drift_error
from opsctl.model.changes import Change
from opsctl.model.commands import run_command
from opsctl.model.errors import Drifted, OpsctlError, Unproved
from opsctl.model.exits import Exit
from opsctl.model.jobs import Checkpoint, JobResult, Tools
from opsctl.model.plan import Plan
from opsctl.model.report import CheckResult, Evidence, JournalEvent, RunStatus
from opsctl.workflow.checking import check_whole, now
from opsctl.workflow.run_context import RunContext
from opsctl.workflow.undo_plans import refuse_half_undone, refuse_stale, refuse_undone, superseded

STATUS_OF_EXIT: dict[Exit, RunStatus] = {
    Exit.DRIFTED: "drifted",
    Exit.UNPROVED: "unproved",
    Exit.INTERRUPTED: "interrupted",
}


def refuse_drift(plan: Plan, context: RunContext) -> tuple[Change, ...]:
    """Read again what the plan expects, without changing anything; returns the changes that are made already.

    Raises:
        Drifted: the account no longer matches the plan.
    """
    found = _executor(plan, context).compared()
    if found.drifted:
        change, broken = found.drifted[0]
        error = drift_error(change, broken)
        raise Drifted(error.summary, error.hint)
    return tuple(found.already)


def start_run(plan: Plan, context: RunContext) -> tuple[CheckResult, ...]:
    """Carry a new plan out, then check the whole; returns the checks, raises what ends the run badly.

    An undo holds the run it undoes as well, and is only good for what that run had done when it was planned.

    Raises:
        RefusedByGuard: the plan was used before, or the run is being worked on.
        Drifted, Unproved, AwsRefused, OutcomeUnknown, Interrupted: see `Executor.apply`; journalled.
    """
    with _claimed(plan, context):
        if plan.undo_of:
            refuse_stale(plan, context)
        context.journal.begin(plan)
        return _carry_out(plan, context)


def resume_run(plan: Plan, context: RunContext) -> tuple[CheckResult, ...]:
    """Carry a run on from wherever it stopped: what is already so is skipped; otherwise as `start_run`.

    Raises:
        RefusedByGuard: the run was undone, wholly or in part, or is being worked on.
    """
    with _claimed(plan, context):
        refuse_undone(plan.id, context.journal.undone_by(plan.id))
        refuse_half_undone(plan.id, context.journal.undo_begun(plan.id))
        context.journal.set_status(plan.id, "running")
        return _carry_out(plan, context)


@contextmanager
def _claimed(plan: Plan, context: RunContext) -> Iterator[None]:
    """Hold a run, and the run that it undoes: nobody goes on with what is being taken back."""
    undone = context.journal.claim(plan.undo_of) if plan.undo_of else nullcontext()
    with context.journal.claim(plan.id), undone:
        yield


def proofs_of(plan: Plan, context: RunContext) -> dict[str, tuple[CheckResult, ...]]:
    """Ask every change's proof again, now, by change id.

    What was kept for others or taken back proves nothing, nor does a state that is only gone through, or that a
    later change of the run started from. A job is proved by its result in the journal: no read shows what it did.
    """
    asking = Asking(context.aws, references_of(plan))
    journal = context.journal.of_run(plan.id)
    made = [choose(one, asking) or one for one in as_made(plan, context.journal.events(plan.id)).changes]
    return {
        change.id: _proof_of(change, journal.last(change.id), asking)
        for number, change in enumerate(made)
        if journal.last(change.id) not in ("kept", "reverted") and not change.proof.passing
        if not superseded(change, made[number + 1 :])
    }


def _proof_of(change: Change, last: JournalEvent | None, asking: Asking) -> tuple[CheckResult, ...]:
    if change.kind == "job":
        return (CheckResult(says="the job reported that it finished", held=last == "done"),)
    return (*asking.prove(change.proof), *asking.judge_all(change.proof.effective))


def verify_run(plan: Plan, context: RunContext) -> Evidence:
    """Ask every proof and check of a run again, now, and record what was found."""
    proofs = proofs_of(plan, context)
    asked_at = now(context)
    dated = {
        change_id: tuple(result.model_copy(update={"at": asked_at}) for result in results)
        for change_id, results in proofs.items()
    }
    evidence = check_whole(plan, context, wait=False).model_copy(update={"proofs": dated})
    context.journal.add_evidence(plan.id, evidence)
    return evidence


def _carry_out(plan: Plan, context: RunContext) -> tuple[CheckResult, ...]:
    try:
        _executor(plan, context).apply()
        evidence = check_whole(plan, context, wait=True)
        if evidence.checks:
            context.journal.add_evidence(plan.id, evidence)
        broken = [result for result in evidence.checks if not result.held]
        if broken:
            raise Unproved(
                f"applied, but a check does not hold: {broken[0].says}: {'; '.join(broken[0].found)}",
                _what_to_do(plan),
            )
    except OpsctlError as error:
        status = STATUS_OF_EXIT.get(error.exit_code, "failed")
        context.journal.set_status(plan.id, status, error.summary)
        raise
    except KeyboardInterrupt:
        context.journal.set_status(plan.id, "interrupted", "stopped at once by a second Ctrl-C")
        raise
    context.journal.set_status(plan.id, "done")
    return evidence.checks


def _what_to_do(plan: Plan) -> str:
    if plan.unaccepted:
        accepted = " ".join(f"--accept {name}" for name in plan.unaccepted)
        return f"if that is intended, plan again with: {accepted}"
    return f"{run_command('verify', plan.id)}, or {run_command('undo', plan.id)}"


def _executor(plan: Plan, context: RunContext) -> Executor:
    journal = context.journal.of_run(plan.id)
    return Executor(
        plan,
        context.aws,
        journal,
        context.clock,
        context.progress,
        context.stopping,
        lambda change: _run_job(change, plan, context),
    )


def _run_job(change: Change, plan: Plan, context: RunContext) -> JobResult:
    job = context.registry.jobs[change.operation].model_validate(change.params)
    return job.run(
        Tools(
            aws=context.aws,
            queues=context.queues,
            checkpoint=_checkpoint(change, plan, context),
            clock=context.clock,
            progress=context.progress,
            stopping=context.stopping,
            called_at=lambda api: _called_at(api, plan, context),
            probe=context.probe,
            request=context.request,
            stored=context.stored,
            commands=context.about.commands,
        )
    )


def _checkpoint(change: Change, plan: Plan, context: RunContext) -> Checkpoint:
    """The job's own; one that takes back a job of another run goes on from what that run had in hand."""
    if plan.undo_of:
        return context.journal.checkpoint(plan.undo_of, undone_change(change.id))
    return context.journal.checkpoint(plan.id, change.id)


def _called_at(api: str, plan: Plan, context: RunContext) -> float | None:
    """Tell when a run last set out to call an API, from the journal."""
    ids = {change.id for change in plan.changes if change.api == api}
    events = [one for one in context.journal.events(plan.id) if one.change in ids and one.event == "intent"]
    return datetime.fromisoformat(events[-1].at).timestamp() if events else None
