"""Geographic restriction of CloudFront: it refuses requests by the viewer's country."""

from opsctl.block.asked import Asked
from opsctl.block.decision import Point
from opsctl.block.layers.verdict import Home, NodeVerdict, doing, rejected
from opsctl.block.topology.graph import Node
from opsctl.block.topology.traffic_paths import TrafficPath

_WHERE = "country restriction"


def judge(way: TrafficPath, asked: Asked, _: Home) -> list[NodeVerdict]:
    """Judge the entrance: only a distribution has such a restriction."""
    node = way.entrance
    if node.place.kind == "distribution_tenant":
        return [_no(node, "opsctl changes the country restriction of distributions only, a tenant has its own")]
    if node.geo is None:
        return [_no(node, "only CloudFront has geographic restrictions, and this is not a distribution")]
    if asked.layer not in ("auto", "geo", "cloudfront"):
        return [_no(node, f"--layer {asked.layer} was asked for")]
    if asked.mode != "block":
        reason = f"a geographic restriction can only refuse requests, it cannot {doing(asked.mode)}"
        return [_no(node, reason)]
    reason = f"{node.title} refuses requests by the viewer's country, before AWS WAF sees them"
    return [NodeVerdict(layer="geo", node=node, chosen=True, reason=reason, where=_WHERE)]


def points(verdict: NodeVerdict) -> list[Point]:
    """Return the distribution."""
    node = verdict.node
    return [
        Point(
            layer="geo",
            id=node.resource,
            resource=node.resource,
            resource_kind=node.place.kind,
            name=node.name,
            region="us-east-1",
            reason=verdict.reason,
            ways=(),
        )
    ]


def _no(node: Node, reason: str) -> NodeVerdict:
    return rejected("geo", node, reason, where=_WHERE)
