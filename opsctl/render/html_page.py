"""A plan or a run as one self-contained page: no scripts, nothing loaded, the ways in drawn as SVG.

What decides stands open on the page; calls, checks and policies behind it are one click away, and fold in print.
"""

import json
from collections.abc import Mapping, Sequence

from opsctl.model.changes import Change, Irreversible, Severity
from opsctl.model.plan import Plan
from opsctl.model.report import ChangeResult, Report
from opsctl.render.evidence import check_words, verified
from opsctl.render.html_parts import aside, details, facts, page, paragraph, pre, rows, table, texts
from opsctl.render.html_ways import ways_of_plan, ways_of_report
from opsctl.render.inert import markup
from opsctl.render.instruction_words import call_of, details_of, queries_of, undo_details, undo_of
from opsctl.render.known_besides import all_known
from opsctl.render.outcome_words import job_lines, outcome_of, status_of
from opsctl.render.screen import notes_of
from opsctl.render.words import (
    carrying_on,
    counts_of,
    finding_words,
    header_of,
    mark_of,
    next_lines,
    unaccepted_words,
)

_LOUD = (Severity.SEVERE, Severity.HIGH)
_GOOD = ("done", "skipped", "kept")


def render_plan(plan: Plan, following: Sequence[str] = ()) -> str:
    """Return a plan as an HTML page; `following` are the commands that carry on from it."""
    tone = "bad" if plan.unaccepted else "good"
    commands = carrying_on(plan, following)
    parts = [
        f"<h1>{markup(plan.title)}</h1>",
        paragraph(counts_of(plan), "soft"),
        *(paragraph(f"After this plan: {line}", f"standing {tone}") for line in plan.foretold),
        facts(header_of(plan)),
        *ways_of_plan(plan),
        *_found(plan),
        "<h2>Changes</h2>",
        *_changes(plan),
        *(["<h2>Commands</h2>", pre(commands)] if commands else []),
        *_footnotes(plan),
    ]
    return page(plan.title, parts)


def render_report(report: Report) -> str:
    """Return a run as an HTML page: how it stands, the ways in before and after, its checks and its changes."""
    tone = "good" if report.status == "done" else "bad"
    run = [("run", report.run_id), ("started", report.started), ("finished", report.finished)]
    parts = [
        f"<h1>{markup(report.plan.title)}</h1>",
        paragraph(outcome_of(report), f"standing {tone}"),
        *([paragraph(report.message)] if report.message else []),
        *(paragraph(line, "standing") for line in report.told),
        facts([*((name, text) for name, text in run if text), *header_of(report.plan)]),
        *ways_of_report(report),
        *_evidence(report),
        "<h2>Changes</h2>",
        *_changes(report.plan, {result.change_id: result for result in report.changes}),
        "<h2>What to type next</h2>",
        pre(next_lines(report.next, report.next_because)),
        *_found(report.plan),
        *_footnotes(report.plan),
    ]
    return page(f"Run {report.run_id}", parts)


def _found(plan: Plan) -> list[str]:
    parts = ["<h2>Known besides</h2>", texts(all_known(plan))] if plan.evidence else []
    for section in plan.sections:
        shown = table(section.columns, section.rows)
        folded = section.shown == "details"
        parts += [aside(section.title, [shown])] if folded else [f"<h2>{markup(section.title)}</h2>", shown]
    warnings = [(finding_words(one), one.because, one.evidence) for one in plan.warnings] + _consequences(plan)
    if warnings:
        items = (
            f'<li><span class="medium">{markup(what)}</span>: {markup(because)}{texts(evidence)}</li>'
            for what, because, evidence in warnings
        )
        parts.append(f"<h2>Warnings</h2><ul>{''.join(items)}</ul>")
    return parts


