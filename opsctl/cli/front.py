"""The one door through which every playbook runs: plan, show, approve, apply, report."""

import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, TypeAlias

import typer

from opsctl.cli.new_files import refuse_bad_place
from opsctl.cli.options import AccountOptions, ApplyOptions, Output, PlanOptions, ShowOptions
from opsctl.cli.playbook_options import Given

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opsctl.cli.terminal import ProgressLines
    from opsctl.model.plan import Plan
    from opsctl.model.playbook import LoadedPlaybook
    from opsctl.model.report import ChangeResult
    from opsctl.model.settings import Settings
    from opsctl.model.value import Json
    from opsctl.wiring import Runtime
    from opsctl.workflow.approval import Asides
    from opsctl.workflow.run_context import RunContext


@dataclass(frozen=True)
class Order:
    """What the command line asked for, whatever the command."""

    command: str
    account: AccountOptions
    show: ShowOptions


Ending: TypeAlias = "Callable[[Session, Plan, Sequence[ChangeResult]], int]"
"""Shows what came of a plan in a command's own way, and returns what the command exits with."""
Afterwards: TypeAlias = "Callable[[Session, Plan, int, Callable[[int, dict[str, Json]], None]], int]"
"""Does something when a plan stands: is given what the command would exit with, and what shows the result with
that code and more members of its JSON; has it shown once, and returns what the command exits with."""


@dataclass(frozen=True)
class Session:
    """One command at work: its order, its runtime, and its line of progress."""

    order: Order
    runtime: "Runtime"
    progress: "ProgressLines"


def open_session(order: Order, settings: "Settings | None" = None) -> Session:
    """Connect as asked; with the sandbox, credentials and endpoint are forced first.

    `settings` are those in force where the configuration is not to be read here.
    """
    from opsctl.aws.clients import Connection
    from opsctl.aws.debug_log import log_calls
    from opsctl.cli.terminal import ProgressLines, StopFlag, asked_over
    from opsctl.wiring import Runtime

    if order.show.debug:
        log_calls()
    progress = ProgressLines(quiet=order.show.quiet)
    stop = StopFlag()
    stop.install()
    account = order.account
    reached_by = account.words()
    connection = Connection(
        profile=account.profile,
        region=account.region,
        role_arn=account.role_arn,
        endpoint_url=account.endpoint_url,
    )
    if account.sandbox:
        from opsctl.cli.sandbox_commands import require_sandbox
        from opsctl.sandbox.client import force_environment

        endpoint = require_sandbox(progress)
        force_environment(endpoint)
        connection = Connection(
            region=account.region or endpoint.region,
            role_arn=account.role_arn,
            endpoint_url=endpoint.endpoint_url,
        )
    runtime = Runtime(connection, progress, stop, reached_by, asked_over(progress), settings)
    return Session(order=order, runtime=runtime, progress=progress)


def run_playbook(
    order: Order,
    given: Given,
    planning: PlanOptions,
    applying: ApplyOptions,
    *,
    plan_only: bool = False,
    trust_reads: str = "",
    ending: "Ending | None" = None,
    evidence: bool = True,
    afterwards: "Afterwards | None" = None,
) -> None:
    """Check a playbook, parse its inputs, plan it and, unless only the plan is wanted, carry it out.

    Without `evidence` nothing is found out beside the planning. `ending` shows what came of it where all went
    well, `afterwards` does something more then; both also where there was nothing to carry out.
    """
    from opsctl.cli.meanwhile import check_first
    from opsctl.model.errors import InvalidInput
    from opsctl.planning.guards import refuse_unknown_guards
    from opsctl.planning.inputs import parse_inputs

    refuse_bad_place(planning.out, "--out")
    loaded = check_first(given.playbook)
    refuse_unknown_guards(loaded.playbook, planning.named)
    inputs = parse_inputs(loaded.playbook.inputs, given.values, source=given.flags)
    _agree_to_reads(loaded, trust_reads)
    session = open_session(order)
    only_shown = applying.dry_run or plan_only or planning.out is not None
    if not only_shown:
        _ = session.runtime.journal  # opened first: where that fails nothing can be applied, so nothing is read
    try:
        plan = _plan(session, loaded, inputs, planning, applying, evidence=evidence)
    except InvalidInput as invalid:
        raise invalid.told_as(given.flags_of_fields) from None
    if planning.out is not None:
        from opsctl.workflow.plan_files import save_plan

        save_plan(plan, planning.out)
    if ending is not None and not only_shown and not plan.changes:
        raise typer.Exit(ending(session, plan, ()))
    if only_shown or not plan.changes:
        end_with_plan(
            session, plan, applying, str(planning.out or ""), only_shown=only_shown, afterwards=afterwards
        )
    carry_out(session, plan, applying, ending=ending, afterwards=afterwards)


