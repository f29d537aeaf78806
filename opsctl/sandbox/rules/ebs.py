"""Volumes are attached and detached by AWS's rules, in AWS's time. Source: EC2 API reference, threads quoted in
section 5 of the facts about make-ha."""

from collections.abc import Callable
from typing import Any

from opsctl.sandbox.engine import volume_data
from opsctl.sandbox.engine.conditions import Conditions, conditions
from opsctl.sandbox.engine.ec2_faults import fault
from opsctl.sandbox.rules.instances import unless_dark

ATTACHMENTS = 28
HELD_RETRY_S = 5


def install() -> None:
    """Put the rules around moto's volumes."""
    from moto.ec2.models import EC2Backend
    from moto.ec2.models.elastic_block_store import Volume
    from moto.ec2.responses import EC2Response

    Volume.status = property(_status)
    EC2Response.attach_volume = _attach
    EC2Response.detach_volume = _detach
    EC2Response.describe_volume_status = _statuses
    EC2Response.create_volume = _created(EC2Response.create_volume)
    EC2Backend.create_volume = _from_snapshot(EC2Backend.create_volume)


def _about(response: Any) -> Conditions:
    return conditions(response.current_account)


def _status(volume: Any) -> str:
    if getattr(volume, "creating", False):
        return "creating"
    return "in-use" if volume.attachment else "available"


def _statuses(self: Any) -> Any:
    """Volumes whose zone does not answer have insufficient data (EBS user guide, volume status checks)."""
    from moto.core.responses import ActionResult

    about, backend = _about(self), self.ec2_backend
    wanted = self._get_param("VolumeIds", []) or list(backend.volumes)
    shown = []
    for volume in map(backend.get_volume, wanted):
        dark = volume.availability_zone in about.faults.dark_zones
        check = {"Name": "io-enabled", "Status": "insufficient-data" if dark else "passed"}
        status = {"Status": "insufficient-data" if dark else "ok", "Details": [check]}
        shown.append({"VolumeId": volume.id, "AvailabilityZone": volume.availability_zone, "VolumeStatus": status})
    return ActionResult({"VolumeStatuses": shown})


def _shown(attachment: Any) -> Any:
    from moto.core.responses import ActionResult

    return ActionResult(
        {
            "VolumeId": attachment.volume.id,
            "InstanceId": attachment.instance.id,
            "Device": attachment.device,
            "State": attachment.status,
            "AttachTime": attachment.attach_time,
        }
    )


def _attach(self: Any) -> Any:
    """In the same zone, to a running or stopped instance, on a free device, when the volume is available."""
    backend, about = self.ec2_backend, _about(self)
    volume = backend.get_volume(self._get_param("VolumeId"))
    instance = backend.get_instance(self._get_param("InstanceId"))
    device = self._get_param("Device")
    self.error_on_dryrun()
    _check_attach(volume, instance, device)
    volume.begun_with = volume_data.data_at(volume)
    attachment = backend.attach_volume(volume.id, instance.id, device)
    attachment.attach_time = about.moment()
    block = instance.block_device_mapping[device]
    attachment.status = block.status = "attaching"

    def attached() -> None:
        if volume.attachment is attachment and attachment.status == "attaching":
            attachment.status, block.status = "attached", "in-use"

    zone = instance.placement.zone
    answer = _shown(attachment)
    about.later(about.durations.volume_attach, lambda: unless_dark(about, zone, attached))
    return answer


def _check_attach(volume: Any, instance: Any, device: str) -> None:
    if volume.attachment:
        raise fault("VolumeInUse", f"{volume.id} is already attached to an instance")
    if volume.status != "available":
        raise fault("IncorrectState", f"{volume.id} is not 'available'.")
    if instance.state not in ("running", "stopped"):
        raise fault("IncorrectState", f"Instance '{instance.id}' is not 'running'.")
    if volume.availability_zone != instance.placement.zone:
        raise fault(
            "InvalidVolume.ZoneMismatch",
            f"The volume '{volume.id}' is not in the same availability zone as instance '{instance.id}'",
        )
    if device in instance.block_device_mapping:
        raise fault(
            "InvalidParameterValue",
            f"Invalid value '{device}' for unixDevice. Attachment point {device} is already in use",
        )
    if len(instance.block_device_mapping) + len(instance.nics) >= ATTACHMENTS:
        raise fault("AttachmentLimitExceeded", f"Attachment limit exceeded for instance {instance.id}.")


