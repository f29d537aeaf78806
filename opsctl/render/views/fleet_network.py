"""The network of a fleet as text and Markdown: a line an instance, what is below its best, and a map by zone."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from opsctl.render.inert import code_span, markdown
from opsctl.render.page import Page
from opsctl.render.words import few
from opsctl.tune.facts.tune_fleet import FleetChecked, FleetRow
from opsctl.tune.findings import SEVERITIES
from opsctl.tune.fleet import FleetInstance

_STYLE = {"high": "bold red", "medium": "bold yellow", "low": "bold"}
_HEADS = ("INSTANCE", "TYPE", "OS", "ZONE", "ADAPTER", "EFA", "EXPRESS", "GROUP", "AGENT")
_SHOWN = 40
_EACH = 5
_GUEST = (
    "Nothing inside the instances was read: the driver's version, MTU and the allowance counters of ethtool are "
    "known there only."
)


def render_fleet(found: FleetChecked, *, width: int, colour: bool) -> str:
    """Return the fleet as a table, the map, and the findings by rule: the reason once, then each instance."""
    page = Page(width, colour=colour)
    page.line(heading_of(found), "bold")
    page.line(summary_of(found))
    page.blank()
    _table(page, found.rows, width)
    page.heading("By zone and placement group")
    for line in map_of(found):
        page.item(line)
    for (severity, id_), group in groupby(found.findings, key=lambda one: (one.severity, one.id)):
        findings = list(group)
        page.blank()
        page.line(f"{severity:<6}  {id_}" + (f" ({len(findings)})" if len(findings) > 1 else ""), _STYLE[severity])
        page.item(findings[0].why)
        for one in findings[:_EACH]:
            page.item(f"{one.title}: {one.what}", indent=4)
            page.command(one.fix, indent=6)
        if len(findings) > _EACH:
            page.item(f"and {len(findings) - _EACH} more: see -o json", indent=4)
        for cost in dict.fromkeys(one.cost for one in findings):
            page.item(f"costs: {cost}", indent=4)
    if found.unknown:
        page.heading("Could not be read, so something may be missing here")
        for line in found.unknown:
            page.item(line, "yellow")
    page.blank()
    page.item(_GUEST)
    return page.text()


def heading_of(found: FleetChecked) -> str:
    """Say how many instances were looked at, and where."""
    count = len(found.rows)
    return f"{count:,} instance{'s' if count != 1 else ''} in {found.region}, account {found.account}"


def summary_of(found: FleetChecked) -> str:
    """Say how much is below its best."""
    if not found.findings:
        return f"{'As far as could be read, nothing' if found.unknown else 'Nothing'} is below its best."
    counts = [(sum(one.severity == level for one in found.findings), level) for level in SEVERITIES]
    counted = ", ".join(f"{number} {level}" for number, level in counts if number)
    return f"{len(found.findings)} finding{'s' if len(found.findings) != 1 else ''}: {counted}"


def map_of(found: FleetChecked) -> list[str]:
    """Return the fleet by zone and placement group, one line each, with how many of each type."""
    placed = sorted((row.instance for row in found.rows), key=_place)
    lines = []
    for (zone, group, strategy), some in groupby(placed, key=_place):
        types = Counter(one.type for one in some)
        what = ", ".join(f"{number} {name}" for name, number in sorted(types.items()))
        named = f"{group} ({strategy or 'strategy unknown'})" if group else "no placement group"
        lines.append(f"{zone}  {named}: {what}")
    return lines


def _place(instance: FleetInstance) -> tuple[str, str, str]:
    return instance.zone, instance.placement_group, instance.strategy


def _table(page: Page, rows: Sequence[FleetRow], width: int) -> None:
    cells = [_HEADS, *(_cells(row) for row in rows[:_SHOWN])]
    widths = [max(len(row[number]) for row in cells) for number in range(len(_HEADS))]
    between = "  " if sum(widths) + 2 * len(widths) <= width else " "
    for row in cells:
        text = between.join(cell.ljust(size) for cell, size in zip(row, widths, strict=True))
        page.command(text.rstrip(), indent=0)
    for line in few((row.instance.title for row in rows[_SHOWN:]), 0):
        page.item(line)


def _cells(row: FleetRow) -> tuple[str, ...]:
    one, of = row.instance, row.type
    express = "-" if of is None or not of.ena_express else "on" if _express(one) else "off"
    efa = f"{len(one.efa)}/{of.efa}" if of and of.efa else "-"
    return (
        one.name or one.id,
        one.type,
        "windows" if one.windows else "linux",
        one.zone,
        _adapter(row),
        efa,
        express,
        one.placement_group or "-",
        one.agent,
    )


def _adapter(row: FleetRow) -> str:
    one, of = row.instance, row.type
    if of is None:
        return "?"
    if of.ena != "unsupported":
        return "ENA" if one.ena else "ENA OFF"
    return ("VF" if one.vf else "VF OFF") if of.legacy_vf else "none"


def _express(one: FleetInstance) -> bool:
    return any(nic.ena_express for nic in one.interfaces)


def markdown_fleet(found: FleetChecked) -> str:
    """Return the fleet and the findings as Markdown tables."""
    lines = [
        f"## {markdown(heading_of(found))}",
        "",
        summary_of(found),
        "",
        "| " + " | ".join(head.lower() for head in _HEADS) + " |",
    ]
    lines.append("|---" * len(_HEADS) + "|")
    lines += ["| " + " | ".join(markdown(cell) for cell in _cells(row)) + " |" for row in found.rows]
    lines += ["", *(f"- {markdown(line)}" for line in map_of(found))]
    if found.findings:
        lines += [
            "",
            "| severity | finding | instance | what | why | fix | costs |",
            "|---|---|---|---|---|---|---|",
        ]
    for one in found.findings:
        cells = [markdown(text) for text in (one.severity, one.id, one.title, one.what, one.why)]
        lines.append("| " + " | ".join([*cells, code_span(one.fix), markdown(one.cost)]) + " |")
    if found.unknown:
        lines += ["", "Could not be read:", "", *(f"- {markdown(line)}" for line in found.unknown)]
    return "\n".join([*lines, "", _GUEST]) + "\n"


def render_limits(found: FleetChecked, *, width: int, colour: bool) -> str:
    """Return what limits each instance, in about ten lines each."""
    page = Page(width, colour=colour)
    for row in found.rows:
        page.line(_limits_heading(row), "bold")
        for line in row.limits:
            page.item(line)
    for line in found.unknown:
        page.item(line, "yellow")
    return page.text()


def markdown_limits(found: FleetChecked) -> str:
    """Return what limits each instance as Markdown lists."""
    lines: list[str] = []
    for row in found.rows:
        lines += [f"## {markdown(_limits_heading(row))}", "", *(f"- {markdown(line)}" for line in row.limits), ""]
    lines += [f"- {markdown(line)}" for line in found.unknown]
    return "\n".join(lines).rstrip("\n") + "\n"


def _limits_heading(row: FleetRow) -> str:
    one = row.instance
    return f"{one.title}, {one.type} in {one.zone}" + (", Windows" if one.windows else "")
