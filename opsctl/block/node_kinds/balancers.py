"""What both kinds of load balancers share: how they are named, found, and read."""

import re
from collections.abc import Callable

from opsctl.block import elbv2
from opsctl.block.elbv2 import LoadBalancer, TargetGroup, region_of_arn
from opsctl.block.node_kinds.reading import describe_network_acls, group_gate, nacl_gate
from opsctl.block.topology.gates import Gate, GroupGate, NaclGate, open_services
from opsctl.block.topology.graph import Link, Node
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.packet import Service
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.block.topology.unfold import both
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read, Refusal
from opsctl.model.value import Value
from opsctl.resources import ec2
from opsctl.resources.route53 import plain_target

DOMAINS = re.compile(r"(^|\.)(elb\.(?P<nlb>[a-z0-9-]+)|(?P<alb>[a-z0-9-]+)\.elb)\.amazonaws\.com(\.cn)?$")


class Kind(Value):
    """Which kind asks: its kind of node, its title, and the type that AWS gives such load balancers."""

    kind: str
    title: str
    type: str


def bulk(region: str) -> tuple[Read, ...]:
    """The reads that every load balancer needs."""
    return (
        elbv2.describe_load_balancers(region),
        elbv2.describe_target_groups(region),
        describe_network_acls(region),
        ec2.describe("DescribeSubnets", region),
    )


def named(text: str, kind: Kind, survey: Survey) -> Fetching[Naming]:
    """Find load balancers by ARN, name, DNS name, or the address of one of their nodes."""
    if text.startswith("arn:"):
        if ":elasticloadbalancing:" not in text:
            return Naming()
        found = yield from _matching(kind, region_of_arn(text), survey, lambda it: it.arn == text)
        return found
    name = plain_target(text)
    found = yield from _matching(kind, region_of(name), survey, lambda it: it.name == text or is_name_of(name, it))
    return found


def behind(name: str, kind: Kind, survey: Survey) -> Fetching[Naming]:
    """Find the load balancer that answers a DNS name."""
    found = yield from _matching(kind, region_of(name), survey, lambda it: is_name_of(name, it))
    return found


def at_address(address: str, kind: Kind, survey: Survey) -> Fetching[Naming]:
    """Find the load balancer one of whose nodes has a fixed address."""
    found = yield from _matching(kind, "", survey, lambda it: address in it.addresses)
    return found


def of_target_group(node: Node, kind: Kind, survey: Survey) -> Fetching[Naming]:
    """Find the load balancers that forward to a target group."""
    groups = yield from survey.ask(elbv2.describe_target_groups(node.place.region), elbv2.parse_target_groups)
    if isinstance(groups, Refusal):
        return Naming(unknown=(cannot_tell(f"what else forwards to {node.name}", groups),))
    arns = {arn for group in groups if group.arn == node.place.id for arn in group.load_balancers}
    found = yield from _matching(kind, node.place.region, survey, lambda it: it.arn in arns)
    return found


def onward(place: Place, survey: Survey) -> Fetching[Naming]:
    """Find the target groups of a load balancer, which the list of all target groups tells."""
    groups = yield from survey.ask(elbv2.describe_target_groups(place.region), elbv2.parse_target_groups)
    mine = () if isinstance(groups, Refusal) else groups
    return Naming(places=tuple(_group_place(one, place) for one in mine if place.id in one.load_balancers))


