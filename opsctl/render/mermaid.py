"""The graph of ways in as a Mermaid flowchart."""

from opsctl.model.paths import Graph
from opsctl.render.inert import visible

_QUOTED = {'"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "#": "#35;", "`": "#96;", "\\": "#92;"}


def render_mermaid(graph: Graph) -> str:
    """Return the flowchart; node ids are our own, labels are quoted and inert."""
    numbers = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    for node in graph.nodes:
        lines.append(f'  {numbers[node.id]}["{_label(node.label)}"]:::{node.client}')
    for edge in graph.edges:
        if edge.source in numbers and edge.target in numbers:
            label = f'|"{_label(edge.label)}"|' if edge.label else ""
            lines.append(f"  {numbers[edge.source]} -->{label} {numbers[edge.target]}")
    lines += [
        "  classDef source fill:#d9f2e0,stroke:#1b6e3c,color:#10331f",
        "  classDef header fill:#fdf0cf,stroke:#8a6100,color:#3d2b00",
        "  classDef gone fill:#e6e6ea,stroke:#5a5a66,color:#26262b",
    ]
    return "\n".join(lines) + "\n"


def _label(text: str) -> str:
    return "".join(_QUOTED.get(char, char) for char in visible(text))
