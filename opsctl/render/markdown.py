"""A plan or a run as the page that goes into the incident runbook, in GitHub's Markdown."""

import json
from collections.abc import Iterable, Mapping, Sequence

from opsctl.model.changes import Change
from opsctl.model.paths import Paths
from opsctl.model.plan import Plan, Section
from opsctl.model.report import Report, RunRow
from opsctl.model.sentences import sentence
from opsctl.render.alike import ChangeLine, noted, notes_apart
from opsctl.render.evidence import seen_at, verified, ways_seen
from opsctl.render.inert import code_span, markdown, markup, visible
from opsctl.render.instruction_words import call_of, details_of, queries_of, undo_details, undo_of, value_text
from opsctl.render.known_besides import known_lines
from opsctl.render.mermaid import render_mermaid
from opsctl.render.outcome_words import job_lines, outcome_of, status_of
from opsctl.render.paths import paths_of
from opsctl.render.screen import way_rows
from opsctl.render.words import carrying_on, finding_words, header_of, mark_of, next_lines, nowhere_lines, tally_of


def render_plan(plan: Plan, following: Sequence[str] = ()) -> str:
    """Return a plan as Markdown for a pull request: what is decided on in sight, the rest folded below it.

    `following` are the commands that carry on from a plan that is only shown.
    """
    lines = [f"# {markdown(plan.title)}", "", *_bound(plan), *_ways_in_sight(plan)]
    for section in plan.sections:
        if section.shown != "details":
            lines += [*_heading(section), "", *table(section.columns, section.rows)]
    rows = [(line.mark, line.says, risk) for line, risk in _lines_in_sight(plan)]
    lines += ["", *table(("", "change", "risk"), rows)] if rows else []
    lines += ["", f"**{markdown(tally_of(plan))}**", *_warnings(plan), *_said(plan)]
    commands = carrying_on(plan, following)
    lines += ["", *fenced(commands, "sh")] if commands else []
    # What is folded begins by itself, also right behind a paragraph (CommonMark, HTML blocks of kind 6).
    return "\n".join([*lines, *_details(plan)]) + "\n"


def _bound(plan: Plan) -> list[str]:
    """Return what the plan is bound to, in one paragraph, and what was known besides."""
    bound = " · ".join(f"{name} {markdown(value)}".strip() for name, value in header_of(plan))
    return ["<br>".join([bound, *map(markdown, known_lines(plan))])]


def _ways_in_sight(plan: Plan) -> list[str]:
    paths = paths_of(plan)
    if paths is None or not paths.ways:
        return []
    return ["", *table(("way in", "now", "after", "where"), way_rows(paths))]


def _heading(section: Section) -> list[str]:
    """A table whose first column is called as it is needs no title besides."""
    return [] if section.title == section.columns[0] else ["", f"**{markdown(section.title)}**"]


def _risk_words(change: Change, plan: Plan) -> str:
    """Say how risky a change is; what several say of it stands at the first of them."""
    risk = change.risk
    first = next(one for one in plan.changes if one.risk.note == risk.note)
    owner = f"{risk.owner} will revert this change when it is deployed again" if risk.owner else ""
    return ". ".join(part for part in (risk.severity, risk.note if first is change else "", owner) if part)


def _lines_in_sight(plan: Plan) -> list[tuple[ChangeLine, str]]:
    """Return a line for each change with its risk; those that only write something down are one, below."""
    each, notes = notes_apart(plan.changes)
    told = [(ChangeLine(mark_of(one), one.title, 1), _risk_words(one, plan)) for one in each]
    return told + [(line, _risk_words(notes[-1], plan)) for line in noted(notes)]


def _details(plan: Plan) -> list[str]:
    queries = queries_of(plan)
    lines = []
    for section in plan.sections:
        if section.shown == "details":
            lines += _folded(section.title, table(section.columns, section.rows))
    paths = paths_of(plan)
    lines += _folded("Ways in, and every place where they could be closed", _ways(paths)) if paths else []
    changes = [_change(number, one, queries) for number, one in enumerate(plan.changes, start=1)]
    lines += _folded("Each change: why, call, proof, undo", changes) if changes else []
    policy = json.dumps(plan.iam_policy.apply, ensure_ascii=True)
    return lines + _folded("IAM policy to apply this plan", fenced([policy], "json"))


def _folded(summary: str, lines: Sequence[str]) -> list[str]:
    """Return what is shown when somebody asks for it."""
    return [f"<details><summary>{markup(summary)}</summary>", "", *lines, "</details>"]


