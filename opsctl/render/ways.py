"""Finds the ways in inside a plan, whichever playbook made it."""

from pydantic import ValidationError

from opsctl.block.decision import Decision
from opsctl.model.plan import Plan


def decision_of(plan: Plan) -> Decision | None:
    """Return the plan's `paths` as a decision, or None when the playbook has none of that shape."""
    if plan.paths is None:
        return None
    try:
        return Decision.model_validate(plan.paths)
    except ValidationError:
        return None
