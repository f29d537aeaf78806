"""Origins of distributions that can be reached directly, and how their security groups admit CloudFront alone.

The prefix list of CloudFront's origin-facing servers takes the place of the rules that let everybody in. Where two
ports would count twice as many rules as a group may have, one rule spans both: a load balancer answers on its
listeners alone. An instance answers on whatever it runs: only the ports that CloudFront connects to are locked
there, each by a rule of its own, and a rule that opens more than those is not taken away.
"""

from collections.abc import Mapping, Sequence

from opsctl.block.topology.graph import Node
from opsctl.block.topology.naming import Place
from opsctl.block.topology.packet import TCP, UDP, Service
from opsctl.block.topology.traffic_paths import OF_CLOUDFRONT, TrafficPath
from opsctl.model.networks import parse_network
from opsctl.model.value import Value
from opsctl.resources.group_rules import EDGE, EDGE_IPV6, GroupRule, PrefixList, counted

OWN_PORTS = ("interface",)
"""Kinds of nodes that answer on more than what is behind CloudFront."""

_IN_A_VPC = ("alb", "nlb", "instance", "interface")
_PROTOCOLS = {TCP: "tcp", UDP: "udp"}
_WIDEST = 1
"""A rule for half of all addresses is one of two that let everybody in."""


class ListAdmission(Value):
    """A prefix list that a security group is to admit to a span of TCP ports."""

    group: str
    prefix_list: str
    from_port: int
    to_port: int
    region: str
    why: str
    owner: str = ""


class RuleRevocation(Value):
    """A rule of a security group that is to go, once the group admits `behind_list`."""

    group: str
    protocol: str
    from_port: int
    to_port: int
    cidr: str
    behind_list: str
    region: str
    why: str
    owner: str = ""


class GroupSeen(Value):
    """A security group of an origin: its rules, who owns it, and what else is in it."""

    id: str
    rules: tuple[GroupRule, ...]
    owner: str = ""
    beside: tuple[str, ...] = ()


class Lock(Value):
    """What one origin needs; `full` says why it cannot be done, `stays` who else still gets in directly."""

    admissions: tuple[ListAdmission, ...] = ()
    revocations: tuple[RuleRevocation, ...] = ()
    full: str = ""
    stays: tuple[str, ...] = ()


def private_origins(ways: Sequence[TrafficPath]) -> tuple[str, ...]:
    """Say which origins of distributions are not on the internet: they need no lock, whoever else reaches them."""
    found: dict[str, None] = {}
    for stop in (stop for way in ways if way.entrance.place.kind in OF_CLOUDFRONT for stop in way.behind):
        node = stop.node
        if node.entrance or node.transparent or node.place.kind not in _IN_A_VPC:
            continue
        is_vpc_origin = stop.link is not None and stop.link.label == "VPC origin"
        what = "a VPC origin" if is_vpc_origin else "not on the internet"
        others = [way.short for way in ways if _comes_without_cloudfront(way, node)]
        who = f"; {', '.join(others)} reaches it as well" if others else ", which CloudFront alone reaches"
        found[f"{node.title} ({what}{who if others or is_vpc_origin else ''})"] = None
    return tuple(found)


def _comes_without_cloudfront(way: TrafficPath, node: Node) -> bool:
    passed = [stop.node.place for stop in (*way.stops, *(stop for tail in way.tails for stop in tail))]
    return way.entrance.place.kind not in OF_CLOUDFRONT and node.place in passed


def fronted(ways: Sequence[TrafficPath]) -> dict[Place, list[str]]:
    """Return the origins behind distributions that have an entrance of their own, with the distributions."""
    found: dict[Place, list[str]] = {}
    for way in ways:
        if way.entrance.place.kind not in OF_CLOUDFRONT:
            continue
        for stop in way.behind:
            if stop.node.entrance and not stop.node.transparent:
                found.setdefault(stop.node.place, []).append(way.entrance.title)
    return {place: list(dict.fromkeys(titles)) for place, titles in found.items()}


def is_open(rule: GroupRule, services: Sequence[Service]) -> bool:
    """Tell whether a rule lets everybody in to something that an origin answers on."""
    if not rule.cidr or parse_network(rule.cidr).prefixlen > _WIDEST:
        return False
    return any(rule.admits(_PROTOCOLS.get(one.protocol, "-1"), one.port) for one in services)


