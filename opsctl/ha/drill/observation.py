"""One look at a group during a drill: what is read, and what the answers say."""

import json
from datetime import datetime

from opsctl.ha.tags import DEVICE_TAG, GROUP_TAG, ROLE_TAG
from opsctl.model.reads import Answer, Read
from opsctl.model.value import Json, Value
from opsctl.resources.asg_calls import describe_group
from opsctl.resources.ec2 import parse_tags


class Seat(Value):
    """An instance of the group, and how far it is in its life there; `says` where that needs other words."""

    instance: str
    zone: str
    state: str
    says: str = ""


class ScalingActivity(Value):
    """One scaling activity; `ended` 0 is under way."""

    id: str
    says: str
    began: float
    ended: float = 0.0
    status: str = ""
    message: str = ""


class DatedFact(Value):
    """Something that AWS itself dates, other than a scaling activity; `key` tells it from all others."""

    key: str
    at: float
    says: str


class Disk(Value):
    """A data volume: on which device of which instance, since when, and of which snapshot it was made."""

    volume: str
    device: str
    instance: str = ""
    attached_at: float = 0.0
    snapshot: str = ""
    tags: dict[str, str] = {}


class Note(Value):
    """A line of the handler's log."""

    at: float
    what: str
    instance: str = ""
    reason: str = ""
    about: str = ""


class Observation(Value):
    """What one look found; a part that could not be read is None, and `unread` says why."""

    exists: bool = True
    seats: tuple[Seat, ...] | None = None
    steps: tuple[ScalingActivity, ...] | None = None
    facts: tuple[DatedFact, ...] = ()
    disks: tuple[Disk, ...] | None = None
    holders: dict[str, str] | None = None
    """The instance that has each Elastic IP, by allocation id."""
    notes: tuple[Note, ...] = ()
    unread: tuple[str, ...] = ()


def reads_of(group: str) -> dict[str, Read]:
    """Return what a look at a group reads every time."""
    params = {"AutoScalingGroupName": group}
    return {
        "group": describe_group(group),
        "steps": Read(service="autoscaling", operation="DescribeScalingActivities", params=params),
        **data_reads(group),
    }


def data_reads(group: str) -> dict[str, Read]:
    """Return the reads of data volumes and addresses."""
    tagged = {"Filters": [{"Name": f"tag:{GROUP_TAG}", "Values": [group]}]}
    return {
        "disks": Read(service="ec2", operation="DescribeVolumes", params=tagged),
        "holders": Read(service="ec2", operation="DescribeAddresses", params=tagged),
    }


def log_read(log_group: str, since: float) -> Read:
    """Return the read of the handler's log since a moment."""
    params = {"logGroupName": log_group, "startTime": int(since * 1000)}
    return Read(service="logs", operation="FilterLogEvents", params=params)


def observation_of(answers: dict[str, Answer], since: float) -> Observation:
    """Return what the answers say; scaling activities begun at `since` or earlier belong to the past."""
    known = {name: one.value for name, one in answers.items() if one.refusal is None}
    groups = known["group"].get("AutoScalingGroups", []) if "group" in known else None
    steps = [_step(one) for one in known["steps"].get("Activities", [])] if "steps" in known else []
    return Observation(
        exists=groups is None or bool(groups),
        seats=None if groups is None else tuple(_seat(one) for group in groups for one in group["Instances"]),
        steps=tuple(one for one in steps if one.began > since) if "steps" in known else None,
    ).model_copy(update=data_of(answers))


def data_of(answers: dict[str, Answer]) -> dict[str, object]:
    """Return what the answers say of volumes, addresses and the handler's log, as members of a observation."""
    known = {name: one.value for name, one in answers.items() if one.refusal is None}
    return {
        "disks": tuple(_disks(known["disks"])) if "disks" in known else None,
        "holders": _holders(known["holders"]) if "holders" in known else None,
        "notes": tuple(_notes(known["log"])) if "log" in known else (),
        "unread": tuple(f"{one.refusal.code} at {one.refusal.api}" for one in answers.values() if one.refusal),
    }


def moment(text: str) -> float:
    """Return an RFC 3339 time in seconds since the epoch."""
    return datetime.fromisoformat(text).timestamp()


def _seat(member: Json) -> Seat:
    return Seat(
        instance=member["InstanceId"], zone=member.get("AvailabilityZone", ""), state=member["LifecycleState"]
    )


def _step(activity: Json) -> ScalingActivity:
    return ScalingActivity(
        id=activity["ActivityId"],
        says=activity.get("Description", ""),
        began=moment(activity["StartTime"]),
        ended=moment(activity["EndTime"]) if activity.get("EndTime") else 0.0,
        status=activity.get("StatusCode", ""),
        message=activity.get("StatusMessage", ""),
    )


def _disks(answer: Json) -> list[Disk]:
    found = []
    for volume in answer.get("Volumes", []):
        tags = parse_tags(volume)
        if tags.get(ROLE_TAG) != "data":
            continue
        attached = [one for one in volume.get("Attachments", []) if one.get("State") == "attached"]
        place = attached[0] if attached else {}
        found.append(
            Disk(
                volume=volume["VolumeId"],
                device=tags.get(DEVICE_TAG, ""),
                instance=place.get("InstanceId", ""),
                attached_at=moment(place["AttachTime"]) if place.get("AttachTime") else 0.0,
                snapshot=volume.get("SnapshotId") or "",
                tags=tags,
            )
        )
    return found


def _holders(answer: Json) -> dict[str, str]:
    return {one["AllocationId"]: one.get("InstanceId", "") for one in answer.get("Addresses", [])}


def _notes(answer: Json) -> list[Note]:
    found = []
    for event in answer.get("events", []):
        try:
            told = json.loads(event["message"])
            at = moment(told["at"])
        except (ValueError, KeyError, TypeError):
            continue
        about = [one for key, one in told.items() if key.endswith(("Id", "Ids", "Resources", "Result"))]
        names = [str(name) for one in about for name in (one if isinstance(one, list) else [one]) if name]
        found.append(
            Note(
                at=at,
                what=str(told.get("what", "")),
                instance=str(told.get("instance", "")),
                reason=str(told.get("reason", "")),
                about=", ".join(names),
            )
        )
    return found
