"""A plan or a run as one self-contained page: no scripts, nothing loaded, the topology drawn as SVG."""

import json
from collections.abc import Mapping, Sequence

from opsctl.model.changes import Change
from opsctl.model.paths import Paths
from opsctl.model.plan import Plan
from opsctl.model.report import Report
from opsctl.model.sentences import sentence
from opsctl.render.inert import markup
from opsctl.render.paths import paths_of
from opsctl.render.svg import render_svg
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

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; overflow-wrap: anywhere; }
th { width: 8rem; font-weight: 600; }
pre { overflow-x: auto; padding: .6rem; border: 1px solid #8886; border-radius: 6px; white-space: pre-wrap; }
section { border-top: 1px solid #8886; margin-top: 1.5rem; }
.severe, .high, .bad { color: #b3261e; font-weight: 600; }
.medium { color: #8a6100; font-weight: 600; }
.good, .low { color: #1b6e3c; font-weight: 600; }
figure { margin: 1rem 0; }
figure svg { max-width: 100%; height: auto; }
@media (prefers-color-scheme: dark) {
  .severe, .high, .bad { color: #ff8a80; } .medium { color: #ffcf70; } .good, .low { color: #7fdca0; }
}
"""


def render_plan(plan: Plan) -> str:
    """Return a plan as an HTML page."""
    return _page(plan.title, [f"<h1>{markup(plan.title)}</h1>", *_plan_parts(plan)])


def render_report(report: Report) -> str:
    """Return a run as an HTML page: its outcome, each change with its status, then its plan."""
    tone = "good" if report.status == "done" else "bad"
    rows = []
    for result in report.changes:
        change = report.plan.change(result.change_id)
        rows.append((f"{mark_of(change)} {change.title}", status_of(change, result)))
        rows += [("", line) for line in job_lines(change, result)]
    for check in report.checks:
        found = "holds" if check.held else f"does not hold, found {value_text(check.found)}"
        rows.append((f"check {check.says}", found))
        rows += [("", line) for line in check.shown]
    parts = [
        f"<h1>Run {markup(report.run_id)}</h1>",
        f'<p class="{tone}">{markup(outcome_of(report))}</p>',
        f"<p>{markup(report.message)}</p>" if report.message else "",
        _table(rows),
        _pre(next_lines(report.next, report.next_because)),
        *(f"<p><strong>{markup(line)}</strong></p>" for line in report.told),
        f"<h2>{markup(report.plan.title)}</h2>",
        *_plan_parts(report.plan),
    ]
    return _page(f"Run {report.run_id}", parts)


def _plan_parts(plan: Plan) -> list[str]:
    parts = [f"<p>{markup(counts_of(plan))}</p>", _table(header_of(plan))]
    paths = paths_of(plan)
    if paths is not None:
        parts += ["<h2>What was detected</h2>", *_detected(paths)]
    for section in plan.sections:
        parts += [f"<h2>{markup(section.title)}</h2>", _grid(section.columns, section.rows)]
    if plan.warnings:
        parts.append("<h2>Warnings</h2><ul>")
        for finding in plan.warnings:
            items = "".join(f"<li>{markup(item)}</li>" for item in finding.evidence)
            parts.append(
                f'<li><span class="medium">{markup(finding_words(finding))}</span>: {markup(finding.because)}'
                f"<ul>{items}</ul></li>"
            )
        parts.append("</ul>")
    parts.append("<h2>Changes</h2>")
    queries = queries_of(plan)
    parts += [_change(number, change, queries) for number, change in enumerate(plan.changes, start=1)]
    parts += ["<h2>How to verify and to undo</h2>", _pre(afterwards(plan))]
    parts += [f"<p><strong>After this plan: {markup(line)}</strong></p>" for line in plan.foretold]
    parts += [f"<p>{markup(line)}</p>" for line in plan.notes.splitlines() if line.strip()]
    parts += [
        "<h2>IAM policy to apply this plan</h2>",
        _pre(json.dumps(plan.iam_policy.apply, indent=2).splitlines()),
    ]
    return parts


def _detected(paths: Paths) -> list[str]:
    parts = [f"<figure>{render_svg(paths.graph)}</figure>", "<ul>"]
    for heading, texts in nowhere_lines(paths):
        parts.append(f"<li>{markup(heading)}<ul>{''.join(f'<li>{markup(one)}</li>' for one in texts)}</ul></li>")
    for way in paths.ways:
        tone, state = ("good", "dropped now") if way.dropped else ("bad", "open now")
        layers = "".join(
            f"<li>{markup(one.layer)} at {markup(one.at)}: {'chosen' if one.chosen else 'not chosen'}. "
            f"{markup(sentence(one.reason))}</li>"
            for one in way.layers
        )
        unknown = "".join(f"<li>cannot tell: {markup(text)}</li>" for text in way.unknown)
        parts.append(
            f'<li>{markup(way.name)}: <span class="{tone}">{state}</span>. {markup(sentence(way.verdict))}'
            f"<ul>{layers}{unknown}</ul></li>"
        )
    return [*parts, "</ul>"]


def _change(number: int, change: Change, queries: Mapping[str, str]) -> str:
    risk = change.risk
    rows = [
        ("why", change.why),
        *[("affects", item) for item in risk.affects],
        *([("owner", f"{risk.owner} will revert this change when it is deployed again")] if risk.owner else []),
        *[("only if", check.says) for check in change.only_if],
        *[("expects", check.says) for check in change.expect],
        *[("proof", check.says) for check in (*change.proof.configured, *change.proof.effective)],
        ("undo", undo_of(change)),
        *[("", line) for line in undo_details(change, queries)],
    ]
    return "\n".join(
        [
            f"<section><h3>{number}. {markup(mark_of(change))} {markup(change.title)}</h3>",
            f'<p>Risk: <span class="{risk.severity}">{markup(risk.severity)}</span>. {markup(risk.note)}</p>',
            _pre([call_of(change), *details_of(change, queries)]),
            _table(rows),
            "</section>",
        ]
    )


def _table(rows: Sequence[tuple[str, str]]) -> str:
    cells = "".join(
        f'<tr><th scope="row">{markup(name)}</th><td>{markup(value)}</td></tr>' for name, value in rows
    )
    return f"<table>{cells}</table>"


def _grid(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{markup(name)}</th>' for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{markup(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _pre(lines: Sequence[str]) -> str:
    return "<pre>" + "\n".join(markup(line) for line in lines) + "</pre>"


def _page(title: str, parts: Sequence[str]) -> str:
    head = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{markup(title)}</title><style>{_STYLE}</style></head><body>"
    )
    return "\n".join([head, *parts, "</body></html>"]) + "\n"
