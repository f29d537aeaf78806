"""The list of dead-letter queues as text and Markdown."""

from opsctl.dlq.audit.listing import URGENT_S, DeadLetterRow
from opsctl.dlq.facts.dlq_survey import Surveyed
from opsctl.model.commands import commands_there
from opsctl.model.spans import span
from opsctl.render.inert import markdown, visible
from opsctl.render.page import Page
from opsctl.render.words import few

_HEADS = ("DEPTH", "OLDEST", "PER HOUR", "EXPIRES IN", "ALARM")
_WIDTHS = (9, 7, 8, 10, 7)
_SHOWN = 5
_AT_MOST = (
    "≤: a standard queue counts from when a message was first sent, so it expires earlier by the time it spent "
    "in its source."
)
_WIDEST = 160
"""Columns of the figures where a line is not bounded by a terminal."""

_SILENT = "?: CloudWatch has no figure yet or could not be asked."


def render_survey(found: Surveyed, *, width: int, colour: bool) -> str:
    """Return the list: a line of figures for each queue, below it where its messages come from."""
    page = Page(width, colour=colour)
    columns = min(width, _WIDEST)
    page.line(heading_of(found), "bold")
    if found.rows:
        page.blank()
        page.line(_line("QUEUE", _HEADS, columns), "dim")
    for row in found.rows:
        _row(page, row, columns)
    if any(row.left_at_most and row.left_s is not None for row in found.rows):
        page.blank()
        page.item(_AT_MOST)
    if any("?" in figures_of(row) for row in found.rows):
        page.item(_SILENT)
    unread(page, found.unknown)
    full = next((row for row in found.rows if row.depth), None)
    if full is not None:
        page.blank()
        page.command(f"next: {_inspecting(full, found)}", indent=2)
    return page.text()


def _inspecting(row: DeadLetterRow, found: Surveyed) -> str:
    """What to type next; it must not reach another region, or AWS itself from a sandbox."""
    return commands_there(found.reached_by, found.region, found.endpoint).opsctl("dlq", "inspect", row.name)


def unread(page: Page, unknown: tuple[str, ...]) -> None:
    """Show what could not be read, so that nobody takes silence for health."""
    if unknown:
        page.heading("Could not be read, so something may be missing here")
        for line in unknown:
            page.item(line, "yellow")


def heading_of(found: Surveyed) -> str:
    """Say how many there are, where."""
    where = f"in {found.region}, account {found.account}"
    if found.rows:
        count = len(found.rows)
        return f"{count} dead-letter queue{'s' if count != 1 else ''} {where}, {found.queues:,} queues in all"
    if found.unknown:
        return f"No dead-letter queue was found {where}, as far as could be read."
    return f"No dead-letter queues {where}: nothing names one, and none of {found.queues:,} queues looks like one."


def markdown_survey(found: Surveyed) -> str:
    """Return the list as a Markdown table."""
    lines = [f"## {markdown(heading_of(found))}", ""]
    if found.rows:
        lines += [
            "| queue | type | sources | depth | oldest | per hour | expires in | alarm | state |",
            "|---|---|---|---:|---:|---:|---:|---|---|",
        ]
    for row in found.rows:
        figures = figures_of(row)
        state = "; ".join([row.state, *row.notes])
        alarm = f"{figures[4]}: {', '.join(row.alarms)}" if row.alarms else figures[4]
        sources = ", ".join(one.says for one in row.sources)
        cells = [row.name, row.type, sources, *figures[:4], alarm, state]
        lines.append("| " + " | ".join(markdown(cell) for cell in cells) + " |")
    if found.unknown:
        lines += ["", "Could not be read:", ""]
        lines += [f"- {markdown(line)}" for line in found.unknown]
    return "\n".join(lines) + "\n"


def figures_of(row: DeadLetterRow) -> tuple[str, str, str, str, str]:
    """Depth, age of the oldest, arrivals an hour, time left and alarm, in words; `?` is unknown, `-` none."""
    if row.depth is None:
        return ("?" if row.state == "unreadable" else "-", "-", "-", "-", row.alarm or "-")
    oldest = "-" if not row.depth else "?" if row.oldest_s is None else span(row.oldest_s)
    rate = "?" if row.arrivals_per_hour is None else _rate(row.arrivals_per_hour)
    left = "-" if not row.depth else "?" if row.left_s is None else span(row.left_s)
    return (
        f"{row.depth:,}",
        oldest,
        rate,
        f"≤{left}" if row.left_at_most and left[0].isdigit() else left,
        row.alarm,
    )


def _rate(per_hour: float) -> str:
    return "0" if per_hour == 0 else "<1" if per_hour < 1 else f"{per_hour:,.0f}"


def _row(page: Page, row: DeadLetterRow, width: int) -> None:
    urgent = bool(row.depth and row.left_s is not None and row.left_s <= URGENT_S)
    broken = row.state == "does not exist"
    style = "bold red" if urgent or broken else "bold" if row.depth else ""
    name = visible(row.name) + (" (topic)" if row.type == "topic" else "")
    room = width - sum(_WIDTHS) - len(_WIDTHS) * 2
    if len(name) > room:
        page.line(name, style)
        name = ""
    page.line(_line(name, figures_of(row), width), style)
    if row.state != "serving":
        page.item(row.state, "red" if broken else "yellow")
    for line in few((f"from {one.says}" for one in row.sources), _SHOWN):
        page.item(line)
    for line in row.notes:
        page.item(line)
    if row.alarm in ("alarm", "unheard"):
        page.item(f"alarm {', '.join(row.alarms)}" + (": no notifications" if row.alarm == "unheard" else ""))


def _line(name: str, figures: tuple[str, ...], width: int) -> str:
    room = width - sum(_WIDTHS) - len(_WIDTHS) * 2
    cells = [text.rjust(size) for text, size in zip(figures[:4], _WIDTHS, strict=False)]
    return "  ".join([name.ljust(room), *cells, figures[4]])