def lock_of(
    node: Node, groups: Sequence[GroupSeen], lists: Mapping[str, PrefixList], quota: int, why: str
) -> Lock:
    """Work out what an origin needs, nothing where CloudFront alone gets in already."""
    open_rules = [(seen, rule) for seen in groups for rule in seen.rules if is_open(rule, node.services)]
    if not open_rules:
        return Lock(stays=_others(node, groups))
    if wide := [text for seen, rule in open_rules if (text := _too_wide(rule, seen, node))]:
        return Lock(full="; ".join(wide))
    host = open_rules[0][0]
    wanted = [one for one in lists.values() if one.name in _names(node)]
    if EDGE not in {one.name for one in wanted}:
        return Lock(full=f"there is no prefix list {EDGE} in {node.place.region or 'the region of the run'}")
    admissions: list[ListAdmission] = []
    for listed in sorted(wanted, key=lambda one: one.version):
        spans = _spans(listed, node, groups, counted(host.rules, lists, listed.version), quota)
        if spans is None:
            used = counted(host.rules, lists, listed.version)
            return Lock(full=_no_room(host.id, used, quota, listed))
        admissions += [_admission(host, listed, span, node, why) for span in spans]
    return Lock(
        admissions=tuple(admissions),
        revocations=tuple(_revocation(seen, rule, wanted, host, node) for seen, rule in open_rules),
        stays=_others(node, groups),
    )


def _names(node: Node) -> tuple[str, ...]:
    """The lists that matter: CloudFront connects by IPv6 only to origins that have it."""
    return (EDGE, EDGE_IPV6) if 6 in node.versions else (EDGE,)


def _spans(
    listed: PrefixList, node: Node, groups: Sequence[GroupSeen], used: int, quota: int
) -> list[tuple[int, int]] | None:
    """Return the spans of ports for which rules are missing, None where there is no room for them."""
    rules = [rule for seen in groups for rule in seen.rules if rule.prefix_list == listed.id]
    ports = sorted({one.port for one in node.services if one.protocol == TCP})
    missing = [port for port in ports if not any(rule.admits("tcp", port) for rule in rules)]
    choices = [[(port, port) for port in missing]]
    if missing and node.place.kind not in OWN_PORTS:
        choices.append([(missing[0], missing[-1])])
    for spans in choices:
        if used + listed.weight * len(spans) <= quota:
            return spans
    return None


def _too_wide(rule: GroupRule, seen: GroupSeen, node: Node) -> str:
    """Say that a rule opens more than CloudFront connects to, where that is more than nothing."""
    if node.place.kind not in OWN_PORTS:
        return ""
    ports = sorted({one.port for one in node.services})
    low, high = rule.ports or (0, 65535)
    if rule.protocol == "tcp" and all(port in ports for port in range(low, high + 1)):
        return ""
    listed = ", ".join(map(str, ports))
    return (
        f"its rule for {rule.span} from {rule.source} (security group {seen.id}) lets in to more than CloudFront"
        f" connects to: give tcp {listed} a rule of its own, and the rest another"
    )


def _no_room(group: str, used: int, quota: int, listed: PrefixList) -> str:
    return (
        f"security group {group} counts {used} of {quota} inbound rules for IPv{listed.version}, and "
        f"{listed.name} counts as {listed.weight}: ask for more rules per security group (Service Quotas, vpc "
        "L-0EA8095F), or take away rules that nobody needs"
    )


def _admission(seen: GroupSeen, listed: PrefixList, span: tuple[int, int], node: Node, why: str) -> ListAdmission:
    return ListAdmission(
        group=seen.id,
        prefix_list=listed.id,
        from_port=span[0],
        to_port=span[1],
        region=node.place.region,
        why=why,
        owner=seen.owner,
    )


def _revocation(
    seen: GroupSeen, rule: GroupRule, wanted: Sequence[PrefixList], host: GroupSeen, node: Node
) -> RuleRevocation:
    low, high = rule.ports or (-1, -1)
    edge = next(one.id for one in wanted if one.name == EDGE)
    inside = " So it does for what is inside the VPC." if node.place.kind in OWN_PORTS else ""
    return RuleRevocation(
        group=seen.id,
        protocol=rule.protocol,
        from_port=low,
        to_port=high,
        cidr=rule.cidr,
        behind_list=edge if seen.id == host.id else "",
        region=node.place.region,
        why=f"It lets everybody reach {node.title} without CloudFront, and around what CloudFront blocks.{inside}",
        owner=seen.owner,
    )


def _others(node: Node, groups: Sequence[GroupSeen]) -> tuple[str, ...]:
    """Name the rules that still let somebody in directly, or would as soon as something listens there."""
    return tuple(
        text for seen in groups for rule in seen.rules if rule.cidr and (text := _other(rule, seen, node))
    )


def _other(rule: GroupRule, seen: GroupSeen, node: Node) -> str:
    services = node.services
    if is_open(rule, services):
        return ""
    said = f"{rule.source} to {rule.span} (security group {seen.id})"
    if any(rule.admits(_PROTOCOLS.get(one.protocol, "-1"), one.port) for one in services):
        return said
    everybody = parse_network(rule.cidr).prefixlen <= _WIDEST
    elsewhere = (
        "where CloudFront does not connect" if node.place.kind in OWN_PORTS else "where nothing listens now"
    )
    return f"{said}, {elsewhere}" if everybody else ""
