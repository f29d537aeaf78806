"""AWS Network Firewall, where routes lead through one: it drops packets before they reach the subnets."""

from opsctl.block.asked import Asked
from opsctl.block.decision import Point
from opsctl.block.inspection.firewall_calls import name_of
from opsctl.block.layers.verdict import Home, NodeVerdict, doing, rejected
from opsctl.block.topology.gates import InspectionGate
from opsctl.block.topology.graph import Node
from opsctl.block.topology.traffic_paths import TrafficPath


def judge(way: TrafficPath, asked: Asked, home: Home) -> list[NodeVerdict]:
    """Judge the firewall in front of the entrance: what it drops has the client's address as its source."""
    node, gate = way.entrance, way.entrance.inspection
    if gate is None:
        return [rejected("network-firewall", node, f"no route leads to {node.title} through a Network Firewall")]
    where = gate.title
    if reason := _refused(node, gate, asked, home):
        return [rejected("network-firewall", node, reason, gate.unknown, where=where)]
    return [
        NodeVerdict(
            layer="network-firewall",
            node=node,
            chosen=True,
            versions=node.versions,
            where=where,
            reason=(
                f"every route to {node.title} leads through {gate.title}, and its rule group "
                f"{name_of(gate.group)} has room; nothing in its policy lets the addresses in before"
            ),
        )
    ]


def points(verdict: NodeVerdict) -> list[Point]:
    """Return the rule group."""
    node, gate = verdict.node, verdict.node.inspection
    if gate is None:
        return []
    return [
        Point(
            layer="network-firewall",
            id=gate.group,
            resource=node.resource,
            resource_kind=node.place.kind,
            name=name_of(gate.group),
            region=node.place.region,
            reason=verdict.reason,
            ways=(),
            affects=gate.affects,
            owner=gate.owner,
        )
    ]


def _refused(node: Node, gate: InspectionGate, asked: Asked, home: Home) -> str:
    """Say why the firewall cannot serve, empty when it can."""
    if asked.mode != "block":
        return f"a drop of Network Firewall can only drop packets, it cannot {doing(asked.mode)}"
    if node.place.region not in ("", home.region):
        return f"{node.title} is in {node.place.region}: run again with --region {node.place.region}"
    return gate.refused
