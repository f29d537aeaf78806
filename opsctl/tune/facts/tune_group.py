"""Reads an Auto Scaling group whose instances are to be launched otherwise, or to be replaced."""

from typing import ClassVar, Literal

from pydantic import Field

from opsctl.model.commands import Commands
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching, fetch_if_exists, require, require_all
from opsctl.model.reads import Read
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value
from opsctl.resources.asg_calls import describe_group
from opsctl.resources.asg_launch_calls import LIVE, refreshes_of
from opsctl.resources.ec2 import describe, describe_batches
from opsctl.tune.fleet import FleetInstance, parse_fleet
from opsctl.tune.group_hazards import GroupHazard, GroupWish, hazards_of, refresh_hazards_of
from opsctl.tune.instance_types import parse_types
from opsctl.tune.launch_wish import LaunchWish, lacks, weighting_of
from opsctl.tune.scaling_group import (
    LATEST,
    GroupMember,
    ScalingGroup,
    number_of,
    parse_group,
    with_described,
)
from opsctl.tune.surroundings import parse_launch_subnets


class GroupFound(Value):
    """A group, what of a wish is missing, and what speaks against it.

    `needs_version` says that a version of the template is to be made, `needs_efa` that it is to have more EFAs,
    `pins` that the group is to be told of it, `places` that it is to launch into another placement group. `number`
    is the version that it launches by, `others` are the instances that another one launched, or that are in
    another placement group: `misplaced`.
    """

    group: ScalingGroup
    number: str
    type: str
    vpc: str
    needs_version: bool
    needs_efa: bool
    pins: bool
    places: bool
    roles: tuple[str, ...]
    others: tuple[GroupMember, ...]
    misplaced: tuple[str, ...]
    hazards: tuple[GroupHazard, ...]
    refresh_hazards: tuple[GroupHazard, ...]
    already: tuple[str, ...]


