"""The checks of a run as a whole: the facts that they name are looked up again, and judged."""

from collections.abc import Sequence
from datetime import UTC, datetime

from opsctl.expressions.evaluate import ExpressionFault, evaluate
from opsctl.model.errors import RefusedByGuard
from opsctl.model.former_names import in_present_words
from opsctl.model.plan import Plan, PlanCheck
from opsctl.model.report import CheckResult, Evidence
from opsctl.model.secrets import masked
from opsctl.model.spans import span, utc
from opsctl.model.value import Json, Value
from opsctl.planning.facts import look_up
from opsctl.planning.guards import as_evidence
from opsctl.workflow.run_context import RunContext

CHECK_POLL_S = 5.0


class _Look(Value):
    """What one look found for a check."""

    found: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    paths: Json = None


def check_whole(plan: Plan, context: RunContext, *, wait: bool) -> Evidence:
    """Evaluate the playbook's checks on fresh facts; with `wait`, until they hold or their time is over."""
    judged = [_check(check, plan, context, wait=wait) for check in plan.checks]
    return Evidence(
        at=now(context),
        by="run" if wait else "verify",
        checks=tuple(result for result, _ in judged),
        paths=next((paths for _, paths in reversed(judged) if paths is not None), None),
    )


def now(context: RunContext) -> str:
    """Return what the time is, as evidence is dated."""
    return utc(datetime.fromtimestamp(context.clock.now(), UTC))


def _check(check: PlanCheck, plan: Plan, context: RunContext, *, wait: bool) -> tuple[CheckResult, Json]:
    """Judge one check; what was foreseen to be found is not waited for, and held against it unless accepted."""
    deadline = context.clock.now() + (check.within_s if wait else 0)
    while True:
        look = _look(check, plan, context)
        unforeseen = [one for one in look.found if one not in check.stays]
        left_s = deadline - context.clock.now()
        if not unforeseen or left_s <= 0 or context.stopping():
            held = not unforeseen if check.accepted else not look.found
            result = CheckResult(
                says=_said(check, look.found, held=held),
                held=held,
                expected="nothing",
                found=list(look.found),
                shown=look.shown,
                told=look.told,
                at=now(context),
            )
            return result, look.paths
        context.progress(f"check {check.id}: not yet: {', '.join(unforeseen[:3])} (at most {span(left_s)})")
        context.clock.sleep(min(CHECK_POLL_S, left_s))


def _said(check: PlanCheck, found: Sequence[str], *, held: bool) -> str:
    if not held:
        return f"{check.id}: {check.because}"
    return f"{check.id}, except what was accepted ({check.accept})" if found else check.id


def _look(check: PlanCheck, plan: Plan, context: RunContext) -> _Look:
    """Look once; that something cannot be judged is a finding too."""
    try:
        facts: dict[str, Json] = look_up(check.facts, context.fresh_reader(), context.about, context.registry)
        scope = {"inputs": plan.inputs, "facts": facts}
        # The plan may be of the version before: its expressions are in the words of then.
        uses, former = {name: call.uses for name, call in check.facts.items()}, tuple(context.registry.former())
        found, shown, told = (
            as_evidence(evaluate(in_present_words(expression, uses, former), scope)) if expression else ()
            for expression in (check.none, check.shows, check.tells)
        )
        paths = masked(evaluate(check.paths, scope)) if check.paths else None
    except (RefusedByGuard, ExpressionFault) as unknown:
        return _Look(found=(str(unknown),))
    return _Look(found=found, shown=shown, told=told, paths=paths)
