"""What was read of an instance and its surroundings, as the checks take it."""

import base64
import binascii
import hashlib
from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from opsctl.model.commands import Commands
from opsctl.model.value import Json, Value
from opsctl.resources.ec2 import parse_tags

SERVICE_TAGS = "aws:"


class HaRequest(Value):
    """What was requested; the judges see the record by its name alone."""

    mode: Literal["auto", "recover", "standby", "asg"] = Field("auto", description="The mode; auto chooses.")
    fresh: bool = Field(False, description="Launch a new instance instead of attaching the running one.")
    subnets: tuple[str, ...] = Field(
        (), description="Subnets for replacements; empty: one in every zone that fits."
    )
    topic: str = Field("", description="ARN of the topic to notify; empty: one is made.")
    rpo_s: int = Field(0, ge=0, description="Seconds between snapshots of the data volumes; 0: none are made.")
    allow_data_loss_s: int = Field(0, ge=0, description="Age in seconds of the oldest snapshot that may be used.")
    record: str = Field("", description="Private DNS record that is pointed at the instance, as ZONE_ID/NAME.")
    snapshots: Literal["handler", "dlm"] = Field("handler", description="Who takes the snapshots.")
    keep_snapshots: int = Field(48, description="How many of each volume dlm keeps.")


class DataVolume(Value):
    """A data volume of the instance, with what a copy in another zone must have as well."""

    id: str
    device: str
    size_gib: int = 0
    type: str = ""
    encrypted: bool = False
    kms_key: str = ""
    multi_attach: bool = False
    product_codes: tuple[str, ...] = ()
    delete_on_termination: bool = False
    known: bool = True


class ElasticIp(Value):
    """An Elastic IP of the instance, and which private address of which interface it belongs to."""

    allocation_id: str
    ip: str
    device_index: int = 0
    private_index: int = 0
    border_group: str = ""
    managed: str = ""


