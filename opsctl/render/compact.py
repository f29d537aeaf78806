"""A graph made small enough to be taken in: where many alike things end a way, a few of them and their number."""

from collections.abc import Hashable

from opsctl.model.paths import Graph, GraphNode
from opsctl.render.flow import Flow


def compact(graph: Graph, flow: Flow | None, *, at_most: int) -> Graph:
    """Return a graph in which of things alike at most so many boxes are left, the last for all that are not shown.

    Alike are nodes of a kind that nothing leads on from, reached and stopped in the same way.
    """
    alike: dict[Hashable, list[GraphNode]] = {}
    sources = {edge.source for edge in graph.edges}
    for node in graph.nodes:
        if node.id not in sources:
            alike.setdefault(_manner(node, graph, flow), []).append(node)
    more: dict[str, str] = {}
    left_out: set[str] = set()
    for nodes in alike.values():
        if len(nodes) > at_most:
            first, *rest = nodes[at_most - 1 :]
            more[first.id] = f"and {len(rest) + 1} more like {nodes[0].label}"
            left_out.update(node.id for node in rest)
    return Graph(
        target=graph.target,
        nodes=tuple(
            node.model_copy(update={"label": more[node.id]}) if node.id in more else node
            for node in graph.nodes
            if node.id not in left_out
        ),
        edges=tuple(edge for edge in graph.edges if edge.target not in left_out),
    )


def _manner(node: GraphNode, graph: Graph, flow: Flow | None) -> Hashable:
    arriving = [edge for edge in graph.edges if edge.target == node.id]
    passes = frozenset(edge.source for edge in arriving if flow and (edge.source, edge.target) in flow.edges)
    reached = frozenset((edge.source, edge.label, edge.arrives) for edge in arriving)
    return node.kind, node.unknown, reached, passes, flow.stops.get(node.id) if flow else None
