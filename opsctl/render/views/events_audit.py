"""The findings of an audit of events as text and Markdown."""

from itertools import groupby

from opsctl.events.audit_rules import EVENT_SEVERITIES
from opsctl.events.facts.events_audit import EventsAudited
from opsctl.render.inert import code_span, markdown
from opsctl.render.page import Page
from opsctl.render.views.dead_letter_list import unread

_STYLE = {"high": "bold red", "medium": "bold yellow", "low": "bold"}


def render_events_audit(found: EventsAudited, *, width: int, colour: bool) -> str:
    """Return the findings by severity and rule: the reason once, then each place with the command for it."""
    page = Page(width, colour=colour)
    page.line(events_heading(found), "bold")
    for (severity, id_), group in groupby(found.findings, key=lambda one: (one.severity, one.id)):
        findings = list(group)
        page.blank()
        page.line(f"{severity:<6}  {id_}" + (f" ({len(findings)})" if len(findings) > 1 else ""), _STYLE[severity])
        page.item(findings[0].why)
        for one in findings:
            seen = f" ({one.seen})" if one.seen else ""
            page.item(f"{one.resource}: {one.what}{seen}", indent=4)
            page.command(one.fix, indent=6)
    unread(page, found.unknown)
    return page.text()


def events_heading(found: EventsAudited) -> str:
    """Say how much is wrong, and how much was looked at."""
    where = f"in {found.region}, account {found.account} ({found.resources:,} resources, {found.steps:,} steps)"
    if not found.findings:
        far = "As far as could be read, events" if found.unknown else "Events"
        return f"{far} are lost nowhere {where}."
    counts = [(sum(one.severity == level for one in found.findings), level) for level in EVENT_SEVERITIES]
    counted = ", ".join(f"{count} {level}" for count, level in counts if count)
    return f"{len(found.findings)} finding{'s' * (len(found.findings) != 1)} ({counted}) {where}"


def markdown_events_audit(found: EventsAudited) -> str:
    """Return the findings as a Markdown table."""
    lines = [f"## {markdown(events_heading(found))}", ""]
    if found.findings:
        lines += ["| severity | finding | where | what | fix |", "|---|---|---|---|---|"]
    for one in found.findings:
        cells = [markdown(text) for text in (one.severity, one.id, one.resource, f"{one.what} {one.seen}".strip())]
        lines.append("| " + " | ".join([*cells, code_span(one.fix)]) + " |")
    if found.unknown:
        lines += ["", "Could not be read:", "", *(f"- {markdown(line)}" for line in found.unknown)]
    return "\n".join(lines) + "\n"