def _consequences(plan: Plan) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return who else is hit, what cannot be taken back, who will, and what has to be typed.

    Changes say that too; but nobody should have to open one to learn it.
    """
    told = {text for finding in plan.warnings for text in finding.evidence}
    hit = dict.fromkeys(text for change in plan.changes for text in change.risk.affects if text not in told)
    found = [("also affected", "these share what is changed", tuple(hit))] if hit else []
    found += [
        ("cannot be undone", f"{change.title}: {change.undo.because}", ())
        for change in plan.changes
        if isinstance(change.undo, Irreversible) and change.stays and not plan.undo_of
    ]
    owners = dict.fromkeys(change.risk.owner for change in plan.changes if change.risk.owner)
    found += [("will be reverted", f"{owner} will revert this when it is deployed again", ()) for owner in owners]
    if not plan.undo_of:
        found += [("risk", note, ()) for note in notes_of(plan)]
    if plan.confirm and plan.severe:
        found.append(("severe risk", f"applying asks for the name {plan.confirm}", ()))
    if plan.unaccepted:
        found.append(("not accepted", unaccepted_words(plan), ()))
    return found


def _footnotes(plan: Plan) -> list[str]:
    policy = json.dumps(plan.iam_policy.apply, indent=2).splitlines()
    return [
        *(paragraph(line, "soft") for line in plan.notes.splitlines() if line.strip()),
        aside("IAM policy to apply this plan", [pre(policy)]),
    ]


def _evidence(report: Report) -> list[str]:
    """Return every check with its time, those of the newest evidence whole, and when else somebody verified."""
    if not report.checks and not report.evidence:
        return []
    parts = ["<h2>Checks</h2>"] if report.checks else []
    if report.checks:
        parts.append(
            table(("check", "result", "at"), [(one.says, check_words(one), one.at) for one in report.checks])
        )
        shown = [line for check in report.checks for line in check.shown]
        parts += [aside("What the checks saw", [texts(shown)])] if shown else []
    since = verified(report)
    return [*parts, *(["<h2>Verified since</h2>", table(("at", "result"), since)] if since else [])]


def _changes(plan: Plan, results: Mapping[str, ChangeResult] | None = None) -> list[str]:
    """Return the changes in a line each, with all there is to know of one behind its line."""
    queries = queries_of(plan)
    severities = [change.risk.severity for change in plan.changes]
    usual = max(severities, key=severities.count, default=Severity.LOW)
    return [
        _change(number, change, (results or {}).get(change.id), queries, usual)
        for number, change in enumerate(plan.changes, start=1)
    ]


def _change(
    number: int, change: Change, result: ChangeResult | None, queries: Mapping[str, str], usual: Severity
) -> str:
    risk = change.risk
    head = f'{number}. <span class="mark">{markup(mark_of(change))}</span> <h3>{markup(change.title)}</h3>'
    if risk.severity in _LOUD or risk.severity != usual:
        head += f' <span class="{risk.severity}">{markup(risk.severity)} risk</span>'
    body = [
        pre([call_of(change), *details_of(change, queries)]),
        facts(
            [
                ("why", change.why),
                ("risk", f"{risk.severity}. {risk.note}".strip()),
                *rows("affects", risk.affects),
                *rows(
                    "owner",
                    [f"{risk.owner} will revert this change when it is deployed again"] if risk.owner else [],
                ),
                *rows("only if", [check.says for check in change.only_if]),
                *rows("expects", [check.says for check in change.expect]),
                *rows("proof", [check.says for check in (*change.proof.configured, *change.proof.effective)]),
                *rows("undo", [undo_of(change), *undo_details(change, queries)]),
            ]
        ),
    ]
    if result is not None:
        good = result.status in _GOOD and all(check.held for check in result.checks)
        at = f' <span class="soft short">{markup(result.at)}</span>' if result.at else ""
        head += f' <span class="{"good" if good else "bad"}">{markup(status_of(change, result))}</span>{at}'
        asked = [f"{'holds' if one.held else 'DOES NOT HOLD'}: {one.says}" for one in result.checks]
        body = [texts([*job_lines(change, result), *asked]), *body]
    return details(head, body, opened=risk.severity is Severity.SEVERE)
