"""The graph of ways in as a Mermaid flowchart; edges say what is left of a client's address where it matters."""

from opsctl.model.paths import Graph, GraphEdge, GraphNode
from opsctl.render.inert import visible
from opsctl.render.tree import client_words

_QUOTED = {'"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "#": "#35;", "`": "#96;", "\\": "#92;"}

_STYLES = {
    "source": "fill:#d9f2e0,stroke:#1b6e3c,color:#10331f",
    "header": "fill:#fdf0cf,stroke:#8a6100,color:#3d2b00",
    "gone": "fill:#e6e6ea,stroke:#5a5a66,color:#26262b",
    "mixed": "fill:#fdf0cf,stroke:#1b6e3c,color:#3d2b00",
}


def render_mermaid(graph: Graph) -> str:
    """Return the flowchart; node ids are our own, labels are quoted and inert."""
    numbers = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    for node in graph.nodes:
        lines.append(f'  {numbers[node.id]}["{label_of(node.label)}"]:::{_class(node, graph)}')
    for edge in graph.edges:
        if edge.source in numbers and edge.target in numbers:
            text = ", ".join(one for one in (edge.label, _client(edge, graph)) if one)
            label = f'|"{label_of(text)}"|' if text else ""
            lines.append(f"  {numbers[edge.source]} -->{label} {numbers[edge.target]}")
    used = {_class(node, graph) for node in graph.nodes}
    lines += [f"  classDef {name} {style}" for name, style in _STYLES.items() if name in used]
    return "\n".join(lines) + "\n"


def _class(node: GraphNode, graph: Graph) -> str:
    arriving = {client for edge in graph.edges if edge.target == node.id for client in edge.arrives}
    return "mixed" if len(arriving) > 1 else node.client


def _client(edge: GraphEdge, graph: Graph) -> str:
    """Say what is left of an address where this edge takes something of it, or another one to its end does."""
    beside = {one.arrives for one in graph.edges if one.target == edge.target}
    return client_words(edge.arrives) if len(beside) > 1 or edge.leaves not in (None, "source") else ""


def label_of(text: str) -> str:
    """Return a text as it stands between the quotes of a label: nothing of it is the chart's own language."""
    return "".join(_QUOTED.get(char, char) for char in visible(text))
