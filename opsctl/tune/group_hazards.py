"""Why instances of an Auto Scaling group could not be launched as wished, or not replaced: one rule a function."""

from collections.abc import Iterator
from typing import Literal

from opsctl.model.commands import Commands
from opsctl.model.sentences import first_few
from opsctl.model.value import Json, Value
from opsctl.tune.express_reach import has_express, local_zones, plain_ends, without, zones_apart
from opsctl.tune.fleet import FleetInstance
from opsctl.tune.instance_types import TypeNetwork
from opsctl.tune.launch_wish import LaunchWish, over_its_queues
from opsctl.tune.scaling_group import ScalingGroup, keeper_of
from opsctl.tune.surroundings import LaunchSubnet


class GroupHazard(Value):
    """What speaks against it; `id` is the guard's of the shipped playbook."""

    id: str
    kind: Literal["refuse", "accept", "warn"]
    what: str


class GroupWish(Value):
    """What is asked of a group, with what was read for it."""

    group: ScalingGroup
    efa: bool = False
    express: bool = False
    asked: LaunchWish = LaunchWish()
    interfaces: tuple[Json, ...] = ()
    region: str = ""
    placement_group: str = ""
    strategy: str = ""
    of: TypeNetwork | None = None
    windows: bool = False
    subnets: tuple[LaunchSubnet, ...] = ()
    spot: bool = False
    public: Json = None
    refreshing: str = ""
    beside: tuple[FleetInstance, ...] = ()
    """Who runs in the placement group that is launched into."""

    @property
    def of_template(self) -> bool:
        """Whether a part of it is what a launch template says; a placement group is the group's own."""
        return self.efa or self.express or self.asked.any


def hazards_of(wish: GroupWish, commands: Commands) -> tuple[GroupHazard, ...]:
    """List what speaks against launching as wished."""
    rules = (_template, _type, _efa, _express, _shares, _other_ends, _place, _addresses)
    return (*_kept(wish, commands), *(one for rule in rules for one in rule(wish)))


def refresh_hazards_of(wish: GroupWish, commands: Commands) -> tuple[GroupHazard, ...]:
    """List what speaks against replacing the instances of a group."""
    return (*_kept(wish, commands), *_refresh(wish))


def _kept(wish: GroupWish, commands: Commands) -> Iterator[GroupHazard]:
    keeper, instead = keeper_of(wish.group.tags, commands)
    if keeper:
        yield _hazard("kept", "refuse", f"{wish.group.name} is {keeper}'s own: {instead}")
    stack = wish.group.tags.get("aws:cloudformation:stack-name")
    if stack and not keeper:
        what = f"{wish.group.name} is of CloudFormation stack {stack}, whose next update may put it back"
        yield _hazard("stack", "warn", what)


def _template(wish: GroupWish) -> Iterator[GroupHazard]:
    group = wish.group
    if not wish.of_template:
        return
    if group.configuration:
        what = f"{group.name} launches by launch configuration {group.configuration}, which has no versions"
        yield _hazard("no-template", "refuse", f"{what}: make a launch template of it, and use that")
    elif group.mixed:
        types = f": {first_few(group.types, 5)}" if group.types else ""
        what = f"{group.name} launches several types (MixedInstancesPolicy{types}), each with other network cards"
        yield _hazard(
            "mixed", "refuse", f"{what}: make a group of one of them for what needs the network of its type"
        )


def _type(wish: GroupWish) -> Iterator[GroupHazard]:
    group = wish.group
    if wish.of_template and wish.of is None and not (group.configuration or group.mixed):
        yield _hazard("no-type", "refuse", f"the template of {group.name} names no type that EC2 knows here")


def _efa(wish: GroupWish) -> Iterator[GroupHazard]:
    group = wish.group
    if not wish.efa or group.configuration or group.mixed:
        return
    if wish.of is not None and not wish.of.efa:
        yield _hazard("no-efa", "refuse", f"{wish.of.name} of {group.name} takes no EFA")
    if wish.windows:
        yield _hazard("windows", "refuse", f"{group.name} launches Windows, where an EFA is a plain ENA")
    if len(group.zones) > 1:
        what = f"{group.name} launches in {', '.join(group.zones)}, and EFA traffic stays in one zone"
        yield _hazard("zones", "refuse", f"{what}: leave the subnets of one")
    if not (wish.placement_group or group.placement_group):
        what = f"{group.name} launches into no placement group: a single flow has 5 Gbps instead of 10"
        yield _hazard("no-placement-group", "warn", what)
    if wish.spot:
        what = f"{group.name} launches Spot: an interruption takes one instance of a job that runs on several"
        yield _hazard("spot", "warn", what)


