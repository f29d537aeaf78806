"""A bucket's event notifications as text and Markdown."""

from opsctl.events.arns import named
from opsctl.events.facts.s3_notifications import BucketNotifications
from opsctl.events.s3_entries import S3Entry
from opsctl.render.inert import markdown
from opsctl.render.page import Page


def render_notifications(found: BucketNotifications, *, width: int, colour: bool) -> str:
    """Return one line for each notification, then what S3 cannot deliver, then what could not be read."""
    page = Page(width, colour=colour)
    page.line(heading_of(found), "bold")
    for entry in found.entries:
        page.item(f"{_line(entry)}, id {entry.id}", hang=2)
        if entry.kept_by:
            page.item(f"kept by {entry.kept_by}", "yellow", indent=4, hang=2)
    if found.eventbridge:
        page.item("EventBridge: every event, to the default bus")
    if found.owner:
        page.item(f"looked after by {found.owner}, which may write its own configuration over others'", "yellow")
    if found.dead:
        page.heading("Cannot be delivered, and stands in the way of every edit")
        for line in found.dead:
            page.item(line, "red", hang=2)
    if found.unknown:
        page.heading("Could not be read, so something may be missing here")
        for line in found.unknown:
            page.item(line, "yellow")
    return page.text()


def heading_of(found: BucketNotifications) -> str:
    """Say how many notifications a bucket has."""
    count = len(found.entries)
    return f"Bucket {found.bucket} in {found.region}: {count or 'no'} notification{'s' * (count != 1)}"


def _line(entry: S3Entry) -> str:
    what = named(entry.arn)
    words = [", ".join(entry.events)]
    words += [f"prefix {entry.prefix}"] if entry.prefix else []
    words += [f"suffix {entry.suffix}"] if entry.suffix else []
    return f"{what.kind} {what.name}: {'; '.join(words)}"


def _kept(entry: S3Entry) -> str:
    return f", kept by {markdown(entry.kept_by)}" if entry.kept_by else ""


def markdown_notifications(found: BucketNotifications) -> str:
    """Return the same as a list."""
    lines = [f"**{markdown(heading_of(found))}**", ""]
    lines += [f"- {markdown(_line(one))} (id {markdown(one.id)}){_kept(one)}" for one in found.entries]
    lines += ["- EventBridge: every event, to the default bus"] if found.eventbridge else []
    lines += [f"- cannot be delivered: {markdown(one)}" for one in found.dead]
    lines += [f"- not read: {markdown(one)}" for one in found.unknown]
    return "\n".join(lines) + "\n"
