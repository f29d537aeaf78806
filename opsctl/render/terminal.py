"""Plans, runs and topologies as text for a terminal; account text is never markup."""

import io
from collections.abc import Iterable, Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from opsctl.model.changes import Change
from opsctl.model.plan import Plan
from opsctl.model.report import ChangeResult, CheckResult, Report, RunRow
from opsctl.model.sentences import sentence
from opsctl.render.inert import shortened, visible
from opsctl.render.tree import render_tree
from opsctl.render.ways import decision_of
from opsctl.render.words import (
    STATUS_WORDS,
    actions_needed,
    call_of,
    counts_of,
    details_of,
    few,
    header_of,
    mark_of,
    outcome_of,
    undo_of,
    value_text,
)
from opsctl.topology.decision import Decision

AFFECTED_SHOWN = 5
_SEVERITY = {"severe": "bold red", "high": "red", "medium": "yellow", "low": "green"}


def render_plan(
    plan: Plan, *, width: int, colour: bool, verbose: bool = False, following: Sequence[str] = ()
) -> str:
    """Return a plan: for whom, what was found, what will be done and why, what it risks, how it is undone."""
    page = _Page(width, colour=colour)
    page.line(plan.title, "bold")
    page.line(counts_of(plan))
    page.pairs(header_of(plan))
    decision = decision_of(plan)
    if decision is not None:
        _ways(page, decision)
    if plan.warnings:
        page.heading("Warnings")
        for finding in plan.warnings:
            kind = "overridden" if finding.overridden else "warning"
            page.item(f"! {kind} {finding.id}: {finding.because}", "yellow")
            for line in few(finding.evidence, AFFECTED_SHOWN):
                page.item(line, indent=4)
    if plan.changes:
        page.heading("Changes")
    for number, change in enumerate(plan.changes, start=1):
        _change(page, number, change, verbose=verbose)
    if len(plan.changes) > 1:
        page.line(counts_of(plan), "bold")
    if plan.changes and verbose:
        page.item(f"IAM actions needed: {', '.join(actions_needed(plan))}")
    if plan.confirm and plan.severe:
        page.item(f"Severe risk: applying asks for the name {plan.confirm}.", "bold red")
    for line in following:
        page.item(f"next: {line}")
    return page.text()


def render_report(report: Report, *, width: int, colour: bool, verbose: bool = False) -> str:
    """Return what a run came to, change by change, and what to type next."""
    page = _Page(width, colour=colour)
    page.line(f"Run {report.run_id}: {report.plan.title}", "bold")
    page.pairs([("account", f"{report.plan.account}, region {report.plan.region}"), ("started", report.started)])
    page.heading("Changes")
    for result in report.changes:
        _result(page, report.plan.change(result.change_id), result, verbose=verbose)
    if report.checks:
        page.heading("Checks")
        _checks(page, report.checks, indent=2)
    page.blank()
    page.line(outcome_of(report), "bold green" if report.status == "done" else "bold red")
    if report.message and report.status != "done":
        page.item(report.message)
    for line in dict.fromkeys([*([report.hint] if report.hint else []), *report.next]):
        page.item(f"next: {line}")
    return page.text()


def render_runs(runs: Sequence[RunRow], *, width: int, colour: bool) -> str:
    """Return the list of runs, newest first."""
    page = _Page(width, colour=colour)
    if not runs:
        page.line("No runs yet.")
        return page.text()
    for run in runs:
        undoes = f", undoes {run.undo_of}" if run.undo_of else ""
        page.line(f"{run.id}  {run.status}", "bold")
        page.item(run.title)
        page.item(f"{run.playbook} in {run.account} {run.region}, started {run.started}{undoes}")
    return page.text()


def render_topology(decision: Decision, *, width: int, colour: bool) -> str:
    """Return the ways in to a target."""
    page = _Page(width, colour=colour)
    page.line(f"Ways in to {decision.target} ({decision.kind})", "bold")
    _ways(page, decision)
    for text in decision.recommendations:
        page.item(f"recommended: {text}")
    return page.text()


