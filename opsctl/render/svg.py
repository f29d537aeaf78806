"""The graph of ways in as SVG: columns from the internet to the workload."""

import textwrap

from opsctl.model.paths import Graph, GraphNode
from opsctl.render.inert import markup, visible
from opsctl.render.tree import CLIENT_WORDS

BOX_WIDTH, GAP_X, GAP_Y, LINE, PAD = 160, 44, 22, 15, 10
ARC = 46
_FILL = {"source": "#d9f2e0", "header": "#fdf0cf", "gone": "#e6e6ea"}
_STROKE = {"source": "#1b6e3c", "header": "#8a6100", "gone": "#5a5a66"}


def render_svg(graph: Graph) -> str:
    """Return a self-contained SVG document; colours are repeated in words."""
    columns = _columns(graph)
    boxes, height = _place(graph, columns)
    width = PAD * 2 + (max(columns.values(), default=0) + 1) * (BOX_WIDTH + GAP_X) - GAP_X
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" role="img" font-family="sans-serif" font-size="12">'
        ),
        f"<title>{markup(f'Ways in to {graph.target}')}</title>",
        (
            '<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
            '<path d="M0,0 L8,4 L0,8 z" fill="#444"/></marker></defs>'
        ),
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for edge in graph.edges:
        if edge.source in boxes and edge.target in boxes:
            parts.append(_arrow(boxes[edge.source], boxes[edge.target]))
    for node in graph.nodes:
        parts += _box(node, boxes[node.id])
    return "\n".join([*parts, "</svg>"]) + "\n"


def _columns(graph: Graph) -> dict[str, int]:
    """Put each node one column behind the farthest node that leads to it; rounds are bounded by the nodes."""
    columns = {node.id: 0 for node in graph.nodes}
    for _ in graph.nodes:
        moved = False
        for edge in graph.edges:
            if edge.source in columns and edge.target in columns:
                wanted = min(columns[edge.source] + 1, len(graph.nodes))
                if columns[edge.target] < wanted:
                    columns[edge.target], moved = wanted, True
        if not moved:
            break
    return columns


def _place(graph: Graph, columns: dict[str, int]) -> tuple[dict[str, tuple[int, int, int]], int]:
    boxes: dict[str, tuple[int, int, int]] = {}
    filled: dict[int, int] = {}
    for node in graph.nodes:
        column = columns[node.id]
        top = filled.get(column, PAD)
        tall = LINE * len(_lines(node)) + PAD * 2
        boxes[node.id] = (PAD + column * (BOX_WIDTH + GAP_X), top, tall)
        filled[column] = top + tall + GAP_Y
    return boxes, max(filled.values(), default=PAD * 2) + ARC


def _lines(node: GraphNode) -> list[str]:
    label = textwrap.wrap(visible(node.label), 21) or [""]
    words = [] if node.kind == "internet" else textwrap.wrap(CLIENT_WORDS[node.client], 25)
    return [*label[:3], *words]


def _box(node: GraphNode, box: tuple[int, int, int]) -> list[str]:
    left, top, tall = box
    parts = [
        (
            f'<g><rect x="{left}" y="{top}" width="{BOX_WIDTH}" height="{tall}" rx="6" '
            f'fill="{_FILL[node.client]}" stroke="{_STROKE[node.client]}"/>'
        )
    ]
    tip = "; ".join((*node.gates, *(f"cannot tell: {text}" for text in node.unknown)))
    if tip:
        parts.append(f"<title>{markup(tip)}</title>")
    for number, line in enumerate(_lines(node)):
        y = top + PAD + LINE * number + 11
        weight = ' font-weight="bold"' if number == 0 else ""
        parts.append(f'<text x="{left + PAD}" y="{y}"{weight} fill="#1c1c22">{markup(line)}</text>')
    return [*parts, "</g>"]


def _arrow(start: tuple[int, int, int], end: tuple[int, int, int]) -> str:
    x1, y1 = start[0] + BOX_WIDTH, start[1] + start[2] // 2
    x2, y2 = end[0], end[1] + end[2] // 2
    middle = (x1 + x2) // 2
    curve = f"M{x1},{y1} C{middle},{y1} {middle},{y2} {x2},{y2}"
    if x2 - x1 > GAP_X:
        # Past the boxes between: leave and arrive below.
        low = max(start[1] + start[2], end[1] + end[2]) + ARC
        curve = f"M{x1 - 20},{start[1] + start[2]} C{x1},{low} {x2},{low} {x2 + 20},{end[1] + end[2]}"
    return f'<path d="{curve}" fill="none" stroke="#444" marker-end="url(#tip)"/>'
