"""What gets around a block in front: an origin that is reached directly, a header that clients write."""

from opsctl.block.topology.forwarded import CDNS, Forwarded
from opsctl.block.topology.gates import GroupGate, OpenRule
from opsctl.block.topology.graph import Node
from opsctl.block.topology.packet import ANY, TCP, UDP
from opsctl.block.topology.traffic_paths import TrafficPath
from opsctl.model.networks import parse_network
from opsctl.resources.special import is_everything

LOCKABLE = ("alb", "nlb", "interface")
"""Kinds of nodes whose security groups `opsctl lock-origin` limits to CloudFront."""

RANGES = {
    "cloudflare": "https://www.cloudflare.com/ips/",
    "fastly": "https://api.fastly.com/public-ip-list",
    "akamai": "Site Shield or Origin IP Access Control List in Akamai Control Center",
}
"""Where a CDN says from which addresses it connects to origins."""

_KEPT = {
    "fastly-client-ip": (
        "Fastly keeps a Fastly-Client-IP that the client sends, unless VCL sets it from client.ip at the edge"
    ),
    "true-client-ip": "Akamai can let clients set True-Client-IP themselves: see that the property does not",
}


def evasions(forwarded: Forwarded | None) -> tuple[str, ...]:
    """Say how a client keeps its address out of what is looked at, nothing where it cannot."""
    if forwarded is None:
        return ()
    if forwarded.position == "first":
        first = f"whoever sends a {forwarded.header} of his own puts another address first"
        return (f"{first}: --position first stops only clients that do not; leave --position out",)
    if forwarded.is_list or forwarded.header == CDNS["cloudflare"]:
        return ()
    name = forwarded.header
    usual = f"a client may send {name} himself: see that the proxy overwrites it, and does not keep what it gets"
    return (_KEPT.get(name.lower(), usual),)


def around_a_proxy(way: TrafficPath, forwarded: Forwarded) -> str:
    """Say that an entrance can be reached without the proxy in front, empty where it cannot as far as is known."""
    entrance = way.entrance
    if entrance.blind or not open_to_all(entrance):
        return ""
    cdn = next((name for name, header in CDNS.items() if header == forwarded.header), "")
    whose = f"of {cdn.title()} ({RANGES[cdn]})" if cdn else "of the proxy"
    if entrance.groups is not None:
        what = f"limit its security groups {', '.join(entrance.groups.groups)} to the addresses {whose}"
    else:
        what = f"let AWS WAF refuse what does not come from the addresses {whose}, or lacks a secret header"
    return (
        f"{entrance.title} without the proxy, with any {forwarded.header}: the addresses are blocked as the "
        f"source there as well; {what}"
    )


def around_a_distribution(entrance: Node, command: str) -> str:
    """Name an entrance that can be reached without the distribution in front, empty where it cannot be told."""
    if entrance.groups is None or entrance.place.kind not in LOCKABLE:
        return ""
    at = f" at {', '.join(_ports(entrance.groups))}" if entrance.place.kind == "interface" else ""
    return f"{entrance.name}{at}; {command}"


def _ports(groups: GroupGate) -> list[str]:
    """Say which ports an instance opens to everybody: what it answers there, only it knows."""
    return list(
        dict.fromkeys(
            _span(rule) for rule in groups.rules for one in rule.networks if is_everything(parse_network(one))
        )
    )


def _span(rule: OpenRule) -> str:
    name = {TCP: "tcp", UDP: "udp", ANY: "all traffic"}.get(rule.protocol, f"protocol {rule.protocol}")
    low, high = rule.ports or (0, 0)
    return f"{name}/{low}" if rule.ports and low == high else f"{name}/{low}-{high}" if rule.ports else name


def open_to_all(node: Node) -> bool:
    """Tell whether everybody can connect to a place, as far as its security groups say."""
    groups: GroupGate | None = node.groups
    if groups is None or groups.unknown:
        return True
    return any(is_everything(parse_network(one)) for rule in groups.rules for one in rule.networks)
