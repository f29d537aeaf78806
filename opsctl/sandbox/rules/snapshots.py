"""Snapshots are pending first, and only so many at a time. Source: EC2 user guide and API reference."""

from collections.abc import Callable
from typing import Any

from opsctl.sandbox.engine import volume_data
from opsctl.sandbox.engine.conditions import Conditions, conditions
from opsctl.sandbox.engine.ec2_faults import fault
from opsctl.sandbox.rules.instances import unless_dark

PENDING_PER_VOLUME = 5
PENDING_PER_COLD_VOLUME = 1


def install() -> None:
    """Put the rules around moto's snapshots."""
    from moto.ec2.models.elastic_block_store import Snapshot
    from moto.ec2.responses import EC2Response

    EC2Response.create_snapshot = _created(EC2Response.create_snapshot)
    EC2Response.create_snapshots = _create_set
    Snapshot.progress = property(_progress)
    Snapshot.get_filter_value = _filtered(Snapshot.get_filter_value)


def begin(about: Conditions, snapshot: Any, takes: float | None = None) -> None:
    """Let a snapshot of this moment complete in its time, or that given; never while its volume's zone is dark."""
    volume = snapshot.volume
    seconds = about.faults.slow_snapshots.get(volume.id, _seconds(about, snapshot) if takes is None else takes)
    volume_data.copy_to_snapshot(volume, snapshot)
    snapshot.start_time = about.moment()
    snapshot.kms_key_id = volume.kms_key_id
    snapshot.begun_at, snapshot.takes = about.now(), seconds
    snapshot.status = "pending"

    def completed() -> None:
        snapshot.status = "completed"

    zone = str(volume.availability_zone)
    about.later(seconds, lambda: unless_dark(about, zone, completed))


def _seconds(about: Conditions, snapshot: Any) -> float:
    """The first snapshot of a volume copies all of it."""
    volume, others = snapshot.volume, snapshot.ec2_backend.snapshots.values()
    first = not any(one.volume is volume and one.status == "completed" for one in others if one is not snapshot)
    return about.durations.snapshot + (about.durations.first_snapshot_gib * int(volume.size) if first else 0)


def check_room(backend: Any, volume: Any) -> None:
    """Refuse one more than may be pending of a volume."""
    most = PENDING_PER_COLD_VOLUME if volume.volume_type in ("st1", "sc1") else PENDING_PER_VOLUME
    pending = [one for one in backend.snapshots.values() if one.volume is volume and one.status == "pending"]
    if len(pending) >= most:
        raise fault(
            "ConcurrentSnapshotLimitExceeded", f"Maximum allowed in-progress snapshots for {volume.id} exceeded."
        )


def _progress(snapshot: Any) -> str:
    if snapshot.status != "pending":
        return "100%"
    about = conditions(snapshot.ec2_backend.account_id)
    done = (about.now() - snapshot.begun_at) / max(snapshot.takes, 1)
    return f"{min(int(done * 100), 99)}%"


def _filtered(method: Callable[..., Any]) -> Callable[..., Any]:
    """A start time is compared as text, with wildcards as in all filters of EC2 (EC2 guide, list and filter)."""

    def value(self: Any, name: str, *more: Any, **others: Any) -> Any:
        found = method(self, name, *more, **others)
        return f"{found:%Y-%m-%dT%H:%M:%S.000Z}" if name == "start-time" else found

    return value


def _created(method: Callable[..., Any]) -> Callable[..., Any]:
    def create(self: Any) -> Any:
        backend = self.ec2_backend
        check_room(backend, backend.get_volume(self._get_param("VolumeId")))
        answer = method(self)
        begin(conditions(self.current_account), answer.result)
        return answer

    return create


def _create_set(self: Any) -> Any:
    """One crash-consistent set of an instance's volumes, without those that are excluded."""
    from moto.core.responses import ActionResult

    backend, spec = self.ec2_backend, self._get_param("InstanceSpecification", {})
    instance = backend.get_instance(spec["InstanceId"])
    excluded = set(spec.get("ExcludeDataVolumeIds") or [])
    without_root = str(spec.get("ExcludeBootVolume", False)).lower() == "true"
    volumes = [
        backend.get_volume(block.volume_id)
        for device, block in instance.get_block_device_mapping
        if block.volume_id not in excluded and not (without_root and device == instance.root_device_name)
    ]
    attached = {block.volume_id for _, block in instance.get_block_device_mapping}
    if excluded - attached:
        raise fault("InvalidParameterValue", f"{sorted(excluded - attached)} are not attached to {instance.id}")
    if not volumes:
        raise fault("InvalidParameterCombination", "There is no volume to take a snapshot of.")
    self.error_on_dryrun()
    for volume in volumes:
        check_room(backend, volume)
    tags = self._parse_tag_specification().get("snapshot", {})
    made = []
    for volume in volumes:
        snapshot = backend.create_snapshot(volume.id, self._get_param("Description", ""))
        copied = {tag["key"]: tag["value"] for tag in volume.get_tags() if not tag["key"].startswith("aws:")}
        snapshot.add_tags((copied if self._get_param("CopyTagsFromSource") == "volume" else {}) | tags)
        begin(conditions(self.current_account), snapshot)
        made.append(snapshot)
    return ActionResult({"Snapshots": [_shown(one) for one in made]})


def _shown(snapshot: Any) -> dict[str, Any]:
    return {
        "SnapshotId": snapshot.id,
        "VolumeId": snapshot.volume_id,
        "VolumeSize": snapshot.volume_size,
        "Description": snapshot.description,
        "Encrypted": snapshot.encrypted,
        "StartTime": snapshot.start_time,
        "State": "pending",
        "Progress": "",
        "OwnerId": snapshot.owner_id,
        "Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in snapshot.get_tags()],
    }
