"""A fleet drawn by zone and placement group: as text, as a Mermaid flowchart and as SVG."""

from collections.abc import Sequence
from itertools import groupby

from opsctl.render.inert import markup
from opsctl.render.mermaid import label_of
from opsctl.render.svg_parts import PAPER
from opsctl.tune.fleet_checked import FleetChecked
from opsctl.tune.places import FleetPlace, PlacedInstance, places_of, summed

STYLE = """
.fleet { --ink: #1c1c22; --box: #fff; --line: #5a5a66; --high: #b3261e; --medium: #b98a1b; --low: #6d8fb5;
  --best: #1b6e3c; }
@media screen and (prefers-color-scheme: dark) {
  .fleet { --ink: #ececf1; --box: #24242b; --line: #a9a9b6; --high: #ff8a80; --medium: #ffcf70; --low: #9dbbe0;
    --best: #7fdca0; }
}
.fleet text { font: 12px system-ui, sans-serif; fill: var(--ink); }
.fleet .name { font-weight: 600; }
.fleet .zone { fill: none; stroke: var(--line); stroke-dasharray: 5 4; }
.fleet .place { fill: var(--box); stroke: var(--line); }
.fleet .high { fill: var(--high); }
.fleet .medium { fill: var(--medium); }
.fleet .low { fill: var(--low); }
.fleet .best { fill: var(--best); }
"""
_LEGEND = (
    ("high", "an instance whose gravest finding is high"),
    ("medium", "medium"),
    ("low", "low"),
    ("best", "no finding, as far as is known"),
)
_WIDTH, _INSET, _LINE, _APART = 320, 12, 17, 14
_CELL, _A_ROW, _MOST_CELLS = 13, 20, 100
_CLASSES = {
    "high": "fill:#f9dedc,stroke:#b3261e,color:#410e0b",
    "medium": "fill:#fdf0cf,stroke:#8a6100,color:#3d2b00",
    "low": "fill:#e3ecf7,stroke:#4a6d94,color:#14263b",
    "best": "fill:#d9f2e0,stroke:#1b6e3c,color:#10331f",
}
_TYPES = 6


def picture_lines(found: FleetChecked) -> list[str]:
    """Return the fleet as a tree: zones, their placement groups, and the types in each."""
    lines: list[str] = []
    for zone, some in groupby(places_of(found), key=lambda one: one.zone):
        places = list(some)
        lines.append(f"{zone}: {sum(len(one.members) for one in places):,}")
        for number, place in enumerate(places):
            last = number == len(places) - 1
            lines.append(f"{'└─' if last else '├─'} {place.title}")
            lines += [f"{'  ' if last else '│ '}   {text}" for text in _of_types(place)]
    return lines


def _of_types(place: FleetPlace) -> list[str]:
    """Sum up each type; of more than a few the others in one line."""
    types = sorted(place.by_type.values(), key=lambda members: (-len(members), members[0].type))
    lines = [summed(members) for members in types[:_TYPES]]
    rest = types[_TYPES:]
    if rest:
        lines.append(f"{sum(map(len, rest)):,} of {len(rest)} other types")
    return lines


def mermaid_fleet(found: FleetChecked) -> str:
    """Return the fleet as a flowchart without arrows: a box for each zone, placement group and type."""
    lines, used = ["flowchart TB"], set()
    for number, (zone, some) in enumerate(groupby(places_of(found), key=lambda one: one.zone)):
        lines.append(f'  subgraph z{number}["{label_of(zone)}"]')
        for inner, place in enumerate(some):
            lines.append(f'    subgraph z{number}p{inner}["{label_of(place.title)}"]')
            for index, members in enumerate(place.by_type.values()):
                tone = _tone(members)
                used.add(tone)
                lines.append(f'      z{number}p{inner}t{index}["{label_of(summed(members))}"]:::{tone}')
            lines.append("    end")
        lines.append("  end")
    return (
        "\n".join([*lines, *(f"  classDef {name} {_CLASSES[name]}" for name in _CLASSES if name in used)]) + "\n"
    )


def _tone(members: Sequence[PlacedInstance]) -> str:
    found = {one.worst for one in members}
    return next((level for level in ("high", "medium", "low") if level in found), "best")


