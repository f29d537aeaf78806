"""What drawings of boxes and arrows are made of: a box with lines, an arrow with its tip, in SVG."""

import textwrap
from collections.abc import Sequence
from itertools import pairwise

from opsctl.render.inert import markup, visible
from opsctl.render.layout import INSET, LINE, Box, Point

PAPER = """
svg.alone { background: #fff; }
@media screen and (prefers-color-scheme: dark) { svg.alone { background: #17171c; } }
"""
_LINES = 3


def wrapped_text(text: str, width: int, most: int = _LINES) -> list[str]:
    """Return a text in lines, at most so many; one that is longer ends in an ellipsis."""
    lines = textwrap.wrap(visible(text), width) or [""]
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1][: width - 1]}…"]


def box_drawn(box: Box, lines: Sequence[tuple[str, str]], *, tone: str, tip: str) -> str:
    """Return a box; as a picture of its own it cuts off what is too wide for it."""
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


def arrow_drawn(route: Sequence[Point], *, line: str, tip: str, words: str, stopped: bool, portrait: bool) -> str:
    """Return an arrow whose line and tip have these classes; one that is stopped ends in a bar."""
    x, y = route[-1]
    end = (x, y - 8) if portrait else (x - 8, y)
    path = f'<path class="{line}" d="{_curve([*route[:-1], end], portrait=portrait)}"/>'
    if stopped:
        bar = f"M{x - 11:g},{y - 6:g} h22" if portrait else f"M{x - 6:g},{y - 11:g} v22"
        drawn = f'<path class="bar" d="{bar}"/>'
    else:
        corners = (
            ((x, y), (x - 4, y - 8), (x + 4, y - 8)) if portrait else ((x, y), (x - 8, y - 4), (x - 8, y + 4))
        )
        points = " ".join(f"{one:g},{two:g}" for one, two in corners)
        drawn = f'<polygon class="{tip}" points="{points}"/>'
    return f"<g>{f'<title>{markup(words)}</title>' if words else ''}{path}{drawn}</g>"


def _curve(points: Sequence[Point], *, portrait: bool) -> str:
    """Return a path through points that leaves and enters each in the direction of the arrows."""
    parts = [f"M{points[0][0]:g},{points[0][1]:g}"]
    for (x1, y1), (x2, y2) in pairwise(points):
        middle_x, middle_y = (x1 + x2) / 2, (y1 + y2) / 2
        bends = (x1, middle_y, x2, middle_y) if portrait else (middle_x, y1, middle_x, y2)
        parts.append(f"C{bends[0]:g},{bends[1]:g} {bends[2]:g},{bends[3]:g} {x2:g},{y2:g}")
    return " ".join(parts)
