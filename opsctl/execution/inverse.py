"""The inverse of a plan: undo is itself a list of changes, newest first."""

from collections.abc import Sequence

from opsctl.execution.undo_titles import undo_title
from opsctl.model.changes import Change, Check, Instruction, Irreversible, Proof, Query
from opsctl.model.plan import Plan


def inverse_of(plan: Plan, intended: Sequence[str]) -> tuple[Change, ...]:
    """Return the changes that take back what a run set out to do.

    Only changes whose intent was journalled are inverted: what was so before the run stays. An intent that
    never reached AWS is harmless: the inverse change finds its proof already true and is skipped. What has to be
    settled first comes right before the inverse change.
    """
    done = [plan.change(change_id) for change_id in intended]
    order = {change.id: number for number, change in enumerate(plan.changes)}
    done.sort(key=lambda change: order[change.id], reverse=True)
    kept = {change.id for change in done if isinstance(_undo(change), Instruction)}
    users: dict[str, list[str]] = {}
    for change in done:
        for needed in change.depends_on:
            users.setdefault(needed, []).append(change.id)
    return tuple(
        one
        for change in done
        for undo in [_undo(change)]
        if isinstance(undo, Instruction)
        for one in _settled_and_inverse(
            change, undo, tuple(_undo_id(user) for user in users.get(change.id, []) if user in kept)
        )
    )


def irreversible_in(plan: Plan, intended: Sequence[str]) -> tuple[tuple[Change, str], ...]:
    """List the changes of a run that cannot be undone, with the reason given at review."""
    changes = [plan.change(change_id) for change_id in intended]
    final = [(change, _undo(change)) for change in changes]
    return tuple(
        (change, undo.because) for change, undo in final if isinstance(undo, Irreversible) and not undo.only_reads
    )


def references_of(plan: Plan) -> dict[str, Query]:
    """Return every output of a plan by its reference, so that the inverse still finds what was made."""
    every = [one for change in plan.changes for one in (change, *change.undo_first)]
    made = {f"{one.id}.{name}": query for one in every for name, query in one.outputs.items()}
    return plan.references | made


def undone_change(change_id: str) -> str:
    """Return the id of the change that an inverse change takes back."""
    return change_id.removeprefix("undo:")


def _undo(change: Change) -> Instruction | Irreversible:
    """Return how a change is taken back; what no read could show afterwards is not undone at all."""
    if isinstance(change.undo, Instruction) and change.undo.kind != "job" and not _proof(change).can_fail:
        return Irreversible(because="no read can show whether it was undone")
    return change.undo


def _proof(change: Change) -> Proof:
    """What was expected before the change is so again, and what the change made is there no more."""
    return Proof(
        configured=tuple(check for check in change.expect if not check.context),
        gone=() if change.undo_leaves_it or _is_inverse(change.id) else _made(change),
        possible=change.proof.possible,
        within_s=change.proof.within_s,
        passing=change.undo_passing,
    )


def _made(change: Change) -> tuple[Check, ...]:
    """Return what the change itself made, without what only has to be so besides."""
    return tuple(check for check in change.proof.configured if not check.context) or change.proof.configured


def _settled_and_inverse(change: Change, undo: Instruction, depends_on: tuple[str, ...]) -> list[Change]:
    """Each of what comes first waits for the one before it, and the inverse change for all of them."""
    ordered: list[Change] = []
    for one in change.undo_first:
        ordered.append(one.model_copy(update={"depends_on": depends_on, "origin": change.origin}))
        depends_on = (*depends_on, one.id)
    return [*ordered, _inverse(change, undo, depends_on)]


def _inverse(change: Change, undo: Instruction, depends_on: tuple[str, ...]) -> Change:
    return Change(
        **dict(undo),
        id=_undo_id(change.id),
        title=undo_title(change.title),
        why=f"reverts what this run did: {change.title}",
        expect=change.undo_expect or _made(change),
        proof=_proof(change),
        undo=Instruction(**{name: getattr(change, name) for name in Instruction.model_fields}),
        risk=change.undo_risk or change.risk,
        undo_risk=change.risk if change.undo_risk else None,
        depends_on=depends_on,
        only_if=change.undo_only_if,
        undo_only_if=change.only_if,
        origin=change.origin,
    )


def _is_inverse(change_id: str) -> bool:
    return change_id.startswith("undo:")


def _undo_id(change_id: str) -> str:
    return undone_change(change_id) if _is_inverse(change_id) else f"undo:{change_id}"
