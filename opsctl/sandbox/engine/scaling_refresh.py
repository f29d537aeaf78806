"""Instance refreshes: instances are replaced a few at a time, and it fails where the new ones do not come.

Source: Amazon EC2 Auto Scaling API reference (StartInstanceRefresh, InstanceRefresh, RefreshPreferences) and user
guide, instance refresh: one at a time a group; at least one instance is replaced at a time; with skip matching
what was launched by the group's template as it is now stays; failing launches and suspended processes fail it.
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from opsctl.sandbox.engine import scaling_checks as checks
from opsctl.sandbox.engine.scaling import POLL_S, Scaling
from opsctl.sandbox.engine.scaling_launch import launched_by
from opsctl.sandbox.engine.scaling_model import Group, Member

LIVE = ("Pending", "InProgress", "Cancelling", "Baking", "RollbackInProgress")
FAILED_LAUNCHES = 3
"""AWS says no number: a refresh fails after launches have failed for some time."""


@dataclass
class Refresh:
    """One instance refresh of a group."""

    group: str
    preferences: dict[str, Any]
    started: datetime
    old: list[str]
    status: str = "Pending"
    reason: str = ""
    ended: datetime | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    total: int = 0

    def shown(self) -> dict[str, Any]:
        """As DescribeInstanceRefreshes shows it."""
        done = 100 if not self.total else 100 * (self.total - len(self.old)) // self.total
        return {
            "InstanceRefreshId": self.id,
            "AutoScalingGroupName": self.group,
            "Status": self.status,
            "StartTime": self.started,
            "PercentageComplete": done,
            "InstancesToUpdate": len(self.old),
            "Preferences": self.preferences,
            **({"StatusReason": self.reason} if self.reason else {}),
            **({"EndTime": self.ended} if self.ended else {}),
        }


def start_instance_refresh(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    group = checks.group(scaling, asked)
    if any(one.status in LIVE for one in group.refreshes):
        message = "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh."
        raise checks.fault("InstanceRefreshInProgress", message)
    preferences = {"MinHealthyPercentage": 90, "SkipMatching": False} | (asked.get("Preferences") or {})
    most = preferences.get("MaxHealthyPercentage")
    if most is not None and int(most) - int(preferences["MinHealthyPercentage"]) > 100:
        raise checks.invalid("The difference between MaxHealthyPercentage and MinHealthyPercentage is above 100.")
    old = [
        one.instance_id for one in group.members if one.counted and not _matches(scaling, group, one, preferences)
    ]
    refresh = Refresh(group.name, preferences, scaling.about.moment(), old, total=len(old))
    group.refreshes.insert(0, refresh)
    scaling.about.later(scaling.about.durations.scaling_step, lambda: _step(scaling, group, refresh))
    return {"InstanceRefreshId": refresh.id}


def cancel_instance_refresh(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    group = checks.group(scaling, asked)
    for one in group.refreshes:
        if one.status in LIVE:
            _end(scaling, one, "Cancelled", "Cancelled due to user request.")
            return {"InstanceRefreshId": one.id}
    raise checks.fault("ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh found.")


def describe_instance_refreshes(scaling: Scaling, asked: dict[str, Any]) -> dict[str, Any]:
    wanted = asked.get("InstanceRefreshIds")
    found = [one for one in checks.group(scaling, asked).refreshes if not wanted or one.id in wanted]
    return {"InstanceRefreshes": [one.shown() for one in found]}


def _matches(scaling: Scaling, group: Group, member: Member, preferences: dict[str, Any]) -> bool:
    """Whether an instance was launched by just what the group launches by now, whose versions may be gone."""
    if not preferences.get("SkipMatching") or not member.template:
        return False
    return member.template == launched_by(scaling.ec2, group.template)


def _step(scaling: Scaling, group: Group, refresh: Refresh) -> None:
    if refresh.status not in LIVE:
        return
    refresh.status = "InProgress"
    refresh.old = [one for one in refresh.old if group.member(one)]
    if not refresh.old and _healthy(group) >= group.desired:
        _end(scaling, refresh, "Successful", "")
        return
    if group.failures >= FAILED_LAUNCHES:
        _end(scaling, refresh, "Failed", "There are unhealthy instances in your group: launches have failed.")
        return
    for blocked in ("Launch", "Terminate"):
        if not group.runs(blocked):
            _end(scaling, refresh, "Failed", f"The {blocked} process is suspended.")
            return
    old = next((one for one in group.members if one.instance_id in refresh.old and one.counted), None)
    if old is not None and not old.protected and _healthy(group) >= group.desired:
        scaling.terminate(group, old, f"an instance {old.instance_id} was replaced by an instance refresh.")
    scaling.about.later(POLL_S, lambda: _step(scaling, group, refresh))


def _healthy(group: Group) -> int:
    return sum(one.state == "InService" and one.health == "Healthy" for one in group.members)


def _end(scaling: Scaling, refresh: Refresh, status: str, reason: str) -> None:
    refresh.status, refresh.reason, refresh.ended = status, reason, scaling.about.moment()


CALLS = (start_instance_refresh, cancel_instance_refresh, describe_instance_refreshes)
