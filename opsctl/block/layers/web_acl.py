"""AWS WAF: it stops requests where their source, as it sees it, is the client."""

from opsctl.block.asked import Asked
from opsctl.block.decision import Point
from opsctl.block.layers.verdict import Home, NodeVerdict, rejected
from opsctl.block.topology.forwarded import LISTS, Forwarded
from opsctl.block.topology.gates import WafGate
from opsctl.block.topology.graph import Node
from opsctl.block.topology.traffic_paths import TrafficPath
from opsctl.block.topology.webacl import allow_lists

IP_SET_LIMIT = 10_000


def judge(way: TrafficPath, asked: Asked, _: Home) -> list[NodeVerdict]:
    """Judge every place on the way that AWS WAF can be attached to."""
    verdicts: list[NodeVerdict] = []
    for index, stop in enumerate(way.stops):
        waf = stop.node.waf
        if waf is None:
            continue
        sight = asked.sight
        wanted = "source" if sight.forwarded is None else "header"
        arriving = [version for version in asked.versions if version in sight.versions(way)]
        seen = tuple(version for version in arriving if sight.at(way, index, version) == wanted)
        if not seen:
            verdicts.append(_no(stop.node, _why_unseen(way, index, asked)))
            continue
        reason = _refused(stop.node, waf, asked)
        if reason:
            verdicts.append(_no(stop.node, reason, waf.unknown))
            continue
        verdicts.append(_yes(stop.node, waf, seen, asked))
    if verdicts:
        return verdicts
    return [_no(way.entrance, _nowhere(way))]


def points(verdict: NodeVerdict) -> list[Point]:
    """Return the web ACL of the place, or the place that one has to be made for."""
    node, waf = verdict.node, verdict.node.waf
    if waf is None:
        return []
    return [
        Point(
            layer="waf",
            id=waf.web_acl.arn if waf.web_acl else "",
            resource=node.resource,
            resource_kind=node.place.kind,
            name=node.name,
            scope=waf.scope,
            region="us-east-1" if waf.scope == "CLOUDFRONT" else node.place.region,
            reason=verdict.reason,
            ways=(),
            forwarded_header=verdict.forwarded.header if verdict.forwarded else "",
            position=verdict.forwarded.position if verdict.forwarded else "auto",
        )
    ]


def _why_unseen(way: TrafficPath, index: int, asked: Asked) -> str:
    if asked.sight.forwarded is not None:
        return _why_no_header(way, index, asked.sight.forwarded)
    if way.client_at(index, 4) == "header":
        usable = f", or here with --forwarded-header {LISTS}" if asked.layer in ("auto", "waf") else ""
        return (
            f"behind {way.entrance.title} the request's source is the proxy; the client's address is "
            f"only in a header, and the proxy in front is the right place{usable}"
        )
    if lost := next(
        (stop.link for stop in way.stops[1 : index + 1] if stop.link and stop.link.client == "gone"), None
    ):
        return f"behind {way.entrance.title} the client's address is lost: {lost.why}"
    return (
        f"behind {way.entrance.title} the client's address is lost: clients of this IP version arrive with "
        "its address"
    )


def _nowhere(way: TrafficPath) -> str:
    """Say why AWS WAF stands nowhere on a way, and behind a Global Accelerator what to put there."""
    reason = f"AWS WAF cannot be attached to {_article(way.entrance)}"
    if way.entrance.place.kind != "global_accelerator":
        return reason
    links = [stop.link for stop in (*way.stops[1:], *(tail[0] for tail in way.tails)) if stop.link]
    lost = next((link.why for link in links if link.client == "gone"), "")
    return lost or f"{reason}, nor to what it leads to: put an Application Load Balancer with AWS WAF between"


def _why_no_header(way: TrafficPath, index: int, forwarded: Forwarded) -> str:
    title = way.stops[index].node.title
    if way.client_at(index, 4) == "source":
        return (
            f"{title} sees clients as the source of their requests, and writes {forwarded.header} for what is "
            "behind it: without --forwarded-header the block stands here"
        )
    return f"{title} is behind another proxy: whether header {forwarded.header} gets there is not known"


def _refused(node: Node, waf: WafGate, asked: Asked) -> str:
    """Say why AWS WAF cannot serve at a node that sees the client, empty when it can."""
    if asked.layer not in ("auto", "waf") and not (asked.layer == "cloudfront" and waf.scope == "CLOUDFRONT"):
        return f"--layer {asked.layer} was asked for"
    if waf.unknown:
        return waf.unknown[0]
    if waf.classic:
        return f"its web ACL {waf.classic} is WAF Classic, which opsctl does not edit: migrate it to AWS WAF"
    if waf.web_acl is None and node.fixed:
        return node.fixed
    for version in asked.versions:
        count = sum(1 for network in asked.networks if network.version == version)
        if count > IP_SET_LIMIT:
            return f"{count} IPv{version} addresses do not fit into an IP set of {IP_SET_LIMIT}: block networks"
    if waf.web_acl is None:
        return ""
    for one in allow_lists(waf.web_acl, asked.networks, asked.forwarded):
        names = ", ".join(waf.web_acl.ip_sets[arn].name for arn in one.sets)
        return (
            f"rule {one.rule.name} of web ACL {waf.web_acl.name} allows {one.source}, which is in IP set "
            f"{names}: remove the address from that allow list first"
        )
    return ""


def _yes(node: Node, waf: WafGate, versions: tuple[int, ...], asked: Asked) -> NodeVerdict:
    what = f"its web ACL is {waf.web_acl.name}" if waf.web_acl else "it has no web ACL yet, so one is created"
    seen = f"{node.title} is where requests still have the client's address as their source"
    if asked.sight.forwarded is not None:
        seen = f"requests reach {node.title} with the client's address in header {asked.sight.forwarded.header}"
    return NodeVerdict(
        layer="waf",
        node=node,
        chosen=True,
        versions=versions,
        reason=f"{seen}; {what}",
        where=_where(node) + (f" by {asked.forwarded.header}" if asked.forwarded else ""),
        forwarded=asked.forwarded,
    )


def _article(node: Node) -> str:
    kinds = {"nlb": "a network load balancer", "interface": "an instance or a network interface"}
    return kinds.get(node.place.kind, node.title)


def _where(node: Node) -> str:
    return f"web ACL {node.waf.web_acl.name}" if node.waf and node.waf.web_acl else "new web ACL"


def _no(node: Node, reason: str, unknown: tuple[str, ...] = ()) -> NodeVerdict:
    return rejected("waf", node, reason, unknown, where=_where(node))
