"""What is on a volume: whose data it descends from and how old it is, so that a lost byte is seen."""

from typing import Any

from opsctl.sandbox.engine.conditions import conditions


def is_written(volume: Any) -> bool:
    """Tell whether a running instance writes to the volume right now."""
    attachment = volume.attachment
    return bool(attachment and attachment.status != "attaching" and attachment.instance.state == "running")


def data_at(volume: Any) -> float:
    """When its data was last written; an instance that runs with it writes all the time."""
    if is_written(volume):
        return conditions(volume.ec2_backend.account_id).now()
    return float(getattr(volume, "written_at", 0.0))


def begins_at(volume: Any) -> float:
    """How old its data was when its present instance got it."""
    return float(getattr(volume, "begun_with", 0.0))


def origin(volume: Any) -> str:
    """The volume that its data comes from, through however many snapshots; its own id when it began empty."""
    return str(getattr(volume, "data_origin", volume.id))


def note(instance: Any) -> None:
    """Remember that an instance wrote to its volumes until now, before something ends the writing."""
    for volume in instance.ec2_backend.volumes.values():
        if volume.attachment and volume.attachment.instance is instance:
            volume.written_at = data_at(volume)


def copy_to_snapshot(volume: Any, snapshot: Any) -> None:
    """A snapshot holds what the volume holds at this moment."""
    snapshot.data_origin, snapshot.written_at = origin(volume), data_at(volume)


def copy_to_volume(snapshot: Any, volume: Any) -> None:
    """A volume made from a snapshot begins with what the snapshot holds."""
    volume.data_origin = getattr(snapshot, "data_origin", volume.id)
    volume.written_at = getattr(snapshot, "written_at", 0.0)
