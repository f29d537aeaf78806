"""The ways in on a page: each with what it was and is, and drawn, before and after."""

from collections.abc import Sequence

from opsctl.model.paths import Paths
from opsctl.model.plan import Plan
from opsctl.model.report import Report
from opsctl.model.sentences import sentence
from opsctl.render.compact import compact
from opsctl.render.evidence import state_of, told_of, ways_seen
from opsctl.render.flow import Flow, flow_now, flow_planned
from opsctl.render.html_parts import aside, cells, texts
from opsctl.render.inert import markup
from opsctl.render.paths import paths_after, paths_of
from opsctl.render.screen import way_rows
from opsctl.render.svg import LEGEND, drawing
from opsctl.render.words import nowhere_lines


def ways_of_plan(plan: Plan) -> list[str]:
    """Return the ways in as they are, and as they will be."""
    paths = paths_of(plan)
    if paths is None:
        return []
    now, after = flow_now(paths), flow_planned(paths)
    lines = [(*row, told_of(way)) for row, way in zip(way_rows(paths), paths.ways, strict=True)]
    columns = ("way in", "now", "after", "where", "as it is now")
    drawn = [(f"Now ({plan.created})", paths, now)]
    if after != now:
        drawn.append(("After this plan", paths, after))
    return [*_table(columns, lines), *_drawings(drawn), *_reasons(paths)]


def ways_of_report(report: Report) -> list[str]:
    """Return the ways in as they were when the run was planned, and as they were last seen."""
    paths, seen = paths_of(report.plan), paths_after(report)
    if paths is None:
        return []
    if seen is None:
        before = [(way.short or way.name, state_of(way), told_of(way)) for way in paths.ways]
        drawn = [(f"Before ({report.plan.created})", paths, flow_now(paths))]
        return [*_table(("way in", "before", "as it was then"), before), *_drawings(drawn), *_reasons(paths)]
    at, after = seen
    drawn = [
        (f"Before ({report.plan.created})", paths, flow_now(paths)),
        (f"After ({at})", after, flow_now(after)),
    ]
    compared = [(one.short, one.before, one.after, one.told) for one in ways_seen(report)]
    columns = ("way in", "before", "after", "as it was seen")
    return [*_table(columns, compared), *_drawings(drawn), *_reasons(paths)]


def _table(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    shown = [
        [
            _state(cell) if name in ("now", "before", "after") else markup(cell)
            for name, cell in zip(columns, line, strict=True)
        ]
        for line in lines
    ]
    return ["<h2>Ways in</h2>", *([cells(columns, shown)] if shown else [])]


def _state(word: str) -> str:
    tone = {"OPEN": "bad", "closed": "good"}.get(word, "medium")
    return f'<span class="short {tone}">{markup(word)}</span>'


def _drawings(drawn: Sequence[tuple[str, Paths, Flow | None]]) -> list[str]:
    parts = []
    for caption, paths, flow in drawn:
        says = f"{caption}: ways in to {paths.target}"
        lying, upright = (compact(paths.graph, flow, at_most=number) for number in (3, 2))
        parts.append(
            f"<figure><figcaption>{markup(caption)}</figcaption>"
            f'<div class="landscape">{drawing(lying, flow, says=says)}</div>'
            f'<div class="portrait">{drawing(upright, flow, says=says, portrait=True)}</div></figure>'
        )
    red = "red: what is to be blocked gets this far; bar: it is stopped there; " if drawn[0][2] else ""
    return [*parts, f'<p class="soft">{red}{"; ".join(LEGEND)}.</p>']


def _reasons(paths: Paths) -> list[str]:
    parts = [f"<li>{markup(heading)}{texts(lines)}</li>" for heading, lines in nowhere_lines(paths)]
    why = []
    for way in paths.ways:
        lines = [
            f"{one.layer} at {one.at}: {'chosen' if one.chosen else 'not chosen'}. {sentence(one.reason)}"
            for one in way.layers
        ]
        if lines:
            why.append(f"<li>{markup(way.name)}{texts(lines)}</li>")
    folded = [aside("Why there, and not elsewhere", [f"<ul>{''.join(why)}</ul>"])] if why else []
    return [*([f"<ul>{''.join(parts)}</ul>"] if parts else []), *folded]
