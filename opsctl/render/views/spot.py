"""Which of a fleet could run on Spot, as text and Markdown."""

from collections.abc import Sequence

from opsctl.render.inert import markdown
from opsctl.render.page import Page
from opsctl.render.words import few
from opsctl.tune.facts.tune_spot import SpotFound
from opsctl.tune.spot import SpotUnit

_SAYS = {"is": "is on Spot", "could": "could run on Spot", "no": "not on Spot", "unknown": "unknown"}
SHOWN = 20
"""Of what is alike, more are only counted."""
_STYLE = {"is": "bold", "could": "bold green", "no": "dim", "unknown": "yellow"}


def render_spot(found: SpotFound, *, width: int, colour: bool) -> str:
    """Return what is launched in which way, those alike together: the reason, the handling, what is to be done."""
    page = Page(width, colour=colour)
    page.line(f"Spot in {found.region}, account {found.account}", "bold")
    for alike in _alike(found.units):
        one = alike[0]
        page.blank()
        if len(alike) == 1:
            page.line(heading_of(one), _STYLE[one.spot])
            page.item(f"{one.because}.")
        else:
            page.item(f"{_SAYS[one.spot]}: {one.because}", _STYLE[one.spot], indent=0, hang=2)
            for line in few(map(_who, alike), SHOWN):
                page.item(line, indent=4)
        if one.handled_by:
            page.item(f"interruptions are handled by {', '.join(one.handled_by)}")
        for line in one.todo:
            page.item(f"first: {line}" if one.spot == "could" else f"to do: {line}")
    for line in found.unknown:
        page.blank()
        page.item(f"could not be read: {line}", "yellow", indent=0)
    return page.text()


def _alike(units: Sequence[SpotUnit]) -> list[list[SpotUnit]]:
    """Put units together of which the same is to be said, in the order in which they come first."""
    groups: dict[tuple[object, ...], list[SpotUnit]] = {}
    for one in units:
        groups.setdefault((one.spot, one.because, one.handled_by, one.todo), []).append(one)
    return list(groups.values())


def heading_of(one: SpotUnit) -> str:
    """Say who it is, how many, and whether on Spot."""
    return f"{_who(one)}: {_SAYS[one.spot]}"


def _who(one: SpotUnit) -> str:
    many = f"{one.instances} instance{'s' if one.instances != 1 else ''}"
    return f"{one.name}, {many} of {', '.join(one.types)}"


def markdown_spot(found: SpotFound) -> str:
    """Return the units as a table."""
    lines = [
        f"## Spot in {markdown(found.region)}",
        "",
        "| what | Spot | because | handled by | to do |",
        "|---|---|---|---|---|",
    ]
    for one in found.units:
        cells = (heading_of(one), one.spot, one.because, ", ".join(one.handled_by), "; ".join(one.todo))
        lines.append("| " + " | ".join(markdown(cell) for cell in cells) + " |")
    lines += [f"- could not be read: {markdown(line)}" for line in found.unknown]
    return "\n".join(lines) + "\n"
