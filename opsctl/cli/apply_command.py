"""`opsctl apply` and `opsctl show`: saved plans."""

from pathlib import Path
from typing import Annotated

import typer

from opsctl.cli.options import AccountOptions, ApplyOptions, ShowOptions, spliced

APPLY_EPILOG = """Examples:

  opsctl apply plan.json

  opsctl apply plan.json --dry-run    (0: the account still matches, 4: it drifted)
"""

SHOW_EPILOG = """Examples:

  opsctl show plan.json -o markdown > runbook.md

  opsctl show last -o html > run.html
"""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("apply", epilog=APPLY_EPILOG)(spliced(apply))
    app.command("show", epilog=SHOW_EPILOG)(spliced(show_any))


def apply(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A plan saved with --out.")],
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Apply a saved plan, if it is unaltered, made for this account, and the account has not drifted."""
    from opsctl.cli.front import Order, carry_out, in_sandbox, open_session
    from opsctl.cli.output import emit_value
    from opsctl.model.commands import command_line
    from opsctl.model.errors import RefusedByGuard
    from opsctl.planning.planner import refuse_large
    from opsctl.workflow.plan_files import load_plan, refuse_unbound
    from opsctl.workflow.runs import refuse_drift

    plan = load_plan(file)
    session = open_session(Order("apply", account, show), in_sandbox=in_sandbox())
    runtime = session.runtime
    refuse_unbound(plan, runtime.identity, runtime.clock.now())
    if runtime.journal.has(plan.id):
        raise RefusedByGuard(
            f"plan {plan.id} was applied before; a plan is used once",
            f"opsctl runs show {plan.id}, or plan again",
        )
    refuse_large(plan, applying.max_changes or runtime.settings.max_changes)
    session.progress("comparing the account with the plan")
    refuse_drift(plan, runtime.workbench())
    session.progress.clear()
    if applying.dry_run:
        following = command_line(runtime.identity.reached_by, "apply", str(file))
        text = f"The account still matches plan {plan.id}; apply it with: {following}"
        emit_value(session.order, "matches", {"plan": plan.id, "matches": True}, text)
        return
    carry_out(session, plan, applying)


def show_any(
    *,
    what: Annotated[str, typer.Argument(metavar="FILE|RUN", help="A plan file, a run's id, or last.")],
    show: ShowOptions,
) -> None:
    """Show a saved plan or a run again, in any form; calls nothing."""
    from opsctl.cli.front import Order
    from opsctl.cli.output import emit_plan, emit_report
    from opsctl.model.commands import command_line
    from opsctl.playbook.places import is_file
    from opsctl.wiring import open_journal
    from opsctl.workflow.plan_files import load_plan
    from opsctl.workflow.reporting import report_of

    order = Order("show", AccountOptions(), show)
    if is_file(Path(what)):
        plan = load_plan(Path(what))
        emit_plan(order, plan, (command_line(plan.reached_by, "apply", what),))
        return
    journal = open_journal()
    row = journal.run(what)
    report = report_of(row, journal.plan(row.id), journal.events(row.id), undone_by=journal.undone_by(row.id))
    emit_report(order, report, 0)
