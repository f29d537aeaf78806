"""What is known of an address as text, Markdown, and in a few lines."""

from collections.abc import Sequence

from opsctl.model.dossier import MATTERS, Dossier, SourceReport
from opsctl.model.networks import plain_addresses
from opsctl.model.sentences import sentence
from opsctl.render.inert import markdown, visible
from opsctl.render.page import Page

_SHORT = 4


def render_dossier(found: Dossier, *, width: int, colour: bool) -> str:
    """Return what is known, by matter, then what nobody looked at."""
    page = Page(width, colour=colour)
    page.line(heading_of(found), "bold")
    page.pairs(_rows(found), indent=0)
    if found.unread:
        page.line("Not looked at, or not all of it:", "yellow")
        for line in unread_lines(found):
            page.item(line, hang=2)
    return page.text()


def markdown_dossier(found: Dossier) -> str:
    """Return what is known as Markdown."""
    lines = [f"## {markdown(heading_of(found))}", ""]
    lines += [f"- {name + ': ' if name else ''}{markdown(text)}" for name, text in _rows(found)]
    if found.unread:
        lines += ["", "Not looked at, or not all of it:", ""]
        lines += [f"- {markdown(line)}" for line in unread_lines(found)]
    return "\n".join(lines) + "\n"


def short_dossier(found: Dossier) -> str:
    """Return the most telling lines, and how much was not looked at."""
    told = [one.says for one in found.telling[:_SHORT]] or ["nothing of note in what was looked at"]
    lines = [heading_of(found), *told]
    if found.unread:
        names = ", ".join(dict.fromkeys(one.source for one in found.unread))
        lines.append(f"not looked at, or not all of it: {names}")
    return "\n".join(map(visible, lines)) + "\n"


def heading_of(found: Dossier) -> str:
    """Say who was asked about, where, and for which time."""
    who = ", ".join(map(plain_addresses, found.addresses))
    at = f" at {found.target}" if found.target else ""
    return f"{who}{at}, {found.since} to {found.until}, account {found.account} {found.region}"


def unread_lines(found: Dossier) -> list[str]:
    """Say of each source that was not looked at why, and what to do; those of one reason together."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for one in found.unread:
        titles = reasons.setdefault((one.why, one.todo), [])
        titles += [] if one.title in titles else [one.title]
    return [
        f"{', '.join(titles)}: {sentence(why)}{' ' + sentence(todo) if todo else ''}"
        for (why, todo), titles in reasons.items()
    ]


def _rows(found: Dossier) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for matter in MATTERS:
        reports = [one for one in found.reports if one.matter == matter]
        lines = _found(reports) + _empty(reports)
        rows += [(matter if not number else "", line) for number, line in enumerate(lines)]
    return rows


def _found(reports: Sequence[SourceReport]) -> list[str]:
    several = len({one.address for one in reports}) > 1
    lines = [
        (one.telling, f"{plain_addresses(report.address)}: {one.says}" if several else one.says)
        for report in reports
        for one in report.found
    ]
    return [text for _, text in sorted(lines, key=lambda line: -line[0])]


def _empty(reports: Sequence[SourceReport]) -> list[str]:
    """Name the sources that were looked at and found nothing."""
    empty = dict.fromkeys(one.title for one in reports if one.looked == "yes" and not one.found)
    return [f"not in: {', '.join(empty)}"] if empty else []
