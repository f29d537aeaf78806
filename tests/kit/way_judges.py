"""What opsctl says of a random way in, and what the oracle finds by trying every request that could be made."""

import ipaddress
import itertools
from collections.abc import Iterator
from typing import Literal

from opsctl.block.tenants import parse_tenant
from opsctl.block.topology.forwarded import Forwarded
from opsctl.block.topology.gates import Gate, GroupGate, NaclGate, OpenRule, WafGate
from opsctl.block.topology.graph import Link, Node
from opsctl.block.topology.nacl import parse_network_acl
from opsctl.block.topology.naming import Place
from opsctl.block.topology.packet import Service
from opsctl.block.topology.sight import sights_of
from opsctl.block.topology.traffic_paths import Stop, TrafficPath
from opsctl.block.topology.walk import walk
from opsctl.block.topology.webacl import IpSet, parse_web_acl
from opsctl.model.value import Json
from opsctl.resources.ec2 import parse_inbound_rules
from tests.kit import aws_oracle as aws
from tests.kit.aws_oracle import Request
from tests.kit.random_ways import HEADERS, NEUTRAL, SERVICES

Said = Literal["dropped", "passes", "cannot tell"]


def ways_of(case: Json) -> list[TrafficPath]:
    """The ways in as opsctl sees them, parsed out of AWS's JSON by its own parsers."""
    if case["shape"] == "tenant":
        return [_way(_node("edge", case, _tenant_gate(case)))]
    if case["shape"] == "targets":
        entrance = _node("nlb", case, *_packet_gates(case["gates"], case))
        tails = tuple(
            (_stop(_node(f"i{n}", case, *_packet_gates(one, case))),) for n, one in enumerate(case["targets"])
        )
        return [TrafficPath(names=(), stops=(Stop(node=entrance),), tails=tails)]
    balancer = _node("alb", case, *_packet_gates(case["gates"], case), _waf(case["web"], case))
    if case["shape"] == "balancer":
        return [_way(balancer)]
    if case["shape"] == "accelerated":
        accelerator = Stop(node=_node("accelerator", case))
        link = Link(to=balancer.place, packets=False, groups=True)
        return [TrafficPath(names=(), stops=(accelerator, Stop(node=balancer, link=link)))]
    front = _node("edge", case, _waf(case["front"], case))
    behind = Stop(node=balancer, link=Link(to=balancer.place, client="header"))
    return [TrafficPath(names=(), stops=(Stop(node=front), behind)), _way(balancer)]


def opsctl_says(case: Json, block: str, forwarded: Forwarded | None) -> list[Said]:
    """What the evaluator says of a block on each way."""
    ways = ways_of(case)
    outcomes = [walk(way, block, sight) for way, sight in zip(ways, sights_of(ways, forwarded), strict=True)]
    return ["dropped" if one.dropped else "cannot tell" if one.unknown else "passes" for one in outcomes]


def gets_in(case: Json, block: str, forwarded: Forwarded | None) -> list[bool]:
    """Whether any request that a client in the block can make gets in, on each way."""
    if case["shape"] != "edge":
        return [any(_tries(case, address, forwarded) for address in _addresses(block))]
    by_header = forwarded is not None and forwarded.header == "X-Forwarded-For"
    through = any(_through_the_edge(case, one, forwarded) for one in _addresses(block))
    alone = case | {"shape": "balancer"}
    return [through, any(_tries(alone, one, None if by_header else forwarded) for one in _addresses(block))]


def is_plain(case: Json) -> bool:
    """Whether no statement joins conditions that one request may not be able to meet at once."""
    text = str(case)
    return "NotStatement" not in text and "AndStatement" not in text


def _addresses(block: str) -> list[str]:
    return [str(one) for one in ipaddress.ip_network(block)]


def _tries(case: Json, address: str, forwarded: Forwarded | None) -> bool:
    """Whether a client gets in at the entrance, itself or through a proxy in front of it."""
    acl = _seen_web_acl(case)
    itself = _packets_pass(case, address) and _some_request(case, acl, [address], _headers_of_a_client(case))
    if forwarded is None:
        return itself
    return itself or _some_request(case, acl, _proxies(case), _headers_behind(case, address, forwarded))


def _through_the_edge(case: Json, address: str, forwarded: Forwarded | None) -> bool:
    """Whether a client gets through a distribution; what is behind counts where it shows what CloudFront wrote."""
    if forwarded is not None and forwarded.header != "X-Forwarded-For":
        return _tries(case | {"shape": "tenant", "tenant": {}}, address, forwarded)
    if ":" in address and 6 not in case["versions"]:
        return False
    if not _some_request(case, case["front"], [address], _headers_of_a_client(case)):
        return False
    if forwarded is None:
        return True
    return _some_request(case, case["web"], _proxies(case), _headers_behind(case, address, forwarded))


def _seen_web_acl(case: Json) -> Json | None:
    if case["shape"] == "tenant":
        return aws.web_acl_of_tenant(case["tenant"], case["front"], {"own": case.get("own")})
    return case.get("web") if case["shape"] in ("balancer", "accelerated") else None


