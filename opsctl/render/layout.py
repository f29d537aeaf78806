"""Where the boxes and arrows of a layered drawing stand: in columns to the right, or in rows downwards.

An arrow that passes layers keeps a lane of its own in each of them, so that it never runs through a box.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Edge = tuple[str, str]
Point = tuple[float, float]

BOX, LINE, INSET, LANE, MARGIN = 170, 15, 9, 22, 4
_APART, _BETWEEN = 12, 38
_SPREAD = 22


@dataclass(frozen=True, kw_only=True)
class Box:
    """A box with its text, line by line."""

    left: float
    top: float
    height: float
    width: float = BOX


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The whole drawing: its size, a box for each node, and for each edge the points that it passes."""

    width: float
    height: float
    boxes: dict[str, Box]
    routes: dict[Edge, tuple[Point, ...]]


def lay_out(lines: Mapping[str, int], edges: Sequence[Edge], *, portrait: bool) -> Layout:
    """Place nodes, given the number of lines in each, and edges between them."""
    edges = [edge for edge in dict.fromkeys(edges) if edge[0] in lines and edge[1] in lines and edge[0] != edge[1]]
    levels = _levels(list(lines), edges)
    lanes = {edge: range(levels[edge[0]] + 1, levels[edge[1]]) for edge in edges}
    rows = _rows(levels, edges, lanes)
    heights = {name: LINE * count + INSET * 2 for name, count in lines.items()}
    centres = _across(rows, heights, portrait=portrait)
    starts = _along(rows, heights, portrait=portrait)
    boxes = {
        name: Box(left=centres[name] - BOX / 2, top=starts[levels[name]], height=heights[name])
        if portrait
        else Box(left=starts[levels[name]], top=centres[name] - heights[name] / 2, height=heights[name])
        for name in lines
    }
    width, height = _size(boxes, centres, portrait=portrait)
    routes = _routes(edges, lanes, boxes, centres, starts, portrait=portrait)
    return Layout(width=width, height=height, boxes=boxes, routes=routes)


def _levels(names: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """Put each node one layer behind the farthest that leads to it; rounds are bounded by the nodes."""
    levels = dict.fromkeys(names, 0)
    for _ in names:
        moved = False
        for source, target in edges:
            wanted = min(levels[source] + 1, len(names))
            if levels[target] < wanted:
                levels[target], moved = wanted, True
        if not moved:
            break
    return levels


def _lane(edge: Edge, level: int) -> str:
    return f"{edge[0]}\0{edge[1]}\0{level}"


def _rows(levels: Mapping[str, int], edges: Sequence[Edge], lanes: Mapping[Edge, range]) -> list[list[str]]:
    """Return what stands in each layer, near what leads to it."""
    rows: list[list[str]] = [[] for _ in range(max(levels.values(), default=0) + 1)]
    for name, level in levels.items():
        rows[level].append(name)
    before: dict[str, list[str]] = {}
    for edge in edges:
        chain = [edge[0], *(_lane(edge, level) for level in lanes[edge]), edge[1]]
        for level in lanes[edge]:
            rows[level].append(_lane(edge, level))
        for one, two in pairwise(chain):
            before.setdefault(two, []).append(one)
    place: dict[str, float] = {}
    for row in rows:
        # Lanes go to the outside of what they pass.
        means = {
            name: sum(place.get(one, 0.0) for one in leading) / len(leading)
            for name in row
            if (leading := before.get(name))
        }
        row.sort(key=lambda name: (means.get(name, 0.0), name in levels))
        place |= {name: float(number) for number, name in enumerate(row)}
    return rows


def _across(rows: Sequence[Sequence[str]], heights: Mapping[str, float], *, portrait: bool) -> dict[str, float]:
    """Return the centre of everything across the direction of the arrows; layers are centred on each other."""

    def extent(name: str) -> float:
        return LANE if name not in heights else BOX if portrait else heights[name]

    spans = [sum(extent(name) for name in row) + _APART * (len(row) - 1) for row in rows]
    widest = max(spans, default=0)
    centres = {}
    for row, span in zip(rows, spans, strict=True):
        at = MARGIN + (widest - span) / 2
        for name in row:
            centres[name] = at + extent(name) / 2
            at += extent(name) + _APART
    return centres


def _along(rows: Sequence[Sequence[str]], heights: Mapping[str, float], *, portrait: bool) -> list[float]:
    """Return where each layer begins in the direction of the arrows."""
    starts, at = [], float(MARGIN)
    for row in rows:
        starts.append(at)
        deep = max((heights[name] for name in row if name in heights), default=0) if portrait else BOX
        at += deep + _BETWEEN
    return starts


def _size(boxes: Mapping[str, Box], centres: Mapping[str, float], *, portrait: bool) -> Point:
    right = max((box.left + box.width for box in boxes.values()), default=0)
    bottom = max((box.top + box.height for box in boxes.values()), default=0)
    outermost = max(centres.values(), default=0) + LANE / 2
    return (max(right, outermost if portrait else 0) + MARGIN, max(bottom, 0 if portrait else outermost) + MARGIN)


def _routes(
    edges: Sequence[Edge],
    lanes: Mapping[Edge, range],
    boxes: Mapping[str, Box],
    centres: Mapping[str, float],
    starts: Sequence[float],
    *,
    portrait: bool,
) -> dict[Edge, tuple[Point, ...]]:
    """Return the points of each edge, from the end of one box through its lanes to the beginning of another."""
    arriving: dict[str, list[Edge]] = {}
    leaving: dict[str, list[Edge]] = {}
    for edge in edges:
        leaving.setdefault(edge[0], []).append(edge)
        arriving.setdefault(edge[1], []).append(edge)

    def second(edge: Edge) -> float:
        return centres[_lane(edge, lanes[edge][0])] if lanes[edge] else centres[edge[1]]

    def last(edge: Edge) -> float:
        return centres[_lane(edge, lanes[edge][-1])] if lanes[edge] else centres[edge[0]]

    routes = {}
    for edge in edges:
        out = sorted(leaving[edge[0]], key=second)
        into = sorted(arriving[edge[1]], key=last)
        ends = (
            _end(boxes[edge[0]], _offset(out.index(edge), len(out)), portrait=portrait, far=True),
            *(
                point
                for level in lanes[edge]
                for point in _through(starts, level, centres[_lane(edge, level)], portrait=portrait)
            ),
            _end(boxes[edge[1]], _offset(into.index(edge), len(into)), portrait=portrait, far=False),
        )
        routes[edge] = ends
    return routes


def _through(starts: Sequence[float], level: int, centre: float, *, portrait: bool) -> tuple[Point, Point]:
    """Return where a lane begins and ends in a layer."""
    begin = starts[level]
    end = starts[level + 1] - _BETWEEN if level + 1 < len(starts) else begin
    return ((centre, begin), (centre, end)) if portrait else ((begin, centre), (end, centre))


def _offset(number: int, of: int) -> float:
    return (number - (of - 1) / 2) * min(_SPREAD, (BOX - 40) / max(of, 1))


def _end(box: Box, offset: float, *, portrait: bool, far: bool) -> Point:
    if portrait:
        return box.left + box.width / 2 + offset, box.top + (box.height if far else 0)
    offset = max(-box.height / 2 + 6, min(box.height / 2 - 6, offset))
    return box.left + (box.width if far else 0), box.top + box.height / 2 + offset