def _agree_to_reads(loaded: "LoadedPlaybook", trust_reads: str) -> None:
    """Have the reads of a playbook that is not shipped agreed to, before anything is called."""
    if loaded.shipped and not trust_reads:
        return
    from opsctl.cli.terminal import TerminalPrompter, wants_colour, width
    from opsctl.planning.foreign_reads import foreign_reads
    from opsctl.playbook.load import sum_of
    from opsctl.render.foreign_reads import lines_of, render_reads
    from opsctl.wiring import settings
    from opsctl.workflow.approval import agree_to_reads

    reads = foreign_reads(loaded.playbook)

    def show() -> None:
        sys.stderr.write(render_reads(loaded, reads, width=width(sys.stderr), colour=wants_colour(sys.stderr)))

    agree_to_reads(
        loaded,
        reads,
        trusted=sum_of(trust_reads) if trust_reads else "",
        settings=settings(),
        prompter=TerminalPrompter(),
        show=show,
        listed=lines_of(reads),
    )


def carry_out(
    session: Session,
    plan: "Plan",
    applying: ApplyOptions,
    first: "Callable[[RunContext], object] | None" = None,
    ending: "Ending | None" = None,
    afterwards: "Afterwards | None" = None,
) -> None:
    """Show a plan, get consent, check permissions, apply it and report; `first` comes right after consent."""
    from opsctl.cli.terminal import TerminalPrompter
    from opsctl.workflow.approval import Consent, approve
    from opsctl.workflow.permissions import refuse_denied
    from opsctl.workflow.runs import start_run

    context = session.runtime.workbench()
    _show_for_consent(session, plan, answered=applying.yes or bool(applying.confirm))
    consent = Consent(yes=applying.yes, confirm=applying.confirm)
    approve(plan, consent, TerminalPrompter(), context.about.settings, _asides(session, plan))
    if first is not None:
        first(context)
    if not applying.skip_permission_check:
        session.progress(refuse_denied(plan, context.aws))
    run_and_report(session, plan.id, lambda: start_run(plan, context), applying.notify or (), ending, afterwards)


def _asides(session: Session, plan: "Plan") -> "Asides":
    """What whoever is asked can have besides a yes; all of it is shown where the question stands."""
    from opsctl.cli.kept_plans import kept_words, saved_words
    from opsctl.cli.output import details_text
    from opsctl.workflow.approval import Asides

    reached_by = session.runtime.identity.reached_by

    def details() -> None:
        sys.stderr.write(details_text(session.order, plan, sys.stderr) + "\n")
        sys.stderr.flush()

    return Asides(
        details=details,
        save=lambda: saved_words(plan, reached_by),
        keep=lambda: kept_words(plan, reached_by),
    )


def end_with_plan(
    session: Session,
    plan: "Plan",
    applying: ApplyOptions,
    saved: str,
    *,
    only_shown: bool,
    afterwards: "Afterwards | None" = None,
) -> NoReturn:
    """Show a plan that is not carried out now, or that has nothing to carry out, and leave: there is no run."""
    code = _code_of(plan, applying, only_shown=only_shown)
    if afterwards is None or only_shown:
        show_plan(session, plan, saved=saved, code=code)
        raise typer.Exit(code)

    def show(code: int, more: "dict[str, Json]") -> None:
        show_plan(session, plan, saved=saved, code=code, more=more)

    code = afterwards(session, plan, code, show)
    raise typer.Exit(code)


def _code_of(plan: "Plan", applying: ApplyOptions, *, only_shown: bool) -> int:
    """Without a change there is no run, but what is known to stay as it should not be is no success."""
    from opsctl.model.exits import Exit

    if not only_shown:
        return int(Exit.UNPROVED if plan.unaccepted else Exit.DONE)
    changing = applying.dry_run and applying.detailed_exitcode and plan.changes
    return int(Exit.HAS_CHANGES if changing else Exit.DONE)


def show_plan(
    session: Session, plan: "Plan", saved: str = "", code: int = 0, more: "dict[str, Json] | None" = None
) -> None:
    """Write a plan as the command's result, with what to type next; `code` is what the command will exit with."""
    from opsctl.cli.output import emit_plan

    emit_plan(session.order, plan, _following(session, plan, saved), code, saved, more)


def _following(session: Session, plan: "Plan", saved: str) -> tuple[str, ...]:
    """The command that carries on from a plan that is only shown: with what it needs accepted, or as it is."""
    from opsctl.cli.kept_plans import kept_or_told
    from opsctl.cli.typed import typed_again
    from opsctl.model.commands import command_line

    reached_by = session.runtime.identity.reached_by
    if saved:
        applying = command_line(reached_by, "apply", saved, "--digest", plan.short_digest)
    else:
        applying = "" if session.order.show.output is Output.JSON else kept_or_told(plan, reached_by)
    if plan.pending:
        return (typed_again(*(word for name in plan.pending for word in ("--accept", name))),)
    return (applying,) if applying and plan.changes else ()


