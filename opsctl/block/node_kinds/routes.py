"""Whether the internet reaches a network interface: its subnet's default routes."""

from opsctl.block.topology.survey import Survey
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Refusal
from opsctl.model.value import Json
from opsctl.resources import ec2
from opsctl.resources.ec2 import Interface

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
