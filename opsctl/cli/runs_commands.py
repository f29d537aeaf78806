"""`opsctl runs`, `resume`, `undo` and `verify`: what happens to a run after it was started."""

from typing import TYPE_CHECKING, Annotated

import typer

from opsctl.cli.commands.blocks_watch import WatchOption
from opsctl.cli.completion import complete_runs
from opsctl.cli.notifications import refuse_bad_destinations
from opsctl.cli.options import AccountOptions, ApplyOptions, LookOptions, NotifyOption, ShowOptions, spliced

if TYPE_CHECKING:
    from opsctl.cli.front import Order, Session
    from opsctl.model.report import RunRow
    from opsctl.model.value import Json

RunArgument = Annotated[
    str,
    typer.Argument(metavar="RUN", help="A run's id, its beginning, or last.", autocompletion=complete_runs),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    runs = typer.Typer(name="runs", help="List and show past runs.", no_args_is_help=True, rich_markup_mode=None)
    runs.command("list", epilog="Example:\n\n  opsctl runs list -o json --query 'result[].id'")(spliced(list_runs))
    runs.command("show", epilog="Example:\n\n  opsctl runs show last -o markdown")(spliced(show_run))
    app.add_typer(runs)
    app.command("resume", epilog="Example:\n\n  opsctl resume last")(spliced(resume))
    app.command("undo", epilog="Examples:\n\n  opsctl undo last --dry-run\n\n  opsctl undo last --yes")(
        spliced(undo)
    )
    app.command("verify", epilog="Examples:\n\n  opsctl verify last\n\n  opsctl verify last --watch 5m")(
        spliced(verify)
    )


def _order(command: str, account: AccountOptions, show: ShowOptions) -> "Order":
    from opsctl.cli.front import Order

    return Order(command, account, show)


def list_runs(*, show: LookOptions) -> None:
    """List all runs of this machine, newest first; calls nothing."""
    from opsctl.cli.output import emit_runs
    from opsctl.wiring import open_journal

    emit_runs(_order("runs list", AccountOptions(), show), open_journal().runs())


def show_run(*, run: RunArgument = "last", account: AccountOptions, show: ShowOptions) -> None:
    """Show where a run stands, change by change; calls nothing.

    The switches of an account are for the commands it prints; without any they are those of the run.
    """
    from opsctl.cli.output import emit_report
    from opsctl.wiring import open_journal
    from opsctl.workflow.reporting import recorded

    journal = open_journal()
    row = journal.run(run)
    report = recorded(journal, row, reached_by=account.words() or None)
    typed = f" runs show {report.plan.id}"
    report = report.model_copy(update={"next": tuple(one for one in report.next if typed not in one)})
    emit_report(_order("runs show", account, show), report, 0)


def _connected(order: "Order", run: str) -> "tuple[Session, RunRow]":
    """Connect, and find the run: `last` is the newest of the account that is reached."""
    from opsctl.cli.front import open_session
    from opsctl.wiring import open_journal

    open_journal().run(run)  # what no run is called is told before any call
    session = open_session(order)
    return session, session.runtime.journal.run(run, session.runtime.identity.account)


def resume(*, run: RunArgument, notify: NotifyOption = None, account: AccountOptions, show: ShowOptions) -> None:
    """Carry an interrupted or failed run on: what is already so is skipped."""
    from opsctl.cli.front import run_and_report
    from opsctl.workflow.plan_files import refuse_other_account
    from opsctl.workflow.runs import resume_run
    from opsctl.workflow.undo_plans import refuse_undone

    refuse_bad_destinations(notify or ())
    session, row = _connected(_order("resume", account, show), run)
    journal = session.runtime.journal
    refuse_undone(row.id, journal.undone_by(row.id))
    plan = journal.plan(row.id)
    refuse_other_account(plan, session.runtime.identity)
    context = session.runtime.workbench()
    run_and_report(session, row.id, lambda: resume_run(plan, context), notify or ())


def undo(*, run: RunArgument, applying: ApplyOptions, account: AccountOptions, show: ShowOptions) -> None:
    """Take back what a run did, and nothing else: a plan of its own, shown, approved and proved."""
    from opsctl.cli.front import carry_out, show_plan
    from opsctl.model.errors import RefusedByGuard
    from opsctl.workflow.plan_files import refuse_other_account
    from opsctl.workflow.undo_plans import undo_plan

    session, row = _connected(_order("undo", account, show), run)
    if row.status == "running":
        raise RefusedByGuard(f"run {row.id} is still running in another process", "interrupt that process first")
    plan = session.runtime.journal.plan(row.id)
    refuse_other_account(plan, session.runtime.identity)
    inverse = undo_plan(plan, session.runtime.workbench())
    if applying.dry_run:
        show_plan(session, inverse)
        return
    carry_out(session, inverse, applying)


_NOTHING_ASKED = "nothing in this run can be verified: every change was kept for others, or skipped"


def verify(*, run: RunArgument, watch: WatchOption = "", account: AccountOptions, show: ShowOptions) -> None:
    """Ask every proof and check of a run again; exit 6 when one does not hold."""
    from opsctl.cli.commands.blocks_watch import refuse_unwatchable, watch_after
    from opsctl.cli.output import emit_report
    from opsctl.model.exits import Exit
    from opsctl.workflow.plan_files import refuse_other_account
    from opsctl.workflow.reporting import recorded
    from opsctl.workflow.runs import verify_run
    from opsctl.workflow.undo_plans import refuse_undone

    afterwards = watch_after(watch, None, show)
    session, row = _connected(_order("verify", account, show), run)
    journal = session.runtime.journal
    refuse_undone(row.id, journal.undone_by(row.id))
    plan = journal.plan(row.id)
    refuse_unwatchable(plan, watch)
    refuse_other_account(plan, session.runtime.identity)
    context = session.runtime.workbench()
    evidence = verify_run(plan, context)
    session.progress.clear()
    hint = "" if evidence.proofs or evidence.checks else _NOTHING_ASKED
    report = recorded(journal, row, hint=hint, reached_by=session.runtime.identity.reached_by)
    code = int(Exit.DONE if evidence.holds else Exit.UNPROVED)

    def shown(code: int, more: "dict[str, Json]") -> None:
        emit_report(session.order, report, code, more)

    if afterwards is None:
        shown(code, {})
    else:
        code = afterwards(session, plan, code, shown)
    raise typer.Exit(code)
