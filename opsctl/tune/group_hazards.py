"""Why instances of an Auto Scaling group could not be launched as wished, or not replaced: one rule a function."""

from collections.abc import Iterator
from typing import Literal

from opsctl.model.commands import Commands
from opsctl.model.value import Json, Value
from opsctl.tune.instance_types import TypeNetwork
from opsctl.tune.scaling_group import ScalingGroup, keeper_of
from opsctl.tune.surroundings import LaunchSubnet


class GroupHazard(Value):
    """What speaks against it; `id` is the guard's of the shipped playbook,."""

    id: str
    kind: Literal["refuse", "accept", "warn"]
    what: str


class GroupWish(Value):
    """What is asked of a group, with what was read for it."""

    group: ScalingGroup
    efa: bool = False
    placement_group: str = ""
    strategy: str = ""
    of: TypeNetwork | None = None
    windows: bool = False
    subnets: tuple[LaunchSubnet, ...] = ()
    spot: bool = False
    public: Json = None
    refreshing: str = ""


def hazards_of(wish: GroupWish, commands: Commands) -> tuple[GroupHazard, ...]:
    """List what speaks against launching as wished."""
    rules = (_template, _efa, _place, _addresses)
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
    if group.configuration:
        what = f"{group.name} launches by launch configuration {group.configuration}, which knows no EFA"
        yield _hazard("no-template", "refuse", f"{what}: make a launch template of it, and use that")
    elif group.mixed:
        what = f"{group.name} launches several types (MixedInstancesPolicy), each with other network cards"
        yield _hazard("mixed", "refuse", f"{what}: make a group of one type for what needs EFA")


def _efa(wish: GroupWish) -> Iterator[GroupHazard]:
    group = wish.group
    if not wish.efa or group.configuration or group.mixed:
        return
    if wish.of is None:
        yield _hazard("no-type", "refuse", f"the template of {group.name} names no type that EC2 knows here")
    elif not wish.of.efa:
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
