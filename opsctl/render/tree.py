"""The graph of ways in as a tree of lines; a node that is reached twice is drawn once and named again."""

from collections.abc import Iterator

from opsctl.model.paths import Graph, GraphNode
from opsctl.render.inert import visible

CLIENT_WORDS = {
    "source": "sees the client's address",
    "header": "client's address only in a header",
    "gone": "client's address is gone",
}


def render_tree(graph: Graph) -> list[str]:
    """Return the lines of the tree, from the internet inwards."""
    nodes = {node.id: node for node in graph.nodes}
    leads: dict[str, list[tuple[str, str]]] = {}
    for edge in graph.edges:
        leads.setdefault(edge.source, []).append((edge.target, edge.label))
    reached = {edge.target for edge in graph.edges}
    drawn: set[str] = set()
    lines: list[str] = []
    for node in graph.nodes:
        if node.id not in reached:
            lines.append(visible(node.label))
            lines += _below(node.id, nodes, leads, drawn, "")
    return lines


def _below(
    node_id: str,
    nodes: dict[str, GraphNode],
    leads: dict[str, list[tuple[str, str]]],
    drawn: set[str],
    indent: str,
) -> Iterator[str]:
    drawn.add(node_id)
    targets = [pair for pair in leads.get(node_id, []) if pair[0] in nodes]
    for number, (target, label) in enumerate(targets):
        last = number == len(targets) - 1
        node = nodes[target]
        branch, deeper = ("└─ ", "   ") if last else ("├─ ", "│  ")
        again = " (see above)" if target in drawn else ""
        via = f"{visible(label)}: " if label else ""
        yield f"{indent}{branch}{via}{visible(node.label)}{again}"
        if again:
            continue
        seen = [] if label else [CLIENT_WORDS[node.client]]
        facts = [*seen, *node.gates, *(f"cannot tell: {text}" for text in node.unknown)]
        stem = "│  " if leads.get(target) else "   "
        for fact in facts:
            yield f"{indent}{deeper}{stem}· {visible(fact)}"
        yield from _below(target, nodes, leads, drawn, indent + deeper)
