"""Of many things alike a few are drawn, and what is not alike is never hidden among them."""

from opsctl.model.paths import Graph, GraphEdge, GraphNode
from opsctl.render.compact import compact
from opsctl.render.flow import Flow


def fan(number: int) -> Graph:
    """A group that leads to so many instances."""
    names = ["group", *(f"i-{n}" for n in range(number))]
    nodes = tuple(GraphNode(id=name, kind=name[:1], label=name, client="source") for name in names)
    edges = tuple(GraphEdge(source="group", target=name, arrives=("source",)) for name in names[1:])
    return Graph(target="t", nodes=nodes, edges=edges)


def labels(graph: Graph) -> list[str]:
    return [node.label for node in graph.nodes]


def test_the_last_box_stands_for_all_that_are_not_shown() -> None:
    small = compact(fan(40), None, at_most=3)
    assert labels(small) == ["group", "i-0", "i-1", "and 38 more like i-0"]
    assert [edge.target for edge in small.edges] == ["i-0", "i-1", "i-2"]


def test_as_many_as_there_is_room_for_are_shown_as_they_are() -> None:
    graph = fan(3)
    assert compact(graph, None, at_most=3) == graph


def test_what_is_stopped_or_passes_otherwise_is_shown_beside_the_others() -> None:
    edges = {("group", f"i-{n}") for n in range(39)}
    flow = Flow(edges=frozenset(edges), stops={"i-7": (("group", "network ACL acl-7"),)})
    shown = labels(compact(fan(40), flow, at_most=2))
    assert shown == ["group", "i-0", "and 37 more like i-0", "i-7", "i-39"]


def test_what_cannot_be_told_of_one_is_not_hidden_among_others() -> None:
    graph = fan(9)
    doubtful = graph.nodes[5].model_copy(update={"unknown": ("cannot tell",)})
    graph = graph.model_copy(update={"nodes": (*graph.nodes[:5], doubtful, *graph.nodes[6:])})
    assert doubtful.label in labels(compact(graph, None, at_most=2))
