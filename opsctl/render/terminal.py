"""Plans, runs and topologies as text for a terminal; account text is never markup."""

from collections.abc import Iterable, Sequence

from opsctl.model.changes import Change
from opsctl.model.paths import Paths
from opsctl.model.plan import Plan
from opsctl.model.report import ChangeResult, CheckResult, Report, RunRow
from opsctl.model.sentences import sentence
from opsctl.render.change_rows import ChangeRows
from opsctl.render.evidence import seen_at, verified, ways_seen
from opsctl.render.inert import shortened
from opsctl.render.instruction_words import queries_of, value_text
from opsctl.render.known_besides import all_known
from opsctl.render.outcome_words import job_lines, outcome_of, status_of
from opsctl.render.page import Page
from opsctl.render.paths import paths_of
from opsctl.render.tree import render_tree
from opsctl.render.words import (
    actions_needed,
    counts_of,
    few,
    finding_words,
    following_because,
    header_of,
    mark_of,
    nowhere_lines,
    unaccepted_words,
)

AFFECTED_SHOWN = 5
_STATES = {"OPEN": "bold red", "closed": "green"}
_SEVERITY = {"severe": "bold red", "high": "red", "medium": "yellow", "low": "green"}


def render_plan(
    plan: Plan, *, width: int, colour: bool, verbose: bool = False, following: Sequence[str] = ()
) -> str:
    """Return a plan: for whom, what was found, what will be done and why, what it risks, how it is undone."""
    page = Page(width, colour=colour)
    page.line(plan.title, "bold")
    page.line(counts_of(plan))
    page.pairs(header_of(plan))
    paths = paths_of(plan)
    if paths is not None:
        _ways(page, paths)
    if plan.evidence is not None:
        page.heading("Known besides, when it was planned")
        for line in all_known(plan):
            page.item(line, hang=2)
    for section in plan.sections:
        if section.shown != "screen":
            page.heading(section.title)
            page.table(section.columns, section.rows)
    if plan.warnings:
        page.heading("Warnings")
        for finding in plan.warnings:
            page.item(
                f"! {finding_words(finding)}: {finding.because}", "bold red" if finding.pending else "yellow"
            )
            for line in finding.evidence:
                page.item(line, indent=4)
    if plan.changes:
        _changes(page, plan, verbose=verbose)
    if len(plan.changes) > 1:
        page.line(counts_of(plan), "bold")
    if plan.changes and verbose:
        page.item(f"IAM actions needed: {', '.join(actions_needed(plan))}")
    if plan.confirm and plan.severe:
        page.item(f"Severe risk: applying asks for the name {plan.confirm}.", "bold red")
    if plan.pending:
        accepted = " ".join(f"--accept {name}" for name in plan.pending)
        page.item(f"To apply this plan, accept what it needs: {accepted}", "bold red")
    for line in plan.foretold:
        page.line(f"{'After this plan: ' if plan.changes else ''}{line}.", _standing(line))
    if plan.unaccepted:
        page.line(unaccepted_words(plan), "bold red")
    page.following(following, following_because(plan, following))
    return page.text()


def render_report(report: Report, *, width: int, colour: bool, verbose: bool = False) -> str:
    """Return what a run came to, change by change, and what to type next."""
    page = Page(width, colour=colour)
    page.line(f"Run {report.run_id}: {report.plan.title}", "bold")
    page.pairs([("account", f"{report.plan.account}, region {report.plan.region}"), ("started", report.started)])
    page.heading("Changes")
    for result in report.changes:
        _result(page, report.plan.change(result.change_id), result, verbose=verbose)
    if report.checks:
        page.heading("Checks")
        _checks(page, report.checks, indent=2, shown=not ways_seen(report))
    _evidence(page, report)
    page.blank()
    page.line(outcome_of(report), "bold green" if report.status == "done" else "bold red")
    if report.message and report.status != "done":
        page.item(report.message)
    if report.hint and report.hint not in report.next:
        # A sentence, which may name commands: what stands after `next` can be typed as it stands.
        page.item(f"hint: {report.hint}")
    # The one that the hint names comes first.
    page.following(sorted(report.next, key=lambda line: line != report.hint), report.next_because)
    for line in report.told:
        page.line(f"{line}.", _standing(line))
    return page.text()


