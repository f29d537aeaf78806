"""The graph as renderers draw it: from the internet to where the traffic ends."""

from opsctl.block.topology.gates import Gate, GeoGate, GroupGate, NaclGate
from opsctl.block.topology.graph import Client, Link, Node, Web, behind
from opsctl.block.topology.naming import Place
from opsctl.model.paths import Graph, GraphEdge, GraphNode

_INTERNET = "internet"
_WORST: dict[Client, int] = {"source": 0, "header": 1, "gone": 2}


def draw(target: str, web: Web) -> Graph:
    """Return the nodes and edges to draw; edges say where the client's address is lost as source."""
    clients = _clients(web)
    nodes = [GraphNode(id=_INTERNET, kind=_INTERNET, label="internet", client="source")]
    nodes += [_node(node, clients.get(node.place, "source")) for node in web.nodes]
    edges = [GraphEdge(source=_INTERNET, target=_id(place), label="") for place in _first(web)]
    edges += [
        GraphEdge(source=_id(node.place), target=_id(link.to), label=_label(link))
        for node in web.nodes
        for link in node.links
    ]
    return Graph(target=target, nodes=tuple(nodes), edges=tuple(dict.fromkeys(edges)))


def gate_text(gate: Gate) -> str:
    """Say in a few words what a gate is."""
    if isinstance(gate, NaclGate):
        return f"network ACL {', '.join(acl.id for acl in gate.acls) or 'unknown'}"
    if isinstance(gate, GroupGate):
        return f"security groups {', '.join(gate.groups)} from {', '.join(gate.sources) or 'nowhere'}"
    if isinstance(gate, GeoGate):
        listed = f": {', '.join(gate.countries)}" if gate.countries else ""
        return f"geo restriction {gate.restriction}{listed}"
    if gate.web_acl is not None:
        return f"web ACL {gate.web_acl.name}"
    if gate.classic:
        return f"web ACL {gate.classic} (WAF Classic)"
    return "web ACL unknown" if gate.unknown else "no web ACL"


def _node(node: Node, client: Client) -> GraphNode:
    gates = (gate for gate in (node.nacl, node.groups, node.waf) if gate)
    unknown = [*node.unknown, *(text for gate in gates for text in gate.unknown)]
    alias = f" {node.name}" if node.name not in node.title else ""
    remarks = "".join(f"; {text}" for text in node.remarks)
    return GraphNode(
        id=_id(node.place),
        kind=node.place.kind,
        label=f"{node.title}{alias}{remarks}",
        client=client,
        gates=tuple(gate_text(gate) for gate in node.gates),
        unknown=tuple(dict.fromkeys([*unknown, *([node.blind] if node.blind else [])])),
    )


def _label(link: Link) -> str:
    left = {"source": "", "header": "client in a header", "gone": "client's address gone"}[link.client]
    return ", ".join(text for text in (link.label, left) if text)


def _first(web: Web) -> list[Place]:
    """Return where the internet's edges go: to names, and to entrances that are reached without one."""
    led = {link.to for node in web.nodes if node.transparent for link in node.links}
    return [
        node.place
        for node in web.nodes
        if (node.transparent and node.place not in led) or (node.entrance and node.place not in led)
    ]


def _clients(web: Web) -> dict[Place, Client]:
    """Return, for each place, the worst that is left of an IPv4 client's address on any way to it."""
    nodes = {node.place: node for node in web.nodes}
    found: dict[Place, Client] = dict.fromkeys(_first(web), "source")
    pending = list(found)
    while pending:
        node = nodes[pending.pop()]
        for link in node.links:
            left = behind(found[node.place], link, link.versions[0])
            if link.to not in found or _WORST[left] > _WORST[found[link.to]]:
                found[link.to] = left
                pending.append(link.to)
    return found


def _id(place: Place) -> str:
    return f"{place.kind}:{place.id}"
