"""A small faithful EC2 in memory for the recovery handler: states that take time, and AWS's own refusals.

It knows what the handler calls and no more, so that thousands of runs take seconds; the same scenarios run once on
the sandbox's stricter moto. Every write names the resources that IAM would check.
"""

import heapq
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from botocore.exceptions import ClientError

from opsctl.model.value import Json

ACCOUNT, REGION = "123456789012", "eu-central-1"
ROOT = "/dev/xvda"


def refused(code: str, message: str = "") -> Exception:
    """Build AWS's refusal."""
    error: Exception = ClientError({"Error": {"Code": code, "Message": message or code}}, "Operation")
    return error


class Timeline:
    """Time that moves only when somebody sleeps, and what is due on it."""

    def __init__(self, start: float = 1_790_000_000.0) -> None:
        self.time = start
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.time

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something later."""
        heapq.heappush(self._due, (self.time + seconds, next(self._order), action))

    def sleep(self, seconds: float) -> None:
        """Let time pass, and with it whatever is due."""
        until = self.time + seconds
        while self._due and self._due[0][0] <= until:
            self.time, _, action = heapq.heappop(self._due)
            action()
        self.time = until


@dataclass
class Volume:
    """An EBS volume. `content` is the moment of the last write it holds; an empty volume holds none."""

    id: str
    zone: str
    tags: dict[str, str]
    created: float
    content: float | None
    size: int = 100
    type: str = "gp3"
    iops: int = 4000
    throughput: int = 250
    key: str = ""
    snapshot: str = ""
    state: str = "available"
    holder: str = ""
    device: str = ""
    attachment: str = ""

    def shape(self) -> tuple[object, ...]:
        """What a copy has to keep."""
        return (self.size, self.type, self.iops, self.throughput if self.type == "gp3" else 0, self.key)


@dataclass
class Snapshot:
    """An EBS snapshot."""

    id: str
    volume: str
    tags: dict[str, str]
    started: float
    size: int
    content: float | None
    key: str = ""
    state: str = "pending"


@dataclass
class Instance:
    """An instance; a zone that is down keeps it in whatever state it tries to leave."""

    id: str
    zone: str
    launched: float
    tags: dict[str, str]
    state: str = "pending"
    interfaces: list[str] = field(default_factory=list)
    source_dest_check: bool = True
    stop_s: float = 20
    shutdown_s: float = 30
    stops_only_by_force: bool = False


class MemoryEc2:
    """The EC2 of one account."""

    def __init__(self, time: Timeline) -> None:
        self.time = time
        self.volumes: dict[str, Volume] = {}
        self.snapshots: dict[str, Snapshot] = {}
        self.instances: dict[str, Instance] = {}
        self.addresses: dict[str, str] = {}
        """The network interface that has each Elastic IP, by allocation."""
        self.dead_zones: set[str] = set()
        self.zone_states: dict[str, str] = {}
        """What AWS calls a zone, where it is not available."""
        self.detach_s, self.attach_s, self.create_s, self.address_s = 3.0, 2.0, 6.0, 0.0
        self.boot_s = 20.0
        self.impaired: set[str] = set()
        """Volumes that AWS calls impaired."""
        self.neighbours: dict[str, str] = {}
        """Other running instances of the account that AWS can tell of, and their zones."""
        self.snapshot_s = 60.0
        self.failing_snapshots = 0
        self.in_service: Callable[[str], bool] = lambda _: False
        self.authorize: Callable[[str, dict[str, dict[str, str]], Json], None] = lambda *_: None
        self._tokens: dict[str, str] = {}
        self._ids = itertools.count(1)

    # What happens by itself or is arranged

    def new_id(self, kind: str) -> str:
        """Return an id that nothing has yet."""
        return f"{kind}-{next(self._ids):04x}"

    def add_volume(self, zone: str, tags: dict[str, str], **settings: Json) -> Volume:
        """Put a volume with data into the account."""
        volume = Volume(self.new_id("vol"), zone, tags, self.time.now(), self.time.now(), **settings)
        self.volumes[volume.id] = volume
        return volume

    def add_snapshot(self, volume: Volume, tags: dict[str, str], age_s: float) -> Snapshot:
        """Put a completed snapshot of some time ago into the account."""
        started = self.time.now() - age_s
        snapshot = Snapshot(
            self.new_id("snap"), volume.id, tags, started, volume.size, started, volume.key, "completed"
        )
        self.snapshots[snapshot.id] = snapshot
        return snapshot

    def launch(self, zone: str, tags: dict[str, str], boot_s: float | None = None) -> Instance:
        """Start an instance with one network interface."""
        instance = Instance(self.new_id("i"), zone, self.time.now(), dict(tags))
        instance.interfaces.append(self.new_id("eni"))
        self.instances[instance.id] = instance
        boot_s = self.boot_s if boot_s is None else boot_s
        self.time.after(boot_s, lambda: self._to(instance, "pending", "running"))
        return instance

    def put_on(self, volume: Volume, instance: Instance, device: str) -> None:
        """Have a volume attached already."""
        volume.state, volume.holder, volume.device, volume.attachment = "in-use", instance.id, device, "attached"

    def terminate(self, instance: Instance) -> None:
        """Terminate an instance; it lets go of everything once it is terminated."""
        if instance.state in ("shutting-down", "terminated"):
            return
        self.write()
        instance.state = "shutting-down"
        self.time.after(instance.shutdown_s, lambda: self._end(instance))

    def write(self) -> None:
        """Let whoever is in service have written up to now."""
        for volume in self.volumes.values():
            holder = self.instances.get(volume.holder)
            if (
                holder
                and volume.attachment == "attached"
                and holder.state == "running"
                and self.in_service(holder.id)
            ):
                volume.content = self.time.now()

    def on(self, instance_id: str) -> list[Volume]:
        """The data volumes that an instance has."""
        return [each for each in self.volumes.values() if each.holder == instance_id]

    def _to(self, instance: Instance, before: str, after: str) -> None:
        if instance.zone in self.dead_zones:
            self.time.after(60, lambda: self._to(instance, before, after))
        elif instance.state == before:
            instance.state = after

    def _end(self, instance: Instance) -> None:
        if instance.zone in self.dead_zones:
            self.time.after(60, lambda: self._end(instance))
            return
        instance.state = "terminated"
        for volume in self.on(instance.id):
            self._free(volume)
        for allocation, interface in self.addresses.items():
            if interface in instance.interfaces:
                self.addresses[allocation] = ""

    def _free(self, volume: Volume) -> None:
        volume.state, volume.holder, volume.device, volume.attachment = "available", "", "", ""

    # Reads

    def describe_volumes(self, Filters: list[Json]) -> Json:  # noqa: N803
        """Volumes by tag, or by id; one that is unknown is left out."""
        if Filters[0]["Name"] == "volume-id":
            found = [self.volumes[each] for each in Filters[0]["Values"] if each in self.volumes]
        else:
            found = _tagged(self.volumes.values(), Filters)
        return {"Volumes": [self._volume(each) for each in found]}

    def describe_snapshots(self, OwnerIds: list[str], Filters: list[Json], MaxResults: int) -> Json:  # noqa: N803
        """Snapshots by tag, and by the beginning of their start time."""
        times = [value for each in Filters if each["Name"] == "start-time" for value in each["Values"]]
        found = _tagged(self.snapshots.values(), [each for each in Filters if each["Name"] != "start-time"])
        if times:
            found = [one for one in found if any(fnmatchcase(_time(one.started).isoformat(), at) for at in times)]
        return {"Snapshots": [self._snapshot(each) for each in found]}

    def describe_availability_zones(self, ZoneNames: list[str]) -> Json:  # noqa: N803
        """Zones, which AWS calls available unless a test says otherwise."""
        shown = [{"ZoneName": each, "State": self.zone_states.get(each, "available")} for each in ZoneNames]
        return {"AvailabilityZones": shown}

    def describe_instance_status(self, Filters: list[Json]) -> Json:  # noqa: N803
        """Status checks of running instances; nobody can say how those of a dead zone are."""
        (zone,) = Filters[0]["Values"]
        running = {key: each.zone for key, each in self.instances.items() if each.state == "running"}
        there = {key: each for key, each in (self.neighbours | running).items() if each == zone}
        return {"InstanceStatuses": [{"InstanceId": key, "SystemStatus": {"Status": self._health(each)}}
                                     for key, each in there.items()]}  # fmt: skip

    def describe_volume_status(self, VolumeIds: list[str]) -> Json:  # noqa: N803
        """Status of volumes."""
        roots = {f"vol-root-{each.id}": each.zone for each in self.instances.values()}
        zones = roots | {each.id: each.zone for each in self.volumes.values()}
        found = {each: "impaired" if each in self.impaired else self._health(zones[each]) for each in VolumeIds}
        return {"VolumeStatuses": [{"VolumeId": key, "VolumeStatus": {"Status": each}}
                                   for key, each in found.items()]}  # fmt: skip

    def _health(self, zone: str) -> str:
        return "insufficient-data" if zone in self.dead_zones else "ok"

    def describe_instances(self, Filters: list[Json]) -> Json:  # noqa: N803
        """Instances by id; one that is unknown is left out."""
        (ids,) = (each["Values"] for each in Filters)
        return {"Reservations": [{"Instances": [self._instance(self.instances[each])]} for each in ids
                                 if each in self.instances]}  # fmt: skip

    def describe_addresses(self, Filters: list[Json]) -> Json:  # noqa: N803
        """Elastic IPs by allocation."""
        (ids,) = (each["Values"] for each in Filters)
        found = []
        for allocation in ids:
            if allocation in self.addresses:
                interface = self.addresses[allocation]
                has = {"NetworkInterfaceId": interface, "PrivateIpAddress": _ip(interface)} if interface else {}
                found.append({"AllocationId": allocation, **has})
        return {"Addresses": found}

    # Writes

    def create_tags(self, Resources: list[str], Tags: list[Json]) -> Json:  # noqa: N803
        """Set tags on instances and volumes."""
        everything: dict[str, Instance | Volume] = {**self.instances, **self.volumes}
        targets = [everything[each] for each in Resources]
        self._authorize("CreateTags", *targets, keys=[each["Key"] for each in Tags])
        for target in targets:
            target.tags.update(_tags(Tags))
        return {}

    def create_snapshot(self, VolumeId: str, TagSpecifications: list[Json], Description: str) -> Json:  # noqa: N803
        """Begin a snapshot of one volume."""
        volume, tags = self.volumes[VolumeId], _tags(TagSpecifications[0]["Tags"])
        self._authorize("CreateSnapshot", volume, new={"snapshot": tags})
        return self._snapshot(self._begin(volume, tags))

    def create_snapshots(
        self, InstanceSpecification: Json, TagSpecifications: list[Json], CopyTagsFromSource: str, Description: str  # noqa: N803
    ) -> Json:  # fmt: skip
        """Begin one consistent set of snapshots of an instance's volumes."""
        instance = self.instances[InstanceSpecification["InstanceId"]]
        excluded = InstanceSpecification["ExcludeDataVolumeIds"]
        volumes = [each for each in self.on(instance.id) if each.id not in excluded]
        tags = _tags(TagSpecifications[0]["Tags"])
        self._authorize("CreateSnapshots", instance, *volumes, new={"snapshot": tags})
        self.write()
        return {"Snapshots": [self._snapshot(self._begin(each, {**each.tags, **tags})) for each in volumes]}

    def delete_snapshot(self, SnapshotId: str) -> Json:  # noqa: N803
        """Delete a snapshot."""
        self._authorize("DeleteSnapshot", self.snapshots[SnapshotId])
        del self.snapshots[SnapshotId]
        return {}

    def create_volume(
        self, AvailabilityZone: str, SnapshotId: str, VolumeType: str, Size: int, ClientToken: str,  # noqa: N803
        TagSpecifications: list[Json], Iops: int = 3000, Throughput: int = 125, Encrypted: bool = False,  # noqa: N803
        KmsKeyId: str = ""  # noqa: N803
    ) -> Json:  # fmt: skip
        """Make a volume from a snapshot; the same token makes it once."""
        if SnapshotId not in self.snapshots:
            raise refused("InvalidSnapshot.NotFound", f"The snapshot '{SnapshotId}' does not exist.")
        snapshot, tags = self.snapshots[SnapshotId], _tags(TagSpecifications[0]["Tags"])
        self._authorize("CreateVolume", snapshot, new={"volume": tags})
        if snapshot.state != "completed":
            raise refused("IncorrectState", f"Snapshot is in invalid state - {snapshot.state}")
        if ClientToken not in self._tokens:
            volume = Volume(
                self.new_id("vol"), AvailabilityZone, tags, self.time.now(), snapshot.content, Size, VolumeType,
                Iops, Throughput, KmsKeyId or ("alias/aws/ebs" if Encrypted else ""), snapshot.id, "creating"
            )  # fmt: skip
            self.volumes[volume.id] = volume
            self._tokens[ClientToken] = volume.id
            self.time.after(self.create_s, lambda: setattr(volume, "state", "available"))
        return self._volume(self.volumes[self._tokens[ClientToken]])

    def attach_volume(self, Device: str, VolumeId: str, InstanceId: str) -> Json:  # noqa: N803
        """Attach a volume that nobody has to a running instance of its zone."""
        volume, instance = self.volumes[VolumeId], self.instances[InstanceId]
        self._authorize("AttachVolume", volume, instance)
        if volume.holder:
            raise refused("VolumeInUse", f"{VolumeId} is already attached to an instance")
        if volume.state != "available":
            raise refused("IncorrectState", f"Volume '{VolumeId}' is '{volume.state}'")
        if volume.zone != instance.zone:
            raise refused(
                "InvalidVolume.ZoneMismatch", f"The volume '{VolumeId}' is not in the same availability zone"
            )
        if instance.state not in ("running", "stopped"):
            raise refused("IncorrectState", f"Instance '{InstanceId}' is not 'running'.")
        if Device in {ROOT, *(each.device for each in self.on(InstanceId))}:
            raise refused(
                "InvalidParameterValue", f"Invalid value '{Device}' for unixDevice. It is already in use"
            )
        self.put_on(volume, instance, Device)
        volume.attachment = "attaching"
        self.time.after(
            self.attach_s,
            lambda: setattr(volume, "attachment", "attached") if volume.holder == InstanceId else None,
        )
        return {"State": "attaching"}

    def detach_volume(self, VolumeId: str, InstanceId: str) -> Json:  # noqa: N803
        """Detach a volume; a running instance has it mounted, so it stays busy."""
        volume, instance = self.volumes[VolumeId], self.instances[InstanceId]
        self._authorize("DetachVolume", volume, instance)
        if volume.holder != InstanceId:
            what = f"Volume '{VolumeId}' is not attached to instance '{InstanceId}'"
            raise refused("InvalidAttachment.NotFound", what)
        volume.attachment = "detaching" if instance.state == "stopped" else "busy"
        if instance.state == "stopped":
            self.time.after(
                self.detach_s, lambda: self._free(volume) if volume.attachment == "detaching" else None
            )
        return {"State": "detaching"}

    def stop_instances(self, InstanceIds: list[str], Force: bool = False) -> Json:  # noqa: N803
        """Stop an instance; a hung one stops only by force."""
        (instance,) = (self.instances[each] for each in InstanceIds)
        self._authorize("StopInstances", instance)
        if instance.state not in ("running", "stopping"):
            raise refused("IncorrectInstanceState", f"{instance.id} is {instance.state}")
        self.write()
        instance.state = "stopping"
        if Force or not instance.stops_only_by_force:
            self.time.after(instance.stop_s, lambda: self._to(instance, "stopping", "stopped"))
        return {}

    def associate_address(
        self, AllocationId: str, NetworkInterfaceId: str, PrivateIpAddress: str, AllowReassociation: bool  # noqa: N803
    ) -> Json:  # fmt: skip
        """Move an Elastic IP to a network interface of a running instance."""
        (instance,) = (each for each in self.instances.values() if NetworkInterfaceId in each.interfaces)
        self.authorize("ec2:AssociateAddress", {_arn("elastic-ip", AllocationId): instance.tags,
                                                _arn("network-interface", NetworkInterfaceId): {},
                                                _arn("instance", instance.id): instance.tags}, {})  # fmt: skip
        if instance.state != "running":
            state = (
                f"The pending-instance-creation instance to which '{NetworkInterfaceId}' is attached is not valid"
            )
            raise refused("IncorrectInstanceState", state)
        self.time.after(self.address_s, lambda: self.addresses.update({AllocationId: NetworkInterfaceId}))
        if not self.address_s:
            self.addresses[AllocationId] = NetworkInterfaceId
        return {"AssociationId": "eipassoc-1"}

    def modify_network_interface_attribute(self, NetworkInterfaceId: str, SourceDestCheck: Json) -> Json:  # noqa: N803
        """Set source/destination check."""
        (instance,) = (each for each in self.instances.values() if NetworkInterfaceId in each.interfaces)
        action, set_to = "ec2:ModifyNetworkInterfaceAttribute", {"SourceDestCheck": SourceDestCheck["Value"]}
        which = {_arn("network-interface", NetworkInterfaceId): instance.tags}
        self.authorize(action, which, {"attributes": set_to})  # the instance is not asked which attribute it is
        self.authorize(action, {_arn("instance", instance.id): instance.tags}, {})
        instance.source_dest_check = SourceDestCheck["Value"]
        return {}

    # AWS's shapes

    def _begin(self, volume: Volume, tags: dict[str, str]) -> Snapshot:
        snapshot = Snapshot(
            self.new_id("snap"), volume.id, tags, self.time.now(), volume.size, volume.content, volume.key
        )
        self.snapshots[snapshot.id] = snapshot
        self.time.after(self.snapshot_s, lambda: self._complete(snapshot, volume))
        return snapshot

    def _complete(self, snapshot: Snapshot, volume: Volume) -> None:
        if volume.zone not in self.dead_zones:
            snapshot.state = "error" if self.failing_snapshots > 0 else "completed"
            self.failing_snapshots -= 1

    def _authorize(
        self, operation: str, *resources: Volume | Snapshot | Instance,
        new: dict[str, dict[str, str]] | None = None, keys: list[str] | None = None
    ) -> None:  # fmt: skip
        arns = {_arn(type(each).__name__.lower(), each.id): each.tags for each in resources}
        self.authorize(f"ec2:{operation}", arns, {"new": new or {}, "keys": keys})

    def _volume(self, volume: Volume) -> Json:
        attached = [{"InstanceId": volume.holder, "VolumeId": volume.id, "Device": volume.device,
                     "State": volume.attachment}] if volume.holder else []  # fmt: skip
        shape = {
            "Size": volume.size,
            "VolumeType": volume.type,
            "Iops": volume.iops,
            "Encrypted": bool(volume.key),
        }
        shape |= {"Throughput": volume.throughput} if volume.type == "gp3" else {}
        shape |= {"KmsKeyId": volume.key} if volume.key else {}
        return {"VolumeId": volume.id, "AvailabilityZone": volume.zone, "State": volume.state, **shape,
                "Attachments": attached, "CreateTime": _time(volume.created), "SnapshotId": volume.snapshot,
                "Tags": _list(volume.tags)}  # fmt: skip

    def _snapshot(self, snapshot: Snapshot) -> Json:
        key = {"KmsKeyId": snapshot.key} if snapshot.key else {}
        return {"SnapshotId": snapshot.id, "VolumeId": snapshot.volume, "State": snapshot.state, "Progress": "37%",
                "StartTime": _time(snapshot.started), "VolumeSize": snapshot.size, "Tags": _list(snapshot.tags),
                "Encrypted": bool(snapshot.key), **key}  # fmt: skip

    def _instance(self, instance: Instance) -> Json:
        mappings = [{"DeviceName": ROOT, "Ebs": {"VolumeId": f"vol-root-{instance.id}", "Status": "attached"}}]
        mappings += [{"DeviceName": each.device, "Ebs": {"VolumeId": each.id, "Status": each.attachment}}
                     for each in self.on(instance.id)]  # fmt: skip
        there = {"InstanceId": instance.id, "State": {"Name": instance.state},
                 "LaunchTime": _time(instance.launched), "Tags": _list(instance.tags),
                 "Placement": {"AvailabilityZone": instance.zone}}  # fmt: skip
        if instance.state == "terminated":
            return there | {"BlockDeviceMappings": [], "NetworkInterfaces": [], "RootDeviceName": ROOT}
        interfaces = [{"NetworkInterfaceId": each, "Attachment": {"DeviceIndex": index},
                       "SourceDestCheck": instance.source_dest_check,
                       "PrivateIpAddresses": [{"PrivateIpAddress": _ip(each)}]}
                      for index, each in enumerate(instance.interfaces)]  # fmt: skip
        return there | {"BlockDeviceMappings": mappings, "NetworkInterfaces": interfaces, "RootDeviceName": ROOT,
                        "PrivateIpAddress": _ip(instance.interfaces[0])}  # fmt: skip


def _tagged(items: Iterable[Json], filters: list[Json]) -> list[Json]:
    wanted = {each["Name"].removeprefix("tag:"): each["Values"] for each in filters}
    return [one for one in items if all(one.tags.get(key) in values for key, values in wanted.items())]


def _tags(listed: list[Json]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in listed}


def _list(tags: dict[str, str]) -> list[Json]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _time(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC)


def _ip(interface: str) -> str:
    return f"10.0.0.{int(interface.removeprefix('eni-'), 16)}"


def _arn(kind: str, name: str) -> str:
    return f"arn:aws:ec2:{REGION}:{'' if kind == 'snapshot' else ACCOUNT}:{kind}/{name}"
