"""The findings of an audit of events as text and Markdown."""

from opsctl.events.facts.events_audit import EventsAudited
from opsctl.render.views.audit_findings import counted, markdown_findings, render_findings


def render_events_audit(found: EventsAudited, *, width: int, colour: bool) -> str:
    """Return the findings by severity and rule."""
    return render_findings(events_heading(found), found.findings, found.unknown, width=width, colour=colour)


def events_heading(found: EventsAudited) -> str:
    """Say how much is wrong, and how much was looked at."""
    where = f"in {found.region}, account {found.account} ({found.resources:,} resources, {found.steps:,} steps)"
    if found.findings:
        return f"{counted(found.findings)} {where}"
    far = "As far as could be read, events" if found.unknown else "Events"
    return f"{far} are lost nowhere {where}."


def markdown_events_audit(found: EventsAudited) -> str:
    """Return the findings as a Markdown table."""
    return markdown_findings(events_heading(found), found.findings, found.unknown)