def _express(wish: GroupWish) -> Iterator[GroupHazard]:
    group = wish.group
    if not wish.express or group.configuration or group.mixed:
        return
    if wish.of is not None and not wish.of.ena_express:
        yield _hazard("no-express", "refuse", f"{wish.of.name} of {group.name} has no ENA Express")
    local = local_zones(group.zones, wish.region)
    if local:
        what = f"{group.name} launches in Local Zone {', '.join(local)}, which has no ENA Express"
        yield _hazard("no-express", "refuse", f"{what}: leave its subnets out")
    apart = zones_apart(group.zones, wish.region)
    if apart:
        what = f"{group.name} launches in {', '.join(apart)}, and in {wish.region} it works inside one zone only"
        yield _hazard("express-zones", "warn", what)
    yield _hazard("express-guest", "warn", f"{group.name}: the default MTU is 9001")


def _shares(wish: GroupWish) -> Iterator[GroupHazard]:
    """ENA queues and the weighting of the bandwidth, which its type has to have."""
    of, asked, name = wish.of, wish.asked, wish.group.name
    if of is None or wish.group.configuration or wish.group.mixed:
        return
    if not of.weighs(asked.weighting):
        what = f"the bandwidth of {of.name} of {name} cannot be weighted as {asked.weighting}"
        yield _hazard("weighting-unsupported", "refuse", what)
    if asked.queues and not of.flexible_queues:
        yield _hazard("queues-unsupported", "refuse", f"the queues of {of.name} of {name} cannot be moved")
        return
    for what in over_its_queues(wish.interfaces, asked, of) if asked.queues else ():
        yield _hazard("queues-unsupported", "refuse", f"{of.name} of {name} {what}")


def _other_ends(wish: GroupWish) -> Iterator[GroupHazard]:
    """Both ends need it: who is in the placement group as well, and the group's own from before."""
    if not wish.express:
        return
    group, own = wish.group, [one.instance for one in wish.group.members]
    others = without(wish.beside, own)
    for what in plain_ends(others):
        yield _hazard("express-plain", "warn", what)
    if group.plain_members:
        what = f"members of {group.name} have it off until a refresh replaces them: {len(group.plain_members)}"
        yield _hazard("express-plain", "warn", what)
    if group.desired < 2 and not any(has_express(one) for one in others):
        what = f"{group.name} launches {group.desired} alone: turn it on at the other end too"
        yield _hazard("express-plain", "warn", what)


def _place(wish: GroupWish) -> Iterator[GroupHazard]:
    group, name = wish.group, wish.placement_group
    if not name or wish.strategy != "cluster":
        return
    if len(group.zones) > 1 and not wish.efa:
        what = f"{group.name} launches in {', '.join(group.zones)}, and cluster placement group {name} is in one"
        yield _hazard("zones", "refuse", f"{what}: leave the subnets of one zone")
    if wish.of is not None and "cluster" not in wish.of.strategies:
        yield _hazard("no-cluster", "refuse", f"{wish.of.name} of {group.name} has no place in a cluster group")


def _addresses(wish: GroupWish) -> Iterator[GroupHazard]:
    public = [one.id for one in wish.subnets if one.public]
    if wish.efa and public and wish.public is None:
        what = (
            f"instances of {wish.group.name} get a public address in {', '.join(public)} now, and none with an EFA"
        )
        yield _hazard("no-public-address", "accept", what)


def _refresh(wish: GroupWish) -> Iterator[GroupHazard]:
    group = wish.group
    if wish.refreshing:
        yield _hazard("refreshing", "refuse", f"instance refresh {wish.refreshing} of {group.name} is under way")
    blocked = [one for one in group.suspended if one in ("Launch", "Terminate", "InstanceRefresh")]
    if blocked:
        yield _hazard(
            "suspended", "refuse", f"{', '.join(blocked)} of {group.name} is suspended, so it would fail"
        )
    held = [one.instance for one in group.members if one.protected]
    if held:
        what = (
            f"{', '.join(held)} of {group.name} is protected from scale in; AWS waits an hour for it, then fails"
        )
        yield _hazard("protected", "refuse", what)
    standby = [one.instance for one in group.members if "Standby" in one.state]
    if standby:
        what = f"{', '.join(standby)} of {group.name} is in standby; AWS waits an hour for it, then fails"
        yield _hazard("standby", "refuse", what)
    failing = [one.instance for one in group.members if one.state.startswith("Pending")]
    if failing:
        yield _hazard("launching", "warn", f"{', '.join(failing)} of {group.name} is only being launched")


def _hazard(id_: str, kind: Literal["refuse", "accept", "warn"], what: str) -> GroupHazard:
    return GroupHazard(id=id_, kind=kind, what=what)
