"""The findings of an audit of events as text and Markdown."""

from opsctl.events.facts.events_audit import EventsAudited
from opsctl.render.inert import markdown
from opsctl.render.page import Page
from opsctl.render.views.audit_findings import counted, markdown_findings, render_findings


def render_events_audit(found: EventsAudited, *, width: int, colour: bool) -> str:
    """Return the findings by severity and rule."""
    text = render_findings(events_heading(found), found.findings, found.unknown, width=width, colour=colour)
    if not found.unseen:
        return text
    page = Page(width, colour=colour)
    page.blank()
    page.line("Cannot be seen")
    for line in found.unseen:
        page.item(line)
    return text.rstrip("\n") + "\n" + page.text()


def events_heading(found: EventsAudited) -> str:
    """Say how much is wrong, and how much was looked at."""
    where = f"in {found.region}, account {found.account} ({found.resources:,} resources, {found.steps:,} steps)"
    if found.findings:
        return f"{counted(found.findings)} {where}"
    far = "As far as could be read, events" if found.unknown else "Events"
    return f"{far} are lost nowhere {where}."


def markdown_events_audit(found: EventsAudited) -> str:
    """Return the findings as a Markdown table."""
    text = markdown_findings(events_heading(found), found.findings, found.unknown)
    if not found.unseen:
        return text
    return "\n".join([text, "Cannot be seen:", "", *(f"- {markdown(line)}" for line in found.unseen)]) + "\n"
