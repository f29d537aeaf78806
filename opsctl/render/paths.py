"""Finds the ways in inside a plan, whichever playbook made it."""

from pydantic import ValidationError

from opsctl.model.paths import Paths
from opsctl.model.plan import Plan
from opsctl.model.report import Report
from opsctl.model.value import Json


def paths_of(plan: Plan) -> Paths | None:
    """Return the plan's `paths`, or None when the playbook has none of that shape."""
    return _paths(plan.paths)


def paths_after(report: Report) -> tuple[str, Paths] | None:
    """Return the ways in as they were last seen after a run, and when that was; None when nobody looked."""
    for evidence in reversed(report.evidence):
        paths = _paths(evidence.paths)
        if paths is not None:
            return evidence.at, paths
    return None


def _paths(value: Json) -> Paths | None:
    if value is None:
        return None
    try:
        return Paths.model_validate(value)
    except ValidationError:
        return None
