"""Images are made of snapshots, take time, and leave out what they are told to. Source: EC2 API reference."""

import re
from collections.abc import Callable
from typing import Any

from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.ec2_faults import fault
from opsctl.sandbox.rules import snapshots
from opsctl.sandbox.rules.instances import unless_dark

_NAME = re.compile(r"^[A-Za-z0-9()\[\] ./\-'@_]{3,128}$")


def install() -> None:
    """Put the rules around moto's images."""
    from moto.ec2.models.amis import Ami
    from moto.ec2.responses import EC2Response

    EC2Response.create_image = _create
    EC2Response.register_image = _registered(EC2Response.register_image)
    EC2Response.deregister_image = _deregistered(EC2Response.deregister_image)
    Ami.block_device_mappings = property(_mappings_or(Ami.block_device_mappings.fget))


def _registered(method: Callable[..., Any]) -> Callable[..., Any]:
    """What an image is said to be: without an architecture an i386, without a virtualization type paravirtual."""

    def registered(self: Any) -> Any:
        answer = method(self)
        image = self.ec2_backend.amis[answer.result["ImageId"]]
        image.architecture = self._get_param("Architecture") or "i386"
        image.virtualization_type = self._get_param("VirtualizationType") or "paravirtual"
        image.root_device_type = "ebs"
        return answer

    return registered


def _mappings_or(method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def mappings(self: Any) -> Any:
        return getattr(self, "mappings", None) or method(self)

    return mappings


def _create(self: Any) -> Any:
    """A snapshot of every device that is not excluded; pending first; the instance reboots unless told not to."""
    from moto.core.responses import ActionResult

    backend, about = self.ec2_backend, conditions(self.current_account)
    instance = backend.get_instance(self._get_param("InstanceId"))
    name = self._get_param("Name")
    _check(backend, instance, name)
    tags = _tags(self)
    blocks = _blocks(self, instance)
    self.error_on_dryrun()
    for _, block, _ in blocks:
        snapshots.check_room(backend, backend.get_volume(block.volume_id))
    image = backend.create_image(instance.id, name, self._get_param("Description", ""), [])
    backend.snapshots.pop(image.ebs_snapshot.id)
    image.add_tags(tags.get("image", {}))
    image.root_device_name, image.root_device_type = instance.root_device_name, "ebs"
    image.creation_date = about.moment()
    image.mappings = []
    for device, block, keep in blocks:
        snapshot = backend.create_snapshot(
            block.volume_id, f"Created by CreateImage({instance.id}) for {image.id}", from_ami=image.id
        )
        snapshot.add_tags(tags.get("snapshot", {}))
        snapshots.begin(about, snapshot, about.durations.image)  # an image waits for its own
        image.ebs_snapshot = snapshot
        volume = backend.get_volume(block.volume_id)
        ebs = {
            "DeleteOnTermination": not keep,
            "SnapshotId": snapshot.id,
            "VolumeSize": volume.size,
            "VolumeType": volume.volume_type,
            "Encrypted": volume.encrypted,
        }
        image.mappings.append({"DeviceName": device, "Ebs": ebs})
    if not self._get_bool_param("NoReboot", False) and instance.state == "running":
        instance.running_since = about.now()
        instance.reboots = getattr(instance, "reboots", 0) + 1
    image.state = "pending"

    def available() -> None:
        image.state = "available"

    about.later(about.durations.image, lambda: unless_dark(about, instance.placement.zone, available))
    return ActionResult({"ImageId": image.id})


def _check(backend: Any, instance: Any, name: str) -> None:
    if not _NAME.match(name or ""):
        raise fault(
            "InvalidAMIName.Malformed",
            "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, "
            "'(', ')', '.', '-', '/' and '_'",
        )
    taken = next(
        (one for one in backend.amis.values() if one.name == name and one.owner_id == backend.account_id), None
    )
    if taken:
        raise fault("InvalidAMIName.Duplicate", f"AMI name {name} is already in use by AMI {taken.id}")
    if instance.state not in ("running", "stopping", "stopped"):
        raise fault("IncorrectState", f"Instance '{instance.id}' is not 'running' or 'stopped'.")


def _tags(self: Any) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for spec in self._get_param("TagSpecifications", []):
        if spec["ResourceType"] not in ("image", "snapshot"):
            raise fault(
                "InvalidParameterValue",
                f"'{spec['ResourceType']}' is not a valid taggable resource type for this operation.",
            )
        found[spec["ResourceType"]] = {tag["Key"]: tag["Value"] for tag in spec["Tags"]}
    return found


def _blocks(self: Any, instance: Any) -> list[tuple[str, Any, bool]]:
    """The devices of the image, and whether each volume stays when an instance made of it ends."""
    said = {one["DeviceName"]: one for one in self._get_param("BlockDeviceMappings", [])}
    found = []
    for device, block in instance.get_block_device_mapping:
        mapping = said.get(device, {})
        if mapping.get("NoDevice") is not None:
            continue
        ends = (mapping.get("Ebs") or {}).get("DeleteOnTermination", block.delete_on_termination)
        found.append((device, block, str(ends).lower() != "true"))
    if instance.root_device_name not in [device for device, _, _ in found]:
        raise fault("InvalidBlockDeviceMapping", "The root device cannot be left out of an image.")
    return found


def _deregistered(method: Callable[..., Any]) -> Callable[..., Any]:
    """The snapshots stay, unless their deletion is asked for."""

    def deregistered(self: Any) -> Any:
        from moto.core.responses import ActionResult

        image = self._get_param("ImageId")
        method(self)
        gone = []
        if self._get_bool_param("DeleteAssociatedSnapshots", False):
            gone = [one.id for one in self.ec2_backend.snapshots.values() if one.from_ami == image]
            for one in gone:
                self.ec2_backend.delete_snapshot(one)
        results = [{"SnapshotId": one, "ReturnCode": "success"} for one in gone]
        return ActionResult({"Return": True, "DeleteSnapshotResults": results})

    return deregistered
