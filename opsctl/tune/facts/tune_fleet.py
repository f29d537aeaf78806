"""Reads a fleet of instances, and says what of its network is below its best."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching, require_all
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value
from opsctl.resources.ec2 import describe_batches
from opsctl.resources.ssm_calls import describe_agents, parse_agents
from opsctl.tune.findings import findings_of
from opsctl.tune.fleet import Agent, FleetInstance, parse_fleet
from opsctl.tune.fleet_checked import FleetChecked, row_of
from opsctl.tune.instance_types import TypeNetwork, parse_types
from opsctl.tune.selection import Selection, is_pattern


class TuneFleet(Fact):
    """Check the network of instances: adapter, EFA, ENA Express, network cards, placement group, zone.

    Each finding has a severity (high, medium, low), a stable id, the reason, what mends it and what that costs;
    `says` is the whole in one line, for guards.
    """

    name: ClassVar[str] = "tune.fleet"
    Result: ClassVar[type[Value]] = FleetChecked

    instances: tuple[str, ...] = Field((), description="Ids or Name tags; `*` in a name stands for anything.")
    tags: tuple[str, ...] = Field((), description="Tags as KEY=VALUE; instances that have one of them.")
    group: str = Field("", description="Name of an Auto Scaling group.")
    cluster: str = Field("", description="Name of a ParallelCluster or EKS cluster.")
    all: bool = Field(False, description="Every instance of the Region.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read instances, then side by side their types, placement groups and agents: two rounds."""
        asked = Selection(
            instances=self.instances, tags=self.tags, group=self.group, cluster=self.cluster, all=self.all
        )
        fleet = parse_fleet((yield from require_all(asked.reads(about.region))))
        if not fleet and not self.instances:
            raise asked.nothing_found()
        _all_there(self.instances, fleet)
        reads = _second_round(fleet, about.region)
        names = [name for name, read in reads]
        answers = yield [read for _, read in reads]
        told = list(zip(names, answers, strict=True))
        types: dict[str, TypeNetwork] = {}
        for value in _values(told, "types"):
            types |= parse_types(value)
        placed = _with_strategies(fleet, _values(told, "groups"))
        members = tuple(_with_agent(one, told) for one in placed)
        return FleetChecked(
            account=about.account,
            region=about.region,
            rows=tuple(row_of(one, types) for one in members),
            findings=findings_of(members, types, about.commands),
            unknown=_unknown(members, types, told),
        )


def _all_there(asked: tuple[str, ...], fleet: tuple[FleetInstance, ...]) -> None:
    """Refuse a name that nothing has: a fleet with a hole in it would look healthy."""
    have = {one.id for one in fleet} | {one.name for one in fleet}
    missing = [one for one in asked if one not in have and not is_pattern(one)]
    if missing or not fleet:
        raise InvalidInput.one(f"no such instance here: {', '.join(missing or asked)}", source="instances")


def _second_round(fleet: tuple[FleetInstance, ...], region: str) -> list[tuple[str, Read]]:
    types = describe_batches("DescribeInstanceTypes", region, "instance-type", [one.type for one in fleet])
    named = [one.placement_group for one in fleet if one.placement_group]
    groups = describe_batches("DescribePlacementGroups", region, "group-name", named)
    agents = describe_agents([one.id for one in fleet], region)
    named_reads = (("types", types), ("groups", groups), ("agents", agents))
    return [(name, read) for name, reads in named_reads for read in reads]


def _values(told: list[tuple[str, Answer]], name: str) -> list[Json]:
    return [answer.value for of, answer in told if of == name and answer.refusal is None]


def _with_strategies(fleet: tuple[FleetInstance, ...], groups: list[Json]) -> tuple[FleetInstance, ...]:
    strategies = {
        one["GroupName"]: one.get("Strategy", "") for value in groups for one in value.get("PlacementGroups", [])
    }
    return tuple(one.model_copy(update={"strategy": strategies.get(one.placement_group, "")}) for one in fleet)


def _with_agent(instance: FleetInstance, told: list[tuple[str, Answer]]) -> FleetInstance:
    """An agent that is not listed is none; where one call was refused, nobody knows."""
    listed = {one: ping for value in _values(told, "agents") for one, ping in parse_agents(value).items()}
    agent: Agent = "none"
    if instance.id in listed:
        agent = "online" if listed[instance.id] == "Online" else "lost"
    elif any(answer.refusal for of, answer in told if of == "agents"):
        agent = "unread"
    return instance.model_copy(update={"agent": agent})


def _unknown(
    fleet: tuple[FleetInstance, ...], types: dict[str, TypeNetwork], told: list[tuple[str, Answer]]
) -> tuple[str, ...]:
    refused = dict.fromkeys(str(answer.refusal) for _, answer in told if answer.refusal)
    strange = sorted({one.type for one in fleet if one.type not in types})
    if not any(answer.refusal for of, answer in told if of == "types"):
        refused |= dict.fromkeys(f"EC2 does not know type {name} in this Region" for name in strange)
    return tuple(refused)
