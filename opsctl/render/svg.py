"""The graph of ways in as SVG: boxes and arrows from the internet to the workload, and what is stopped where."""

import textwrap
from collections.abc import Mapping, Sequence
from itertools import pairwise

from opsctl.model.paths import Client, Graph, GraphEdge, GraphNode
from opsctl.render.flow import Flow
from opsctl.render.inert import markup, visible
from opsctl.render.layout import INSET, LINE, Box, Edge, Layout, Point, lay_out
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
_PAPER = """
svg.alone { background: #fff; }
@media screen and (prefers-color-scheme: dark) { svg.alone { background: #17171c; } }
"""
LEGEND = (
    "solid line: the client's address is seen",
    "dashed: only in a header",
    "dotted: gone",
)
_NAME, _WORDS, _LINES, _STOP_LINES = 21, 24, 3, 5
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
        parts.append(f"<style>{STYLE}{_PAPER}</style>")
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
    lines = [("name", line) for line in _wrapped(node.label, _NAME)]
    lines += [("", line) for text in _seen(node, graph) for line in _wrapped(text, _WORDS)]
    stops = [f"✕ {text}" for text in _stops(node, graph, flow)] if flow else []
    return lines + [("stop", line) for text in stops for line in _wrapped(text, _NAME, _STOP_LINES)]


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


def _wrapped(text: str, width: int, most: int = _LINES) -> list[str]:
    """Return a text in lines, at most so many; one that is longer ends in an ellipsis."""
    lines = textwrap.wrap(visible(text), width) or [""]
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1][: width - 1]}…"]


def _box(node: GraphNode, box: Box, lines: Sequence[tuple[str, str]], flow: Flow | None) -> str:
    """Return a box; as a picture of its own it cuts off what is too wide for it."""
    tone = ""
    if flow is not None:
        tone = "reached" if node.id in flow.reached else "stopping" if node.id in flow.stops else ""
    tip = "; ".join((node.label, *node.gates, *(f"cannot tell: {text}" for text in node.unknown)))
    texts = "".join(
        f'<text class="{style}" x="{INSET}" y="{INSET + LINE * number + 11}">{markup(line)}</text>'
        for number, (style, line) in enumerate(lines)
    )
    return (
        f'<svg x="{box.left:g}" y="{box.top:g}" width="{box.width:g}" height="{box.height:g}">'
        f"<title>{markup(tip)}</title>"
        f'<rect class="{tone}" x="1" y="1" width="{box.width - 2:g}" height="{box.height - 2:g}" rx="6"/>'
        f"{texts}</svg>"
    )


def _arrow(edge: GraphEdge, route: Sequence[Point], flow: Flow | None, *, portrait: bool) -> str:
    """Return an arrow; dashed by what is left of a client's address on it, and with a bar where it is stopped."""
    key: Edge = (edge.source, edge.target)
    passes = flow is not None and key in flow.edges
    stopped = flow is not None and key in flow.stopped
    least = max(edge.arrives, key=_WORST.__getitem__, default="source")
    style = " ".join(word for word in ("" if least == "source" else least, "open" if passes else "") if word)
    x, y = route[-1]
    end = (x, y - 8) if portrait else (x - 8, y)
    path = f'<path class="{style}" d="{_curve([*route[:-1], end], portrait=portrait)}"/>'
    words = "; ".join(text for text in (edge.label, client_words(edge.arrives)) if text)
    if stopped:
        bar = f"M{x - 11:g},{y - 6:g} h22" if portrait else f"M{x - 6:g},{y - 11:g} v22"
        tip = f'<path class="bar" d="{bar}"/>'
    else:
        corners = (
            ((x, y), (x - 4, y - 8), (x + 4, y - 8)) if portrait else ((x, y), (x - 8, y - 4), (x - 8, y + 4))
        )
        points = " ".join(f"{one:g},{two:g}" for one, two in corners)
        tip = f'<polygon class="{"open" if passes else ""}" points="{points}"/>'
    return f"<g>{f'<title>{markup(words)}</title>' if words else ''}{path}{tip}</g>"


def _curve(points: Sequence[Point], *, portrait: bool) -> str:
    """Return a path through points that leaves and enters each in the direction of the arrows."""
    parts = [f"M{points[0][0]:g},{points[0][1]:g}"]
    for (x1, y1), (x2, y2) in pairwise(points):
        middle_x, middle_y = (x1 + x2) / 2, (y1 + y2) / 2
        bends = (x1, middle_y, x2, middle_y) if portrait else (middle_x, y1, middle_x, y2)
        parts.append(f"C{bends[0]:g},{bends[1]:g} {bends[2]:g},{bends[3]:g} {x2:g},{y2:g}")
    return " ".join(parts)
