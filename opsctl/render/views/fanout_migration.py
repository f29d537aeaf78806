"""What a producer needs to publish once instead of sending to each queue, as text and Markdown."""

import json

from opsctl.events.arns import named
from opsctl.events.facts.fanout_migration import FanoutMigrationRead
from opsctl.render.inert import markdown
from opsctl.render.page import Page

_STYLES = {"ready": "green", "not ready": "red", "unknown": "yellow"}


def render_migration(found: FanoutMigrationRead, *, width: int, colour: bool) -> str:
    """Return the points, the call to write, and what was counted on both ways."""
    page = Page(width, colour=colour)
    page.line(_heading(found), "bold")
    for one in found.points:
        page.item(f"{one.state}: {one.says}", _STYLES[one.state], hang=2)
        if one.todo:
            page.item(one.todo, indent=4, hang=2)
    page.heading(f"Instead of SendMessage to {', '.join(found.queues) or 'the queues'}")
    page.item(f"sns.Publish {json.dumps(found.publish)}", hang=2)
    page.heading("Counted in the last hour")
    for line in _counted(found):
        page.item(line)
    for line in found.unknown:
        page.item(f"could not be read: {line}", "yellow")
    return page.text()


def _heading(found: FanoutMigrationRead) -> str:
    wanting = sum(one.state == "not ready" for one in found.points)
    unsure = sum(one.state == "unknown" for one in found.points)
    who = f"{found.role.rpartition('/')[2]} to topic {named(found.topic).name}"
    return f"Moving {who}: {wanting} not ready, {unsure} that no setting tells"


def _counted(found: FanoutMigrationRead) -> list[str]:
    if found.counts.published is None:
        return ["nothing: CloudWatch could not be read"]
    lines = [f"topic: {found.counts.published:,} published, {found.counts.filtered:,} filtered out"]
    return lines + [
        f"queue {name}: {count:,} sent, both ways together" for name, count in found.counts.sent.items()
    ]


def markdown_migration(found: FanoutMigrationRead) -> str:
    """Return the same as lists."""
    lines = [f"**{markdown(_heading(found))}**", ""]
    lines += [
        f"- {one.state}: {markdown(one.says)}{f'. {markdown(one.todo)}' if one.todo else ''}"
        for one in found.points
    ]
    lines += [f"- {markdown(one)}" for one in _counted(found)]
    lines += [f"- could not be read: {markdown(one)}" for one in found.unknown]
    return "\n".join(lines) + "\n"
