"""The graph of ways in as a tree of lines, each node with what is left of a client's address on just this way.

A node that is reached again in the same state is only named; in another state it is, with what leads on from it.
"""

from collections.abc import Iterator, Sequence

from opsctl.model.paths import Client, Graph, GraphEdge, GraphNode
from opsctl.render.inert import visible

CLIENT_WORDS = {
    "source": "sees the client's address",
    "header": "client's address only in a header",
    "gone": "client's address is gone",
}


def client_words(clients: Sequence[Client]) -> str:
    """Say what is left of a client's address, where it may be one thing or another."""
    return ", or ".join(CLIENT_WORDS[client] for client in clients)


def render_tree(graph: Graph) -> list[str]:
    """Return the lines of the tree, from the internet inwards."""
    nodes = {node.id: node for node in graph.nodes}
    leads: dict[str, list[GraphEdge]] = {}
    for edge in graph.edges:
        if edge.target in nodes:
            leads.setdefault(edge.source, []).append(edge)
    reached = {edge.target for edge in graph.edges}
    drawn: dict[str, set[Client]] = {}
    lines: list[str] = []
    for node in graph.nodes:
        if node.id not in reached:
            lines.append(visible(node.label))
            drawn[node.id] = {"source"}
            lines += _below(node.id, "source", nodes, leads, drawn, "")
    return lines


def _below(
    node_id: str,
    client: Client,
    nodes: dict[str, GraphNode],
    leads: dict[str, list[GraphEdge]],
    drawn: dict[str, set[Client]],
    indent: str,
) -> Iterator[str]:
    edges = leads.get(node_id, [])
    for number, edge in enumerate(edges):
        branch, deeper = ("└─ ", "   ") if number == len(edges) - 1 else ("├─ ", "│  ")
        node = nodes[edge.target]
        left = _left(client, edge, node)
        states = drawn.setdefault(node.id, set())
        again, settled = bool(states), left in states
        states.add(left)
        via = f"{visible(edge.label)}: " if edge.label else ""
        yield f"{indent}{branch}{via}{visible(node.label)}{' (see above)' if again else ''}"
        facts = [] if again else [*node.gates, *(f"cannot tell: {text}" for text in node.unknown)]
        stem = "│  " if leads.get(node.id) and not settled else "   "
        for fact in (CLIENT_WORDS[left], *facts):
            yield f"{indent}{deeper}{stem}· {visible(fact)}"
        if not settled:
            yield from _below(node.id, left, nodes, leads, drawn, indent + deeper)


def _left(client: Client, edge: GraphEdge, node: GraphNode) -> Client:
    """What is left behind an edge; of a graph that an older version drew, the least on any way is known."""
    if edge.leaves is None:
        return node.client
    return edge.leaves if client == "source" else client