def _show_for_consent(session: Session, plan: "Plan", *, answered: bool) -> None:
    """Show what is about to happen: on stdout as text, on stderr when stdout is for a machine.

    Whoever is asked sees it in any case, wherever stdout goes and however quiet it is.
    """
    from opsctl.cli.output import plan_text
    from opsctl.cli.terminal import TerminalPrompter

    show = session.order.show
    asked = TerminalPrompter().present and not answered
    streams = [sys.stdout] if show.output is Output.TEXT else []
    if (asked and not sys.stdout.isatty()) or (not streams and not show.quiet):
        streams.append(sys.stderr)
    for stream in streams:
        stream.write(plan_text(session.order, plan, (), stream) + ("" if asked else "\n"))
        stream.flush()


def run_and_report(
    session: Session,
    run_id: str,
    work: "Callable[[], object]",
    notify: "Sequence[str]" = (),
    ending: "Ending | None" = None,
    afterwards: "Afterwards | None" = None,
) -> None:
    """Do the work of a run, then show its report whatever came of it, and leave with the right code.

    `notify` names who is told; without any it is whoever the configuration names.
    """
    from opsctl.cli.job_files import save_files
    from opsctl.cli.notifications import tell
    from opsctl.cli.output import emit_report
    from opsctl.model.errors import OpsctlError, RefusedByGuard
    from opsctl.model.exits import Exit
    from opsctl.workflow.reporting import recorded

    journal = session.runtime.journal
    failure: OpsctlError | None = None
    try:
        work()
    except OpsctlError as error:
        if isinstance(error, RefusedByGuard) or not journal.has(run_id):
            raise  # nothing was done, so there is nothing to report
        failure = error
    finally:
        session.progress.clear()
    row = journal.run(run_id)
    hint = failure.hint if failure else ""
    report = recorded(journal, row, hint=hint, reached_by=session.runtime.identity.reached_by)
    save_files(report)
    code = int(failure.exit_code) if failure else 0
    try:
        if ending is not None and failure is None:
            code = ending(session, report.plan, report.changes)
        elif afterwards is not None and code in (Exit.DONE, Exit.UNPROVED):

            def show(code: int, more: "dict[str, Json]") -> None:
                emit_report(session.order, report, code, more)

            code = afterwards(session, report.plan, code, show)
        else:
            emit_report(session.order, report, code)
    finally:
        tell(session, report, notify)
    if code:
        raise typer.Exit(code)


def _plan(
    session: Session,
    loaded: "LoadedPlaybook",
    inputs: "dict[str, Json]",
    planning: PlanOptions,
    applying: ApplyOptions,
    *,
    evidence: bool,
) -> "Plan":
    from opsctl.cli.evidence_beside import beside
    from opsctl.cli.meanwhile import meanwhile
    from opsctl.model.errors import InvalidInput
    from opsctl.planning.facts import services_first
    from opsctl.planning.planner import make_plan, refuse_large
    from opsctl.workflow.open_moves import warned_of_open_moves
    from opsctl.workflow.open_turns import may_meet_open_turns, told_of_open_turns, warned_of_open_turns

    runtime = session.runtime
    what = f"reading the account for {loaded.playbook.name}"
    session.progress(what)
    runtime.soon = services_first(loaded, runtime.registry)
    about = runtime.about  # whoever has to be asked for a code is asked now
    with session.progress.reading(what) as answered:
        reader = runtime.reader(answered)
        with beside(runtime, loaded if evidence else None, inputs, reader) as known:
            with meanwhile(runtime, loaded, reader), told_of_open_turns(about, lambda: runtime.journal):
                plan = make_plan(
                    loaded,
                    inputs,
                    about=about,
                    reader=reader,
                    registry=runtime.registry,
                    overrides=tuple(planning.named),
                    now=runtime.clock.now(),
                    alias=lambda: runtime.alias,
                )
            plan = plan.model_copy(update={"evidence": known()})
    if any(change.kind == "job" for change in plan.changes):
        plan = warned_of_open_moves(plan, runtime.journal, runtime.registry.jobs)
    if may_meet_open_turns(plan):
        with suppress(InvalidInput):  # where no journal can be had, no run of this machine has begun
            plan = warned_of_open_turns(plan, runtime.journal)
    session.progress.clear()
    refuse_large(plan, applying.max_changes or runtime.settings.max_changes)
    if session.order.show.verbose:
        session.progress(f"{len(reader.made)} reads in {reader.rounds} rounds")
    return plan
