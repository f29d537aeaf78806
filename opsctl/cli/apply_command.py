"""`opsctl apply` and `opsctl show`: saved plans."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from opsctl.cli.commands.blocks_watch import WatchOption
from opsctl.cli.completion import complete_plans, complete_plans_and_runs, one_of
from opsctl.cli.options import AccountOptions, ApplyOptions, Output, ShowOptions, spliced
from opsctl.model.outcomes import Outcome

if TYPE_CHECKING:
    from opsctl.cli.front import Session
    from opsctl.model.changes import Change
    from opsctl.model.plan import Plan
    from opsctl.model.value import Json
    from opsctl.workflow.run_context import RunContext

APPLY_EPILOG = """Examples:

  opsctl show plan.json                                (says the digest)

  opsctl apply plan.json --digest 0995ea2acd94 --yes   (in scripts)

  opsctl apply plan.json --dry-run                     (4: drifted)

  opsctl apply plan.json --watch 5m                    (a block: what it refuses as it comes)
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
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE|PLAN",
            help="A saved plan, or the id of one that was not approved.",
            autocompletion=complete_plans,
        ),
    ],
    digest: Annotated[
        str, typer.Option(help="Start of the digest of the approved plan; required with --yes.")
    ] = "",
    accept: Annotated[
        list[str] | None,
        typer.Option(
            help="Accept by name what the plan is refused for: never-block.", autocompletion=one_of("never-block")
        ),
    ] = None,
    watch: WatchOption = "",
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Apply a saved plan, if it is unaltered, made for this account, and the account has not drifted.

    Everything in the file is checked before any call. Severities, the name to confirm and the never-block list
    are computed again and not taken from it.
    """
    from opsctl.cli.commands.blocks_watch import refuse_unwatchable, watch_after
    from opsctl.cli.front import Order, carry_out, end_with_plan, open_session
    from opsctl.model.commands import run_command
    from opsctl.model.errors import RefusedByGuard
    from opsctl.planning.planner import refuse_large
    from opsctl.wiring import load_checked_plan, plan_place, shipped_playbook
    from opsctl.workflow.plan_files import refuse_other_digest, refuse_unbound
    from opsctl.workflow.reassessing import reassessed
    from opsctl.workflow.runs import refuse_drift

    if applying.dry_run:
        show.refuse_others((Output.TEXT, Output.JSON), "with --dry-run")
    _refuse_bad_digest(file, digest, asked=not applying.dry_run and (applying.yes or bool(applying.confirm)))
    afterwards = watch_after(watch, applying, show)
    place = plan_place(file)
    if place == file:
        # Whoever wrote the file wrote its titles, too: what is approved is seen whole.
        show.whole_by_default()
    plan = load_checked_plan(place, private=True)
    refuse_unwatchable(plan, watch)
    if digest:
        refuse_other_digest(plan, digest, file)
    session = open_session(Order("apply", account, show))
    runtime = session.runtime
    refuse_unbound(plan, runtime.identity, runtime.clock.now())
    if runtime.journal.has(plan.id):
        raise RefusedByGuard(
            f"plan {plan.id} was applied before; a plan is used once",
            f"{run_command('runs show', plan.id)}, or plan again",
        )
    made_by = shipped_playbook(plan.playbook.name, plan.playbook.sha256)
    plan = reassessed(plan, runtime.about, shipped=made_by, accepted=accept or ())
    refuse_large(plan, applying.max_changes or runtime.settings.max_changes)

    def refuse_drifted(context: "RunContext") -> "tuple[Change, ...]":
        session.progress("comparing the account with the plan")
        already = refuse_drift(plan, context)
        session.progress.clear()
        return already

    if applying.dry_run:
        _end_compared(session, plan, file, refuse_drifted(runtime.workbench()), applying)
    if not plan.changes:
        end_with_plan(session, plan, applying, str(file), only_shown=False, afterwards=afterwards)
    carry_out(session, plan, applying, refuse_drifted, afterwards=afterwards)


def _end_compared(
    session: "Session", plan: "Plan", file: Path, already: "tuple[Change, ...]", applying: ApplyOptions
) -> NoReturn:
    """Say how the account stands to the plan, and leave; of a plan that others carried out nothing is left."""
    from opsctl.cli.output import emit_value
    from opsctl.model.commands import command_line
    from opsctl.model.exits import Exit

    left = len(plan.changes) - len(already)
    following = command_line(
        session.runtime.identity.reached_by, "apply", str(file), "--digest", plan.short_digest
    )
    made = f"{len(already)} of its {len(plan.changes)} changes are made already"
    text = f"The account still matches plan {plan.id}{f'; {made}' if already else ''}; apply it with: {following}"
    if not left:
        text = f"Nothing is left to do: the account is as plan {plan.id} would make it."
    code = int(Exit.HAS_CHANGES if left and applying.detailed_exitcode else Exit.DONE)
    found: Json = {"plan": plan.id, "matches": True, "already": [change.id for change in already]}
    emit_value(session.order, Outcome.MATCHES if left else Outcome.DONE, found, text, code=code)
    raise typer.Exit(code)


def _refuse_bad_digest(file: Path, digest: str, *, asked: bool) -> None:
    """Refuse consent given in advance to a file, whatever is in it by now."""
    from opsctl.model.commands import command_line

    look = command_line((), "show", str(file))
    if digest and not re.fullmatch(r"(sha256:)?[0-9a-f]{12,64}", digest):
        raise typer.BadParameter(f"at least the 12 characters that `{look}` prints", param_hint="--digest")
    if asked and not digest:
        raise typer.BadParameter(
            f"--yes and --confirm need it: it names the plan that was reviewed; `{look}` prints it",
            param_hint="--digest",
        )


def show_any(
    *,
    what: Annotated[
        str,
        typer.Argument(
            metavar="FILE|PLAN|RUN",
            help="A plan's file or id, a run's id, or last.",
            autocompletion=complete_plans_and_runs,
        ),
    ],
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Show a saved plan or a run again, in any form; calls nothing.

    The switches of an account are for the commands it prints; without any they are those of the plan or run.
    """
    from opsctl.cli.front import Order
    from opsctl.cli.output import emit_plan, emit_report
    from opsctl.model.commands import command_line
    from opsctl.model.errors import InvalidInput
    from opsctl.playbook.places import is_file
    from opsctl.wiring import load_checked_plan, open_journal, plan_place
    from opsctl.workflow.reassessing import reassessed_changes
    from opsctl.workflow.reporting import recorded

    order = Order("show", account, show)
    reached_by = account.words()
    show.whole_by_default()
    place = plan_place(Path(what))
    if is_file(place):
        plan = load_checked_plan(place)
        # Reviewed is what apply would ask consent for, under the digest of the file.
        plan = plan.model_copy(update={"changes": reassessed_changes(plan)})
        following = command_line(reached_by or plan.reached_by, "apply", what, "--digest", plan.short_digest)
        emit_plan(order, plan, (following,), named=what)
        return
    journal = open_journal()
    try:
        row = journal.run(what)
    except InvalidInput as invalid:
        said = f"{invalid.diagnostics[0].summary}, and it names no file and no kept plan"
        raise InvalidInput.one(said, source="FILE|PLAN|RUN", hint=invalid.hint) from None
    emit_report(order, recorded(journal, row, reached_by=reached_by or None), 0)
