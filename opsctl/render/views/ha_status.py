"""Whether a group's recovery would work, as text and Markdown."""

from opsctl.ha.facts.ha_status import HaStatusResult
from opsctl.render.inert import markdown
from opsctl.render.page import Page


def headline(found: HaStatusResult) -> str:
    """Say in one line whether recovery would work now."""
    wrong = sum(one.state == "wrong" for one in found.findings)
    unknown = sum(one.state == "unknown" for one in found.findings)
    if found.failed_over:
        return f"{found.group}: {found.failed_over} has taken over, and has no standby"
    if found.works:
        return f"{found.group}: recovery would work now"
    parts = [f"{wrong} wrong"] if wrong else []
    parts += [f"{unknown} unknown"] if unknown else []
    return f"{found.group}: recovery may not work now: {', '.join(parts)}"


def render_status(found: HaStatusResult, *, width: int, colour: bool) -> str:
    """Return the status as text, what is wrong first."""
    page = Page(width, colour=colour)
    page.line(headline(found), "bold green" if found.works else "bold red")
    page.blank()
    page.table(("state", "what", "finding"), _rows(found))
    return page.text()


def markdown_status(found: HaStatusResult) -> str:
    """Return the status as Markdown, what is wrong first."""
    lines = [f"# {markdown(headline(found))}", "", "| state | what | finding |", "|---|---|---|"]
    lines += ["| " + " | ".join(markdown(cell) for cell in row) + " |" for row in _rows(found)]
    return "\n".join(lines) + "\n"


def _rows(found: HaStatusResult) -> list[tuple[str, str, str]]:
    order = ("wrong", "unknown", "ok")
    ordered = sorted(found.findings, key=lambda one: order.index(one.state))
    return [(one.state, one.check, one.finding) for one in ordered]
