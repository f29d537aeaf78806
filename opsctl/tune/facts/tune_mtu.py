"""Finds out how the MTU of guests is set, and where on their ways packets of that size do not fit."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from pydantic import Field

from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching, both, require
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value
from opsctl.resources.ec2 import describe
from opsctl.tune.efa_reads import EfaTarget, targets_of
from opsctl.tune.guest_agents import GuestAgent, read_agents
from opsctl.tune.mtu import (
    BETWEEN,
    EXPRESS,
    INTERNET,
    JUMBO,
    LEAST,
    keeper_of,
    proof_script,
    set_script,
    undo_script,
)
from opsctl.tune.replacements import launched_without
from opsctl.tune.selection import Selection

_NARROW = (
    ("GatewayId", "igw-", INTERNET, "the internet"),
    ("NatGatewayId", "nat-", INTERNET, "the internet"),
    ("EgressOnlyInternetGatewayId", "eigw-", INTERNET, "the internet"),
    ("GatewayId", "vgw-", INTERNET, "a VPN"),
    ("TransitGatewayId", "tgw-", BETWEEN, "other VPCs"),
    ("VpcPeeringConnectionId", "pcx-", BETWEEN, "another VPC, if that is in another Region"),
)
"""Where a route leads, by its target, and how many bytes a packet has there (EC2 user guide, network MTU)."""


class MtuFound(Value):
    """The scripts, the instances, and as lines what refuses it or does not fit.

    `replaced` are those that somebody launches again, without it.
    """

    instances: tuple[str, ...] = ()
    set: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()
    proof: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    no_agent: tuple[str, ...] = ()
    too_wide: tuple[str, ...] = ()
    narrow: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()


class TuneMtu(Fact):
    """Find out whether the MTU of guests can be set for now and every start, and what is narrower on their ways.

    With an `mtu` of 0 nothing is read. Known are systems whose network systemd-networkd or NetworkManager sets up.
    """

    name: ClassVar[str] = "tune.mtu"
    Result: ClassVar[type[Value]] = MtuFound

    instances: tuple[str, ...] = Field(description="Ids or Name tags; `*` in a name stands for anything.")
    mtu: int = Field(0, ge=0, description="Bytes of a packet; 0: as it is.")
    express: bool = Field(False, description="Whether ENA Express is turned on as well.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read instances and types, then their agents and the route tables of their VPCs.

        Raises:
            InvalidInput: no interface of EC2 takes such an MTU.
        """
        if not self.mtu:
            return MtuFound()
        if not LEAST <= self.mtu <= JUMBO:
            raise InvalidInput.one(
                f"an MTU is {LEAST} to {JUMBO} bytes on EC2, not {self.mtu}", source="mtu", hint="such as 8900"
            )
        targets = yield from targets_of(Selection(instances=self.instances).reads(about.region), about.region)
        vpcs = sorted({one.vpc for one in targets})
        agents, routed = yield from both(
            read_agents([one.instance.id for one in targets], about.region),
            require(describe("DescribeRouteTables", about.region, {"vpc-id": vpcs})),
        )
        tables = routed["RouteTables"]
        return MtuFound(
            instances=tuple(one.instance.id for one in targets),
            set=set_script(self.mtu, about.plan_id),
            undo=undo_script(about.plan_id),
            proof=proof_script(self.mtu),
            unknown=tuple(_unknown(targets, agents)),
            no_agent=tuple(one.instance.title for one in targets if not _online(one, agents)),
            too_wide=tuple(self._too_wide(targets)),
            replaced=launched_without((one.instance for one in targets), f"MTU of {self.mtu}"),
            narrow=tuple(dict.fromkeys(line for one in targets for line in self._narrow(one, tables))),
        )

    def _too_wide(self, targets: Sequence[EfaTarget]) -> Iterator[str]:
        for one in targets if self.mtu > EXPRESS else ():
            if self.express or any(nic.ena_express for nic in one.instance.interfaces):
                yield f"{one.instance.title}: {self.mtu} bytes with ENA Express, which takes {EXPRESS}"

    def _narrow(self, target: EfaTarget, tables: Sequence[Json]) -> Iterator[str]:
        for route in _table_of(target, tables).get("Routes", []):
            for member, start, most, where in _NARROW:
                via = str(route.get(member) or "")
                if via.startswith(start) and self.mtu > most:
                    yield f"{target.subnet} leads to {where} by {via}: {most} bytes there"


def _online(target: EfaTarget, agents: dict[str, GuestAgent]) -> bool:
    return agents.get(target.instance.id, GuestAgent()).online


def _unknown(targets: Sequence[EfaTarget], agents: dict[str, GuestAgent]) -> Iterator[str]:
    for one in targets:
        system = agents.get(one.instance.id, GuestAgent()).system
        if one.instance.windows:
            yield f"{one.instance.title} is a Windows machine"
        elif _online(one, agents) and keeper_of(system) is None:
            yield f"{one.instance.title} has {system or 'a system that its agent does not name'}"


def _table_of(target: EfaTarget, tables: Sequence[Json]) -> Json:
    """The route table of a subnet, else the main one of its VPC."""
    main: Json = {}
    for table in tables:
        for one in table.get("Associations", []):
            if one.get("SubnetId") == target.subnet:
                return table
            if one.get("Main") and table.get("VpcId") == target.vpc:
                main = table
    return main
