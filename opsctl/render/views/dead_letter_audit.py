"""The findings of an audit of dead letters as text and Markdown."""

from opsctl.dlq.facts.dlq_audit import Audited
from opsctl.render.views.audit_findings import counted, markdown_findings, render_findings


def render_audit(found: Audited, *, width: int, colour: bool) -> str:
    """Return the findings by severity and rule."""
    return render_findings(heading_of(found), found.findings, found.unknown, width=width, colour=colour)


def heading_of(found: Audited) -> str:
    """Say how much is wrong, and how much was looked at."""
    scope = f"{len(found.asked)} of {found.queues:,} queues" if found.asked else f"{found.queues:,} queues"
    where = f"in {found.region}, account {found.account} ({scope}, {found.sources:,} possible sources of failures)"
    if found.findings:
        return f"{counted(found.findings)} {where}"
    far = "As far as could be read, nothing" if found.unknown else "Nothing"
    return f"{far} is wrong with dead letters {where}."


def markdown_audit(found: Audited) -> str:
    """Return the findings as a Markdown table."""
    return markdown_findings(heading_of(found), found.findings, found.unknown)
