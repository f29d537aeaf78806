"""The graph of ways in: places, what each looks like, and what is left of a client's address between them."""

from typing import Literal, TypeAlias

from opsctl.block.topology.gates import Gate, GeoGate, GroupGate, HostGate, InspectionGate, NaclGate, WafGate
from opsctl.block.topology.naming import Place
from opsctl.block.topology.packet import Service
from opsctl.model.value import Value

Client: TypeAlias = Literal["source", "header", "gone"]
"""Whether the client's address is the packet's or request's source, only in a header, or lost."""


class Link(Value):
    """Traffic goes on to a place.

    `client` is what this link leaves of a client's address that arrived as source, for clients of the IP
    `versions` given; for others it is gone. `packets` says whether the place's network ACLs and security
    groups certainly see this traffic, `groups` whether its security groups alone do. `services` replace those of
    the packet when the port changes on the way. `why` tells a person what becomes of the address.
    """

    to: Place
    client: Client = "source"
    versions: tuple[int, ...] = (4, 6)
    why: str = ""
    packets: bool = True
    groups: bool = False
    services: tuple[Service, ...] = ()
    label: str = ""


class Node(Value):
    """What was seen of a place.

    `resource` is its ARN or id, `answers_to` the DNS names and addresses it is reached by, `entrance` how the
    internet reaches it directly, empty when it does not. `transparent` nodes are names: traffic does not pass
    them. `relays` marks what takes connections and passes them on. `versions` are the IP versions on which it
    answers. `blind` is why opsctl cannot follow ways through it, `fixed` why no web ACL can be attached to it.
    `remarks` are for people.
    """

    place: Place
    title: str
    name: str
    resource: str
    transparent: bool = False
    relays: bool = False
    vpc: str = ""
    gates: tuple[Gate, ...] = ()
    answers_to: frozenset[str] = frozenset()
    entrance: str = ""
    versions: tuple[int, ...] = (4, 6)
    services: tuple[Service, ...] = ()
    links: tuple[Link, ...] = ()
    unknown: tuple[str, ...] = ()
    blind: str = ""
    fixed: str = ""
    remarks: tuple[str, ...] = ()
    tags: dict[str, str] = {}

    @property
    def nacl(self) -> NaclGate | None:
        """Its network ACLs, when packets pass any."""
        return next((gate for gate in self.gates if isinstance(gate, NaclGate)), None)

    @property
    def groups(self) -> GroupGate | None:
        """Its security groups, when it has any."""
        return next((gate for gate in self.gates if isinstance(gate, GroupGate)), None)

    @property
    def waf(self) -> WafGate | None:
        """Its web ACL, or the place for one."""
        return next((gate for gate in self.gates if isinstance(gate, WafGate)), None)

    @property
    def geo(self) -> GeoGate | None:
        """Its geographic restriction, when it can have one."""
        return next((gate for gate in self.gates if isinstance(gate, GeoGate)), None)

    @property
    def host(self) -> HostGate | None:
        """Its own firewall, when it was looked at."""
        return next((gate for gate in self.gates if isinstance(gate, HostGate)), None)

    @property
    def inspection(self) -> InspectionGate | None:
        """The firewall in front of its subnets, when routes lead through one."""
        return next((gate for gate in self.gates if isinstance(gate, InspectionGate)), None)


class Web(Value):
    """All nodes on ways in to a target, and what could not be read on the way to them."""

    start: Place
    nodes: tuple[Node, ...]
    unknown: tuple[str, ...] = ()


def behind(arriving: Client, link: Link, version: int) -> Client:
    """Tell what is left of the client's address behind a link, given what arrived in front of it."""
    if arriving != "source":
        return arriving
    return link.client if version in link.versions else "gone"
