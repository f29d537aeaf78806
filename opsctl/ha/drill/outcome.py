"""What a drill came to: whether everything is back, how long each part took, what was lost, and what is stuck."""

from pydantic import AliasChoices, Field

from opsctl.ha.drill.observation import Disk, Observation
from opsctl.ha.drill.timeline import DrillTimeline, Moment
from opsctl.model.commands import Commands
from opsctl.model.value import Value


class Subject(Value):
    """What the drill is about, as it was planned."""

    group: str
    instance: str
    zone: str
    by: str
    volumes: dict[str, str] = {}
    """The volume of each protected device before the drill."""
    addresses: tuple[str, ...] = ()
    marker: str = ""
    standby_instance: str = Field("", validation_alias=AliasChoices("standby_instance", "twin"))
    """The instance that is to take over, in mode standby; journals of earlier versions call it twin."""


class Milestones(Value):
    """When each part of the recovery was reached, in seconds since the epoch; None is not (yet)."""

    call: float
    out_of_service: float | None = None
    alarm_on: float | None = None
    decided: float | None = None
    launched: float | None = None
    hook_entered: float | None = None
    volumes_attached: float | None = None
    address_moved: float | None = None
    in_service: float | None = None
    first_bad_probe: float | None = None
    first_good_probe: float | None = None


class Loss(Value):
    """How old the data of one device is; `lost_s` None is unknown."""

    device: str
    volume: str
    lost_s: float | None
    says: str


def successor(observation: Observation, subject: Subject) -> str:
    """Return the instance in service that took over, if there is one."""
    found = [one.instance for one in observation.seats or () if one.state == "InService"]
    return next((one for one in found if one != subject.instance), "")


def lacks(observation: Observation, subject: Subject) -> list[str]:
    """List what the instance in service still lacks of data and addresses, as far as they could be read."""
    new, missing = successor(observation, subject), []
    if observation.disks is not None:
        there = {one.device for one in observation.disks if one.instance == new}
        missing += [f"the volume of {device}" for device in subject.volumes if device not in there]
    if observation.holders is not None:
        missing += [f"the address {one}" for one in subject.addresses if observation.holders.get(one) != new]
    return missing


def unseen(observation: Observation, subject: Subject) -> list[str]:
    """List what has to come back and could not be read."""
    found = ["its data volumes"] if subject.volumes and observation.disks is None else []
    return found + (["its addresses"] if subject.addresses and observation.holders is None else [])


def milestones(timeline: DrillTimeline, observation: Observation, subject: Subject) -> Milestones:
    """Return when each part was reached, from whoever knows it best.

    For a replacement the clock starts when AWS began to end the instance, which is within the call.
    """
    new = successor(observation, subject)
    leaving = _step(timeline, f"Terminating EC2 instance: {subject.instance}", "began: ")
    coming = new or next((one.instance for one in observation.seats or () if one.state.startswith("Pending")), "")
    begun = _step(timeline, f"Launching a new EC2 instance: {coming}", "began: ") if coming else None
    done = _step(timeline, f"Launching a new EC2 instance: {new}", "successful: ") if new else None
    good = [one.at for one in timeline.moments if one.key.startswith("probe good")]
    return Milestones(
        call=leaving if subject.by == "replace" and leaving is not None else timeline.called_at,
        out_of_service=leaving,
        launched=begun,
        hook_entered=_first(timeline, ("Pending:Wait",), subject.instance),
        volumes_attached=volumes_at(timeline, observation, new) if new else None,
        address_moved=addresses_at(timeline, subject, new) if new else None,
        in_service=done or (timeline.at(f"{new} InService") if new else None),
        first_bad_probe=timeline.at("probe bad"),
        first_good_probe=good[-1] if good else None,
    )


def losses(observation: Observation, subject: Subject, snapshots: dict[str, float], since: float) -> list[Loss]:
    """Return how old the data of each device is: `snapshots` says when each was begun."""
    new = successor(observation, subject)
    disks = {one.device: one for one in observation.disks or () if new and one.instance == new}
    return [
        _loss(device, before, disks.get(device), snapshots, since) for device, before in subject.volumes.items()
    ]


def _loss(device: str, before: str, disk: Disk | None, snapshots: dict[str, float], since: float) -> Loss:
    if disk is None:
        return Loss(device=device, volume="", lost_s=None, says="not in service yet")
    if disk.volume == before:
        return Loss(device=device, volume=before, lost_s=0, says=f"none lost: {before} itself was attached again")
    begun = snapshots.get(disk.snapshot)
    if begun is None:
        says = f"unknown: {disk.snapshot or 'the snapshot'} of {disk.volume} could not be read"
        return Loss(device=device, volume=disk.volume, lost_s=None, says=says)
    if begun >= since:
        says = f"none lost: {disk.volume} was made from {disk.snapshot}, taken after the old instance left service"
        return Loss(device=device, volume=disk.volume, lost_s=0, says=says)
    lost = round(since - begun, 1)
    says = f"what was written in the last {lost:.0f} s is not on {disk.volume}, made from {disk.snapshot}"
    return Loss(device=device, volume=disk.volume, lost_s=lost, says=says)