class Inventory(Value):
    """The instance as DescribeInstances tells it, and AWS's answers by name; what could not be read is absent."""

    account: str
    region: str
    partition: str
    instance: Json
    answers: dict[str, Json] = {}
    wanted: HaRequest = HaRequest()
    commands: Commands = Commands()

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.instance["InstanceId"])

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""
        return parse_tags(self.instance)

    @property
    def own_tags(self) -> dict[str, str]:
        """Its tags without those that AWS itself sets and opsctl uses."""
        return {key: value for key, value in self.tags.items() if not key.startswith((SERVICE_TAGS, "opsctl:"))}

    @property
    def state(self) -> str:
        """Its state."""
        return str(self.instance.get("State", {}).get("Name", ""))

    @property
    def zone(self) -> str:
        """Its Availability Zone."""
        return str(self.instance.get("Placement", {}).get("AvailabilityZone", ""))

    @property
    def subnet(self) -> str:
        """Its subnet; a terminated instance has none."""
        return str(self.instance.get("SubnetId", ""))

    @property
    def type(self) -> str:
        """Its type."""
        return str(self.instance.get("InstanceType", ""))

    @property
    def interfaces(self) -> list[Json]:
        """Its network interfaces by device index."""
        found = self.instance.get("NetworkInterfaces") or []
        return sorted(found, key=lambda one: int(one.get("Attachment", {}).get("DeviceIndex", 0)))

    @property
    def has_ipv6(self) -> bool:
        """Whether its first interface has an IPv6 address, which every replacement then asks its subnet for."""
        return bool(self.interfaces and self.interfaces[0].get("Ipv6Addresses"))

    @property
    def primary_ip(self) -> str:
        """Its first private address."""
        return str(self.instance.get("PrivateIpAddress", ""))

    @property
    def root_device(self) -> str:
        """Device name of its root volume."""
        return str(self.instance.get("RootDeviceName", ""))

    @property
    def type_info(self) -> dict[str, Json]:
        """What AWS says of the instance type; nothing when it could not be read."""
        listed = (self.answers.get("type") or {}).get("InstanceTypes") or [{}]
        found: dict[str, Json] = listed[0]
        return found

    @property
    def data_volumes(self) -> tuple[DataVolume, ...]:
        """Its EBS volumes but the root, by device name."""
        told = {one["VolumeId"]: one for one in (self.answers.get("volumes") or {}).get("Volumes", [])}
        return tuple(sorted(_data_volumes(self, told), key=lambda one: one.device))

    @property
    def root_volume(self) -> dict[str, Json]:
        """What DescribeVolumes says of its root volume."""
        told = {one["VolumeId"]: one for one in (self.answers.get("volumes") or {}).get("Volumes", [])}
        for mapping in self.instance.get("BlockDeviceMappings") or []:
            if mapping.get("DeviceName") == self.root_device:
                found: dict[str, Json] = told.get(mapping.get("Ebs", {}).get("VolumeId"), {})
                return found
        return {}

    @property
    def elastic_ips(self) -> tuple[ElasticIp, ...]:
        """Its Elastic IPs."""
        listed = (self.answers.get("addresses") or {}).get("Addresses", [])
        return tuple(
            ElasticIp(
                allocation_id=one["AllocationId"],
                ip=one.get("PublicIp", ""),
                device_index=device,
                private_index=private,
                border_group=one.get("NetworkBorderGroup", ""),
                managed=one.get("ServiceManaged", ""),
            )
            for one in listed
            if one.get("AllocationId")
            for device, private in [_place_of(self.interfaces, one)]
        )

    def attribute(self, name: str, member: str) -> Json:
        """One attribute as DescribeInstanceAttribute tells it, or None."""
        return ((self.answers.get(name) or {}).get(member) or {}).get("Value")

    @property
    def user_data(self) -> str:
        """Its user data, base64; it may hold secrets, so only its digest and what it does leave the judges."""
        return str(self.attribute("user-data", "UserData") or "")

    @property
    def user_data_digest(self) -> str:
        """SHA-256 of its user data, or nothing when it has none."""
        return hashlib.sha256(self.user_data_bytes).hexdigest() if self.user_data else ""

    @property
    def user_data_bytes(self) -> bytes:
        """Its user data as the instance gets it; what is not base64, as it was answered."""
        try:
            return base64.b64decode(self.user_data)
        except binascii.Error:
            return self.user_data.encode()


def _data_volumes(inventory: Inventory, told: dict[str, Json]) -> Iterator[DataVolume]:
    for mapping in inventory.instance.get("BlockDeviceMappings") or []:
        ebs = mapping.get("Ebs") or {}
        if not ebs.get("VolumeId") or mapping.get("DeviceName") == inventory.root_device:
            continue
        volume = told.get(ebs["VolumeId"], {})
        yield DataVolume(
            id=ebs["VolumeId"],
            device=mapping["DeviceName"],
            size_gib=int(volume.get("Size", 0)),
            type=volume.get("VolumeType", ""),
            encrypted=bool(volume.get("Encrypted")),
            kms_key=volume.get("KmsKeyId") or "",
            multi_attach=bool(volume.get("MultiAttachEnabled")),
            product_codes=tuple(code.get("ProductCodeId", "") for code in volume.get("ProductCodes") or []),
            delete_on_termination=bool(ebs.get("DeleteOnTermination")),
            known=bool(volume),
        )


def _place_of(interfaces: list[Json], address: Json) -> tuple[int, int]:
    """Find the device index and the number of the private address that an Elastic IP belongs to."""
    for interface in interfaces:
        if interface.get("NetworkInterfaceId") == address.get("NetworkInterfaceId"):
            listed = [one.get("PrivateIpAddress") for one in interface.get("PrivateIpAddresses") or []]
            wanted = address.get("PrivateIpAddress")
            device = int(interface.get("Attachment", {}).get("DeviceIndex", 0))
            return device, listed.index(wanted) if wanted in listed else 0
    return 0, 0
