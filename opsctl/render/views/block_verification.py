"""What became of the blocks, as text and Markdown."""

from opsctl.block.facts.block_verified import Verified
from opsctl.model.commands import commands_there
from opsctl.render.inert import markdown
from opsctl.render.page import Page


def render_verified(found: Verified, *, width: int, colour: bool) -> str:
    """Return what holds, a line for each way in, and what does not."""
    page = Page(width, colour=colour)
    page.line(heading_of(found), "bold" if found.holds else "bold red")
    if found.ways:
        page.blank()
        rows = [[one.target, one.way, _word(holds=one.holds, mode=one.mode), one.says] for one in found.ways]
        page.table(("target", "way in", "now", "what stops it"), rows, indent=0, styles={"OPEN": "bold red"})
    if found.removed:
        page.heading("Removed since")
        for one in found.removed:
            page.item(
                f"{one.country or one.address} at {one.resource}, blocked until {one.until} by {one.by}", "red"
            )
    if found.overtaken:
        page.heading("Overtaken since")
        for line in found.overtaken:
            page.item(line, "red")
    if found.unknown:
        page.heading("Could not be told")
        for line in found.unknown:
            page.item(line, "yellow")
    commands = commands_there(found.reached_by, found.region, found.endpoint)
    if found.due:
        page.blank()
        page.following([commands.opsctl("blocks", "expire")], {})
    return page.text()


def markdown_verified(found: Verified) -> str:
    """Return the same as Markdown."""
    lines = [f"## {markdown(heading_of(found))}", ""]
    if found.ways:
        lines += ["| target | way in | now | what stops it |", "|---|---|---|---|"]
    for one in found.ways:
        cells = (one.target, one.way, _word(holds=one.holds, mode=one.mode), one.says)
        lines.append("| " + " | ".join(map(markdown, cells)) + " |")
    lines += [f"- {markdown(line)}" for line in (*found.wrong, *found.unknown)]
    return "\n".join(lines) + "\n"


def heading_of(found: Verified) -> str:
    """Say in a line how the blocks stand."""
    where = f"in {found.region} and at CloudFront, account {found.account}"
    due = f"; {found.due:,} more are due to end" if found.due else ""
    if found.in_hosts:
        due += f"; {found.in_hosts:,} more in firewalls of instances, as read within the hour"
    if not found.blocks and not found.wrong:
        sure = ", as far as could be read" if found.unknown else ""
        if found.besides and not found.due:
            others = f"{found.besides:,} other{'s' * (found.besides != 1)}"
            return f"No such block of opsctl to verify{sure}, but {others} {where}"
        return f"No blocks of opsctl to verify {where}{due}{sure}"
    blocks = f"{found.blocks:,} block{'s' * (found.blocks != 1)}"
    if found.holds:
        return f"{blocks} of opsctl hold on every way in, {where}{due}"
    wrong = f"{len(found.wrong)} not as recorded" if found.wrong else "not all could be told"
    return f"NOT ALL HOLD: {blocks} of opsctl, {wrong}, {where}{due}"


def _word(*, holds: bool, mode: str) -> str:
    return ("closed" if mode == "block" else mode) if holds else "OPEN"
