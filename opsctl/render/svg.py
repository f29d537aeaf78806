"""The graph of ways in as SVG: boxes and arrows from the internet to the workload, and what is stopped where."""

from collections.abc import Mapping, Sequence

from opsctl.model.paths import Client, Graph, GraphEdge, GraphNode
from opsctl.render.flow import Flow
from opsctl.render.inert import markup
from opsctl.render.layout import INSET, LINE, Box, Edge, Layout, Point, lay_out
from opsctl.render.svg_parts import PAPER, arrow_drawn, box_drawn, wrapped_text
from opsctl.render.tree import CLIENT_WORDS, client_words

STYLE = """
.ways { --ink: #1c1c22; --box: #fff; --line: #5a5a66; --open: #b3261e; --stop: #1b6e3c; }
@media screen and (prefers-color-scheme: dark) {
  .ways { --ink: #ececf1; --box: #24242b; --line: #a9a9b6; --open: #ff8a80; --stop: #7fdca0; }
}
.ways text { font: 11px system-ui, sans-serif; fill: var(--ink); }
.ways .name { font-weight: 600; }
.ways rect { fill: var(--box); stroke: var(--line); }
.ways path { fill: none; stroke: var(--line); stroke-width: 1.3; }
.ways .header { stroke-dasharray: 6 4; }
.ways .gone { stroke-dasharray: 1.5 4; }
.ways polygon { fill: var(--line); }
.ways path.open { stroke: var(--open); stroke-width: 2.2; }
.ways polygon.open { fill: var(--open); }
.ways .reached { stroke: var(--open); stroke-width: 1.6; }
.ways .stopping { stroke: var(--stop); stroke-width: 2.2; }
.ways path.bar { stroke: var(--stop); stroke-width: 5; }
.ways .stop { fill: var(--stop); font-weight: 600; }
"""
LEGEND = (
    "solid line: the client's address is seen",
    "dashed: only in a header",
    "dotted: gone",
)
_NAME, _WORDS, _STOP_LINES = 21, 24, 5
_LYING, _UPRIGHT = 1260, 366
"""What is wider than this is not made smaller to fit: its words could not be read."""
_WORST: Mapping[Client, int] = {"source": 0, "header": 1, "gone": 2}


def render_svg(graph: Graph) -> str:
    """Return a self-contained SVG document, light or dark as its reader likes it."""
    return drawing(graph, alone=True)


def drawing(
    graph: Graph, flow: Flow | None = None, *, says: str = "", portrait: bool = False, alone: bool = False
) -> str:
    """Return a drawing for a page that has `STYLE`, or a whole document; `says` is what it is for who hears it."""
    boxes = {node.id: _lines(node, graph, flow) for node in graph.nodes}
    edges = {(edge.source, edge.target): edge for edge in graph.edges}
    layout = lay_out({name: len(lines) for name, lines in boxes.items()}, list(edges), portrait=portrait)
    below = LINE * (len(LEGEND) + 1) if alone else 0
    parts = [
        _opening(layout, below, portrait=portrait, alone=alone),
        f"<title>{markup(says or f'Ways in to {graph.target}')}</title>",
    ]
    if alone:
        parts.append(f"<style>{STYLE}{PAPER}</style>")
    parts += [_arrow(edges[edge], route, flow, portrait=portrait) for edge, route in layout.routes.items()]
    for node in graph.nodes:
        parts.append(_box(node, layout.boxes[node.id], boxes[node.id], flow))
    if alone:
        top = layout.height + LINE
        parts += [f'<text x="{INSET}" y="{top + LINE * n:g}">{line}</text>' for n, line in enumerate(LEGEND)]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _opening(layout: Layout, below: float, *, portrait: bool, alone: bool) -> str:
    width, height = f"{layout.width:g}", f"{layout.height + below:g}"
    name = "ways alone" if alone else "ways wide" if layout.width > (_UPRIGHT if portrait else _LYING) else "ways"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{name}" role="img" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
    )


def _lines(node: GraphNode, graph: Graph, flow: Flow | None) -> list[tuple[str, str]]:
    """Return the lines of a box, each with its class: its name, what is left of a client's address, what stops."""
    lines = [("name", line) for line in wrapped_text(node.label, _NAME)]
    lines += [("", line) for text in _seen(node, graph) for line in wrapped_text(text, _WORDS)]
    stops = [f"✕ {text}" for text in _stops(node, graph, flow)] if flow else []
    return lines + [("stop", line) for text in stops for line in wrapped_text(text, _NAME, _STOP_LINES)]


def _stops(node: GraphNode, graph: Graph, flow: Flow) -> list[str]:
    """Say what stops here; of a node that is reached in another way, what comes from where."""
    found = flow.stops.get(node.id, ())
    if node.id not in flow.reached:
        return [f"stopped by {by}" for by in dict.fromkeys(by for _, by in found)]
    kinds = {one.id: one.kind for one in graph.nodes}
    return [f"from {_from(kinds.get(source, ''))}: stopped by {by}" for source, by in found]


def _seen(node: GraphNode, graph: Graph) -> list[str]:
    """Say what is left of a client's address here; where that depends on the way, for each way to it."""
    arriving = [edge for edge in graph.edges if edge.target == node.id]
    if not arriving:
        return []
    if not all(edge.arrives for edge in arriving):
        return [CLIENT_WORDS[node.client]]
    if len({edge.arrives for edge in arriving}) == 1:
        return [client_words(arriving[0].arrives)]
    kinds = {one.id: one.kind for one in graph.nodes}
    return [f"from {_from(kinds.get(edge.source, ''))}: {client_words(edge.arrives)}" for edge in arriving]


def _from(kind: str) -> str:
    return {"name": "this name", "internet": "the internet"}.get(kind, f"the {kind.replace('_', ' ')}")


def _box(node: GraphNode, box: Box, lines: Sequence[tuple[str, str]], flow: Flow | None) -> str:
    tone = ""
    if flow is not None:
        tone = "reached" if node.id in flow.reached else "stopping" if node.id in flow.stops else ""
    tip = "; ".join((node.label, *node.gates, *(f"cannot tell: {text}" for text in node.unknown)))
    return box_drawn(box, lines, tone=tone, tip=tip)


def _arrow(edge: GraphEdge, route: Sequence[Point], flow: Flow | None, *, portrait: bool) -> str:
    """Return an arrow; dashed by what is left of a client's address on it, and with a bar where it is stopped."""
    key: Edge = (edge.source, edge.target)
    passes = flow is not None and key in flow.edges
    least = max(edge.arrives, key=_WORST.__getitem__, default="source")
    return arrow_drawn(
        route,
        line=" ".join(word for word in ("" if least == "source" else least, "open" if passes else "") if word),
        tip="open" if passes else "",
        words="; ".join(text for text in (edge.label, client_words(edge.arrives)) if text),
        stopped=flow is not None and key in flow.stopped,
        portrait=portrait,
    )
