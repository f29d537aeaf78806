"""A network interface with an address that the internet may reach."""

import re

from opsctl.block.node_kinds import addresses
from opsctl.block.node_kinds.instance import one_instance, read_instance
from opsctl.block.node_kinds.reading import group_gate, nacl_gate
from opsctl.block.topology.finding import is_address
from opsctl.block.topology.gates import open_services
from opsctl.block.topology.graph import Link, Node
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.node_kind import NodeKind
from opsctl.block.topology.survey import Survey
from opsctl.block.topology.unfold import both
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read, Refusal
from opsctl.model.value import Json
from opsctl.resources import ec2
from opsctl.resources.ec2 import Instance, Interface

_EC2_NAME = re.compile(r"^ec2-(\d+)-(\d+)-(\d+)-(\d+)\.([a-z0-9-]+\.)?compute(-1)?\.amazonaws\.com(\.cn)?$")


class InterfaceKind(NodeKind):
    """Gates: the network ACL of its subnet and its security groups; both see the client's address."""

    kind = "interface"
    title = "network interface"
    domains = _EC2_NAME
    looked_in = "addresses (Elastic IPs, public and private addresses of interfaces)"

    def named(self, text: str, survey: Survey) -> Fetching[Naming]:
        """Find what has an address, an allocation id or an interface id."""
        if text.startswith("eni-"):
            found = yield from addresses.interface(text, survey)
        elif text.startswith("eipalloc-"):
            found = yield from addresses.elastic_ip("allocation-id", text, survey)
        elif is_address(address_in(text.lower())):
            found = yield from addresses.having(address_in(text.lower()), survey)
        else:
            return Naming()
        return addresses.meant(found, survey)

    def behind(self, name: str, survey: Survey) -> Fetching[Naming]:
        """Find what has the address that is written in EC2's public DNS name."""
        found = yield from self.at_address(address_in(name), survey)
        return found

    def at_address(self, address: str, survey: Survey) -> Fetching[Naming]:
        """Find what has the address."""
        found = yield from addresses.having(address, survey)
        return addresses.reached(found, survey)

    def leading_to(self, node: Node, survey: Survey, *, seed: bool) -> Fetching[Naming]:
        """Find the interfaces of an instance that have an address of their own on the internet."""
        if node.place.kind != "instance":
            return Naming()
        instance = yield from read_instance(node.place, survey)
        if isinstance(instance, str):
            return Naming()
        survey.learn({one.id: one for one in instance.interfaces})
        exposed = [one for one in instance.interfaces if one.public or one.ipv6]
        return Naming(places=tuple(Place(kind=self.kind, id=one.id, region=node.place.region) for one in exposed))

    def onward(self, place: Place, survey: Survey) -> Fetching[Naming]:
        """Find its instance."""
        yield from ()
        it = survey.learnt(place.id, Interface)
        return Naming(places=(_instance(it, place),) if it and it.instance else ())

    def read(self, place: Place, survey: Survey) -> Fetching[Node]:
        """Read it with its gates and the routes of its subnet."""
        it = survey.learnt(place.id, Interface)
        if it is None:
            why = f"cannot tell what {place.id} is: it is not listed"
            return Node(place=place, title=place.id, name=place.id, resource=place.id, unknown=(why,))
        yield from survey.prefetch(_reads(it, place, survey))
        (nacl, groups), exposed = yield from both(
            both(nacl_gate((it.subnet,), place.region, survey), group_gate(it.groups, place.region, survey)),
            reachable(it, place.region, survey),
        )
        instance = Instance(id=it.id)
        if it.instance:
            known = yield from read_instance(_instance(it, place), survey)
            instance = Instance(id=it.instance) if isinstance(known, str) else known
        name = instance.name or instance.id
        return Node(
            place=place,
            title=f"{name} at {', '.join(exposed or it.addresses)}",
            name=name,
            resource=instance.id,
            vpc=it.vpc,
            gates=(nacl, groups),
            answers_to=frozenset(it.addresses),
            entrance=", ".join(exposed),
            versions=tuple(sorted({6 if ":" in one else 4 for one in exposed or it.addresses})),
            services=open_services(groups, nacl.acls),
            links=(Link(to=_instance(it, place), packets=False),) if it.instance else (),
            remarks=_remarks(it, exposed),
            tags=instance.tags,
        )


def address_in(name: str) -> str:
    """Return the address that is written in EC2's public DNS name; any other text as it is."""
    match = _EC2_NAME.match(name)
    return ".".join(match.groups()[:4]) if match else name


def _instance(it: Interface, place: Place) -> Place:
    return Place(kind="instance", id=it.instance, region=place.region)


def _reads(it: Interface, place: Place, survey: Survey) -> list[Read]:
    reads = ec2.describe_batches("DescribeSecurityGroups", place.region, "group-id", it.groups)
    if it.public or it.ipv6:
        reads.append(ec2.describe("DescribeRouteTables", place.region))
    if it.instance and survey.learnt(it.instance, Instance) is None:
        reads.append(one_instance(_instance(it, place)))
    return reads


def _remarks(it: Interface, exposed: tuple[str, ...]) -> tuple[str, ...]:
    if exposed:
        return ()
    public = it.public or it.ipv6
    why = "its subnet has no route from the internet" if public else "it has no public address"
    return (f"{why}: not directly reachable from the internet",)


_OUTBOUND_ONLY = ("nat-", "eigw-")


def reachable(it: Interface, region: str, survey: Survey) -> Fetching[tuple[str, ...]]:
    """Return the addresses of an interface at which the internet may reach it.

    Only a default route that lets nothing in (a NAT gateway's, an egress-only gateway's) says no; without
    knowledge of the routes every public address counts.
    """
    if not it.public and not it.ipv6:
        return ()
    tables = yield from survey.ask(ec2.describe("DescribeRouteTables", region), parse_default_routes)
    routes: dict[str, str] = {}
    if not isinstance(tables, Refusal):
        routes = tables.get(it.subnet) or tables.get(it.vpc) or {}
    public = () if routes.get("0.0.0.0/0", "").startswith(_OUTBOUND_ONLY) else it.public
    ipv6 = () if routes.get("::/0", "").startswith(_OUTBOUND_ONLY) else it.ipv6
    return (*public, *ipv6)


def parse_default_routes(answer: Json) -> dict[str, dict[str, str]]:
    """Parse DescribeRouteTables: gateway by default destination, by subnet, or by VPC for the main table."""
    found: dict[str, dict[str, str]] = {}
    for table in answer.get("RouteTables", []):
        routes = {}
        for route in table.get("Routes", []):
            destination = route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock") or ""
            if destination in ("0.0.0.0/0", "::/0"):
                routes[destination] = next(
                    (
                        str(route[key])
                        for key in ("NatGatewayId", "EgressOnlyInternetGatewayId", "GatewayId")
                        if route.get(key)
                    ),
                    "",
                )
        for association in table.get("Associations", []):
            key = association.get("SubnetId") or (table.get("VpcId") if association.get("Main") else "")
            if key:
                found[key] = routes
    return found