def render_runs(runs: Sequence[RunRow], *, width: int, colour: bool) -> str:
    """Return the list of runs, newest first."""
    page = Page(width, colour=colour)
    if not runs:
        page.line("No runs yet.")
        return page.text()
    for run in runs:
        undoes = f", undoes {run.undo_of}" if run.undo_of else ""
        page.line(f"{run.id}  {run.status}", "bold")
        page.item(run.title)
        page.item(f"{run.playbook} in {run.account} {run.region}, started {run.started}{undoes}")
    return page.text()


def render_topology(paths: Paths, *, width: int, colour: bool) -> str:
    """Return the ways in to a target."""
    page = Page(width, colour=colour)
    page.line(f"Ways in to {paths.target} ({paths.kind})", "bold")
    _ways(page, paths)
    for text in paths.recommendations:
        page.item(f"recommended: {text}")
    return page.text()


def _standing(line: str) -> str:
    """What is in capitals stands out in colour as well."""
    return "bold red" if any(word.isupper() and len(word) > 3 for word in line.split()) else "bold green"


def _ways(page: Page, paths: Paths) -> None:
    page.heading("Ways in")
    page.literal(render_tree(paths.graph))
    for heading, lines in nowhere_lines(paths):
        page.item(heading, "yellow")
        for text in lines:
            page.item(text, indent=4)
    for way in paths.ways:
        page.blank()
        state = "dropped" if way.dropped else "open"
        page.item(f"{way.name}: {state} now. {sentence(way.verdict)}", "green" if way.dropped else "red")
        for verdict in way.layers:
            choice = "chosen" if verdict.chosen else "not chosen"
            page.item(f"{verdict.layer} at {verdict.at}: {choice}. {sentence(verdict.reason)}", indent=4)
        for text in way.unknown:
            page.item(f"cannot tell: {text}", "yellow", indent=4)


def _changes(page: Page, plan: Plan, *, verbose: bool) -> None:
    page.heading("Changes")
    rows = ChangeRows(plan, paths_of(plan), queries_of(plan))
    if rows.usual_risk:
        page.item(f"risk, where no other is said: {rows.usual_risk}")
    for number, change in enumerate(plan.changes, start=1):
        page.item(f"{number}. {mark_of(change)} {change.title}", "bold")
        styles = {"risk": _SEVERITY[change.risk.severity]}
        page.pairs(rows.of(change, verbose=verbose), indent=5, styles=styles)
        page.blank()


def _result(page: Page, change: Change, result: ChangeResult, *, verbose: bool) -> None:
    good = result.status in ("done", "skipped", "kept")
    page.item(f"{mark_of(change)} {change.title}", "bold")
    at = f" ({result.at})" if result.at else ""
    page.item(f"{status_of(change, result, verbose=verbose)}{at}", "green" if good else "red", indent=5)
    for line in job_lines(change, result):
        page.item(line, "yellow", indent=7)
    _checks(page, result.checks, indent=5)


def _evidence(page: Page, report: Report) -> None:
    """Show the ways in before and after, and what came of verifying the run since."""
    ways = ways_seen(report)
    if ways:
        page.heading("Ways in, before ({}) and after ({})".format(*seen_at(report)))
    for way in ways:
        page.item(f"{way.name}: {way.before} -> {way.after}", _STATES.get(way.after, ""))
        if way.told:
            page.item(way.told, indent=4)
    since = verified(report)
    if since:
        page.heading("Verified since")
        page.pairs(since)


def _checks(page: Page, checks: Iterable[CheckResult], *, indent: int, shown: bool = True) -> None:
    for check in checks:
        at = f" ({check.at})" if check.at else ""
        if check.held:
            page.item(f"holds: {check.says}{at}", "green", indent=indent)
            for line in few(check.shown if shown else (), AFFECTED_SHOWN * 2):
                page.item(line, indent=indent + 2)
        else:
            found = shortened(value_text(check.found), 200)
            page.item(f"does not hold: {check.says}; found {found}{at}", "red", indent=indent)
