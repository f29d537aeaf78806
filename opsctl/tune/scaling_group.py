"""An Auto Scaling group: by what its instances are launched, where, and who keeps it."""

from collections.abc import Mapping, Sequence

from opsctl.model.commands import Commands
from opsctl.model.value import Json, Value
from opsctl.resources.ec2 import parse_tags
from opsctl.tune.express_reach import has_express
from opsctl.tune.fleet import FleetInstance

LATEST = "$Latest"


class GroupMember(Value):
    """An instance of a group; `version` is that of the template it was launched by, empty where it is unknown."""

    instance: str
    zone: str
    state: str
    version: str
    placement_group: str = ""
    express: bool = False
    protected: bool = False


class ScalingGroup(Value):
    """A group as DescribeAutoScalingGroups answers it; `template` is empty where it launches in another way.

    `version` is what the group names: a number, $Latest or $Default. `mixed` groups have several types: `types`.
    """

    name: str
    template: str = ""
    version: str = ""
    mixed: bool = False
    types: tuple[str, ...] = ()
    configuration: str = ""
    desired: int = 0
    subnets: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    placement_group: str = ""
    suspended: tuple[str, ...] = ()
    launches_first: bool = False
    members: tuple[GroupMember, ...] = ()
    tags: dict[str, str] = {}

    @property
    def misplaced(self) -> tuple[GroupMember, ...]:
        """The members that are in another placement group than the group launches into, or in none."""
        return tuple(one for one in self.members if one.placement_group != self.placement_group)

    @property
    def plain_members(self) -> tuple[str, ...]:
        """The ids of members that have ENA Express off."""
        return tuple(one.instance for one in self.members if not one.express)

    def others(self, number: str) -> tuple[GroupMember, ...]:
        """Return the members that were not launched by that version, or are misplaced."""
        return tuple(one for one in self.members if one.version != number or one in self.misplaced)


def parse_group(one: Json) -> ScalingGroup:
    """Parse one group of DescribeAutoScalingGroups."""
    several = one.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    template = one.get("LaunchTemplate") or several.get("LaunchTemplateSpecification", {})
    policy = one.get("InstanceMaintenancePolicy") or {}
    return ScalingGroup(
        name=one["AutoScalingGroupName"],
        template=template.get("LaunchTemplateId", ""),
        version=template.get("Version", "$Default") if template else "",
        mixed="MixedInstancesPolicy" in one,
        types=tuple(each["InstanceType"] for each in several.get("Overrides", []) if "InstanceType" in each),
        configuration=one.get("LaunchConfigurationName", ""),
        desired=one.get("DesiredCapacity", 0),
        subnets=tuple(name for name in one.get("VPCZoneIdentifier", "").split(",") if name),
        zones=tuple(one.get("AvailabilityZones", [])),
        placement_group=one.get("PlacementGroup", ""),
        suspended=tuple(process["ProcessName"] for process in one.get("SuspendedProcesses", [])),
        launches_first=policy.get("MaxHealthyPercentage", -1) > 100,
        members=tuple(_member(member) for member in one.get("Instances", [])),
        tags=parse_tags(one),
    )


def with_described(group: ScalingGroup, fleet: Sequence[FleetInstance]) -> ScalingGroup:
    """Return the group with what DescribeInstances tells of its members; who is not told of counts as placed."""
    told = {one.id: one for one in fleet}
    members = tuple(_described(one, told.get(one.instance), group.placement_group) for one in group.members)
    return group.model_copy(update={"members": members})


def _described(member: GroupMember, told: FleetInstance | None, placed: str) -> GroupMember:
    where = placed if told is None else told.placement_group
    express = told is not None and has_express(told)
    return member.model_copy(update={"placement_group": where, "express": express})


def _member(one: Json) -> GroupMember:
    return GroupMember(
        instance=one["InstanceId"],
        zone=one.get("AvailabilityZone", ""),
        state=one.get("LifecycleState", ""),
        version=str(one.get("LaunchTemplate", {}).get("Version", "")),
        protected=bool(one.get("ProtectedFromScaleIn")),
    )


def keeper_of(tags: Mapping[str, str], commands: Commands) -> tuple[str, str]:
    """Return who made a group and changes it by itself, and what to change there instead; empty where nobody does.

    Sources: the tags that EKS, AWS Batch, ParallelCluster and Elastic Beanstalk put on their groups (their user
    guides).
    """
    if "eks:nodegroup-name" in tags:
        cluster, nodes = tags.get("eks:cluster-name", ""), tags["eks:nodegroup-name"]
        named = ("eks", "update-nodegroup-version", "--cluster-name", cluster, "--nodegroup-name", nodes)
        command = commands.aws(*named, "--launch-template", "id=ID,version=VERSION")
        what = (
            "give its own launch template a version with the EFAs, have the EFA device plugin run in the cluster, "
            f"and update the node group: {command}"
        )
        return f"EKS node group {nodes} of cluster {cluster}", what
    if "AWSBatchServiceTag" in tags:
        return "AWS Batch", "change its compute environment, not its group"
    if "parallelcluster:cluster-name" in tags:
        name = tags["parallelcluster:cluster-name"]
        return f"ParallelCluster {name}", "change the cluster's file, and update the cluster"
    if "elasticbeanstalk:environment-name" in tags:
        return f"Elastic Beanstalk {tags['elasticbeanstalk:environment-name']}", "change the environment's options"
    return "", ""


def number_of(version: str, template: Json) -> str:
    """Return the number that a version stands for by now, as DescribeLaunchTemplates tells."""
    if version == LATEST:
        return str(template["LatestVersionNumber"])
    return str(template["DefaultVersionNumber"]) if version in ("", "$Default") else version


def efas_of(interfaces: Sequence[Json]) -> int:
    """Count the EFAs among the interfaces of a launch template."""
    return sum(str(one.get("InterfaceType", "")).startswith("efa") for one in interfaces)
