"""Why dead letters are there, as text and Markdown: causes with what was seen, then their consumers."""

from collections.abc import Iterator

from opsctl.dlq.explaining_messages import Why
from opsctl.dlq.message_filter import says_unjudged
from opsctl.dlq.why import CauseWhy, ConsumerFacts, LogFacts, MappingFacts, Measured, SaidOften
from opsctl.render.inert import markdown, shortened
from opsctl.render.page import Page
from opsctl.render.views.dead_letters import KINDS, heading_of, markdown_next, title_of

_LINE, _REASON = 240, 240
_NOTHING = "nothing was seen that explains it; that is no proof that all is well"


def render_why(found: Why, *, width: int, colour: bool) -> str:
    """Return each cause with its signs and log lines, then the consumers, and what to type next."""
    page = Page(width, colour=colour)
    page.line(heading_of(found), "bold")
    if found.seen:
        again = "are still hidden" if found.hidden else "are visible again"
        page.item(f"Each read counts as one more receive; the messages {again}.")
    for note in (found.note, says_unjudged(found.unjudged)):
        if note:
            page.item(note, "yellow")
    for cause in found.causes:
        page.blank()
        page.item(title_of(cause.group), "bold")
        page.pairs(list(_cause_rows(cause)), indent=5, styles={"unknown": "yellow"})
    if not found.causes:
        page.item("no messages")
    for one in found.consumers:
        page.blank()
        page.item(f"function {one.asked}", "bold")
        page.pairs(list(_consumer_rows(one)), indent=5, styles={"unknown": "yellow"})
    if found.unknown:
        page.blank()
        page.pairs(list(_rows("unknown", found.unknown)), indent=5, styles={"unknown": "yellow"})
    if found.next:
        page.blank()
        page.following(found.next, found.next_because)
    return page.text()


def _rows(name: str, lines: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(lines):
        yield ("" if number else name, shortened(line, _REASON))


def _cause_rows(cause: CauseWhy) -> Iterator[tuple[str, str]]:
    group = cause.group
    yield "from", KINDS[group.kind]
    if group.origin:
        yield "origin", group.origin
    yield "when", f"{group.first} to {group.last}"
    if group.note:
        yield "note", group.note
    yield from _rows("means", cause.explained)
    if cause.consumers:
        yield "taken by", ", ".join(f"function {name}" for name in cause.consumers)
    if cause.no_consumer:
        yield "taken by", cause.no_consumer
    if cause.consumers or cause.signs:
        yield from _rows("seen", cause.signs or (_NOTHING,))
    for log in cause.logs:
        yield "log", _searched(log)
        for line in log.lines:
            yield "", said(line)
    yield from _rows("unknown", cause.unknown)


def _searched(log: LogFacts) -> str:
    how = "the messages' own invocations" if log.by == "requests" else "lines that look like errors"
    rest = "" if log.whole or log.unknown else "; not all of that time was searched"
    none = "" if log.lines or log.unknown else ": none"
    return f"{log.group}, {log.start} to {log.end}, {how}{none}{rest}"


def said(line: SaidOften) -> str:
    """One line of a log with how often it is there; of the account, and cut."""
    often = f"{line.count:,} x " if line.count > 1 else ""
    where = f" ({line.place})" if line.place else ""
    return f"{line.last} {often}{shortened(line.text, _LINE)}{where}"


def _consumer_rows(one: ConsumerFacts) -> Iterator[tuple[str, str]]:
    if one.existence == "gone":
        yield "state", "does not exist"
    if one.changed:
        what = f", {one.changed_what}" if one.changed_what else ""
        yield "changed", f"{one.changed}{what}{f', by {one.changed_by}' if one.changed_by else ''}"
    if one.existence == "there":
        version = f"version {one.version}, {one.runtime}" if one.version else one.runtime
        yield "runs", f"{version}; {one.state}" if one.state else version
        yield "limits", _limits(one)
    for name, measured in (("measured", one.around), ("since", one.since)):
        if measured is not None:
            yield name, _counts(measured)
    for mapping in one.mappings:
        yield "mapping", _mapping(mapping)
    yield from _rows("unknown", one.unknown)


def _limits(one: ConsumerFacts) -> str:
    reserved = "" if one.reserved is None else f", reserved concurrency {one.reserved}"
    return f"timeout {one.timeout_s} s, memory {one.memory_mb} MB{reserved}"


def _counts(found: Measured) -> str:
    if not found.figures:
        return f"CloudWatch has no figures, {found.start} to {found.end}"
    parts = [f"{found.invoked:,} invoked", f"{found.failed:,} failed", f"{found.throttled:,} throttled"]
    if found.longest_ms is not None:
        parts.append(f"longest {found.longest_ms / 1000:.2f} s")
    if found.at_once is not None:
        parts.append(f"{found.at_once:,} at once")
    return f"{', '.join(parts)}, {found.start} to {found.end}"


def _mapping(one: MappingFacts) -> str:
    last = f"; last result: {one.last_result}" if one.last_result else ""
    return (
        f"{one.state or 'state unknown'}, from {one.source.split(':', 5)[-1]}, batches of {one.batch_size}{last}"
    )


def markdown_why(found: Why) -> str:
    """Return the same as Markdown: a section for each cause and consumer."""
    lines = [f"## {markdown(heading_of(found))}", ""]
    for note in (found.note, says_unjudged(found.unjudged)):
        lines += [markdown(note), ""] if note else []
    for cause in found.causes:
        lines += [f"### {markdown(title_of(cause.group))}", "", *_listed(_cause_rows(cause)), ""]
    for one in found.consumers:
        lines += [f"### function {markdown(one.asked)}", "", *_listed(_consumer_rows(one)), ""]
    lines += [f"- **unknown**: {markdown(line)}" for line in found.unknown]
    return "\n".join([*lines, *markdown_next(found.next, found.next_because)]) + "\n"


def _listed(rows: Iterator[tuple[str, str]]) -> list[str]:
    return [f"- **{name}**: {markdown(value)}" if name else f"  - {markdown(value)}" for name, value in rows]
