"""A compute environment of AWS Batch as text and Markdown: what it lacks for EFA, and what to do about it."""

from opsctl.render.inert import markdown
from opsctl.render.page import Page
from opsctl.tune.facts.tune_batch import BatchFound

_STYLE = {"refuse": "bold red", "lacks": "bold yellow", "unknown": "yellow", "note": "dim"}


def render_batch(found: BatchFound, *, width: int, colour: bool) -> str:
    """Return what the environment is, and what was found, what keeps it from being changed first."""
    page = Page(width, colour=colour)
    page.line(heading_of(found), "bold")
    for line in _about(found):
        page.item(line)
    for one in found.findings:
        page.blank()
        page.line(f"{one.kind:<7} {one.id}", _STYLE[one.kind])
        page.item(f"{one.what}.")
        page.item(f"to do: {one.fix}")
    for line in found.unread:
        page.blank()
        page.item(f"could not be read: {line}", "yellow", indent=0)
    return page.text()


def heading_of(found: BatchFound) -> str:
    """Say which environment it is, and how much it lacks."""
    lacks = sum(one.kind in ("refuse", "lacks") for one in found.findings)
    of = found.environment
    types = ", ".join(of.types) or "no types"
    return f"{of.name}: AWS Batch, {of.kind}, {types}: {lacks or 'nothing'} below its best"


def _about(found: BatchFound) -> list[str]:
    of = found.environment
    jobs = ", ".join(f"{one.name} on {one.nodes} nodes" for one in found.jobs) or "no multi-node job definition"
    return [
        f"launches by {of.template or of.template_name or 'no launch template'} {of.version}".rstrip()
        + f", into {of.placement_group or 'no placement group'}, in {len(of.subnets)} subnet(s)",
        f"behind {', '.join(found.queues) or 'no queue'}; {len(found.running)} jobs run there now; {jobs}",
    ]


def markdown_batch(found: BatchFound) -> str:
    """Return the findings as a table."""
    lines = [f"## {markdown(heading_of(found))}", "", *(f"- {markdown(line)}" for line in _about(found)), ""]
    if found.findings:
        lines += ["| | finding | what | to do |", "|---|---|---|---|"]
    for one in found.findings:
        lines.append("| " + " | ".join(markdown(cell) for cell in (one.kind, one.id, one.what, one.fix)) + " |")
    lines += [f"- could not be read: {markdown(line)}" for line in found.unread]
    return "\n".join(lines).rstrip("\n") + "\n"
