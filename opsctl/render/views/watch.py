"""What came of watching a block, as text, Markdown, and in a few lines."""

from opsctl.model.networks import plain_addresses
from opsctl.model.sentences import first_few, sentence
from opsctl.model.spans import span
from opsctl.model.watch import Seen, WatchReport
from opsctl.render.inert import markdown, visible
from opsctl.render.page import Page


def render_watch(found: WatchReport, *, width: int, colour: bool) -> str:
    """Return what was seen, what passes still, and what could not be looked at."""
    page = Page(width, colour=colour)
    page.line(heading_of(found), "bold")
    for line in passing_lines(found):
        page.item(line, hang=2)
    for line in seen_lines(found):
        page.item(line, hang=2)
    if found.unwatched:
        page.line("Not looked at, or not all of it:", "yellow")
        for line in unwatched_lines(found):
            page.item(line, hang=2)
    page.line(late_line(found))
    return page.text()


def markdown_watch(found: WatchReport) -> str:
    """Return the same as Markdown."""
    lines = [f"## {markdown(heading_of(found))}", ""]
    lines += [f"- {markdown(line)}" for line in (*passing_lines(found), *seen_lines(found))]
    if found.unwatched:
        lines += ["", "Not looked at, or not all of it:", ""]
        lines += [f"- {markdown(line)}" for line in unwatched_lines(found)]
    return "\n".join([*lines, "", markdown(late_line(found))]) + "\n"


def short_watch(found: WatchReport) -> str:
    """Return it in a few lines."""
    lines = [heading_of(found), *passing_lines(found), *_refused_lines(found)[:2]]
    return "\n".join(map(visible, lines)) + "\n"


def heading_of(found: WatchReport) -> str:
    """Say who was watched, for how long, and the sum of it."""
    who = first_few(map(plain_addresses, found.addresses), 3)
    spent = span(found.seconds)
    ended = ", ended early" if found.stopped else ""
    if found.passing:
        return f"{who} PASSES STILL at {found.target} ({spent} watched{ended})"
    if found.nothing:
        return f"nothing seen from {who} at {found.target} in {spent}{ended}"
    return f"{_counts(found) or 'nothing'} refused from {who} at {found.target} in {spent}{ended}"


def _counts(found: WatchReport) -> str:
    by_unit: dict[str, int] = {}
    for (_, unit), count in found.refused_at.items():
        by_unit[unit] = by_unit.get(unit, 0) + count
    about = "about " if any(one.estimated and one.refused for one in found.seen) else ""
    return " and ".join(f"{about}{count:,} {unit if count != 1 else unit[:-1]}" for unit, count in by_unit.items())


def passing_lines(found: WatchReport) -> list[str]:
    """Say in capitals what passes still."""
    return [
        f"PASSES STILL: {_many(one, one.passed_late)} at {one.at}, the last at {_clock(one.last_passed)}, "
        f"by {_source(one)}"
        for one in found.passing
    ]


def seen_lines(found: WatchReport) -> list[str]:
    """Say what was refused where, what was let in before the block had spread, and what CloudWatch counts."""
    lines = _refused_lines(found)
    for one in found.seen:
        early = one.passed - one.passed_late
        if early > 0:
            lines.append(f"{_many(one, early)} passed at {one.at} before the block had spread, by {_source(one)}")
        if one.counted:
            lines.append(f"{_many(one, one.counted)} counted, not refused, at {one.at}, by {_source(one)}")
    for count in found.counted:
        where = f"rule {count.rule} at {count.at}"
        lines.append(f"CloudWatch counts {count.value:,} {count.metric} for {where}, whoever they are from")
    return lines


def _refused_lines(found: WatchReport) -> list[str]:
    return [
        f"{_many(one, one.refused)} refused at {one.at}, {_span(one)}, "
        f"by {_source(one)}"
        + (f" ({', '.join(one.examples)})" if one.examples else "")
        + (f": {one.note}" if one.note else "")
        for one in found.seen
        if one.refused
    ]


def _source(one: Seen) -> str:
    """Say where it was seen."""
    words = {"samples": f"samples of {one.by}", "log": f"the log of {one.by}", "flows": one.by}
    return words[one.source]


def _span(one: Seen) -> str:
    """Say from when to when, or when alone."""
    first, last = _clock(one.first), _clock(one.last)
    return f"{first} to {last}" if first != last else last


def _clock(moment: str) -> str:
    """Say the time of a moment alone: a watch is an hour at most, and its day stands nowhere in doubt."""
    return moment.partition("T")[2] or moment


def _many(one: Seen, count: int) -> str:
    unit = one.unit if count != 1 else one.unit[:-1]
    return f"{'about ' if one.estimated else ''}{count:,} {unit}"


def unwatched_lines(found: WatchReport) -> list[str]:
    """Say of what could not be looked at why, and what to do; each reason once."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for one in found.unwatched:
        reasons.setdefault((one.why, one.todo), []).append(one.what)
    return [
        f"{first_few(dict.fromkeys(names), 3)}: {sentence(why)}{' ' + sentence(todo) if todo else ''}"
        for (why, todo), names in reasons.items()
    ]


def late_line(found: WatchReport) -> str:
    """Say how late the sources may be."""
    return f"Samples come in seconds, metrics after a minute, logs up to {span(found.late_s)} late."
