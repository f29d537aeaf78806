"""The firewalls of instances, a last resort: they drop packets whose source is still the client's address."""

from opsctl.block.asked import Asked
from opsctl.block.decision import Point
from opsctl.block.layers.verdict import Home, NodeVerdict, doing, rejected
from opsctl.block.topology.graph import Node
from opsctl.block.topology.traffic_paths import Stop, TrafficPath, left_of

_WHERE = "host firewall"


def judge(way: TrafficPath, asked: Asked, home: Home) -> list[NodeVerdict]:
    """Judge every instance that the way ends at; it is closed only when all of them drop."""
    arriving = tuple(version for version in asked.versions if version in way.entrance.versions)
    tails = way.tails or ((Stop(node=way.entrance),),)
    found: dict[str, NodeVerdict] = {}
    for tail in tails:
        one = _judged(way, tail, arriving, asked, home)
        found.setdefault(one.node.resource, one)
    verdicts = list(found.values())
    partial = not all(one.chosen for one in verdicts)
    return [one.model_copy(update={"partial": partial}) if one.chosen else one for one in verdicts]


def points(verdict: NodeVerdict) -> list[Point]:
    """Return the instance."""
    node = verdict.node
    return [
        Point(
            layer="host",
            id=node.resource,
            resource=node.resource,
            resource_kind="instance",
            name=node.name,
            region=node.place.region,
            reason=verdict.reason,
            ways=(),
        )
    ]


def _judged(
    way: TrafficPath, tail: tuple[Stop, ...], arriving: tuple[int, ...], asked: Asked, home: Home
) -> NodeVerdict:
    node = tail[-1].node
    seen = tuple(
        version for version in arriving if left_of("source", (*way.stops[1:], *tail), version) == "source"
    )
    reason = _refused(way, node, seen, asked, home)
    if reason:
        return rejected("host", node, reason, node.host.unknown if node.host else (), where=_WHERE)
    gate = node.host
    group = (
        f"; its replacements in Auto Scaling group {gate.member_of} come without it"
        if (gate and gate.member_of)
        else ""
    )
    return NodeVerdict(
        layer="host",
        node=node,
        chosen=True,
        versions=seen,
        where=_WHERE,
        reason=f"{node.title} sees the client's address as the source, and its SSM agent is online{group}",
    )


def _refused(way: TrafficPath, node: Node, seen: tuple[int, ...], asked: Asked, home: Home) -> str:
    """Say why the firewall of what a way ends at cannot serve, empty when it can."""
    if node.place.kind != "instance":
        return f"{node.title} is no instance: opsctl cannot reach a firewall in it"
    if asked.mode != "block":
        return f"the firewall of an instance can only drop packets, it cannot {doing(asked.mode)}"
    if not seen:
        return (
            f"behind {way.entrance.title} {node.title} sees only the proxy's addresses: dropping those would "
            "cut everybody; block in front of it, with --layer auto"
        )
    if node.place.region not in ("", home.region):
        return f"{node.title} is in {node.place.region}: run again with --region {node.place.region}"
    if node.host is None:
        return f"{node.title} was not looked at"
    return node.host.closed or next(iter(node.host.unknown), "")
