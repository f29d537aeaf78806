"""Whether a zone is shown to be down: what AWS says of it, of instances and volumes in it, and of launches there.

Deployed to AWS Lambda beside handler.py. Data that exists is given up for an older state only on this evidence,
never because something takes long: a slow snapshot and a lost one look alike until AWS says which it is.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from opsctl.ha.recovery.account import LOST, Account, Json, Refused, listed

DOWN = ("impaired", "unavailable")
"""States of a zone (EC2 API, AvailabilityZoneState); `constrained` and `information` say that it works."""
NOT_WELL = ("impaired", "insufficient-data")
SIGNS_NEEDED = 2
"""One sign has other causes: no capacity is not a dead zone, nor is one broken host or one impaired volume."""


@dataclass(frozen=True)
class Zone:
    """What was found of a zone."""

    name: str
    down: bool
    says: str


@dataclass(frozen=True)
class Question:
    """A zone to look at: the group's volumes there, instances that do not stop even by force, a person's word."""

    zone: str
    volumes: tuple[str, ...]
    stuck: tuple[str, ...]
    word: str
    launches: tuple[Json, ...]


def look_at(account: Account, asked: Question) -> Zone:
    """Judge a zone: down if a person or AWS says so, or if nothing there is well and two kinds of signs agree."""
    if asked.word == asked.zone:
        return Zone(asked.zone, down=True, says=f"a person has tagged the instance {LOST}={asked.zone}")
    zones = ask(account, "describe_availability_zones", "AvailabilityZones", ZoneNames=[asked.zone])
    state = zones[0].get("State", "unknown") if zones else "unknown"
    if state in DOWN:
        return Zone(asked.zone, down=True, says=f"AWS calls {asked.zone} {state}")
    where = [{"Name": "availability-zone", "Values": [asked.zone]}]
    try:
        statuses = account.pages("describe_instance_status", "InstanceStatuses", Filters=where)
    except Refused as refused:  # whoever could say that the zone lives has to be heard
        return Zone(
            asked.zone, down=False, says=f"how the instances in {asked.zone} are cannot be read: {refused}"
        )
    well = [each["InstanceId"] for each in statuses if _status(each, "SystemStatus") == "ok"]
    if well:
        return Zone(asked.zone, down=False, says=f"{well[0]} in {asked.zone} passes its system check")
    volumes = ask(account, "describe_volume_status", "VolumeStatuses", VolumeIds=sorted(asked.volumes))
    signs = [
        *_of_instances(statuses, asked.stuck),
        *_of_volumes(volumes),
        *_of_launches(asked.launches, asked.zone),
    ]
    words = "; ".join([f"AWS calls {asked.zone} {state}", *signs])
    return Zone(asked.zone, down=len(signs) >= SIGNS_NEEDED, says=words)


def ask(account: Account, operation: str, key: str, **parameters: Any) -> list[Json]:
    """Read one kind of witness; one that cannot be heard says nothing."""
    if not all(parameters.values()):
        return []
    try:
        return account.pages(operation, key, **parameters)
    except Refused as refused:
        account.note("no witness", level="warning", reason=str(refused))
        return []


def _status(answer: Json, kind: str) -> str:
    return str((answer.get(kind) or {}).get("Status", ""))


def _of_instances(statuses: list[Json], stuck: tuple[str, ...]) -> Iterable[str]:
    sick = [each["InstanceId"] for each in statuses if _status(each, "SystemStatus") in NOT_WELL]
    if sick:
        yield f"no instance there passes its system check ({listed(sick[:3])})"
    elif stuck:
        yield f"{listed(stuck)} does not stop there, even by force"


def _of_volumes(statuses: list[Json]) -> Iterable[str]:
    found = {each["VolumeId"]: _status(each, "VolumeStatus") for each in statuses}
    if found and all(each in NOT_WELL for each in found.values()):
        yield listed(f"{volume} is {status}" for volume, status in found.items())


def _of_launches(activities: tuple[Json, ...], zone: str) -> Iterable[str]:
    """The newest launch in the zone failed; whatever was launched after it would show that the zone lives."""
    there = [each for each in activities if zone_of_activity(each) == zone]
    if there and there[0]["StatusCode"] == "Failed":
        yield f"launches fail there ({str(there[0].get('StatusMessage', ''))[:80]})"


def zone_of_activity(activity: Json) -> str:
    """Return the zone of a scaling activity, which its Details tell as JSON."""
    try:
        return str(json.loads(activity.get("Details") or "{}").get("Availability Zone", ""))
    except (ValueError, AttributeError):
        return ""


def launches_since(activities: list[Json], moment: datetime) -> tuple[Json, ...]:
    """Return the launches since a moment, newest first."""
    launches = [each for each in activities if str(each.get("Description", "")).startswith("Launching")]
    recent = [each for each in launches if each["StartTime"] >= moment]
    return tuple(sorted(recent, key=lambda each: each["StartTime"], reverse=True))
