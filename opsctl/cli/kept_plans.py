"""Plans that were shown and not applied: kept in the state directory until they have expired, or saved here."""

import time
from collections.abc import Sequence
from pathlib import Path

from opsctl.model.commands import command_line
from opsctl.model.errors import InvalidInput
from opsctl.model.plan import Plan
from opsctl.wiring import kept_plan, kept_plans
from opsctl.workflow.plan_files import save_plan

_FORGOTTEN_AFTER_S = 7 * 86_400


def keep(plan: Plan, reached_by: Sequence[str]) -> str:
    """Keep a plan, and return the command that carries it out; nothing where it cannot be kept.

    An undo is made anew, of what its run has made by then: no file could say that.
    """
    if plan.undo_of:
        return command_line(reached_by, "undo", plan.undo_of)
    directory = kept_plans()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _forget_old(directory)
        save_plan(plan, kept_plan(plan.id))
    except (OSError, InvalidInput):
        return ""
    return _applying(plan, plan.id, reached_by)


def kept_words(plan: Plan, reached_by: Sequence[str]) -> str:
    """Keep a plan, and say how it is carried out later."""
    command = keep(plan, reached_by)
    if plan.undo_of:
        return f"to be asked again: {command}"
    return f"the plan is kept; to apply it: {command}" if command else ""


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
    for path in directory.glob("*.json"):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