def _detach(self: Any) -> Any:
    """Takes a moment; a guest that holds the volume keeps it `busy` until it stops or is forced."""
    backend, about = self.ec2_backend, _about(self)
    volume = backend.get_volume(self._get_param("VolumeId"))
    attachment = volume.attachment
    self.error_on_dryrun()
    if attachment is None:
        raise fault("IncorrectState", f"Volume '{volume.id}' is in the '{volume.status}' state.")
    _check_detach(attachment, self._get_param("InstanceId"), self._get_param("Device"))
    force = bool(self._get_bool_param("Force", False))
    if attachment.status in ("attached", "attaching") or force:
        _mark(attachment, "detaching")
        about.later(about.durations.volume_detach, lambda: _let_go(about, attachment, force=force))
    from moto.core.responses import ActionResult

    shown = _shown(attachment).result
    return ActionResult(shown | {"State": "detaching" if shown["State"] == "detached" else shown["State"]})


def _check_detach(attachment: Any, instance_id: str | None, device: str | None) -> None:
    volume, instance = attachment.volume, attachment.instance
    if (instance_id or instance.id) != instance.id or (device or attachment.device) != attachment.device:
        raise fault(
            "InvalidAttachment.NotFound",
            f"Volume '{volume.id}' is not attached to instance '{instance_id}' as device '{device}'",
        )
    if attachment.device == instance.root_device_name and instance.state != "stopped":
        raise fault(
            "OperationNotPermitted", f"Unable to detach root volume '{volume.id}' from instance '{instance.id}'"
        )


def _let_go(about: Conditions, attachment: Any, *, force: bool) -> None:
    volume, instance = attachment.volume, attachment.instance
    if volume.attachment is not attachment:
        return
    if instance.placement.zone in about.faults.dark_zones:
        about.later(HELD_RETRY_S, lambda: _let_go(about, attachment, force=force))
        return
    held = volume.id in about.faults.held_volumes and instance.state not in ("stopped", "terminated")
    if held and not force:
        _mark(attachment, "busy")
        about.later(HELD_RETRY_S, lambda: _let_go(about, attachment, force=False))
        return
    volume_data.note(instance)
    volume.ec2_backend.detach_volume(volume.id, instance.id, attachment.device)


def _mark(attachment: Any, status: str) -> None:
    attachment.status = status
    attachment.instance.block_device_mapping[attachment.device].status = "detaching"


def _from_snapshot(method: Callable[..., Any]) -> Callable[..., Any]:
    """Only from a completed snapshot, not smaller than it, encrypted as it is (fact 10)."""

    def create(
        self: Any, size: Any = None, zone_name: str = "", snapshot_id: str | None = None, **more: Any
    ) -> Any:
        snapshot = self.get_snapshot(snapshot_id) if snapshot_id else None
        if snapshot is not None:
            if snapshot.status != "completed":
                raise fault("IncorrectState", f"Snapshot is in invalid state - {snapshot.status}")
            if size is not None and int(size) < snapshot.volume_size:
                raise fault(
                    "InvalidParameterValue",
                    f"Volume of {size}GiB is smaller than snapshot '{snapshot_id}', expect size "
                    f">= {snapshot.volume_size}GiB",
                )
            if snapshot.encrypted and snapshot.kms_key_id and not more.get("kms_key_id"):
                more |= {"encrypted": True, "kms_key_id": snapshot.kms_key_id}
        volume = method(self, size=size, zone_name=zone_name, snapshot_id=snapshot_id, **more)
        volume.create_time = conditions(self.account_id).moment()
        if snapshot is not None:
            volume_data.copy_to_volume(snapshot, volume)
        return volume

    return create


def _created(method: Callable[..., Any]) -> Callable[..., Any]:
    """A volume is `creating` first; one with a bad key vanishes after success; a token makes one volume only."""

    def create(self: Any) -> Any:
        from moto.core.responses import ActionResult

        about, backend = _about(self), self.ec2_backend
        tokens = backend.__dict__.setdefault("opsctl_volume_tokens", {})
        token = self._get_param("ClientToken")
        if token in tokens:
            known, asked = tokens[token]
            if asked != _without_token(self):
                raise fault("IdempotentParameterMismatch", "Arguments on this idempotent request are inconsistent")
            return ActionResult(known)
        answer = method(self)
        volume = answer.result
        if token:
            tokens[token] = (volume, _without_token(self))
        if volume.kms_key_id in about.faults.bad_keys:
            about.later(1, lambda: backend.volumes.pop(volume.id, None))
        volume.creating = about.durations.volume_create > 0 or volume.availability_zone in about.faults.dark_zones

        def available() -> None:
            volume.creating = False

        zone = str(volume.availability_zone)
        about.later(about.durations.volume_create, lambda: unless_dark(about, zone, available))
        return answer

    return create


def _without_token(response: Any) -> dict[str, Any]:
    return {name: value for name, value in response._get_params().items() if name != "ClientToken"}