def render_report(report: Report) -> str:
    """Return a run as Markdown: its outcome, each change with its status, then its plan."""
    lines = [
        f"# Run {markdown(report.run_id)}",
        "",
        f"**{markdown(outcome_of(report))}**",
        "",
        *([markdown(report.message), ""] if report.message else []),
        f"Started {markdown(report.started)}"
        + (f", finished {markdown(report.finished)}." if report.finished else "."),
        "",
        "| | change | status |",
        "|---|---|---|",
    ]
    for result in report.changes:
        change = report.plan.change(result.change_id)
        words = markdown(status_of(change, result))
        lines.append(f"| {markdown(mark_of(change))} | {markdown(change.title)} | {words} |")
        lines += [f"| | {markdown(line)} | |" for line in job_lines(change, result)]
    for check in report.checks:
        words = "holds" if check.held else f"does not hold, found {code_span(value_text(check.found))}"
        at = f" ({markdown(check.at)})" if check.at else ""
        lines.append(f"| check | {markdown(check.says)} | {words}{at} |")
        if not ways_seen(report):
            lines += [f"| | {markdown(line)} | |" for line in check.shown]
    lines += _evidence(report)
    lines += ["", "Next:", "", *fenced(next_lines(report.next, report.next_because), "sh"), ""]
    lines += [part for line in report.told for part in (f"**{markdown(line)}**", "")]
    return "\n".join(lines) + f"\n#{render_plan(report.plan)}"


def _evidence(report: Report) -> list[str]:
    """Return the ways in before and after, and what came of verifying the run since."""
    lines: list[str] = []
    ways = ways_seen(report)
    if ways:
        before, after = seen_at(report)
        columns = ("way in", f"before ({before})", f"after ({after})", "as it was seen")
        lines += ["", "## Ways in before and after", "", _row(columns), "|---|---|---|---|"]
        lines += [_row((way.name, way.before, way.after, way.told)) for way in ways]
    since = verified(report)
    if since:
        lines += ["", "## Verified since", "", "| at | result |", "|---|---|", *(_row(one) for one in since)]
    return lines


def _ways(paths: Paths) -> list[str]:
    """Return the drawing, and each way in one item, with every layer chosen or rejected."""
    lines: list[str] = []
    for line in paths_lines(paths):
        nested = line.startswith("  - ")
        if nested and lines:
            lines[-1] += f" {line.removeprefix('  - ')}"
        else:
            lines.append(line)
    return lines


def paths_lines(paths: Paths) -> list[str]:
    """Return the ways in: a drawing, and each way with every layer chosen or rejected."""
    lines = ["```mermaid", *render_mermaid(paths.graph).splitlines(), "```"]
    for heading, texts in nowhere_lines(paths):
        lines += [f"{markdown(heading)}", "", *(f"- {markdown(text)}" for text in texts)]
    for way in paths.ways:
        state = "dropped now" if way.dropped else "open now"
        lines += [f"- **{markdown(way.name)}**: {state}. {markdown(sentence(way.verdict))}"]
        for verdict in way.layers:
            choice = "chosen" if verdict.chosen else "not chosen"
            reason = markdown(sentence(verdict.reason))
            lines.append(f"  - {markdown(verdict.layer)} at {markdown(verdict.at)}: {choice}. {reason}")
        lines += [f"  - cannot tell: {markdown(text)}" for text in way.unknown]
    return lines


def _warnings(plan: Plan) -> list[str]:
    lines: list[str] = []
    for finding in plan.warnings:
        found = "; ".join(markdown(item) for item in finding.evidence)
        lines.append(
            f"- **{markdown(finding_words(finding).capitalize())}**: {markdown(finding.because)}: {found}"
        )
    return lines


def _change(number: int, change: Change, queries: Mapping[str, str]) -> str:
    """Return everything about a change as one item; every parameter is whole."""
    said = [
        sentence(change.why),
        *[f"affects: {item}." for item in change.risk.affects],
        *[f"only if {check.says}." for check in change.only_if],
        *[f"expects: {check.says}." for check in change.expect],
        *[f"proof: {check.says}." for check in (*change.proof.configured, *change.proof.effective)],
    ]
    call = code_span("; ".join([call_of(change), *details_of(change, queries)]))
    undo = code_span("; ".join([undo_of(change), *undo_details(change, queries)]))
    words = " ".join(markdown(one) for one in said)
    return f"{number}. **{markdown(mark_of(change))} {markdown(change.title)}** {words} Call: {call} Undo: {undo}"


def _said(plan: Plan) -> list[str]:
    """Say in one paragraph how it will stand, what is checked at the end, and what the playbook has to say."""
    said = [f"**After this plan: {markdown(line)}.**" for line in plan.foretold]
    said += [
        f"Check {markdown(check.id)} fails where {markdown(check.because.strip().rstrip('.'))}."
        for check in plan.checks
    ]
    said += [markdown(line) for line in plan.notes.splitlines()]
    return ["", " ".join(said)] if said else []


def render_runs(runs: Sequence[RunRow]) -> str:
    """Return the list of runs as a table, newest first."""
    columns = ("run", "status", "what", "playbook", "where", "started", "undoes")
    rows = [
        (one.id, one.status, one.title, one.playbook, f"{one.account} {one.region}", one.started, one.undo_of)
        for one in runs
    ]
    return "\n".join(table(columns, rows))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table, line by line."""
    return [_row(columns), "|" + "---|" * len(columns), *(_row(row) for row in rows)]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(markdown(cell) for cell in cells) + " |"


def fenced(lines: Sequence[str], language: str) -> list[str]:
    """Return a block of code that its content cannot leave."""
    clean = [visible(line) for line in lines]
    longest = max((len(run) for line in clean for run in _backticks(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", *clean, fence]


def _backticks(line: str) -> list[str]:
    return [part for part in "".join(c if c == "`" else " " for c in line).split() if part]
