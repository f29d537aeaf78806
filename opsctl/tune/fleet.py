"""The instances of a fleet with their interfaces, as DescribeInstances answers, and who is in charge of them."""

from collections.abc import Sequence
from typing import Literal

from opsctl.model.value import Json, Value
from opsctl.resources.ec2 import parse_tags
from opsctl.tune.instance_types import EFA_KINDS

Agent = Literal["online", "lost", "none", "unread"]

GROUP_TAG = "aws:autoscaling:groupName"
CLUSTER_TAGS = ("parallelcluster:cluster-name", "eks:cluster-name")
BATCH_TAG = "AWSBatchServiceTag"


class FleetInterface(Value):
    """A network interface of an instance; `queues` is 0 where it has the type's default."""

    id: str
    kind: str = "interface"
    card: int = 0
    device: int = 0
    ena_express: bool = False
    ena_express_udp: bool = False
    queues: int = 0
    mac: str = ""

    @property
    def efa(self) -> bool:
        """Whether it is an Elastic Fabric Adapter."""
        return self.kind in EFA_KINDS


class FleetInstance(Value):
    """An instance, what its network is set to, and who is in charge of it.

    `eks` tells that `cluster` is one of EKS. `agent` is that of Systems Manager: `lost` was online once, `none` is
    not listed, `unread` could not be asked.
    """

    id: str
    name: str = ""
    type: str
    state: str = ""
    zone: str = ""
    windows: bool = False
    ena: bool = False
    vf: bool = False
    interfaces: tuple[FleetInterface, ...] = ()
    placement_group: str = ""
    strategy: str = ""
    partition: int = 0
    weighting: str = "default"
    spot: bool = False
    auto_scaling_group: str = ""
    cluster: str = ""
    eks: bool = False
    batch: bool = False
    agent: Agent = "unread"

    @property
    def title(self) -> str:
        """Its Name tag with its id, or the id alone."""
        return f"{self.name} ({self.id})" if self.name else self.id

    @property
    def efa(self) -> tuple[FleetInterface, ...]:
        """Its Elastic Fabric Adapters."""
        return tuple(one for one in self.interfaces if one.efa)

    @property
    def peers(self) -> str:
        """What it most likely talks with: its cluster, its placement group or its Auto Scaling group."""
        return self.cluster or self.placement_group or self.auto_scaling_group

    @property
    def manager(self) -> str:
        """Who would put back by itself what is changed by hand, in words; empty where nobody does."""
        if self.auto_scaling_group:
            return f"Auto Scaling group {self.auto_scaling_group}"
        if self.cluster:
            return f"cluster {self.cluster}"
        return "AWS Batch" if self.batch else ""


def parse_fleet(answers: Sequence[Json]) -> tuple[FleetInstance, ...]:
    """Parse answers of DescribeInstances; each instance once, by name."""
    found = {
        one["InstanceId"]: _instance(one)
        for answer in answers
        for reservation in answer.get("Reservations", [])
        for one in reservation.get("Instances", [])
    }
    return tuple(sorted(found.values(), key=lambda one: (one.name, one.id)))


def _instance(one: Json) -> FleetInstance:
    tags, placement = parse_tags(one), one.get("Placement", {})
    return FleetInstance(
        id=one["InstanceId"],
        name=tags.get("Name", ""),
        type=one["InstanceType"],
        state=one.get("State", {}).get("Name", ""),
        zone=placement.get("AvailabilityZone", ""),
        windows=one.get("Platform") == "windows" or "Windows" in one.get("PlatformDetails", ""),
        ena=bool(one.get("EnaSupport")),
        vf=one.get("SriovNetSupport") == "simple",
        interfaces=tuple(_interface(nic) for nic in one.get("NetworkInterfaces", [])),
        placement_group=placement.get("GroupName", ""),
        partition=placement.get("PartitionNumber", 0),
        weighting=one.get("NetworkPerformanceOptions", {}).get("BandwidthWeighting", "default"),
        spot=one.get("InstanceLifecycle") == "spot",
        auto_scaling_group=tags.get(GROUP_TAG, ""),
        cluster=next((tags[key] for key in CLUSTER_TAGS if key in tags), ""),
        eks=CLUSTER_TAGS[0] not in tags and CLUSTER_TAGS[1] in tags,
        batch=BATCH_TAG in tags,
    )


def _interface(nic: Json) -> FleetInterface:
    attachment = nic.get("Attachment", {})
    express = attachment.get("EnaSrdSpecification", {})
    return FleetInterface(
        id=nic["NetworkInterfaceId"],
        kind=nic.get("InterfaceType", "interface"),
        card=attachment.get("NetworkCardIndex", 0),
        device=attachment.get("DeviceIndex", 0),
        ena_express=bool(express.get("EnaSrdEnabled")),
        ena_express_udp=bool(express.get("EnaSrdUdpSpecification", {}).get("EnaSrdUdpEnabled")),
        queues=attachment.get("EnaQueueCount", 0),
        mac=nic.get("MacAddress", ""),
    )
