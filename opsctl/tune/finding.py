"""Something of an instance's network that is below its best: what it is, why it matters, and what mends it."""

from typing import Literal

from opsctl.model.value import Value
from opsctl.tune.fleet import FleetInstance

Severity = Literal["high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")

A_STOP = "a stop and a start: instance store and an auto-assigned public address are lost, capacity may be missing"
NO_STOP = "no stop"
REPLACED = "instances are replaced one after the other by an instance refresh"


class TuneFinding(Value):
    """Something below its best: of which instance, why it matters, what mends it and what that costs.

    `fix` is a command, or a sentence where more than one is needed; `says` is the whole in one line.
    """

    id: str
    severity: Severity
    instance: str
    title: str
    what: str
    why: str
    fix: str
    cost: str
    says: str


def finding(
    id_: str, severity: Severity, instance: FleetInstance, what: str, *, why: str, fix: str, cost: str
) -> TuneFinding:
    """Make a finding; what a manager would put back is mended where the manager has it from."""
    if instance.auto_scaling_group:
        fix, cost = f"change the launch template of {instance.manager}, then refresh it", REPLACED
    elif instance.manager:
        fix, cost = f"change the configuration of {instance.manager}", "what its next update takes"
    return TuneFinding(
        id=id_,
        severity=severity,
        instance=instance.id,
        title=instance.title,
        what=what,
        why=why,
        fix=fix,
        cost=cost,
        says=_said(id_, instance.title, what, fix, cost),
    )


def mended_by(one: TuneFinding, fix: str) -> TuneFinding:
    """Return a finding with another thing that mends it."""
    return one.model_copy(update={"fix": fix, "says": _said(one.id, one.title, one.what, fix, one.cost)})


def _said(id_: str, title: str, what: str, fix: str, cost: str) -> str:
    return f"{id_}: {title}: {what}. Fix: {fix} ({cost})"
