"""How data comes to a VPC from elsewhere: Direct Connect, DataSync and Snow jobs, as AWS tells of them.

What is not read stays unknown: `directconnect:DescribeVirtualInterfaces` hands out the BGP keys, so that a virtual
interface is known only where it ends at a Direct Connect gateway.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from opsctl.model.value import Json, Value
from opsctl.resources.ec2 import parse_tags

Verdict = Literal["yes", "unrouted", "no", "unknown"]


class PathGateway(Value):
    """A gateway of a VPC that Direct Connect can end at; `virtual` is a virtual private gateway.

    `interfaces` are attached virtual interfaces by Direct Connect gateway; None: nobody could say.
    """

    id: str
    virtual: bool
    interfaces: dict[str, tuple[str, ...]] | None = None


class VpcPath(Value):
    """Whether a VPC has a way over Direct Connect, and why that is thought."""

    vpc: str
    name: str
    verdict: Verdict
    because: str


class DataAgent(Value):
    """A DataSync agent."""

    name: str
    status: str


class DataTask(Value):
    """A DataSync task."""

    name: str
    status: str


class SnowJob(Value):
    """A job of the Snow family that is not over."""

    id: str
    kind: str
    state: str


_OVER = ("Complete", "Cancelled")


def gateways_of(vpc: str, virtual: Json, transit: Json) -> tuple[PathGateway, ...]:
    """Return the gateways of a VPC, as DescribeVpnGateways and DescribeTransitGatewayAttachments answer."""
    own = [
        PathGateway(id=one["VpnGatewayId"], virtual=True)
        for one in virtual.get("VpnGateways", [])
        if any(
            each.get("VpcId") == vpc and each.get("State") == "attached" for each in one.get("VpcAttachments", [])
        )
    ]
    shared = [
        PathGateway(id=one["TransitGatewayId"], virtual=False)
        for one in transit.get("TransitGatewayAttachments", [])
        if one.get("ResourceId") == vpc and one.get("State") == "available"
    ]
    return (*own, *shared)


def path_of(
    vpc: Json, gateways: Sequence[PathGateway], routes: Mapping[str, bool] | None, *, known: bool
) -> VpcPath:
    """Judge a VPC; `routes` are the gateways that a route table leads to, or None where nobody could say.

    `known` says that the gateways could be read.
    """
    name = parse_tags(vpc).get("Name", "")
    verdict, because = _judged(gateways, routes, known=known)
    return VpcPath(vpc=vpc["VpcId"], name=name, verdict=verdict, because=because)


def _judged(
    gateways: Sequence[PathGateway], routes: Mapping[str, bool] | None, *, known: bool
) -> tuple[Verdict, str]:
    if not known:
        return "unknown", "its gateways could not be read"
    if not gateways:
        return "no", "neither a virtual private gateway nor a transit gateway is attached"
    for one in gateways:
        for gateway, interfaces in (one.interfaces or {}).items():
            if not interfaces:
                continue
            way = f"{one.id} is associated with Direct Connect gateway {gateway} with {', '.join(interfaces)}"
            if routes is None:
                return "unknown", f"{way}, and the route tables of the VPC could not be read"
            if routes.get(one.id):
                return "yes", way
            return "unrouted", f"{way}, and no route table of the VPC sends anything there"
    unread = [one.id for one in gateways if one.interfaces is None]
    if unread:
        return "unknown", f"what {', '.join(unread)} is associated with could not be read"
    virtual = [one for one in gateways if one.virtual]
    if virtual:
        announced = " (routes to it are in use)" if routes and any(routes.get(one.id) for one in virtual) else ""
        return "unknown", (
            f"{virtual[0].id} has no Direct Connect gateway{announced}; a virtual interface may end at it, or a "
            "VPN, and reading that would hand out BGP keys"
        )
    return "no", f"{gateways[0].id} is associated with no Direct Connect gateway that has a virtual interface"


def routed_gateways(answer: Json) -> dict[str, bool]:
    """Parse DescribeRouteTables: which gateways an active route leads to."""
    return {
        gateway: True
        for table in answer.get("RouteTables", [])
        for route in table.get("Routes", [])
        if route.get("State", "active") == "active"
        for gateway in (route.get("GatewayId"), route.get("TransitGatewayId"))
        if gateway and gateway != "local"
    }


def parse_agents(answer: Json) -> tuple[DataAgent, ...]:
    """Parse DataSync's ListAgents."""
    return tuple(
        DataAgent(name=one.get("Name") or one["AgentArn"].rpartition("/")[2], status=one.get("Status", ""))
        for one in answer.get("Agents", [])
    )


def parse_tasks(answer: Json) -> tuple[DataTask, ...]:
    """Parse DataSync's ListTasks."""
    return tuple(
        DataTask(name=one.get("Name") or one["TaskArn"].rpartition("/")[2], status=one.get("Status", ""))
        for one in answer.get("Tasks", [])
    )


def parse_snow_jobs(answer: Json) -> tuple[SnowJob, ...]:
    """Parse Snowball's ListJobs, without those that are over."""
    return tuple(
        SnowJob(id=one["JobId"], kind=one.get("JobType", ""), state=one.get("JobState", ""))
        for one in answer.get("JobListEntries", [])
        if one.get("JobState") not in _OVER
    )
