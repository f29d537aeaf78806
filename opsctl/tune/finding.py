"""Something of an instance's network that is below its best: what it is, why it matters, and what mends it."""

from typing import Literal, NamedTuple

from opsctl.model.commands import Commands
from opsctl.model.value import Value
from opsctl.tune.fleet import FleetInstance

Severity = Literal["high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")

A_STOP = "a stop and a start: instance store and an auto-assigned public address are lost, capacity may be missing"
NO_STOP = "no stop"
REPLACED = "instances are replaced one after the other by an instance refresh"


_UPDATED = "instances are replaced by the update that it needs then"


class Mend(NamedTuple):
    """A command that mends something, what it costs, and what has to be done by hand before it."""

    fix: str
    cost: str
    first: str = ""


class TuneFinding(Value):
    """Something below its best: of which instance, why it matters, what mends it and what that costs.

    `fix` is a command, `first` what has to be done by hand before it, empty where nothing has. `says` is the
    whole in one line.
    """

    id: str
    severity: Severity
    instance: str
    title: str
    what: str
    why: str
    first: str = ""
    fix: str
    cost: str
    says: str


def finding(
    id_: str,
    severity: Severity,
    instance: FleetInstance,
    what: str,
    *,
    why: str,
    mend: Mend,
    commands: Commands,
) -> TuneFinding:
    """Make a finding; what a manager would put back is mended where the manager has it from."""
    mend = _of_manager(instance, commands) or mend
    return TuneFinding(
        id=id_,
        severity=severity,
        instance=instance.id,
        title=instance.title,
        what=what,
        why=why,
        first=mend.first,
        fix=mend.fix,
        cost=mend.cost,
        says=_said(id_, instance.title, what, mend),
    )


def _of_manager(instance: FleetInstance, commands: Commands) -> Mend | None:
    """Return what mends an instance of a group, a cluster or AWS Batch for good, nothing where it is its own."""
    if instance.auto_scaling_group:
        first = f"change the launch template of {instance.manager}, or its image"
        return Mend(commands.opsctl("tune", "refresh", instance.auto_scaling_group), REPLACED, first)
    if instance.cluster and instance.eks:
        first = f"give the launch template of a node group of {instance.manager} a version with it"
        named = ("--cluster-name", instance.cluster, "--nodegroup-name", "NODEGROUP")
        fix = commands.aws("eks", "update-nodegroup-version", *named, "--launch-template", "id=ID,version=VERSION")
        return Mend(fix, _UPDATED, first)
    if instance.cluster:
        fix = commands.opsctl("tune", "pcluster", "CONFIG.yaml", "--write")
        return Mend(fix, _UPDATED, f"get the configuration of {instance.manager}, or change its image")
    if instance.batch:
        first = f"change the launch template or the image in the configuration of {instance.manager}"
        return Mend(commands.opsctl("tune", "batch", "ENVIRONMENT"), _UPDATED, first)
    return None


def mended_by(one: TuneFinding, fix: str) -> TuneFinding:
    """Return a finding with another thing that mends it."""
    says = _said(one.id, one.title, one.what, Mend(fix, one.cost))
    return one.model_copy(update={"first": "", "fix": fix, "says": says})


def _said(id_: str, title: str, what: str, mend: Mend) -> str:
    first = f"{mend.first}, then " if mend.first else ""
    return f"{id_}: {title}: {what}. Fix: {first}{mend.fix} ({mend.cost})"
