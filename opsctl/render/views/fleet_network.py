"""The network of a fleet as text, Markdown and HTML: a line an instance, a picture, and what is below its best."""

from collections.abc import Sequence
from itertools import groupby

from opsctl.render.html_parts import details, paragraph, table, texts
from opsctl.render.html_parts import page as html_page
from opsctl.render.inert import code_span, markdown, markup
from opsctl.render.page import Page
from opsctl.render.views.fleet_picture import STYLE, draw_fleet, mermaid_fleet, picture_lines
from opsctl.render.words import few
from opsctl.tune.finding import SEVERITIES, TuneFinding
from opsctl.tune.fleet import FleetInstance
from opsctl.tune.fleet_checked import FleetChecked, FleetRow
from opsctl.tune.guest_answers import GuestNetwork

_STYLE = {"high": "bold red", "medium": "bold yellow", "low": "bold"}
_HEADS = ("INSTANCE", "TYPE", "OS", "ZONE", "ADAPTER", "EFA", "EXPRESS", "GROUP", "AGENT")
_INSIDE = ("INSTANCE", "SYSTEM", "DRIVER", "MTU", "QUEUES", "THROTTLED")
_SHOWN = 40
_EACH = 5
_GUEST = (
    "Nothing inside the instances was read: the driver's version, MTU and the allowance counters of ethtool are "
    "known there only. --in-guest reads them."
)


def render_fleet(found: FleetChecked, *, width: int, colour: bool) -> str:
    """Return the fleet as a table, the map, and the findings by rule: the reason once, then each instance."""
    page = Page(width, colour=colour)
    page.line(heading_of(found), "bold")
    page.line(summary_of(found))
    page.blank()
    _table(page, _HEADS, [_cells(row) for row in found.rows], width)
    inside = _guest_rows(found)
    if inside:
        page.heading("Inside, by the first device of each")
        _table(page, _INSIDE, inside, width)
    page.heading("By zone and placement group")
    page.literal(picture_lines(found))
    for (severity, id_), group in _by_rule(found):
        findings = list(group)
        page.blank()
        page.line(f"{severity:<6}  {id_}" + (f" ({len(findings)})" if len(findings) > 1 else ""), _STYLE[severity])
        page.item(findings[0].why)
        for one in findings[:_EACH]:
            page.item(f"{one.title}: {one.what}", indent=4)
            if one.first:
                page.item(f"first: {one.first}", indent=6)
            page.command(one.fix, indent=6)
        if len(findings) > _EACH:
            page.item(f"and {len(findings) - _EACH} more: see -o json", indent=4)
        for cost in dict.fromkeys(one.cost for one in findings):
            page.item(f"costs: {cost}", indent=4)
    if found.unknown:
        page.heading("Could not be read, so something may be missing here")
        for line in found.unknown:
            page.item(line, "yellow")
    _inside(page, found)
    return page.text()


def _inside(page: Page, found: FleetChecked) -> None:
    """Say of which instances nothing is known inside, and why."""
    if not found.guests:
        page.blank()
        page.item(_GUEST)
        return
    silent = silent_of(found)
    if silent:
        page.heading("Not read inside, so nothing inside is known")
        for line in silent:
            page.item(line, "yellow")


def silent_of(found: FleetChecked) -> list[str]:
    """Say of each instance that was asked, or could not be, why its answer is missing or not whole."""
    titles = {row.instance.id: row.instance.title for row in found.rows}
    return few((f"{titles[one.instance]}: {one.unread}" for one in found.guests if one.unread), _SHOWN)


def heading_of(found: FleetChecked) -> str:
    """Say how many instances were looked at, and where."""
    count = len(found.rows)
    return f"{count:,} instance{'s' if count != 1 else ''} in {found.region}, account {found.account}"


def summary_of(found: FleetChecked) -> str:
    """Say how much is below its best."""
    if not found.findings:
        partly = found.unknown or any(one.unread for one in found.guests)
        return f"{'As far as could be read, nothing' if partly else 'Nothing'} is below its best."
    counts = [(sum(one.severity == level for one in found.findings), level) for level in SEVERITIES]
    counted = ", ".join(f"{number} {level}" for number, level in counts if number)
    return f"{len(found.findings)} finding{'s' if len(found.findings) != 1 else ''}: {counted}"