def _ways(page: "_Page", decision: Decision) -> None:
    page.heading("Ways in")
    page.literal(render_tree(decision.graph))
    for way in decision.ways:
        page.blank()
        state = "dropped" if way.dropped else "open"
        page.item(f"{way.name}: {state} now. {sentence(way.verdict)}", "green" if way.dropped else "red")
        for verdict in way.layers:
            choice = "chosen" if verdict.chosen else "not chosen"
            page.item(f"{verdict.layer} at {verdict.at}: {choice}. {sentence(verdict.reason)}", indent=4)
        for text in way.unknown:
            page.item(f"cannot tell: {text}", "yellow", indent=4)


def _change(page: "_Page", number: int, change: Change, *, verbose: bool) -> None:
    page.item(f"{number}. {mark_of(change)} {change.title}", "bold")
    rows = [("why", sentence(change.why)), ("call", call_of(change))]
    rows += [("", shortened(line, 2000 if verbose else 160)) for line in details_of(change)]
    if verbose:
        rows += [("expect", check.says) for check in change.expect]
        rows += [("proof", check.says) for check in change.proof.configured]
        rows += [("effective", check.says) for check in change.proof.effective]
        rows.append(("from", change.origin))
    rows += [("only if", check.says) for check in change.only_if]
    rows.append(("undo", undo_of(change)))
    risk = change.risk
    note = f": {risk.note}" if risk.note else ""
    rows.append(("risk", f"{risk.severity}{note}"))
    rows += [("" if n else "affects", line) for n, line in enumerate(few(risk.affects, AFFECTED_SHOWN))]
    if risk.owner:
        rows.append(("owner", f"{risk.owner} will revert this change when it is deployed again"))
    page.pairs(rows, indent=5, styles={"risk": _SEVERITY[risk.severity]})
    page.blank()


def _result(page: "_Page", change: Change, result: ChangeResult, *, verbose: bool) -> None:
    good = result.status in ("done", "skipped", "kept")
    page.item(f"{mark_of(change)} {change.title}", "bold")
    detail = f" ({result.detail})" if result.detail and (not good or verbose) else ""
    at = f" at {result.at}" if result.at else ""
    page.item(f"{STATUS_WORDS[result.status]}{at}{detail}", "green" if good else "red", indent=5)
    _checks(page, result.checks, indent=5)


def _checks(page: "_Page", checks: Iterable[CheckResult], *, indent: int) -> None:
    for check in checks:
        if check.held:
            page.item(f"holds: {check.says}", "green", indent=indent)
            for line in few(check.shown, AFFECTED_SHOWN * 2):
                page.item(line, indent=indent + 2)
        else:
            found = shortened(value_text(check.found), 200)
            page.item(f"does not hold: {check.says}; found {found}", "red", indent=indent)


class _Page:
    """Collects lines at a width, wrapped with hanging indents."""

    def __init__(self, width: int, *, colour: bool) -> None:
        self._file = io.StringIO()
        self._console = Console(
            file=self._file,
            width=width,
            force_terminal=colour,
            color_system="standard" if colour else None,
            no_color=not colour,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )

    def line(self, text: str, style: str = "") -> None:
        self._print(Text(visible(text), style=style))

    def heading(self, text: str) -> None:
        self.blank()
        self.line(text, "bold underline")

    def item(self, text: str, style: str = "", indent: int = 2) -> None:
        self._print(Padding(Text(visible(text), style=style), (0, 0, 0, indent)))

    def literal(self, lines: Iterable[str]) -> None:
        for line in lines:
            clean = visible(line)
            indent = len(clean) - len(clean.lstrip(" │├└─·"))
            if not indent:
                self.item(clean)
                continue
            grid = Table.grid()
            grid.add_column(width=indent, no_wrap=True)
            grid.add_column(overflow="fold")
            grid.add_row(Text(clean[:indent]), Text(clean[indent:]))
            self._print(Padding(grid, (0, 0, 0, 2)))

    def pairs(
        self, rows: Sequence[tuple[str, str]], indent: int = 2, styles: dict[str, str] | None = None
    ) -> None:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(style="dim" if self._console.color_system else "", min_width=8, no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in rows:
            grid.add_row(name, Text(visible(value), style=(styles or {}).get(name, "")))
        self._print(Padding(grid, (0, 0, 0, indent)))

    def blank(self) -> None:
        self._console.print()

    def text(self) -> str:
        lines = [line.rstrip() for line in self._file.getvalue().splitlines()]
        return "\n".join(lines).rstrip("\n") + "\n"

    def _print(self, what: RenderableType) -> None:
        self._console.print(what)
