"""The ways of data to VPCs as text and Markdown."""

from opsctl.render.inert import markdown
from opsctl.render.page import Page
from opsctl.tune.facts.tune_data_paths import DataPathsFound

_STYLE = {"yes": "bold green", "unrouted": "bold yellow", "unknown": "yellow", "no": "dim"}


def render_data_paths(found: DataPathsFound, *, width: int, colour: bool) -> str:
    """Return a line for each VPC with the reason, then DataSync and Snow jobs, then what could not be read."""
    page = Page(width, colour=colour)
    page.line(f"Ways of data to {found.region}, account {found.account}", "bold")
    page.heading("Direct Connect")
    for one in found.vpcs:
        page.item(
            f"{one.name or one.vpc}{f' ({one.vpc})' if one.name else ''}: {one.verdict}", _STYLE[one.verdict]
        )
        page.item(one.because, indent=4)
    for title, lines in _services(found):
        page.heading(title)
        for line in lines:
            page.item(line)
    if found.unknown:
        page.heading("Could not be read")
        for line in found.unknown:
            page.item(line, "yellow")
    return page.text()


def _services(found: DataPathsFound) -> list[tuple[str, list[str]]]:
    agents = [f"agent {one.name}: {one.status}" for one in found.agents or ()]
    tasks = [f"task {one.name}: {one.status}" for one in found.tasks or ()]
    unread = ["unknown"] if found.agents is None or found.tasks is None else []
    jobs = [f"{one.id}: {one.kind} {one.state}" for one in found.snow_jobs or ()]
    unread_jobs = ["unknown"] if found.snow_jobs is None else []
    return [
        ("DataSync", [*unread, *agents, *tasks] or ["no agents, no tasks"]),
        ("Snow family", [*unread_jobs, *jobs] or ["no job that is not over"]),
    ]


def markdown_data_paths(found: DataPathsFound) -> str:
    """Return the VPCs as a table, and the rest as lists."""
    lines = [
        f"## Ways of data to {markdown(found.region)}",
        "",
        "| VPC | Direct Connect | because |",
        "|---|---|---|",
    ]
    for one in found.vpcs:
        cells = (f"{one.name} {one.vpc}".strip(), one.verdict, one.because)
        lines.append("| " + " | ".join(markdown(cell) for cell in cells) + " |")
    for title, told in _services(found):
        lines += ["", f"### {title}", "", *(f"- {markdown(line)}" for line in told)]
    if found.unknown:
        lines += ["", "### Could not be read", "", *(f"- {markdown(line)}" for line in found.unknown)]
    return "\n".join(lines) + "\n"
