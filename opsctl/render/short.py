"""A plan or a run in six lines at most, for a chat: plain text, and the command that shows more."""

from collections.abc import Sequence

from opsctl.model.networks import plain_addresses
from opsctl.model.plan import Plan
from opsctl.model.report import Report
from opsctl.render.inert import shortened, visible
from opsctl.render.outcome import broken_of, counted, verb_of
from opsctl.render.outcome_words import outcome_of
from opsctl.render.paths import paths_of
from opsctl.render.screen import headline_of, way_rows
from opsctl.render.words import finding_words, tally_of, where_words

LONGEST = 300
"""Characters of a line: what is longer is cut, and the last line says where it is whole."""

TITLES_AT_MOST = 3
"""So few changes are told by their titles where a plan closes no way in: a move, a tag, a setting."""


def render_plan(plan: Plan, more: str) -> str:
    """Return a plan: what is done where, how it stands and will, changes, findings, how to see all of it."""
    lines = [headline_of(plan), where_words(plan), _ways(plan), tally_of(plan), _findings(plan)]
    return _six(lines, more)


def render_report(report: Report, more: str) -> str:
    """Return what a run came to: its end, where, its changes, how the whole stands, how to see all of it."""
    failed = "" if report.status == "done" else f"{outcome_of(report)}: {report.message}".removesuffix(": ")
    failed = failed or "; ".join(f"does not hold: {check.says}" for check in broken_of(report))
    headline = f"{verb_of(report)}: {report.plan.title}"
    standing = "; ".join(report.told)
    lines = [headline, where_words(report.plan), counted(report), standing, failed]
    return _six(lines, more)


def _six(lines: Sequence[str], more: str) -> str:
    told = [shortened(plain_addresses(line), LONGEST) for line in lines if line]
    return "\n".join([*told[:5], visible(more)]) + "\n"


def _ways(plan: Plan) -> str:
    paths = paths_of(plan)
    if paths is None or not paths.ways:
        few = plan.changes if len(plan.changes) <= TITLES_AT_MOST else ()
        return "; ".join(plan.foretold or [change.title for change in few])
    return "; ".join(f"{way}: {now} -> {after}" for way, now, after, _ in way_rows(paths))


def _findings(plan: Plan) -> str:
    if not plan.warnings:
        return "no warnings"
    said = [f"{finding_words(one).removeprefix('warning ')}: {one.because}" for one in plan.warnings]
    return f"! {'; '.join(said)}"
