"""Findings of an audit as text and Markdown: by severity and id, the reason once, each place with its command."""

from collections.abc import Sequence
from itertools import groupby
from typing import Protocol

from opsctl.render.inert import code_span, markdown
from opsctl.render.page import Page
from opsctl.render.views.dead_letter_list import unread

SEVERITIES = ("high", "medium", "low")
_STYLE = {"high": "bold red", "medium": "bold yellow", "low": "bold"}


class Finding(Protocol):
    """What every audit's finding has."""

    @property
    def id(self) -> str:
        """Its stable id."""

    @property
    def severity(self) -> str:
        """high, medium or low."""

    @property
    def resource(self) -> str:
        """Where."""

    @property
    def what(self) -> str:
        """What is wrong there."""

    @property
    def why(self) -> str:
        """Why it matters."""

    @property
    def fix(self) -> str:
        """The command that mends it."""


def render_findings(
    heading: str, findings: Sequence[Finding], unknown: tuple[str, ...], *, width: int, colour: bool
) -> str:
    """Return the findings, worst first as they come, and what could not be read."""
    page = Page(width, colour=colour)
    page.line(heading, "bold")
    for (severity, id_), group in groupby(findings, key=lambda one: (one.severity, one.id)):
        alike = list(group)
        page.blank()
        page.line(f"{severity:<6}  {id_}" + (f" ({len(alike)})" if len(alike) > 1 else ""), _STYLE[severity])
        page.item(alike[0].why)
        for one in alike:
            page.item(f"{one.resource}: {one.what}{_seen(one)}", indent=4)
            page.command(one.fix, indent=6)
    unread(page, unknown)
    return page.text()


def counted(findings: Sequence[Finding]) -> str:
    """Say how many findings there are, and how grave."""
    counts = [(sum(one.severity == level for one in findings), level) for level in SEVERITIES]
    told = ", ".join(f"{count} {level}" for count, level in counts if count)
    return f"{len(findings)} finding{'s' * (len(findings) != 1)} ({told})"


def markdown_findings(heading: str, findings: Sequence[Finding], unknown: tuple[str, ...]) -> str:
    """Return the findings as a Markdown table."""
    lines = [f"## {markdown(heading)}", ""]
    if findings:
        lines += ["| severity | finding | resource | what | why | fix |", "|---|---|---|---|---|---|"]
    for one in findings:
        texts = (one.severity, one.id, one.resource, f"{one.what}{_seen(one)}", one.why)
        lines.append("| " + " | ".join([*map(markdown, texts), code_span(one.fix)]) + " |")
    if unknown:
        lines += ["", "Could not be read:", "", *(f"- {markdown(line)}" for line in unknown)]
    return "\n".join(lines) + "\n"


def _seen(one: Finding) -> str:
    """What was counted of it, where an audit counts."""
    seen = str(getattr(one, "seen", ""))
    return f" ({seen})" if seen else ""
