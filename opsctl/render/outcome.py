"""What a run came to on one screen: what is proved, what is not, how the whole stands, what to type next."""

from datetime import datetime

from opsctl.model.report import ChangeResult, CheckResult, Report, RunStatus
from opsctl.render.inert import shortened
from opsctl.render.instruction_words import value_text
from opsctl.render.outcome_words import KEPT, job_lines, outcome_of, status_of
from opsctl.render.page import Page
from opsctl.render.screen import MARKS
from opsctl.render.words import few, mark_of, where_words

SHOWN = 6
_GOOD = ("done", "skipped", "kept")
_VERBS: dict[RunStatus, str] = {
    "planned": "PLANNED",
    "running": "RUNNING",
    "done": "DONE",
    "failed": "FAILED",
    "drifted": "DRIFTED",
    "unproved": "NOT PROVED",
    "interrupted": "INTERRUPTED",
}


def render_report(report: Report, *, width: int, colour: bool) -> str:
    """Return what a run came to on one screen; `render.terminal` has every change of it."""
    page = Page(width, colour=colour)
    good = report.status == "done" and not broken_of(report)
    style = "bold green" if good else "bold red"
    page.line(f"{verb_of(report)}: {report.plan.title}", style)
    page.line(where_words(report.plan))
    page.line(counted(report), "" if good else "bold red")
    for result in report.changes:
        _result(page, report, result)
    _left(page, report)
    for check in report.checks:
        _check(page, check)
    if report.status != "done":
        page.line(outcome_of(report), style)
        if report.message:
            page.item(report.message)
    if report.hint and report.hint not in report.next:
        page.item(f"hint: {report.hint}", indent=0, hang=2)
    # The one that the hint names comes first.
    page.following(sorted(report.next, key=lambda line: line != report.hint), report.next_because, indent=0)
    for line in report.told:
        page.line(f"{line}.", standing_style(line))
    return page.text()


def verb_of(report: Report) -> str:
    """Return how the run ended, in capitals, or that what it proved is not so any more."""
    return "DOES NOT HOLD" if report.status == "done" and broken_of(report) else _VERBS[report.status]


def broken_of(report: Report) -> list[CheckResult]:
    """List the proofs and checks that were asked again and did not hold."""
    asked = [*(check for result in report.changes for check in result.checks), *report.checks]
    return [check for check in asked if not check.held]


def counted(report: Report) -> str:
    """Say how many changes came to what, and how long it took."""
    states = [result.status for result in report.changes]
    words = (
        ("done", "done and proved"),
        ("skipped", "so already"),
        ("kept", "left as it was"),
        ("reverted", "taken back"),
        ("returning", "being taken back"),
        ("unproved", "made but NOT PROVED"),
        ("failed", "FAILED"),
        ("drifted", "DRIFTED"),
        ("intended", "of unknown outcome"),
        ("pending", "not started"),
    )
    parts = [f"{states.count(state)} {said}" for state, said in words if state in states]
    number = len(states)
    good = [result for result in report.changes if result.status in _GOOD]
    broken = sum(any(not check.held for check in result.checks) for result in good)
    parts += [f"{broken} of them NOT SO ANY MORE"] if broken else []
    return f"{number} change{'s' if number != 1 else ''}: {', '.join(parts) or 'nothing to do'}{_took(report)}"


def standing_style(line: str) -> str:
    """What is in capitals stands out in colour as well."""
    return "bold red" if any(word.isupper() and len(word) > 3 for word in line.split()) else "bold green"


def _took(report: Report) -> str:
    if not report.finished:
        return ""
    seconds = (datetime.fromisoformat(report.finished) - datetime.fromisoformat(report.started)).total_seconds()
    return f"; took {seconds:.0f} s"


def _result(page: Page, report: Report, result: ChangeResult) -> None:
    """Show a change of which more is to be said than that it is done."""
    change = report.plan.change(result.change_id)
    lines = job_lines(change, result)
    broken = [check for check in result.checks if not check.held]
    job = change.kind == "job" and result.status != "pending"
    if result.status in (*_GOOD, "pending") and not (job or lines or broken):
        return
    mark = mark_of(change)
    page.item(f"{mark} {change.title}", MARKS.get(mark, ""), indent=0, hang=2)
    if not broken:
        page.item(status_of(change, result), "green" if result.status in _GOOD else "red")
    for line in lines:
        page.item(line, "yellow", indent=4)
    for check in broken:
        _check(page, check)


def _left(page: Page, report: Report) -> None:
    """Name what an undo has left, by the reason: somebody may have to look at it, or take it away later."""
    left: dict[str, list[str]] = {}
    for result in report.changes if report.plan.undo_of else ():
        if result.status == "kept":
            left.setdefault(result.detail, []).append(report.plan.change(result.change_id).title)
    for reason, titles in list(left.items())[:SHOWN]:
        page.item(f"left: {'; '.join(few(titles, SHOWN))}", "yellow", indent=0, hang=2)
        page.item(reason or KEPT, indent=4)
    others = sum(map(len, list(left.values())[SHOWN:]))
    if others:
        page.line(f"left: {others} more (-d: all)", "yellow")


def _check(page: Page, check: CheckResult) -> None:
    if not check.held:
        found = shortened(value_text(check.found), 200)
        page.item(f"DOES NOT HOLD: {check.says}; found {found}", "bold red")
        return
    page.line(f"holds: {check.says}", "green")
    for line in few(check.shown, SHOWN):
        page.item(line, "green", hang=2)
