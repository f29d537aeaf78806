"""What runs of `tune-check` were told by the guests of instances."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from opsctl.model.plan import Plan
from opsctl.model.report import ChangeResult
from opsctl.model.value import Json
from opsctl.tune.fleet import FleetInstance
from opsctl.tune.guest_answers import GuestNetwork, parse_guest

PLAYBOOK = "tune-check"
"""The playbook whose runs are read: its scripts are those that are understood here."""
_WHY_NOT = {
    "lost": "its SSM agent was online once, and does not answer",
    "none": "it has no SSM agent, no role for it, or no way to Systems Manager",
    "unread": "nobody may ask whether it has an SSM agent",
}
_WINDOWS = "AWS-RunPowerShellScript"


def guests_in(plan: Plan, results: Sequence[ChangeResult]) -> tuple[GuestNetwork, ...]:
    """Return what each instance of a run answered, and of the others of its fleet why nothing is known."""
    windows = {change.id for change in plan.changes if change.params.get("document") == _WINDOWS}
    answered = {one.instance: one for one in _answers(results, windows)}
    fleet = [FleetInstance.model_validate(row["instance"]) for row in plan.facts["fleet"]["rows"]]
    silent = {one.id: GuestNetwork(instance=one.id, unread=why_not(one)) for one in fleet}
    return tuple({**silent, **answered}.values())


def why_not(instance: FleetInstance) -> str:
    """Say why nothing is known inside of an instance that has not answered."""
    if instance.state != "running":
        return f"it is {instance.state}"
    return _WHY_NOT.get(instance.agent, "it has not answered")


def _answers(results: Iterable[ChangeResult], windows: set[str]) -> Iterable[GuestNetwork]:
    for result in results:
        told: Json = result.result if isinstance(result.result, dict) else {}
        at = datetime.fromisoformat(result.at).timestamp() if result.at else 0.0
        for ran in told.get("ran") or ():
            yield parse_guest(ran, at, windows=result.change_id in windows)
