"""A plan or a run as the page that goes into the incident runbook, in GitHub's Markdown."""

import json
from collections.abc import Mapping, Sequence

from opsctl.model.changes import Change
from opsctl.model.paths import Paths
from opsctl.model.plan import Plan
from opsctl.model.report import Report
from opsctl.model.sentences import sentence
from opsctl.render.evidence import seen_at, verified, ways_seen
from opsctl.render.inert import code_span, markdown, visible
from opsctl.render.mermaid import render_mermaid
from opsctl.render.paths import paths_of
from opsctl.render.words import (
    afterwards,
    call_of,
    counts_of,
    details_of,
    finding_words,
    header_of,
    job_lines,
    mark_of,
    next_lines,
    nowhere_lines,
    outcome_of,
    queries_of,
    status_of,
    undo_details,
    undo_of,
    value_text,
)


def render_plan(plan: Plan) -> str:
    """Return a plan as Markdown: summary, what was detected, each change, how to verify and to undo."""
    lines = [f"# {markdown(plan.title)}", "", markdown(counts_of(plan)), "", *_table(header_of(plan))]
    lines += _detected(plan)
    for section in plan.sections:
        lines += ["", f"## {markdown(section.title)}", "", _row(section.columns)]
        lines += ["|" + "---|" * len(section.columns), *(_row(row) for row in section.rows)]
    lines += _warnings(plan)
    lines += ["", "## Changes"]
    queries = queries_of(plan)
    for number, change in enumerate(plan.changes, start=1):
        lines += _change(number, change, queries)
    lines += _afterwards(plan)
    lines += _policy(plan)
    return "\n".join(lines) + "\n"


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


def _detected(plan: Plan) -> list[str]:
    paths = paths_of(plan)
    return [] if paths is None else ["", "## What was detected", "", *paths_lines(paths)]


def paths_lines(paths: Paths) -> list[str]:
    """Return the ways in: a drawing, and each way with every layer chosen or rejected."""
    lines = ["```mermaid", *render_mermaid(paths.graph).splitlines(), "```", ""]
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
        lines += [f"- **{markdown(finding_words(finding).capitalize())}**: {markdown(finding.because)}"]
        lines += [f"  - {markdown(item)}" for item in finding.evidence]
    return ["", "## Warnings", "", *lines] if lines else []


def _change(number: int, change: Change, queries: Mapping[str, str]) -> list[str]:
    risk = change.risk
    rows = [
        ("why", change.why),
        ("risk", f"{risk.severity}. {risk.note}".strip()),
        *([("owner", f"{risk.owner} will revert this change when it is deployed again")] if risk.owner else []),
        *[("affects", item) for item in risk.affects],
        *[("only if", check.says) for check in change.only_if],
        *[("expects", check.says) for check in change.expect],
        *[("proof", check.says) for check in (*change.proof.configured, *change.proof.effective)],
        ("undo", undo_of(change)),
        *[("", line) for line in undo_details(change, queries)],
    ]
    code = [call_of(change), *(f"  {line}" for line in details_of(change, queries))]
    return [
        "",
        f"### {number}. {markdown(mark_of(change))} {markdown(change.title)}",
        "",
        *fenced(code, ""),
        "",
        *_table(rows),
    ]


def _afterwards(plan: Plan) -> list[str]:
    lines = ["", "## How to verify and to undo", "", *fenced(afterwards(plan), "sh")]
    lines += [
        f"- check {markdown(check.id)}: nothing may be found of: {markdown(check.because)}"
        for check in plan.checks
    ]
    lines += [part for line in plan.foretold for part in ("", f"**After this plan: {markdown(line)}**")]
    notes = [markdown(line) for line in plan.notes.splitlines()]
    return [*lines, "", *notes]


def _policy(plan: Plan) -> list[str]:
    lines = ["", "## IAM policy to apply this plan", ""]
    return lines + fenced(json.dumps(plan.iam_policy.apply, indent=2, ensure_ascii=True).splitlines(), "json")


def _table(rows: Sequence[tuple[str, str]]) -> list[str]:
    return ["| | |", "|---|---|", *(f"| {markdown(name)} | {markdown(value)} |" for name, value in rows)]


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
