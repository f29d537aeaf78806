"""Plans that were shown and not applied: kept in the state directory until they have expired, or saved here."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from opsctl.model.commands import command_line
from opsctl.model.errors import InvalidInput
from opsctl.model.plan import Plan
from opsctl.render.inert import visible
from opsctl.wiring import kept_plan, kept_plans
from opsctl.workflow.plan_files import save_plan

_FORGOTTEN_AFTER_S = 7 * 86_400


def keep(plan: Plan, reached_by: Sequence[str]) -> str:
    """Keep a plan, and return the command that carries it out; nothing where there is nothing to carry out.

    An undo is made anew, of what its run has made by then: no file could say that.

    Raises:
        InvalidInput: it cannot be kept.
    """
    if not plan.changes:
        return ""
    if plan.undo_of:
        return command_line(reached_by, "undo", plan.undo_of)
    directory = kept_plans()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _forget_old(directory)
        save_plan(plan, kept_plan(plan.id))
    except (OSError, InvalidInput) as fault:
        why = fault.strerror if isinstance(fault, OSError) else fault.summary
        raise InvalidInput.one(f"the plan was not kept in {directory}: {why}", source="OPSCTL_STATE_DIR") from None
    return _applying(plan, plan.id, reached_by)


def kept_or_told(plan: Plan, reached_by: Sequence[str]) -> str:
    """Keep a plan that is only shown; returns the command that carries it out, or says why there is none."""
    try:
        return keep(plan, reached_by)
    except InvalidInput as fault:
        sys.stderr.write(f"note: {visible(fault.summary)}; --out FILE saves it elsewhere\n")
        return ""


def kept_words(plan: Plan, reached_by: Sequence[str]) -> str:
    """Keep a plan that was not approved, and say how it is carried out later, or why it cannot be."""
    try:
        command = keep(plan, reached_by)
    except InvalidInput as fault:
        return f"{fault.summary}; plan again with --out FILE to save it elsewhere"
    return f"to be asked again: {command}" if plan.undo_of else f"the plan is kept; to apply it: {command}"


def saved_words(plan: Plan, reached_by: Sequence[str]) -> str:
    """Write a plan into the working directory, and say how it is carried out; nothing where that fails."""
    if plan.undo_of:
        return f"an undo is made anew when it is asked for, and not saved: {keep(plan, reached_by)}"
    name = f"{plan.playbook.name}-{plan.id}.json"
    try:
        save_plan(plan, Path(name))
    except InvalidInput:
        return ""
    return f"saved; it is applied with: {_applying(plan, name, reached_by)}"


def _applying(plan: Plan, what: str, reached_by: Sequence[str]) -> str:
    return command_line(reached_by, "apply", what, "--digest", plan.short_digest)


def _forget_old(directory: Path) -> None:
    oldest = time.time() - _FORGOTTEN_AFTER_S
    for path in directory.iterdir():  # also what a process that was killed had begun to write
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
