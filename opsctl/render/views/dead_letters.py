"""Dead letters grouped by cause, as text and Markdown."""

from typing import Protocol

from opsctl.dlq.grouping import CauseGroup
from opsctl.dlq.looking_at_messages import Inspected
from opsctl.dlq.message_filter import says_unjudged
from opsctl.dlq.previewing import Preview
from opsctl.render.inert import markdown, shortened, visible
from opsctl.render.markdown import fenced
from opsctl.render.page import Page
from opsctl.render.words import few, next_lines

KINDS = {
    "sqs": "SQS, received too often",
    "lambda-async": "Lambda, asynchronous invocation",
    "lambda-destination": "Lambda, on-failure destination",
    "stream": "failed stream batch",
    "sns": "SNS subscription",
    "eventbridge": "EventBridge rule target",
    "scheduler": "EventBridge Scheduler",
    "custom-bus": "EventBridge custom event bus",
    "plain": "origin not recorded",
    "other": "other causes",
}
_SILENT = ("sqs", "plain", "sns")
_BODY = 400


class _Looked(Protocol):
    """What was seen of a queue."""

    @property
    def queue(self) -> str: ...
    @property
    def seen(self) -> int: ...
    @property
    def about(self) -> int: ...
    @property
    def matched(self) -> int: ...


def title_of(group: CauseGroup) -> str:
    """Say how many there are of which cause."""
    code = f" ({group.code})" if group.code not in ("", group.cause) else ""
    return f"{group.count:,} x {group.shape if group.kind in _SILENT else group.cause}{code}"


def heading_of(found: _Looked) -> str:
    """Say how much was seen."""
    matched = f", {found.matched:,} match" if found.matched != found.seen else ""
    return f"{found.queue}: {found.seen:,} of about {found.about:,} messages seen{matched}"


def render_inspected(found: Inspected, *, width: int, colour: bool) -> str:
    """Return the groups as text, with one example each."""
    page = Page(width, colour=colour)
    page.line(heading_of(found), "bold")
    if found.seen:
        again = "are still hidden" if found.hidden else "are visible again"
        page.item(f"Each read counts as one more receive; the messages {again}.")
    if found.note:
        page.item(found.note, "yellow")
    if found.unjudged:
        page.item(says_unjudged(found.unjudged), "yellow")
    for group in found.groups:
        page.blank()
        page.item(title_of(group), "bold")
        rows = [("from", KINDS[group.kind]), ("when", f"{group.first} to {group.last}"), ("body", group.shape)]
        if group.origin:
            rows.insert(1, ("origin", group.origin))
        if group.note:
            rows.append(("note", group.note))
        receives = group.example.receives
        times = "once" if receives == 1 else f"{receives:,} times"
        rows.append(("example", f"{group.example.id}, received {times}"))
        rows.append(("", shortened(group.example.body, _BODY)))
        for line in few((f"{k}: {shortened(v, 120)}" for k, v in group.example.attributes.items()), 11):
            rows.append(("", line))
        page.pairs(rows, indent=5)
    if not found.groups:
        page.item("no messages")
    if found.next:
        page.blank()
        page.following(found.next, found.next_because)
    return page.text()


def render_previews(found: list[Preview]) -> str:
    """Return what would become of each message, with the difference the edits make."""
    lines = []
    for one in found:
        if not one.wanted:
            state = "not matched by the filter"
        elif one.fault:
            state = f"would stay: {one.fault}"
        else:
            state = "would be sent" + (" changed" if one.difference else " as it is")
        lines.append(visible(f"{one.id}: {state}"))
        lines += [f"  {shortened(line, 200)}" for line in one.difference]
    return "\n".join(lines) if lines else "no messages"


def markdown_inspected(found: Inspected) -> str:
    """Return the groups as a Markdown table."""
    lines = [f"## {markdown(heading_of(found))}", ""]
    for note in (found.note, says_unjudged(found.unjudged)):
        lines += [markdown(note), ""] if note else []
    lines += ["| count | cause | from | first | last | example |", "|---:|---|---|---|---|---|"]
    for group in found.groups:
        cause = f"{group.code}: {group.cause}" if group.code not in ("", group.cause) else group.cause
        cause = group.shape if group.kind in _SILENT else cause
        cells = [
            f"{group.count:,}",
            cause,
            KINDS[group.kind],
            group.first,
            group.last,
            f"{group.example.id}: {shortened(group.example.body, 120)}",
        ]
        lines.append("| " + " | ".join(markdown(cell) for cell in cells) + " |")
    return "\n".join([*lines, *markdown_next(found.next, found.next_because)]) + "\n"


def markdown_next(commands: tuple[str, ...], because: dict[str, str]) -> list[str]:
    """Return what to type next as lines of Markdown, none when there is nothing."""
    return ["", "Next:", "", *fenced(next_lines(commands, because), "sh")] if commands else []