class TuneGroup(Fact):
    """Find out how a group launches its instances, what of a wish it lacks, and who would have to be replaced.

    `hazards` speak against launching otherwise, `refresh_hazards` against replacing instances, by the ids of the
    shipped playbooks' guards.
    """

    name: ClassVar[str] = "tune.group"
    Result: ClassVar[type[Value]] = GroupFound

    group: str = Field(description="Name of the Auto Scaling group.")
    efa: bool = Field(False, description="Launch with an EFA on every network card that takes one.")
    ena_express: bool = Field(False, description="Launch with ENA Express on.")
    ena_express_udp: bool = Field(False, description="For UDP as well.")
    queues: int = Field(0, ge=0, description="ENA queues of every interface; 0: as it is.")
    weighting: Literal["keep", "default", "vpc-1", "ebs-1"] = Field(
        "keep", description="How bandwidth is shared: the network (vpc-1), or EBS (ebs-1); keep: as it is."
    )
    placement_group: str = Field("", description="Launch into this placement group.")
    wishes: bool = Field(True, description="Whether something has to be wished; a refresh wishes nothing.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the group, then its template and refreshes, then what that names.

        Raises:
            InvalidInput: there is no such group or placement group, or nothing is wished.
        """
        self._refuse_nothing()
        group = yield from self._group(about.region)
        data, number = yield from _template(group)
        refreshes = yield from require(refreshes_of(group.name))
        going = [one for one in refreshes.get("InstanceRefreshes", []) if one.get("Status") in LIVE]
        strategy = yield from self._strategy(about)
        wish = yield from _wish(group, data, about.region)
        beside = yield from self._beside(group, about.region)
        wish = wish.model_copy(
            update={
                "efa": self.efa,
                "express": self.ena_express,
                "asked": self._asked,
                "interfaces": tuple(data.get("NetworkInterfaces", [])),
                "region": about.region,
                "beside": beside,
                "placement_group": self.placement_group,
                "strategy": strategy,
                "refreshing": going[0]["InstanceRefreshId"] if going else "",
            }
        )
        roles = yield from _roles(data)
        return self._found(wish, data, number, roles, about.commands)

    def _found(
        self, wish: GroupWish, data: Json, number: str, roles: tuple[str, ...], commands: Commands
    ) -> GroupFound:
        group, of = wish.group, wish.of
        has = data.get("NetworkInterfaces", [])
        possible = [one for one in self._asked.parts if of is not None and one.fits(of)]
        lacking = [one for one in possible if of is not None and lacks(has, one, of, weighting_of(data))]
        places = bool(self.placement_group) and self.placement_group != group.placement_group
        there = [one.words for one in possible if one not in lacking]
        already = [f"version {number} of {group.template} has {words}" for words in there]
        if self.placement_group and not places:
            already.append(f"{group.name} launches into {self.placement_group}")
        return GroupFound(
            group=group,
            number=number,
            type=of.name if of else data.get("InstanceType", ""),
            vpc=wish.subnets[0].vpc if wish.subnets else "",
            needs_version=bool(lacking),
            needs_efa=any(one.efa for one in lacking),
            pins=bool(lacking) and group.version != LATEST,
            places=places,
            roles=roles,
            others=group.others(number),
            misplaced=tuple(one.instance for one in group.misplaced),
            hazards=hazards_of(wish, commands),
            refresh_hazards=refresh_hazards_of(wish, commands),
            already=tuple(already),
        )

    @property
    def _asked(self) -> LaunchWish:
        return LaunchWish(
            efa=self.efa,
            ena_express=self.ena_express,
            ena_express_udp=self.ena_express and self.ena_express_udp,
            queues=self.queues,
            weighting=self.weighting,
        )

    def _refuse_nothing(self) -> None:
        if self.ena_express_udp and not self.ena_express:
            hint = "give --ena-express as well"
            raise InvalidInput.one("ENA Express itself is not asked for", source="ena_express_udp", hint=hint)
        if self.wishes and not (self._asked.any or self.placement_group):
            hint = "such as --efa, --ena-express or --placement-group NAME"
            raise InvalidInput.one("nothing to change is named", source="efa", hint=hint)

    def _beside(self, group: ScalingGroup, region: str) -> Fetching[tuple[FleetInstance, ...]]:
        """Read who runs in the placement group that is launched into, if ENA Express is wished."""
        place = self.placement_group or group.placement_group
        if not (self.ena_express and place):
            yield []
            return ()
        wanted = {"placement-group-name": [place], "instance-state-name": ["running"]}
        return parse_fleet([(yield from require(describe("DescribeInstances", region, wanted)))])

    def _group(self, region: str) -> Fetching[ScalingGroup]:
        answer = yield from require(describe_group(self.group))
        if not answer.get("AutoScalingGroups"):
            raise InvalidInput.one(f"there is no Auto Scaling group {self.group!r} here", source="group")
        group = parse_group(answer["AutoScalingGroups"][0])
        ids = [one.instance for one in group.members]
        answers = yield from require_all(describe_batches("DescribeInstances", region, "instance-id", ids))
        return with_described(group, parse_fleet(answers))

    def _strategy(self, about: Context) -> Fetching[str]:
        if not self.placement_group:
            return ""
        named = {"group-name": [self.placement_group]}
        answer = yield from require(describe("DescribePlacementGroups", about.region, named))
        found = answer.get("PlacementGroups", [])
        if not found:
            make = ("ec2", "create-placement-group", "--group-name", self.placement_group, "--strategy", "cluster")
            raise InvalidInput.one(
                f"there is no placement group {self.placement_group!r} here",
                source="placement_group",
                hint=f"make it: {about.commands.aws(*make)}",
            )
        return str(found[0].get("Strategy", ""))


def _template(group: ScalingGroup) -> Fetching[tuple[Json, str]]:
    """Return the data of the version that a group launches by, and its number; nothing without a template."""
    if not group.template:
        yield []
        return {}, ""
    named = {"LaunchTemplateIds": [group.template]}
    answer = yield from require(Read(service="ec2", operation="DescribeLaunchTemplates", params=named))
    number = number_of(group.version, answer["LaunchTemplates"][0])
    wanted = {"LaunchTemplateId": group.template, "Versions": [number]}
    versions = yield from require(Read(service="ec2", operation="DescribeLaunchTemplateVersions", params=wanted))
    return versions["LaunchTemplateVersions"][0]["LaunchTemplateData"], number


def _wish(group: ScalingGroup, data: Json, region: str) -> Fetching[GroupWish]:
    """Read the type, the image and the subnets that a group launches with."""
    kind, image = data.get("InstanceType", ""), data.get("ImageId", "")
    types: Json = {}
    if kind:
        types = yield from require(describe("DescribeInstanceTypes", region, {"instance-type": [kind]}))
    subnets = yield from require(describe("DescribeSubnets", region, {"subnet-id": list(group.subnets)}))
    images: Json = {}
    if image.startswith("ami-"):
        images = yield from require(describe("DescribeImages", region, {"image-id": [image]}))
    platforms = [one.get("Platform", "") for one in images.get("Images", [])]
    primary: Json = next((one for one in data.get("NetworkInterfaces", []) if not one.get("DeviceIndex")), {})
    return GroupWish(
        group=group,
        of=None if group.mixed else parse_types(types).get(kind),
        windows="windows" in [str(one).lower() for one in platforms],
        subnets=tuple(parse_launch_subnets(subnets).values()),
        spot=data.get("InstanceMarketOptions", {}).get("MarketType") == "spot",
        public=primary.get("AssociatePublicIpAddress"),
    )


def _roles(data: Json) -> Fetching[tuple[str, ...]]:
    """Return the roles that instances get, which whoever changes the group hands on to them."""
    profile = data.get("IamInstanceProfile", {})
    name = profile.get("Name") or profile.get("Arn", "").rpartition("/")[2]
    if not name:
        yield []
        return ()
    read = Read(service="iam", operation="GetInstanceProfile", params={"InstanceProfileName": name})
    answer = yield from fetch_if_exists(read)
    roles = (answer or {}).get("InstanceProfile", {}).get("Roles", [])
    return tuple(role["Arn"] for role in roles)
