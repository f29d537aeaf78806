"""Finds out at which instances ENA Express can be turned on, and which other ends do not have it."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from pydantic import Field

from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching, require
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value
from opsctl.resources.ec2 import describe
from opsctl.tune.efa_reads import EfaTarget, targets_of
from opsctl.tune.express_reach import has_express, local_zones, plain_ends, without, zones_apart
from opsctl.tune.fleet import FleetInstance, parse_fleet
from opsctl.tune.mtu import EXPRESS
from opsctl.tune.replacements import launched_without
from opsctl.tune.selection import Selection


class ExpressFound(Value):
    """The instances, and as lines what refuses it (`unsupported`) and what it does not reach.

    `replaced` are those that somebody launches again, without it.
    """

    instances: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    mtu: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()


class TuneExpress(Fact):
    """Find the instances at which ENA Express is not on, and the other ends to which traffic stays plain ENA.

    It works between two interfaces that both have it on. The other ends are those of the same placement group.
    Without `wanted` nothing is read.
    """

    name: ClassVar[str] = "tune.express"
    Result: ClassVar[type[Value]] = ExpressFound

    instances: tuple[str, ...] = Field(description="Ids or Name tags; `*` in a name stands for anything.")
    wanted: bool = Field(description="Whether ENA Express is wanted at all.")
    udp: bool = Field(False, description="For UDP as well.")
    mtu: int = Field(0, ge=0, description="The MTU that the guests are given; 0: none.")
    instance_type: str = Field("", description="The type that they have by then; empty: the one of now.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read instances and types, then the members of their placement groups."""
        if not self.wanted and self.udp:
            hint = "give --ena-express as well"
            raise InvalidInput.one("ENA Express itself is not asked for", source="ena_express_udp", hint=hint)
        if not self.wanted:
            return ExpressFound()
        named = Selection(instances=self.instances).reads(about.region)
        targets = yield from targets_of(named, about.region, self.instance_type)
        groups = sorted({one.instance.placement_group for one in targets if one.instance.placement_group})
        beside: tuple[FleetInstance, ...] = ()
        if groups:
            wanted = {"placement-group-name": groups, "instance-state-name": ["running"]}
            beside = parse_fleet([(yield from require(describe("DescribeInstances", about.region, wanted)))])
        zones = [one.instance.zone for one in targets]
        note = f"every guest: ENA Express needs an MTU of {EXPRESS} at most, and it is 9001 by default"
        return ExpressFound(
            instances=tuple(one.instance.id for one in targets),
            unsupported=tuple(_unsupported(targets, about.region)),
            plain=tuple(_other_ends(targets, beside)),
            zones=zones_apart(zones, about.region),
            mtu=(note,) if not self.mtu else (),
            replaced=launched_without((one.instance for one in targets), "ENA Express"),
        )


def _unsupported(targets: Sequence[EfaTarget], region: str) -> Iterator[str]:
    for one in targets:
        if not one.of.ena_express:
            yield f"{one.instance.title}: {one.of.name} has none"
        for zone in local_zones([one.instance.zone], region):
            yield f"{one.instance.title}: Local Zone {zone} has none"


def _other_ends(targets: Sequence[EfaTarget], beside: Sequence[FleetInstance]) -> Iterator[str]:
    others = without(beside, [one.instance.id for one in targets])
    yield from plain_ends(others)
    if len(targets) == 1 and not any(has_express(one) for one in others):
        yield f"{targets[0].instance.title} is the only one: turn it on at the other end too"
