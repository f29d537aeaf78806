"""Picks the renderer and writes results to stdout, and nothing else there."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO, TypedDict

from opsctl.cli.options import Output
from opsctl.cli.terminal import wants_colour, width
from opsctl.model.outcomes import Outcome

if TYPE_CHECKING:
    from opsctl.cli.front import Order
    from opsctl.model.plan import Plan
    from opsctl.model.report import Report, RunRow
    from opsctl.model.value import Json


class _Sheet(TypedDict):
    """What a page is to be like."""

    width: int
    colour: bool


def emit_plan(
    order: "Order",
    plan: "Plan",
    following: tuple[str, ...],
    code: int = 0,
    named: str = "",
    more: "dict[str, Json] | None" = None,
) -> None:
    """Write a plan; `code` is what the command will exit with, `named` what `opsctl show` takes for it.

    `more` are members of the JSON beside the plan's.
    """
    form = order.show.output
    if form is Output.JSON:
        _json(order, code, Outcome.PLANNED, plan.to_json() | (more or {}))
    elif form is Output.MARKDOWN:
        from opsctl.render.markdown import render_plan as markdown_plan

        _write(markdown_plan(plan, following))
    elif form is Output.HTML:
        from opsctl.render.html_page import render_plan as html_plan

        _write(html_plan(plan, following))
    elif form is Output.SHORT:
        from opsctl.render.short import render_plan as short_plan

        _write(short_plan(plan, _more_of(order, plan, named)))
    else:
        _write(plan_text(order, plan, following))


def plan_text(order: "Order", plan: "Plan", following: tuple[str, ...], stream: TextIO | None = None) -> str:
    """Return a plan as text for a stream: on one screen, or the whole of it where that was asked for."""
    if order.show.whole:
        return details_text(order, plan, stream, following)
    from opsctl.playbook.places import is_shipped
    from opsctl.render.screen import render_plan

    book = plan.playbook
    return render_plan(plan, following=following, calls=not is_shipped(book.sha256, book.name), **_for(stream))


def details_text(
    order: "Order", plan: "Plan", stream: TextIO | None = None, following: tuple[str, ...] = ()
) -> str:
    """Return the whole of a plan as text for a stream."""
    from opsctl.render.terminal import render_plan

    return render_plan(plan, verbose=order.show.verbose, following=following, **_for(stream))


def _for(stream: TextIO | None) -> _Sheet:
    shown = stream or sys.stdout
    return {"width": width(shown), "colour": wants_colour(shown)}


def emit_report(order: "Order", report: "Report", code: int, more: "dict[str, Json] | None" = None) -> None:
    """Write what a run came to; `more` are members of the JSON beside the report's."""
    form = order.show.output
    if form is Output.JSON:
        told = report.model_dump(mode="json") | {"plan": report.plan.to_json()} | (more or {})
        _json(order, code, Outcome(report.status), told)
    elif form is Output.MARKDOWN:
        from opsctl.render.markdown import render_report as markdown_report

        _write(markdown_report(report))
    elif form is Output.HTML:
        from opsctl.render.html_page import render_report as html_report

        _write(html_report(report))
    elif form is Output.SHORT:
        _write(short_text(order, report))
    elif order.show.whole:
        from opsctl.render.terminal import render_report as whole_report

        _write(whole_report(report, verbose=order.show.verbose, **_for(None)))
    else:
        from opsctl.render.outcome import render_report

        _write(render_report(report, **_for(None)))


def short_text(order: "Order", report: "Report") -> str:
    """Return what a run came to in six lines."""
    from opsctl.render.short import render_report as short_report

    return short_report(report, _more(order, "show", report.run_id))


def _more_of(order: "Order", plan: "Plan", named: str) -> str:
    """How to see all of a plan: as it was saved or kept, or planned again where it could not be kept."""
    from opsctl.wiring import kept_plan

    if plan.undo_of:
        return _more(order, "undo", plan.undo_of, "--dry-run", "--details")
    if named or kept_plan(plan.id).is_file():
        return _more(order, "show", named or plan.id)
    return "more: the same command with --details"


def _more(order: "Order", *words: str) -> str:
    """The command that shows all of a plan or a run."""
    from opsctl.model.commands import command_line

    return f"more: {command_line(order.account.words(), *words)}"


def emit_runs(order: "Order", runs: "Sequence[RunRow]") -> None:
    """Write the list of runs."""
    if order.show.output is Output.JSON:
        _json(order, 0, Outcome.LISTED, [run.model_dump(mode="json") for run in runs])
        return
    if order.show.output is Output.MARKDOWN:
        from opsctl.render.markdown import render_runs as markdown_runs

        _write(markdown_runs(runs))
        return
    from opsctl.render.terminal import render_runs

    _write(render_runs(runs, width=width(), colour=wants_colour(sys.stdout)))


def emit_value(order: "Order", outcome: Outcome, value: "Json", text: str, *, code: int = 0) -> None:
    """Write any other result: its JSON, or the text given for it; `code` is what the command will exit with."""
    if order.show.output is Output.JSON:
        _json(order, code, outcome, value)
    else:
        _write(text)


def _json(order: "Order", code: int, outcome: Outcome, result: "Json") -> None:
    from opsctl.model.errors import InvalidInput
    from opsctl.render.json_text import envelope_of, found_in, json_text

    envelope = envelope_of(command=order.command, exit_code=code, outcome=outcome, result=result)
    show = order.show
    try:
        found = found_in(envelope, show.query)
    except InvalidInput as invalid:
        # What was done is reported all the same, whole.
        sys.stderr.write(f"error: --query: {invalid.summary}\n")
        found = envelope
    if found in (None, [], {}):
        looked_at = ", ".join(envelope)
        sys.stderr.write(f"note: --query: nothing matches, or what matches is empty; it looks at {looked_at}\n")
    _write(json_text(found, raw=show.raw, on_terminal=sys.stdout.isatty()))


def _write(text: str) -> None:
    sys.stdout.write(text if text.endswith("\n") or not text else text + "\n")
    sys.stdout.flush()