def stuck_in_service(
    timeline: DrillTimeline, observation: Observation, subject: Subject, status: str
) -> tuple[str, str]:
    """Say what a drill hangs on whose replacement is in service; `status` is the command that tells more."""
    missing, hidden = lacks(observation, subject), unseen(observation, subject)
    if hidden:
        why = f"{' and '.join(hidden)} cannot be read: {', '.join(observation.unread)}"
        return (
            f"it is not known whether the instance in service has everything: {why}",
            "try again with more permissions",
        )
    if missing:
        return f"the instance in service lacks {' and '.join(missing)}", f"{status}; the handler's log says why"
    return f"the probe fails: {timeline.probe}", "check the service itself: its data is there"


def stuck(
    timeline: DrillTimeline, observation: Observation, subject: Subject, commands: Commands
) -> tuple[str, str]:
    """Say what the recovery hangs on, and what to do about it."""
    group = subject.group
    status = status_command(group, commands)
    if not observation.exists:
        return f"group {group} no longer exists", "look for the instance and its volumes yourself"
    if observation.seats is None:
        return f"the group cannot be read: {', '.join(observation.unread)}", "try again with more permissions"
    if successor(observation, subject):
        return stuck_in_service(timeline, observation, subject, status)
    coming = [one for one in observation.seats if one.state.startswith("Pending")]
    if coming:
        why = last_reason(timeline, coming[0].instance)
        says = f"{coming[0].instance} is {coming[0].state}{f': {why}' if why else ''}"
        return says, f"{status}; {logs_command(group, commands)}"
    failed = [one for one in observation.steps or () if one.status in ("Failed", "Cancelled") and one.message]
    if failed:
        last = max(failed, key=lambda one: one.began)
        return f"the group cannot launch: {last.message}", "get it capacity; AWS retries automatically"
    if any(one.instance == subject.instance and one.state == "InService" for one in observation.seats):
        return f"{subject.instance} is still in service: the group has not reacted", f"{status}: its processes"
    return "the group has not launched a replacement", f"{status}: its processes and sizes"


def status_command(group: str, commands: Commands) -> str:
    """Return the command that says how a group or a standby stands."""
    return commands.opsctl("make-ha", "status", group)


def logs_command(group: str, commands: Commands) -> str:
    """Return the command that shows what the handler said of late."""
    return commands.aws("logs", "tail", f"/aws/lambda/opsctl-{group}", "--since", "1h")


def last_reason(timeline: DrillTimeline, instance: str) -> str:
    """What the handler said last of an instance."""
    found = [one for one in timeline.moments if one.source == "handler" and one.key.startswith(f"log {instance} ")]
    return max(found, key=lambda one: one.at).says if found else ""


def _step(timeline: DrillTimeline, says: str, mark: str) -> float | None:
    found = [one.at for one in timeline.moments if one.source == "AWS" and one.says.startswith(f"{mark}{says}")]
    return min(found, default=None)


def _first(timeline: DrillTimeline, states: tuple[str, ...], old: str) -> float | None:
    found = [one.at for one in timeline.moments if one.key.endswith(states) and not one.key.startswith(old)]
    return min(found, default=None)


def volumes_at(timeline: DrillTimeline, observation: Observation, new: str) -> float | None:
    """When the last data volume was attached to an instance, if any was."""
    found = [timeline.at(f"{one.volume} on {new}") for one in observation.disks or () if one.instance == new]
    return max((at for at in found if at is not None), default=None)


def addresses_at(timeline: DrillTimeline, subject: Subject, new: str) -> float | None:
    """When the last address was moved to an instance, if any was."""
    found = [_moved(timeline, allocation, new) for allocation in subject.addresses]
    return max((at for at in found if at is not None), default=None)


def _moved(timeline: DrillTimeline, allocation: str, new: str) -> float | None:
    """When an address was moved: what the handler's log says, within what was seen."""
    seen = next((one for one in timeline.moments if one.key == f"{allocation} on {new}"), None)
    if seen is None:
        return None
    logged = [one.at for one in timeline.moments if _is_move(one, allocation) and one.at <= seen.at + 1]
    return max(logged, default=seen.at)


def _is_move(one: Moment, allocation: str) -> bool:
    return one.source == "handler" and one.says.startswith("associate_address") and allocation in one.says
