"""Looking for firewalls on ways in: whose routes lead through an endpoint, and what its firewall drops.

Network Firewall needs routes that are symmetric, so a subnet whose default route leads to an endpoint gets its
packets through it as well (developer guide, route table configurations).
"""

from collections.abc import Sequence

from opsctl.block.asked import Asked
from opsctl.block.inspection import firewall_calls as calls
from opsctl.block.inspection.rule_groups import RuleGroupSeen, group_arns, parse_group, parse_policy
from opsctl.block.node_kinds.interface import parse_default_routes
from opsctl.block.topology.gates import InspectionGate
from opsctl.block.topology.graph import Node, Web
from opsctl.block.topology.naming import Place
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.model.fetching import Fetching, gather
from opsctl.model.reads import Read, Refusal
from opsctl.model.value import Json, Value
from opsctl.resources import ec2

_DEFAULT = ("0.0.0.0/0", "::/0")


class _Firewall(Value):
    name: str
    arn: str
    policy: str
    endpoints: tuple[str, ...]


def route_reads(region: str) -> list[Read]:
    """Return what tells which subnets are behind an endpoint: read with everything else that is listed."""
    return [ec2.describe("DescribeRouteTables", region)]


def with_firewalls(web: Web, survey: Survey) -> Fetching[Web]:
    """Return the graph with a gate on each entrance that routes lead to through an endpoint."""
    gated = [node for node in web.nodes if node.entrance and node.nacl and node.nacl.subnets]
    regions = sorted({node.place.region or survey.about.region for node in gated})
    tables = yield from survey.ask_each(
        [read for one in regions for read in route_reads(one)], parse_default_routes
    )
    routes = {
        region: found for region, found in zip(regions, tables, strict=True) if not isinstance(found, Refusal)
    }
    automated = yield from _automated(gated, survey)
    through = {
        node.place: _endpoints(node, routes.get(node.place.region or survey.about.region, {})) for node in gated
    }
    inspected = [node for node in gated if through[node.place] and node.place not in automated]
    gates = yield from gather([_gate(node, through[node.place], survey) for node in inspected])
    found = automated | {node.place: gate for node, gate in zip(inspected, gates, strict=True)}
    nodes = [
        node.model_copy(update={"gates": (found[node.place], *node.gates)}) if node.place in found else node
        for node in web.nodes
    ]
    return web.model_copy(update={"nodes": tuple(nodes)}) if found else web


def with_policies(web: Web, survey: Survey, asked: Asked) -> Fetching[Web]:
    """Return the graph with what the firewalls in it drop of some addresses, and where a drop of them can go.

    Where the routes may not be read, nobody knows whether there is one: the entrance has a gate that says so.
    """
    web = yield from _with_unread_routes(web, survey)
    nodes = [
        node for node in web.nodes if node.inspection and node.inspection.firewall and not node.inspection.refused
    ]
    gates = yield from gather([_read(node, survey, asked) for node in nodes])
    found = dict(zip((node.place for node in nodes), gates, strict=True))
    kept = [
        node.model_copy(
            update={"gates": tuple(found[node.place] if one == node.inspection else one for one in node.gates)}
        )
        if node.place in found
        else node
        for node in web.nodes
    ]
    return web.model_copy(update={"nodes": tuple(kept)})


def _with_unread_routes(web: Web, survey: Survey) -> Fetching[Web]:
    kept = []
    for node in web.nodes:
        gated = node.entrance and node.nacl and not node.inspection
        reads = route_reads(node.place.region or survey.about.region) if gated else []
        tables = yield from survey.ask_each(reads, parse_default_routes)
        texts = tuple(
            cannot_tell(f"whether routes lead to {node.title} through a firewall", one)
            for one in tables
            if isinstance(one, Refusal)
        )
        gate = InspectionGate(vpc=node.vpc, endpoints=(), refused="; ".join(texts), unknown=texts)
        kept.append(node.model_copy(update={"gates": (gate, *node.gates)}) if texts else node)
    return web.model_copy(update={"nodes": tuple(kept)})


def _automated(nodes: Sequence[Node], survey: Survey) -> Fetching[dict[Place, InspectionGate]]:
    """Return gates for entrances whose internet gateway has a firewall of its own, for all of their subnets.

    Network Security Manager makes and manages such a firewall; the route's target stays the gateway (API models of
    EC2, Route, and of network-firewall, IgwFirewallConfiguration).
    """
    found: dict[Place, InspectionGate] = {}
    for node in nodes:
        (read,) = route_reads(node.place.region or survey.about.region)
        arns = yield from survey.ask(read, parse_automated)
        known = {} if isinstance(arns, Refusal) else arns
        each = {known.get(subnet, known.get(node.vpc, "")) for subnet in (node.nacl.subnets if node.nacl else ())}
        if len(each) == 1 and (arn := each.pop()):
            name = calls.name_of(arn)
            why = f"Network Firewall {name} is made and managed by Network Security Manager: block in its policy"
            found[node.place] = InspectionGate(vpc=node.vpc, endpoints=(), arn=arn, firewall=name, refused=why)
    return found