def draw_fleet(found: FleetChecked, *, alone: bool = False) -> str:
    """Return the fleet as SVG, a square an instance in the colour of its gravest finding.

    `alone` makes a document of it, light or dark as its reader likes it; else the page has `STYLE`.
    """
    parts: list[str] = []
    left, bottom, count = _APART, 0.0, len(found.rows)
    for zone, some in groupby(places_of(found), key=lambda one: one.zone):
        drawn, height = _zone(zone, list(some), left)
        parts += drawn
        left, bottom = left + _WIDTH + _APART, max(bottom, height)
    parts += _legend(bottom + _APART)
    width, height = max(left, 2 * _APART + _WIDTH), bottom + _APART + _LINE * (len(_LEGEND) + 1)
    name = "fleet alone" if alone else "fleet"
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{name}" role="img" '
        f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}">'
    )
    return "\n".join(
        [
            opening,
            f"<title>{count:,} instance{'s' if count != 1 else ''} in {markup(found.region)}, by place</title>",
            *([f"<style>{STYLE}{PAPER}</style>"] if alone else []),
            *parts,
            "</svg>\n",
        ]
    )


def _zone(name: str, places: Sequence[FleetPlace], left: float) -> tuple[list[str], float]:
    """Return a zone's column and where it ends."""
    parts, top = [_text(left + _INSET, _APART + _LINE, name, "name")], float(_APART + _LINE + _INSET)
    for place in places:
        drawn, height = _place(place, left + _INSET, top)
        parts += drawn
        top += height + _INSET
    frame = f'<rect class="zone" x="{left:g}" y="{_APART}" width="{_WIDTH}" height="{top - _APART:g}" rx="8"/>'
    return [frame, *parts], top


def _place(place: FleetPlace, left: float, top: float) -> tuple[list[str], float]:
    """Return a placement group's box, cut off where its words are too wide, and its height."""
    texts, y = [_text(_INSET, _INSET + 10, place.title, "name")], _INSET + 10.0
    for line in _of_types(place):
        y += _LINE
        texts.append(_text(_INSET, y, line))
    y += _INSET
    shown = sorted(place.members, key=lambda one: ("high", "medium", "low", "").index(one.worst))[:_MOST_CELLS]
    texts += [_cell(one, number, y) for number, one in enumerate(shown)]
    y += _CELL * (-(-len(shown) // _A_ROW))
    if len(place.members) > len(shown):
        y += _LINE
        texts.append(_text(_INSET, y, f"and {len(place.members) - len(shown):,} more"))
    width, height = _WIDTH - 2 * _INSET, y + _INSET
    return [
        f'<svg x="{left:g}" y="{top:g}" width="{width}" height="{height:g}">',
        f"<title>{markup(place.title)}</title>",
        f'<rect class="place" x="1" y="1" width="{width - 2}" height="{height - 2:g}" rx="6"/>',
        *texts,
        "</svg>",
    ], height


def _cell(one: PlacedInstance, number: int, top: float) -> str:
    x, y = _INSET + _CELL * (number % _A_ROW), top + _CELL * (number // _A_ROW)
    tip = f"{one.title}, {one.type}" + (f", worst finding: {one.worst}" if one.worst else "")
    return (
        f'<rect class="{one.worst or "best"}" x="{x}" y="{y:g}" width="{_CELL - 3}" height="{_CELL - 3}" rx="2">'
        f"<title>{markup(tip)}</title></rect>"
    )


def _legend(top: float) -> list[str]:
    parts = []
    for number, (name, words) in enumerate(_LEGEND):
        y = top + _LINE * number
        square = f'width="{_CELL - 3}" height="{_CELL - 3}" rx="2"/>'
        parts.append(f'<rect class="{name}" x="{_APART}" y="{y:g}" {square}')
        parts.append(_text(_APART + _CELL + 4, y + _CELL - 4, words))
    return parts


def _text(x: float, y: float, text: str, style: str = "") -> str:
    name = f' class="{style}"' if style else ""
    return f'<text{name} x="{x:g}" y="{y:g}">{markup(text)}</text>'
