"""Finds the ways in inside a plan, whichever playbook made it."""

from pydantic import ValidationError

from opsctl.model.paths import Paths
from opsctl.model.plan import Plan


def paths_of(plan: Plan) -> Paths | None:
    """Return the plan's `paths`, or None when the playbook has none of that shape."""
    if plan.paths is None:
        return None
    try:
        return Paths.model_validate(plan.paths)
    except ValidationError:
        return None
