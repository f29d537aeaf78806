"""What the plan that takes a run back warns of: facts of its playbook, looked up when the undo is planned."""

from opsctl.expressions.evaluate import ExpressionFault, evaluate
from opsctl.model.errors import OpsctlError
from opsctl.model.plan import Finding, Plan, UndoWarning
from opsctl.planning.facts import look_up
from opsctl.planning.guards import as_evidence
from opsctl.workflow.run_context import RunContext


def warnings_of_undo(plan: Plan, context: RunContext) -> tuple[Finding, ...]:
    """Return what is found; what cannot be told is said, and keeps nobody from undoing."""
    found = [_finding(one, plan, context) for one in plan.undo_warnings]
    return tuple(one for one in found if one.evidence)


def _finding(one: UndoWarning, plan: Plan, context: RunContext) -> Finding:
    try:
        facts = look_up(one.facts, context.fresh_reader(), context.about, context.registry)
        evidence = as_evidence(evaluate(one.warn, {"inputs": plan.inputs, "facts": facts}))
    except (OpsctlError, ExpressionFault) as fault:
        evidence = (f"cannot tell: {fault}",)
    return Finding(id=one.id, because=one.because, evidence=evidence)
