"""The graph as renderers draw it: from the internet to where the traffic ends."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeAlias

from opsctl.block.topology.gates import Gate, GeoGate, GroupGate, HostGate, InspectionGate, NaclGate
from opsctl.block.topology.graph import Client, Link, Node, Web, behind
from opsctl.block.topology.naming import Place
from opsctl.block.topology.traffic_paths import TrafficPath
from opsctl.model.paths import Graph, GraphEdge, GraphNode

INTERNET = "internet"
Arriving: TypeAlias = dict[int, dict[Place, set[Client]]]
_WORST: dict[Client, int] = {"source": 0, "header": 1, "gone": 2}


def draw(target: str, web: Web) -> Graph:
    """Return the nodes and edges to draw; each edge says what is left of a client's address on it."""
    arriving = {version: _arriving(web, version) for version in (4, 6)}
    nodes = [GraphNode(id=INTERNET, kind=INTERNET, label="internet", client="source")]
    nodes += [_node(node, arriving) for node in web.nodes]
    edges = [
        GraphEdge(source=INTERNET, target=id_of(place), leaves="source", arrives=("source",))
        for place in _first(web)
    ]
    edges += [_edge(node, link, arriving) for node in web.nodes for link in node.links]
    return Graph(target=target, nodes=tuple(nodes), edges=tuple(dict.fromkeys(edges)))


def edges_of(way: TrafficPath, web: Web) -> tuple[tuple[str, str], ...]:
    """Return the edges of the drawing that traffic takes by a way, from the internet inwards."""
    named = [node for node in web.nodes if node.transparent and node.name in way.names]
    names = {node.place for node in named}
    entrance = way.entrance.place
    first = [place for place in _first(web) if place in names or place == entrance]
    edges = [(INTERNET, id_of(place)) for place in first]
    edges += [
        (id_of(node.place), id_of(link.to))
        for node in _outermost_first(named)
        for link in node.links
        if link.to in names or link.to == entrance
    ]
    edges += [(id_of(one.node.place), id_of(two.node.place)) for one, two in pairwise(way.stops)]
    for tail in way.tails:
        edges += [(id_of(one.node.place), id_of(two.node.place)) for one, two in pairwise((way.stops[-1], *tail))]
    return tuple(dict.fromkeys(edges))


def gate_text(gate: Gate) -> str:
    """Say in a few words what a gate is."""
    if isinstance(gate, NaclGate):
        return f"network ACL {', '.join(acl.id for acl in gate.acls) or 'unknown'}"
    if isinstance(gate, GroupGate):
        return f"security groups {', '.join(gate.groups)} from {', '.join(gate.sources) or 'nowhere'}"
    if isinstance(gate, GeoGate):
        listed = f": {', '.join(gate.countries)}" if gate.countries else ""
        return f"geo restriction {gate.restriction}{listed}"
    if isinstance(gate, InspectionGate):
        return gate.title
    if isinstance(gate, HostGate):
        return f"host firewall{f', read at {gate.read_at}' if gate.read_at else ''}"
    if gate.web_acl is not None:
        return f"web ACL {gate.web_acl.name}"
    if gate.classic:
        return f"web ACL {gate.classic} (WAF Classic)"
    return "web ACL unknown" if gate.unknown else "no web ACL"


def _node(node: Node, arriving: Arriving) -> GraphNode:
    clients = arriving[4][node.place] or arriving[6][node.place] or {"source"}
    gates = (gate for gate in (node.inspection, node.nacl, node.groups, node.waf, node.host) if gate)
    unknown = [*node.unknown, *(text for gate in gates for text in gate.unknown)]
    alias = f" {node.name}" if node.name not in node.title else ""
    remarks = "".join(f"; {text}" for text in node.remarks)
    return GraphNode(
        id=id_of(node.place),
        kind=node.place.kind,
        label=f"{node.title}{alias}{remarks}",
        client=_sorted(clients)[-1],
        gates=tuple(gate_text(gate) for gate in node.gates),
        unknown=tuple(dict.fromkeys([*unknown, *([node.blind] if node.blind else [])])),
    )


def _edge(node: Node, link: Link, arriving: Arriving) -> GraphEdge:
    """Return an edge as IPv4 clients meet it, or IPv6 ones where there are no others; its label has the rest."""
    version, other = (4, 6) if arriving[4][node.place] else (6, 4)
    lost = behind("source", link, version) == "source" and behind("source", link, other) == "gone"
    rest = f"addresses of IPv{other} clients are gone" if lost and "source" in arriving[other][node.place] else ""
    return GraphEdge(
        source=id_of(node.place),
        target=id_of(link.to),
        label=", ".join(text for text in (link.label, rest) if text),
        leaves=behind("source", link, version),
        arrives=_sorted(behind(client, link, version) for client in arriving[version][node.place]),
    )


def _first(web: Web) -> list[Place]:
    """Return where the internet's edges go: to names, and to entrances that are reached without one."""
    led = {link.to for node in web.nodes if node.transparent for link in node.links}
    return [
        node.place
        for node in web.nodes
        if (node.transparent and node.place not in led) or (node.entrance and node.place not in led)
    ]


def _outermost_first(names: Sequence[Node]) -> list[Node]:
    """Return names in the order in which they lead to each other."""
    left, found = list(names), list[Node]()
    while left:
        led = {link.to for node in left for link in node.links}
        outer = [node for node in left if node.place not in led] or left
        found += outer
        left = [node for node in left if node not in outer]
    return found


def _arriving(web: Web, version: int) -> dict[Place, set[Client]]:
    """Return, for each place, what may be left of a client's address by the way on which traffic came to it."""
    nodes = {node.place: node for node in web.nodes}
    found: dict[Place, set[Client]] = {place: set() for place in nodes}
    # What a proxy sends on has the proxy's own version: only who comes himself has to be answered on his.
    pending: list[tuple[Place, Client, bool]] = [(place, "source", True) for place in _first(web)]
    while pending:
        place, client, himself = pending.pop()
        node = nodes[place]
        if client in found[place] or (himself and node.entrance and version not in node.versions):
            continue
        found[place].add(client)
        pending += [(link.to, behind(client, link, version), himself and node.transparent) for link in node.links]
    return found


def _sorted(clients: Iterable[Client]) -> tuple[Client, ...]:
    return tuple(sorted(set(clients), key=_WORST.__getitem__))


def id_of(place: Place) -> str:
    """Return the id of a place in the drawing."""
    return f"{place.kind}:{place.id}"
