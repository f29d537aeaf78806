"""The plan that takes a run back, and when a run may no longer be gone on with."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from opsctl import __version__
from opsctl.execution.asking import Asking, NotThere, missing_of
from opsctl.execution.choosing import as_made
from opsctl.execution.inverse import inverse_of, irreversible_in, references_of
from opsctl.model.changes import Change, Check, Irreversible
from opsctl.model.commands import run_command
from opsctl.model.errors import AwsRefused, Drifted, OpsctlError, RefusedByGuard
from opsctl.model.networks import plain_addresses
from opsctl.model.plan import Finding, Plan, Policies
from opsctl.model.sentences import first_few
from opsctl.model.spans import utc
from opsctl.model.write_backs import documents_of, require_whole
from opsctl.planning.iam import policy_for_changes
from opsctl.planning.least_risk import no_less_severe
from opsctl.planning.run_fetching import run_fetching
from opsctl.workflow.run_context import RunContext
from opsctl.workflow.undo_warnings import warnings_of_undo


def undo_plan(plan: Plan, context: RunContext) -> Plan:
    """Return the plan that takes a run back: what it set out to do, newest first, and nothing else.

    A run that was undone is asked for its proofs: only where something of it is there is it undone again.

    Raises:
        RefusedByGuard: the run did nothing that can be taken back, is itself an undo, or is undone.
    """
    if plan.undo_of:
        rest = run_command("undo", plan.undo_of)
        raise RefusedByGuard(
            f"run {plan.id} is itself the undo of run {plan.undo_of}; nothing was changed",
            f"plan again to redo it; {rest} finishes this undo if it did not complete",
        )
    plan = as_made(plan, context.journal.events(plan.id))
    intended = context.journal.of_run(plan.id).intended()
    theirs = _made_again(plan, intended, context)
    inverse = inverse_of(plan, [change_id for change_id in intended if change_id not in theirs])
    # The inverse of a harmless call may stop an instance: whoever wrote it may have written that, too.
    changes = tuple(no_less_severe(change) for change in inverse)
    undone_by = context.journal.undone_by(plan.id, wholly=True)
    if undone_by and not _left(plan, changes, context):
        refuse_undone(plan.id, undone_by)
    if not changes:
        raise RefusedByGuard(f"run {plan.id} made no change that can be undone; nothing was changed")
    references = references_of(plan)
    unsettled = _unsettled(changes, Asking(context.aws, references))
    run_fetching(require_whole(documents_of(unsettled)), context.fresh_reader())
    created = datetime.fromtimestamp(context.clock.now(), UTC)
    expires = created + timedelta(seconds=context.about.settings.plan_expires_s)
    # Who may delete need not be allowed to create: an undo is not taken back itself.
    once = [change.model_copy(update={"undo": Irreversible(because="it is an undo")}) for change in changes]
    policy = policy_for_changes(once, context.about.identity, references)
    return plan.model_copy(
        update={
            "id": context.about.plan_id,
            "digest": "",
            "created": utc(created),
            "expires": utc(expires),
            "opsctl_version": __version__,
            "title": f"Undo of run {plan.id}: {plan.title}",
            "caller": context.about.identity.arn,
            "reached_by": context.about.identity.reached_by,
            "configuration": context.about.settings.sources,
            "facts": {},
            "paths": None,
            "evidence": None,
            "sections": (),
            "warnings": (
                *_final(plan, intended),
                *_taken_over(plan, theirs),
                *_gone_already(changes, Asking(context.aws, references)),
                *_once_more(plan.id, undone_by),
                *warnings_of_undo(plan, context),
            ),
            "changes": changes,
            "checks": (),
            "outputs": {},
            "next": (),
            "notes": "",
            "undo_of": plan.id,
            "undo_warnings": (),
            "references": references,
            "iam_policy": Policies(plan=plan.iam_policy.plan, apply=policy),
        }
    ).sealed()


def _unsettled(changes: Sequence[Change], asking: Asking) -> list[Change]:
    """Return the edits that have something to do, with what the run made in place of references to it."""
    found = []
    for change in changes:
        if change.edit is None:
            continue
        # What cannot be asked now is settled when it is carried out.
        with suppress(NotThere, AwsRefused):
            if all(result.held for result in asking.prove(change.proof)):
                continue
            read = change.edit.read.model_copy(update={"params": asking.resolve(change.edit.read.params)})
            found.append(change.model_copy(update={"edit": change.edit.model_copy(update={"read": read})}))
    return found


def refuse_stale(undo: Plan, context: RunContext) -> None:
    """Refuse an undo that was planned of less, or of more, than its run has made by now.

    To be asked while the run is held: what a resume adds after the undo was planned would never be taken back.

    Raises:
        Drifted: the run went on, or was undone, since the undo was planned.
    """
    plan = context.journal.plan(undo.undo_of)
    try:
        now = undo_plan(plan, context).changes
    except RefusedByGuard as refused:
        raise Drifted(f"this undo is no longer needed: {refused.summary}", refused.hint) from None
    if now != undo.changes:
        raise Drifted(
            f"run {plan.id} was resumed after its undo was planned; nothing was changed",
            run_command("undo", plan.id),
        )


def refuse_undone(run_id: str, undone_by: str) -> None:
    """Refuse to go on with a run that was undone; raises RefusedByGuard."""
    if undone_by:
        raise RefusedByGuard(
            f"run {run_id} was undone by run {undone_by}; nothing was changed",
            run_command("runs show", undone_by),
        )


def refuse_half_undone(run_id: str, undo_id: str) -> None:
    """Refuse to go on with a run of which a part was taken back: it would be told as done without that part."""
    if undo_id:
        raise RefusedByGuard(
            f"run {undo_id} started to undo run {run_id} and did not finish; nothing was changed",
            f"{run_command('resume', undo_id)} finishes it; then plan again",
        )


def superseded(change: Change, later: Sequence[Change]) -> bool:
    """Tell whether a later change alters what this one made: it expects exactly what this one proves."""
    altered = [check for one in later for check in one.expect if not check.context]
    return bool(change.proof.configured) and all(check in altered for check in change.proof.configured)


def _left(plan: Plan, changes: Sequence[Change], context: RunContext) -> bool:
    """Tell whether anything is there that these inverse changes would take back."""
    asking = Asking(context.aws, references_of(plan))
    return any(
        not all(result.held for result in asking.prove(change.proof))
        and all(result.held for result in asking.judge_all(change.only_if))
        for number, change in enumerate(changes)
        if change.kind != "job" and not change.proof.passing and not superseded(change, changes[number + 1 :])
    )


def _made_again(plan: Plan, intended: Sequence[str], context: RunContext) -> set[str]:
    """Return the changes of a run that a later run found gone and made anew: they are that run's to undo."""
    proofs: list[tuple[Check, ...]] = []
    for row in context.journal.runs():
        if row.id == plan.id:
            break
        there = (row.account, row.region) == (plan.account, plan.region)
        if there and not row.undo_of and not context.journal.undone_by(row.id):
            with suppress(OpsctlError):  # of another version of opsctl: nothing is known of it
                later = as_made(context.journal.plan(row.id), context.journal.events(row.id))
                records = context.journal.of_run(row.id)
                made = [one for one in records.intended() if records.last(one) not in ("failed", "drifted")]
                proofs += [later.change(one).proof.configured for one in made]
    return {one for one in intended if plan.change(one).proof.configured in (proof for proof in proofs if proof)}