def parse_automated(answer: Json) -> dict[str, str]:
    """Parse DescribeRouteTables: the gateway's firewall by subnet, or by VPC for the main table; "" is none."""
    found: dict[str, str] = {}
    for table in answer.get("RouteTables", []):
        firewalls = [
            route.get("IgwFirewall") or {}
            for route in table.get("Routes", [])
            if (route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock")) in _DEFAULT
        ]
        arns = {one.get("FirewallArn", "") if one.get("Status") == "active" else "" for one in firewalls}
        arn = arns.pop() if len(arns) == 1 else ""
        for association in table.get("Associations", []):
            key = association.get("SubnetId") or (table.get("VpcId") if association.get("Main") else "")
            if key:
                found[key] = arn
    return found


def _endpoints(node: Node, routes: dict[str, dict[str, str]]) -> tuple[str, ...]:
    """Return the endpoints that all subnets of a node are behind; none when one of them is behind none."""
    found = []
    for subnet in node.nacl.subnets if node.nacl else ():
        known = routes.get(subnet) or routes.get(node.vpc) or {}
        ends = [known[one] for one in _DEFAULT if one in known]
        if not ends or not all(one.startswith("vpce-") for one in ends):
            return ()
        found += ends
    return tuple(dict.fromkeys(found))


def _gate(node: Node, endpoints: tuple[str, ...], survey: Survey) -> Fetching[InspectionGate]:
    region = node.place.region or survey.about.region
    gate = InspectionGate(vpc=node.vpc, endpoints=endpoints)
    listed = yield from survey.ask(calls.list_firewalls(node.vpc, region), _arns)
    if isinstance(listed, Refusal):
        text = cannot_tell(f"which firewall stands behind endpoint {endpoints[0]}", listed)
        return gate.model_copy(update={"refused": text})
    firewalls = yield from survey.ask_each([calls.describe_firewall(one) for one in listed], _parse_firewall)
    for one in firewalls:
        if not isinstance(one, Refusal) and set(endpoints) <= set(one.endpoints):
            return gate.model_copy(update={"firewall": one.name, "arn": one.arn})
    why = f"endpoint {', '.join(endpoints)} is that of no Network Firewall of VPC {node.vpc}"
    return gate.model_copy(
        update={"refused": f"{why}: an appliance, or a firewall elsewhere; block in it by hand"}
    )


def _read(node: Node, survey: Survey, asked: Asked) -> Fetching[InspectionGate]:
    """Read the policy and its groups, in two rounds."""
    gate = node.inspection or InspectionGate(vpc="", endpoints=())
    firewall = yield from survey.ask(calls.describe_firewall(gate.arn), _parse_firewall)
    if isinstance(firewall, Refusal):
        return _unread(gate, f"what {gate.title} does", firewall)
    policy = yield from survey.ask(calls.describe_policy(firewall.policy), _as_it_is)
    if isinstance(policy, Refusal):
        return _unread(gate, f"what {gate.title} does", policy)
    if not policy.get("FirewallPolicy"):
        why = f"the policy of {gate.title} is of the next generation: block in it by hand, opsctl does not read it"
        return gate.model_copy(update={"refused": why})
    arns = group_arns(policy)
    answers = yield from survey.ask_each([calls.describe_group(one) for one in arns], parse_group)
    groups = [
        RuleGroupSeen(arn=arn, unread=cannot_tell(f"what rule group {calls.name_of(arn)} does", one))
        if isinstance(one, Refusal)
        else one
        for arn, one in zip(arns, answers, strict=True)
    ]
    seen = parse_policy(policy, groups)
    addresses = asked.addresses_of(node.versions)
    dropped = seen.dropped(addresses)
    place = seen.place_for([one for one in addresses if one not in dropped], survey.about.account)
    if isinstance(place, str):
        return gate.model_copy(update={"refused": place, "networks": dropped})
    return gate.model_copy(
        update={"group": place.arn, "networks": dropped, "owner": place.owner, "affects": _affects(gate, place)}
    )


def _affects(gate: InspectionGate, group: RuleGroupSeen) -> tuple[str, ...]:
    others = f"{group.policies} firewall policies use rule group {group.name}"
    return (f"everything else behind {gate.title}", *([others] if group.policies > 1 else []))


def _unread(gate: InspectionGate, what: str, refusal: Refusal) -> InspectionGate:
    text = cannot_tell(what, refusal)
    return gate.model_copy(update={"refused": text, "unknown": (text,)})


def _arns(answer: Json) -> Sequence[str]:
    return [one["FirewallArn"] for one in answer.get("Firewalls", [])]


def _parse_firewall(answer: Json) -> _Firewall:
    states = (answer.get("FirewallStatus") or {}).get("SyncStates") or {}
    attached = (one.get("Attachment") or {} for one in states.values())
    return _Firewall(
        name=answer["Firewall"].get("FirewallName") or answer["Firewall"]["FirewallId"],
        arn=answer["Firewall"].get("FirewallArn", ""),
        policy=answer["Firewall"]["FirewallPolicyArn"],
        endpoints=tuple(one["EndpointId"] for one in attached if one.get("EndpointId")),
    )


def _as_it_is(answer: Json) -> Json:
    return answer
