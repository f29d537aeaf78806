"""What a plan file says of risk and consent is computed again when it is applied, and not believed."""

from collections.abc import Collection

from opsctl.expressions.evaluate import ExpressionFault, evaluate
from opsctl.model.changes import Change, Instruction
from opsctl.model.errors import GuardRefusal, InvalidInput, RefusedByGuard
from opsctl.model.networks import parse_network
from opsctl.model.plan import Plan, Policies
from opsctl.model.playbook import Playbook
from opsctl.model.run import Context
from opsctl.model.severity import raised
from opsctl.planning.iam import policy_for_changes
from opsctl.planning.least_risk import no_less_severe
from opsctl.resources.blocked_networks import blocked_by
from opsctl.resources.special import shares

NEVER_BLOCK = "never-block"


def reassessed(plan: Plan, about: Context, *, shipped: Playbook | None, accepted: Collection[str]) -> Plan:
    """Return the plan with severities, name to confirm and permissions as they are computed here and now.

    `shipped` is the playbook that made the plan, when this opsctl ships just that; the name that another playbook
    asked to be typed cannot be computed again, so that the account's number is asked for. The digest stays that of
    the file, under which the plan was approved.

    Raises:
        InvalidInput: something is accepted that nobody asks for.
        RefusedByGuard: the configuration says never to block what the plan blocks.
    """
    refuse_never_blocked(plan, about, accepted)
    return plan.model_copy(
        update={
            "changes": reassessed_changes(plan),
            "confirm": _name_to_confirm(plan, shipped),
            "iam_policy": Policies(
                plan=plan.iam_policy.plan, apply=policy_for_changes(plan.changes, about.identity)
            ),
        }
    )


def reassessed_changes(plan: Plan) -> tuple[Change, ...]:
    """Return the changes as severe as their calls and undos are at the least, as whoever reviews is to see them.

    Each counts as a raw call: that a shipped playbook made the plan is only what the file says.
    """
    return tuple(_reassessed(change) for change in plan.changes)


def _reassessed(change: Change) -> Change:
    change = no_less_severe(change, believed=False)
    severity, notes = change.risk.severity, [change.risk.note] if change.risk.note else []
    for instruction in (change, *([change.undo] if isinstance(change.undo, Instruction) else [])):
        severity, why = raised(severity, instruction)
        notes += [why] if why else []
    risk = change.risk.model_copy(update={"severity": severity, "note": "; ".join(notes)})
    # That an undo is harmless is only what the file says: it counts as severe as the change.
    return change.model_copy(update={"risk": risk, "undo_risk": None})


def refuse_never_blocked(plan: Plan, about: Context, accepted: Collection[str]) -> None:
    """Refuse a plan that blocks what the configuration in force says never to block, unless that is accepted."""
    for name in accepted:
        if name != NEVER_BLOCK:
            hint = f"--accept {NEVER_BLOCK}"
            raise InvalidInput.one(f"a saved plan asks for no {name!r}", source="--accept", hint=hint)
    never = [parse_network(text) for text in about.settings.never_block]
    blocked = dict.fromkeys(network for change in plan.changes for network in blocked_by(change))
    evidence = [
        f"{network} overlaps {one}, which is on the never-block list of your configuration"
        for network in blocked
        for one in never
        if shares(network, one)
    ]
    if evidence and NEVER_BLOCK not in accepted:
        said = "the plan blocks what is on your never-block list"
        switch = f"--accept {NEVER_BLOCK}"
        guard = GuardRefusal(guard=NEVER_BLOCK, because=said, evidence=tuple(evidence), switch=switch)
        raise RefusedByGuard(f"{said}; nothing was changed", f"if you are sure: {switch}", evidence, [guard])


def _name_to_confirm(plan: Plan, shipped: Playbook | None) -> str:
    if shipped is None or not shipped.confirm:
        return ""
    try:
        found = evaluate(shipped.confirm.removeprefix("="), {"inputs": plan.inputs, "facts": plan.facts})
    except ExpressionFault:
        return ""
    return found if isinstance(found, str) else ""
