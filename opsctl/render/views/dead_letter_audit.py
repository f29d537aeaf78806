"""The findings of an audit of dead letters as text and Markdown."""

from itertools import groupby

from opsctl.dlq.audit.rules import SEVERITIES
from opsctl.dlq.facts.dlq_audit import Audited
from opsctl.render.inert import code_span, markdown
from opsctl.render.page import Page
from opsctl.render.views.dead_letter_list import unread

_STYLE = {"high": "bold red", "medium": "bold yellow", "low": "bold"}


def render_audit(found: Audited, *, width: int, colour: bool) -> str:
    """Return the findings by severity and rule: the reason once, then each resource with the command for it."""
    page = Page(width, colour=colour)
    page.line(heading_of(found), "bold")
    for (severity, id_), group in groupby(found.findings, key=lambda one: (one.severity, one.id)):
        findings = list(group)
        page.blank()
        page.line(f"{severity:<6}  {id_}" + (f" ({len(findings)})" if len(findings) > 1 else ""), _STYLE[severity])
        page.item(findings[0].why)
        for one in findings:
            page.item(f"{one.resource}: {one.what}", indent=4)
            page.command(one.fix, indent=6)
    unread(page, found.unknown)
    return page.text()


def heading_of(found: Audited) -> str:
    """Say how much is wrong, and how much was looked at."""
    scope = f"{len(found.asked)} of {found.queues:,} queues" if found.asked else f"{found.queues:,} queues"
    where = f"in {found.region}, account {found.account} ({scope}, {found.sources:,} possible sources of failures)"
    if not found.findings:
        if found.unknown:
            return f"As far as could be read, nothing is wrong with dead letters {where}."
        return f"Nothing is wrong with dead letters {where}."
    counts = [(sum(one.severity == level for one in found.findings), level) for level in SEVERITIES]
    counted = ", ".join(f"{count} {level}" for count, level in counts if count)
    plural = "s" if len(found.findings) != 1 else ""
    return f"{len(found.findings)} finding{plural} ({counted}) {where}"


def markdown_audit(found: Audited) -> str:
    """Return the findings as a Markdown table."""
    lines = [f"## {markdown(heading_of(found))}", ""]
    if found.findings:
        lines += ["| severity | finding | resource | what | why | fix |", "|---|---|---|---|---|---|"]
    for one in found.findings:
        cells = [markdown(text) for text in (one.severity, one.id, one.resource, one.what, one.why)]
        lines.append("| " + " | ".join([*cells, code_span(one.fix)]) + " |")
    if found.unknown:
        lines += ["", "Could not be read:", ""]
        lines += [f"- {markdown(line)}" for line in found.unknown]
    return "\n".join(lines) + "\n"