def _packets_pass(case: Json, address: str) -> bool:
    """Whether packets to some service pass every gate: one subnet's network ACL, and the security groups."""
    if ":" in address and 6 not in case["versions"]:
        return False
    if case["shape"] == "tenant":  # CloudFront's own servers: no network ACL and no security group is there
        return True
    if case["shape"] == "accelerated":  # network ACLs count for what goes out alone
        return _groups_let_in(case, address)
    places = case.get("targets") or [None]
    return any(
        _gate_lets_in(case["gates"], case, address, service)
        and any(one is None or _gate_lets_in(one, case, address, service) for one in places)
        for service in SERVICES
    )


def _groups_let_in(case: Json, address: str) -> bool:
    rules = case["gates"]["permissions"]
    if any("UserIdGroupPairs" in one for one in rules):
        return True
    return any(aws.security_groups_let_in(rules, case["lists"], address, *service) for service in SERVICES)


def _gate_lets_in(gates: Json, case: Json, address: str, service: list[int]) -> bool:
    entered = any(aws.network_acl_lets_in(one, address, *service) for one in gates["acls"])
    return entered and aws.security_groups_let_in(gates["permissions"], case["lists"], address, *service)


def _some_request(case: Json, acl: Json | None, sources: list[str], headers: list[dict[str, str]]) -> bool:
    if acl is None:
        return True
    return any(
        aws.web_acl_lets_in(acl, case["sets"], Request(source, sent, answers))
        for answers in _answers(acl)
        for source in sources
        for sent in headers
    )


def _answers(acl: Json) -> Iterator[dict[str, str]]:
    """Every way in which the rest of a request may meet the statements that are not about addresses."""
    asked = dict(_asked(acl["Rules"]))
    for chosen in itertools.product(*asked.values()):
        yield dict(zip(asked, chosen, strict=True))


def _asked(node: Json) -> Iterator[tuple[str, tuple[str, ...]]]:
    if isinstance(node, list):
        for one in node:
            yield from _asked(one)
    elif isinstance(node, dict):
        if "RuleGroupReferenceStatement" in node:
            yield node["RuleGroupReferenceStatement"]["ARN"], ("nothing", "allow", "block")
        elif "GeoMatchStatement" in node:
            yield ",".join(node["GeoMatchStatement"]["CountryCodes"]), ("no", "yes")
        else:
            for one in node.values():
                yield from _asked(one)


def _in_sets(case: Json) -> list[str]:
    """An address of each IP set, and one that is in none."""
    return [*(each.partition("/")[0] for listed in case["sets"].values() for each in listed), NEUTRAL]


def _proxies(case: Json) -> list[str]:
    return _in_sets(case)


def _headers_of_a_client(case: Json) -> list[dict[str, str]]:
    """What a client writes himself into the headers that are looked at, or nothing."""
    return [{}, *(dict.fromkeys(HEADERS, one) for one in _in_sets(case))]


def _headers_behind(case: Json, address: str, forwarded: Forwarded) -> list[dict[str, str]]:
    """What a proxy passes on: its client last, or alone; in front of it whatever the client sent."""
    alone = [{forwarded.header: address}]
    if forwarded.alone:
        return [sent | one for sent in _headers_of_a_client(case) for one in alone]
    return [
        *alone,
        *(
            sent | {forwarded.header: f"{sent[forwarded.header]}, {address}"}
            for sent in _headers_of_a_client(case)[1:]
        ),
    ]


def _way(node: Node) -> TrafficPath:
    return TrafficPath(names=(), stops=(Stop(node=node),))


def _stop(node: Node) -> Stop:
    return Stop(node=node, link=Link(to=node.place))


def _node(kind: str, case: Json, *gates: Gate) -> Node:
    packets = kind not in ("edge", "accelerator")
    return Node(
        place=Place(kind=kind, id=kind),
        title=kind,
        name=kind,
        resource=kind,
        gates=gates,
        entrance=kind,
        relays=True,
        versions=tuple(case["versions"]),
        services=tuple(Service(protocol=one, port=port) for one, port in SERVICES) if packets else (),
    )


def _packet_gates(gates: Json, case: Json) -> tuple[Gate, ...]:
    acls = [parse_network_acl({"NetworkAclId": f"acl-{n}", "Entries": one}) for n, one in enumerate(gates["acls"])]
    allows = parse_inbound_rules({"SecurityGroups": [{"GroupId": "sg-1", "IpPermissions": gates["permissions"]}]})
    rules = [
        OpenRule(
            group="sg-1",
            protocol=one.protocol,
            ports=one.ports,
            networks=(*one.cidrs, *(block for each in one.prefix_lists for block in case["lists"][each])),
            source="security group sg-accelerator" if one.groups else "somewhere",
        )
        for one in allows
    ]
    return NaclGate(acls=tuple(acls), subnets=("s",)), GroupGate(groups=("sg-1",), rules=tuple(rules))


def _waf(acl: Json | None, case: Json) -> WafGate:
    if acl is None:
        return WafGate(scope="CLOUDFRONT")
    sets = {
        name: IpSet(arn=name, id=name, name=name, version=6 if name == "six" else 4, addresses=tuple(blocks))
        for name, blocks in case["sets"].items()
    }
    return WafGate(scope="REGIONAL", web_acl=parse_web_acl({"WebACL": acl}, sets))


def _tenant_gate(case: Json) -> WafGate:
    tenant = parse_tenant({"DistributionTenant": case["tenant"]})
    own = {"own": case["own"]}.get(tenant.web_acl)
    return _waf(case["front"] if tenant.inherits else own, case)