def _final(plan: Plan, intended: Sequence[str]) -> tuple[Finding, ...]:
    """Tell which changes of a run stay, because they were approved as having no undo."""
    kept = irreversible_in(plan, intended)
    lasting = [(one, one.lasting) for one in map(plan.change, intended) if one.lasting]
    evidence = tuple(f"{change.title}: {because}" for change, because in (*kept, *lasting))
    because = (
        "these changes cannot be undone" if kept or not lasting else ("these changes can only be undone in part")
    )
    return (Finding(id="stays", because=because, evidence=evidence),) if evidence else ()


def _taken_over(plan: Plan, theirs: set[str]) -> tuple[Finding, ...]:
    titles = tuple(change.title for change in plan.changes if change.id in theirs)
    because = "a later run created these again, and only its undo removes them"
    return (Finding(id="made-again", because=because, evidence=titles),) if titles else ()


def _gone_already(changes: Sequence[Change], asking: Asking) -> tuple[Finding, ...]:
    """Tell what of a change is not there any more, where the rest of it is."""
    evidence: list[str] = []
    for change in changes:
        for check in change.expect:
            if check.op == "meets" and check.networks:
                with suppress(NotThere, AwsRefused):
                    wanted = asking.resolve(check.value)
                    missing = missing_of(check, wanted, asking.find(check))
                    if missing and len(missing) < len(wanted):
                        evidence.append(f"{change.title}: {first_few(missing, 5, shown=plain_addresses)}")
    because = "somebody took this back meanwhile; what is left of it is taken back now"
    return (Finding(id="gone-already", because=because, evidence=tuple(evidence)),) if evidence else ()


def _once_more(run_id: str, undone_by: str) -> tuple[Finding, ...]:
    if not undone_by:
        return ()
    because = "this run was undone before, but what it made exists again"
    return (Finding(id="undone-before", because=because, evidence=(f"run {undone_by} undid run {run_id}",)),)
