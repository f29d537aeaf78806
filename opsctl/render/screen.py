"""A plan on one screen: for whom, what is open now and will not be, each change in a line, what it hurts."""

import re
from collections.abc import Sequence

from opsctl.model.changes import Irreversible, Severity
from opsctl.model.half_done import HALF_DONE_RUN
from opsctl.model.networks import plain_addresses
from opsctl.model.paths import Paths, WayIn
from opsctl.model.plan import Finding, Plan, Section
from opsctl.model.sentences import sentence, sentences
from opsctl.render.alike import ONE_BY_ONE, alike_titles, change_lines, fitted
from opsctl.render.change_rows import laid_out_details
from opsctl.render.instruction_words import call_of, queries_of
from opsctl.render.known_besides import known_lines
from opsctl.render.page import Page
from opsctl.render.paths import paths_of
from opsctl.render.words import (
    finding_words,
    following_because,
    nowhere_lines,
    tally_of,
    unaccepted_words,
    where_words,
)

FINDINGS_SHOWN = 4
ROWS_SHOWN = 8
NOTES_SHOWN = 2

# A flag, or a command of ours or of the aws CLI: what is to be typed is not cut off; what was typed may be.
_TYPED = re.compile(r"(?<![\w-])--[a-z][\w-]*+(?! \S+ was asked for)|\b(?:opsctl|aws) [a-z]")
_CONDITIONAL = "* left, and named, where others have come to rely on it by then, or it is gone (-d: when)"

MARKS = {"+": "green", "~": "yellow", "-": "red", "+!": "bold red", "~!": "bold red", "-!": "bold red"}
_STATES = {"OPEN": "bold red", "open": "bold red", "closed": "green"}


def render_plan(
    plan: Plan, *, width: int, colour: bool, following: Sequence[str] = (), calls: bool = False
) -> str:
    """Return a plan on one screen, whatever playbook made it; `render.terminal` has all of it.

    `calls` names the call of each change: what is done must not hide behind the words of whoever wrote a playbook.
    """
    page = Page(width, colour=colour)
    page.line(headline_of(plan), "bold")
    page.line(where_words(plan))
    for finding in plan.warnings:
        if finding.id == HALF_DONE_RUN:
            _finding(page, finding)
    _ways(page, plan)
    for line in known_lines(plan):
        page.item(line, indent=0, hang=2, at_most=0 if _TYPED.search(line) else 2)
    for section in plan.sections:
        if section.shown != "details":
            _section(page, section)
    many = len(plan.changes) > ONE_BY_ONE
    if not many and plan.evidence is None:
        page.blank()
    lines = change_lines(plan, calls=calls)
    for change in lines:
        star = " *" if change.conditional and plan.undo_of else ""
        says = change.says if calls else fitted(change.says, width - len(change.mark) - len(star) - 1)
        page.item(f"{change.mark} {says}{star}", MARKS.get(change.mark, ""), indent=0, hang=2)
    if calls:
        _grave(page, plan)
    page.line(tally_of(plan), "bold")
    if plan.undo_of and any(change.conditional for change in lines):
        page.item(_CONDITIONAL, indent=0, hang=2)
    _hurts(page, plan, width)
    _left(page, plan)
    page.following(following, following_because(plan, following), indent=0)
    return page.text()


def _grave(page: Page, plan: Plan) -> None:
    """Show every parameter of what is grave in a playbook that is not shipped: nobody has vouched for it."""
    queries = queries_of(plan)
    for change in plan.changes:
        if change.risk.severity in ("high", "severe"):
            page.item(
                f"{change.risk.severity} risk: {change.title}, {call_of(change)}", "bold red", indent=0, hang=2
            )
            for line in laid_out_details(change, queries):
                page.item(line, indent=4)


def headline_of(plan: Plan) -> str:
    """Return the title with its first word, what is done, in capitals."""
    verb, space, rest = plan.title.partition(" ")
    return f"{verb.upper()}{space}{rest}"


def _ways(page: Page, plan: Plan) -> None:
    paths = paths_of(plan)
    if paths is None:
        return
    for heading, lines in nowhere_lines(paths):
        page.item(heading, "yellow", indent=0)
        for text in lines[:FINDINGS_SHOWN]:
            page.item(text)
    if paths.ways:
        page.table(("way in", "now", "after", "where"), way_rows(paths), indent=0, styles=_STATES)


def way_rows(paths: Paths) -> list[tuple[str, str, str, str]]:
    """Return a row for each way in: what it is now, what it will be, and where that is done."""
    return [(way.short or way.name, *_states(way), ", ".join(_places(way))) for way in paths.ways]


def _states(way: WayIn) -> tuple[str, str]:
    before, after = ("closed" if is_so else "OPEN" for is_so in (way.dropped, way.dropped or way.closable))
    return way.now or before, way.after or after


