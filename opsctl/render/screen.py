"""A plan on one screen: for whom, what is open now and will not be, each change in a line, what it hurts."""

from collections.abc import Sequence

from opsctl.model.changes import Irreversible, Severity
from opsctl.model.networks import plain_addresses
from opsctl.model.paths import Paths, WayIn
from opsctl.model.plan import Finding, Plan, Section
from opsctl.model.sentences import sentence
from opsctl.render.alike import change_lines
from opsctl.render.page import Page
from opsctl.render.paths import paths_of
from opsctl.render.words import finding_words, nowhere_lines, tally_of, unaccepted_words, where_words

FINDINGS_SHOWN = 4
ROWS_SHOWN = 8
NOTES_SHOWN = 2

MARKS = {"+": "green", "~": "yellow", "-": "red", "+!": "bold red", "~!": "bold red", "-!": "bold red"}
_STATES = {"OPEN": "bold red", "open": "bold red", "closed": "green"}


def render_plan(plan: Plan, *, width: int, colour: bool, following: Sequence[str] = ()) -> str:
    """Return a plan on one screen, whatever playbook made it; `render.terminal` has all of it."""
    page = Page(width, colour=colour)
    page.line(headline_of(plan), "bold")
    page.line(where_words(plan))
    _ways(page, plan)
    for section in plan.sections:
        _section(page, section)
    page.blank()
    for change in change_lines(plan):
        page.item(f"{change.mark} {plain_addresses(change.says)}", MARKS.get(change.mark, ""), indent=0, hang=2)
    page.line(tally_of(plan), "bold")
    _hurts(page, plan)
    _left(page, plan)
    for line in following:
        page.command(f"next: {line}", indent=0)
    return page.text()


def headline_of(plan: Plan) -> str:
    """Return the title with its first word, what is done, in capitals."""
    verb, space, rest = plain_addresses(plan.title).partition(" ")
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
    return [plain_addresses(one) for one in chosen] or ["already" if way.dropped else "nowhere"]


def _section(page: Page, section: Section) -> None:
    page.line(f"{section.title}:")
    page.table(section.columns, section.rows[:ROWS_SHOWN])
    if len(section.rows) > ROWS_SHOWN:
        page.item(f"… and {len(section.rows) - ROWS_SHOWN} more (details show all)")


def _hurts(page: Page, plan: Plan) -> None:
    """Say what else is touched, what cannot be undone, who will revert it, and what a guard found."""
    named = {text for finding in plan.warnings for text in finding.evidence}
    affected = dict.fromkeys(text for change in plan.changes for text in change.risk.affects if text not in named)
    if affected:
        page.item(f"also affected: {_first(list(affected))}", indent=0, hang=2)
    notes = notes_of(plan)
    if notes:
        more = f" ({len(notes) - NOTES_SHOWN} more in the details)" if len(notes) > NOTES_SHOWN else ""
        page.item(f"risk: {' '.join(notes[:NOTES_SHOWN])}{more}", indent=0, hang=2)
    for change in plan.changes:
        if isinstance(change.undo, Irreversible) and change.kind != "wait" and not plan.undo_of:
            page.item(f"! cannot be undone: {change.title}: {change.undo.because}", "yellow", indent=0, hang=2)
    for owner in dict.fromkeys(change.risk.owner for change in plan.changes if change.risk.owner):
        page.item(f"! {owner} will revert this when it is deployed again", "yellow", indent=0, hang=2)
    for finding in plan.warnings[:FINDINGS_SHOWN]:
        _finding(page, finding)
    if len(plan.warnings) > FINDINGS_SHOWN:
        page.line(f"! and {len(plan.warnings) - FINDINGS_SHOWN} more warnings (details show all)", "yellow")


def notes_of(plan: Plan) -> list[str]:
    """Return what changes are said to risk, each once, the most severe first."""
    order = list(Severity)
    changes = sorted(plan.changes, key=lambda change: -order.index(change.risk.severity))
    return [sentence(note) for note in dict.fromkeys(change.risk.note for change in changes if change.risk.note)]


def _finding(page: Page, finding: Finding) -> None:
    said = f"! {finding_words(finding).removeprefix('warning ')}: {finding.because}"
    evidence = f": {_first(finding.evidence)}" if finding.evidence else ""
    page.item(plain_addresses(f"{said}{evidence}"), "bold red" if finding.pending else "yellow", indent=0, hang=2)


def _first(lines: Sequence[str]) -> str:
    return f"{lines[0]} ({len(lines) - 1} more)" if len(lines) > 1 else lines[0]


def _left(page: Page, plan: Plan) -> None:
    """Say what stands between the plan and its being carried out, and what it will leave."""
    if plan.confirm and plan.severe:
        page.line(f"Severe risk: applying asks for the name {plan.confirm}.", "bold red")
    if plan.pending:
        accepted = " ".join(f"--accept {name}" for name in plan.pending)
        page.line(f"To apply this plan, accept what it needs: {accepted}", "bold red")
    if plan.unaccepted or paths_of(plan) is None:
        for line in plan.foretold:
            page.line(f"After this plan: {line}.", "bold red" if plan.unaccepted else "bold green")
    if plan.unaccepted:
        page.line(unaccepted_words(plan), "bold red")