def _table(page: Page, heads: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> None:
    cells = [heads, *rows[:_SHOWN]]
    widths = [max(len(row[number]) for row in cells) for number in range(len(heads))]
    between = "  " if sum(widths) + 2 * len(widths) <= width else " "
    for row in cells:
        text = between.join(cell.ljust(size) for cell, size in zip(row, widths, strict=True))
        page.command(text.rstrip(), indent=0)
    if len(rows) > _SHOWN:
        page.item(f"and {len(rows) - _SHOWN:,} more (-o json lists all)")


def _guest_cells(row: FleetRow, guest: GuestNetwork) -> tuple[str, ...]:
    """Return a row of what is inside, with a question mark where nobody knows."""
    one = row.instance
    first = guest.devices[0]
    version = guest.modules.get(first.driver) or first.version
    return (
        one.name or one.id,
        guest.release or guest.system,
        (f"{first.driver} {version}" if guest.system == "linux" else version).strip() or "?",
        str(first.mtu or "?"),
        f"{first.queues[0]}/{first.queues[1]}" if first.queues[1] else "?",
        "?" if not first.counted else "RISING" if any(one.rose for one in guest.devices) else _ever(guest),
    )


def _guest_rows(found: FleetChecked) -> list[tuple[str, ...]]:
    read = ((row, found.inside.get(row.instance.id)) for row in found.rows)
    return [_guest_cells(row, guest) for row, guest in read if guest is not None and guest.devices]


def _ever(guest: GuestNetwork) -> str:
    return "earlier" if any(count for one in guest.devices for count in one.counted.values()) else "no"


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
        *_markdown_table(_HEADS, [_cells(row) for row in found.rows]),
    ]
    inside = _guest_rows(found)
    if inside:
        lines += ["", *_markdown_table(_INSIDE, inside)]
    lines += ["", "```mermaid", *mermaid_fleet(found).splitlines(), "```"]
    if found.findings:
        lines += [
            "",
            "| severity | finding | instance | what | why | fix | costs |",
            "|---|---|---|---|---|---|---|",
        ]
    for one in found.findings:
        cells = [markdown(text) for text in (one.severity, one.id, one.title, one.what, one.why)]
        first = f"{markdown(one.first)}, then " if one.first else ""
        lines.append("| " + " | ".join([*cells, f"{first}{code_span(one.fix)}", markdown(one.cost)]) + " |")
    if found.unknown:
        lines += ["", "Could not be read:", "", *(f"- {markdown(line)}" for line in found.unknown)]
    silent = silent_of(found) if found.guests else []
    if silent:
        lines += [
            "",
            "Not read inside, so nothing inside is known:",
            "",
            *(f"- {markdown(line)}" for line in silent),
        ]
    return "\n".join([*lines, *([] if found.guests else ["", _GUEST])]) + "\n"


def _markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(head.lower() for head in heads) + " |", "|---" * len(heads) + "|"]
    return lines + ["| " + " | ".join(markdown(cell) for cell in row) + " |" for row in rows]


def html_fleet(found: FleetChecked) -> str:
    """Return the fleet as a page of its own: drawn, in tables, and each finding behind a line."""
    silent = silent_of(found) if found.guests else [_GUEST]
    inside = _guest_rows(found)
    parts = [
        f"<h1>{markup(heading_of(found))}</h1>",
        paragraph(summary_of(found), "soft"),
        f"<style>{STYLE}</style><figure><div>{draw_fleet(found)}</div></figure>",
        "<h2>Findings</h2>" if found.findings else "",
        *(_html_findings(list(some)) for _, some in _by_rule(found)),
        "<h2>Instances</h2>",
        table(_HEADS, [_cells(row) for row in found.rows]),
        *(["<h2>Inside, by the first device of each</h2>", table(_INSIDE, inside)] if inside else []),
        *(["<h2>Not read inside</h2>", texts(silent)] if silent else []),
        *(["<h2>Could not be read</h2>", texts(found.unknown)] if found.unknown else []),
    ]
    return html_page(heading_of(found), parts)


def _by_rule(found: FleetChecked) -> "groupby[tuple[str, str], TuneFinding]":
    return groupby(found.findings, key=lambda one: (one.severity, one.id))


def _html_findings(findings: Sequence[TuneFinding]) -> str:
    first = findings[0]
    head = f'<span class="{first.severity}">{first.severity}</span> <h3>{markup(first.id)} ({len(findings)})</h3>'
    mends = [f"{one.first}, then {one.fix}" if one.first else one.fix for one in findings]
    lines = [(one.title, one.what, mend, one.cost) for one, mend in zip(findings, mends, strict=True)]
    body = [paragraph(first.why), f"<div>{table(('instance', 'what', 'mended by', 'costs'), lines)}</div>"]
    return details(head, body, opened=first.severity == "high")


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