def _places(way: WayIn) -> list[str]:
    chosen = [one.where or f"{one.layer} at {one.at}" for one in way.layers if one.chosen]
    return [plain_addresses(one) for one in dict.fromkeys(chosen)] or ["already" if way.dropped else "nowhere"]


def _section(page: Page, section: Section) -> None:
    titled = section.title != section.columns[0]
    if titled:
        page.line(f"{section.title}:")
    page.table(section.columns, section.rows[:ROWS_SHOWN], indent=2 if titled else 0)
    if len(section.rows) > ROWS_SHOWN:
        page.item(f"… and {len(section.rows) - ROWS_SHOWN} more (-d: all)")


def _hurts(page: Page, plan: Plan, width: int) -> None:
    """Say what else is touched, what cannot be undone, who will revert it, and what a guard found."""
    named = {text for finding in plan.warnings for text in finding.evidence}
    affected = dict.fromkeys(
        text
        for change in plan.changes
        for text in change.risk.affects
        if text not in named and text not in plan.title
    )
    if affected:
        page.item(f"also affected: {_first(list(affected))}", indent=0, hang=2)
    notes = [] if plan.undo_of else notes_of(plan)
    if notes:
        more = f" ({len(notes) - NOTES_SHOWN} more)" if len(notes) > NOTES_SHOWN else ""
        page.item(f"risk: {' '.join(notes[:NOTES_SHOWN])}{more}", indent=0, hang=2)
    for says in [] if plan.undo_of else _final(plan):
        page.item(fitted(f"! cannot be undone: {says}", width), "yellow", indent=0, hang=2)
    for owner in dict.fromkeys(change.risk.owner for change in plan.changes if change.risk.owner):
        page.item(f"! {owner} will revert this when it is deployed again", "yellow", indent=0, hang=2)
    warnings = [one for one in plan.warnings if one.id != HALF_DONE_RUN]
    for finding in warnings[:FINDINGS_SHOWN]:
        _finding(page, finding)
    if len(warnings) > FINDINGS_SHOWN:
        page.line(f"! and {len(warnings) - FINDINGS_SHOWN} more warnings (-d: all)", "yellow")


def _final(plan: Plan) -> list[str]:
    """Say what cannot be undone: of many changes those alike in one line, of one change why."""
    final = [one for one in plan.changes if isinstance(one.undo, Irreversible) and one.stays]
    if len(plan.changes) == 1:
        return [one.undo.because for one in final if isinstance(one.undo, Irreversible)]
    return alike_titles(final) if len(plan.changes) > ONE_BY_ONE else [one.title for one in final]


def notes_of(plan: Plan) -> list[str]:
    """Return what changes are said to risk, each once, the most severe first; of many changes what is grave."""
    order = list(Severity)
    least = Severity.LOW if len(plan.changes) <= ONE_BY_ONE else Severity.HIGH
    risks = sorted((change.risk for change in plan.changes), key=lambda risk: -order.index(risk.severity))
    grave = (risk for risk in risks if order.index(risk.severity) >= order.index(least))
    said = (one for risk in grave if risk.note for one in sentences(sentence(risk.note)))
    return list(dict.fromkeys(said))


def _finding(page: Page, finding: Finding) -> None:
    """Show a finding in two lines at most, one where it was accepted; the details have all of its evidence.

    A command that it says to type is shown whole, and every one of them.
    """
    said = f"! {finding_words(finding).removeprefix('warning ')}: {finding.because}"
    style, lines = "bold red" if finding.pending else "yellow", 1 if finding.accepted else 2
    typed = [text for text in finding.evidence if _TYPED.search(text)]
    evidence = f": {_first(finding.evidence)}" if finding.evidence else ""
    if typed and not finding.accepted:
        left = len(finding.evidence) - len(typed)
        evidence = f": {'; '.join(typed)}{f' ({left} more)' if left else ''}"
    if not finding.accepted and _TYPED.search(said + evidence):
        lines = 0
    page.item(plain_addresses(f"{said}{evidence}"), style, indent=0, hang=2, at_most=lines)


def _first(lines: Sequence[str]) -> str:
    return f"{lines[0]} ({len(lines) - 1} more)" if len(lines) > 1 else lines[0]


def _left(page: Page, plan: Plan) -> None:
    """Say what stands between the plan and its being carried out, and what it will leave."""
    if plan.confirm and plan.severe:
        page.line(f"Severe risk: applying asks for the name {plan.confirm}.", "bold red")
    if plan.unaccepted or paths_of(plan) is None:
        for line in plan.foretold:
            page.line(f"After this plan: {line}.", "bold red" if plan.unaccepted else "bold green")
    if plan.unaccepted:
        page.line(unaccepted_words(plan), "bold red")