def read_node(
    place: Place, kind: Kind, link: Callable[[Place], Link], survey: Survey, more: tuple[Read, ...] = ()
) -> Fetching[Node]:
    """Read a load balancer: listeners, network ACLs, security groups, target groups, tags.

    `link` makes the link to one target group; `more` are reads that the caller is going to ask for next.
    """
    known = yield from survey.ask(elbv2.describe_load_balancers(place.region), elbv2.parse_load_balancers)
    if isinstance(known, Refusal):
        return _unread(place, kind, cannot_tell("what it is", known))
    it = next((one for one in known if one.arn == place.id), None)
    if it is None:
        return _unread(place, kind, f"cannot tell what {place.id} is: no such load balancer is listed")
    tags_read = elbv2.describe_tags([it.arn])
    yield from survey.prefetch([elbv2.describe_listeners(it.arn), tags_read, *_group_reads(it), *more])
    nacl, groups = yield from both(nacl_gate(it.subnets, place.region, survey), _groups(it, place.region, survey))
    services, unknown = yield from _services(it, nacl, groups, survey)
    targets, missing = yield from _target_groups(it, place, survey)
    tags = yield from survey.ask(tags_read, elbv2.parse_tags)
    gates: list[Gate] = [nacl]
    if groups is not None:
        gates.append(groups)
    return Node(
        place=place,
        title=f"{kind.title} {it.name}",
        name=it.name,
        resource=it.arn,
        relays=True,
        vpc=it.vpc,
        gates=tuple(gates),
        answers_to=frozenset({it.dns, *it.addresses} - {""}),
        entrance="" if it.internal else it.dns,
        versions=((4,) if it.ipv4 else ()) + ((6,) if it.dualstack else ()),
        services=services,
        links=tuple(link(_group_place(one, place)) for one in targets),
        unknown=(*unknown, *missing),
        remarks=("internal: not directly reachable from the internet",) if it.internal else (),
        tags={} if isinstance(tags, Refusal) else tags.get(it.arn, {}),
    )


def _matching(kind: Kind, region: str, survey: Survey, wanted: Callable[[LoadBalancer], bool]) -> Fetching[Naming]:
    here = region or survey.about.region
    known = yield from survey.ask(elbv2.describe_load_balancers(here), elbv2.parse_load_balancers)
    if isinstance(known, Refusal):
        return Naming(unknown=(cannot_tell(f"which load balancers are in {here}", known),))
    found = [it for it in known if it.type == kind.type and wanted(it)]
    return Naming(places=tuple(Place(kind=kind.kind, id=it.arn, region=here) for it in found))


def region_of(name: str) -> str:
    """Return the region in a load balancer's DNS name, empty for any other name."""
    match = DOMAINS.search(name)
    return (match["nlb"] or match["alb"]) if match else ""


def is_name_of(name: str, it: LoadBalancer) -> bool:
    """Tell whether a name is a load balancer's; zonal names carry the zone in front."""
    return bool(it.dns) and (name == it.dns or name.endswith(f".{it.dns}"))


def _group_place(group: TargetGroup, balancer: Place) -> Place:
    return Place(kind="target_group", id=group.arn, region=balancer.region)


def _group_reads(it: LoadBalancer) -> list[Read]:
    region = region_of_arn(it.arn)
    return ec2.describe_batches("DescribeSecurityGroups", region, "group-id", it.security_groups)


def _groups(it: LoadBalancer, region: str, survey: Survey) -> Fetching[GroupGate | None]:
    """Read its security groups; a network load balancer made without any lets everything in."""
    if not it.security_groups:
        return None
    gate = yield from group_gate(it.security_groups, region, survey)
    return gate


def _services(
    it: LoadBalancer, nacl: NaclGate, groups: GroupGate | None, survey: Survey
) -> Fetching[tuple[tuple[Service, ...], tuple[str, ...]]]:
    """Return what it listens on; when that cannot be read, everything counts."""
    listeners = yield from survey.ask(elbv2.describe_listeners(it.arn), elbv2.parse_listeners)
    if isinstance(listeners, Refusal):
        return open_services(groups, nacl.acls), (cannot_tell(f"on which ports {it.name} listens", listeners),)
    pairs = sorted({pair for one in listeners for pair in one.services})
    return tuple(Service(protocol=protocol, port=port) for protocol, port in pairs), ()


def _target_groups(
    it: LoadBalancer, place: Place, survey: Survey
) -> Fetching[tuple[tuple[TargetGroup, ...], tuple[str, ...]]]:
    groups = yield from survey.ask(elbv2.describe_target_groups(place.region), elbv2.parse_target_groups)
    if isinstance(groups, Refusal):
        return (), (cannot_tell(f"what {it.name} forwards to", groups),)
    return tuple(group for group in groups if it.arn in group.load_balancers), ()


def _unread(place: Place, kind: Kind, why: str) -> Node:
    name = place.id.split("/")[-2] if "/" in place.id else place.id
    return Node(
        place=place,
        title=f"{kind.title} {name}",
        name=name,
        resource=place.id,
        unknown=(why,),
        entrance=name,
        blind=why,
    )
