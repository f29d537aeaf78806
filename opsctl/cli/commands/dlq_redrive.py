"""`opsctl dlq redrive`: sends dead letters back to their sources."""

from typing import TYPE_CHECKING, Annotated

import typer

from opsctl.cli.new_files import refuse_bad_file
from opsctl.cli.options import AccountOptions, ApplyOptions, PlanOptions, ShowOptions, spliced
from opsctl.cli.playbook_options import Given, inputs_of
from opsctl.model.outcomes import Outcome

if TYPE_CHECKING:
    from opsctl.dlq.message_filter import Setting

EPILOG = """Examples:

  opsctl dlq redrive orders-dlq --dry-run

  opsctl dlq redrive orders-dlq --where "body.customer == 'c-17'" --backup orders.jsonl

  opsctl dlq redrive orders-dlq --set body.currency=EUR --canary 5

  opsctl dlq redrive payments-dlq.fifo --where "body.kind == 'refund'" --through

  opsctl dlq redrive resize-images-failures --to function:resize-images --rate 20
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("redrive", cls=inputs_of("dlq-redrive"), epilog=EPILOG)(spliced(redrive))


def redrive(
    *,
    given: Given,
    sample: Annotated[
        int, typer.Option(min=0, help="Only preview filter and edits on this many messages; counts as a receive.")
    ] = 0,
    planning: PlanOptions,
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Redrive a dead-letter queue: send each message back to its source, without losing any.

    Shows the plan, asks, moves the messages with live progress, and reports which stayed and why. You can
    interrupt it at any time and continue with opsctl resume.
    """
    from opsctl.cli.front import Order, run_playbook

    refuse_bad_file(given.path("backup"), "--backup")
    settings = refuse_bad_edits(given)
    if sample:
        _preview(given, sample, settings, planning, account, show)
        return
    run_playbook(Order("dlq redrive", account, show), given, planning, applying)


def refuse_bad_edits(given: Given) -> "list[Setting]":
    """Refuse expressions and settings that are none, and --through without a filter that would need it.

    Returns what is to be set. Nothing was called. Raises InvalidInput.
    """
    from opsctl.dlq.edits import parse_setting, refuse_bad_expression
    from opsctl.model.errors import InvalidInput

    for name in ("where", "edit"):
        if given.values.get(name):
            refuse_bad_expression(given.values[name], given.flags[name])
    try:
        settings = [parse_setting(text) for text in given.values.get("settings", ())]
    except InvalidInput as invalid:
        raise invalid.told_as(given.flags) from None
    if given.values["through"] and not given.values["where"]:
        raise typer.BadParameter("needs --where: without a filter nothing is parked", param_hint="--through")
    return settings


def _preview(
    given: Given,
    sample: int,
    settings: "list[Setting]",
    planning: PlanOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Show the difference that filter and edits make to a few messages, which stay in the queue."""
    from opsctl.cli.commands.dlq_inspect import open_glass
    from opsctl.cli.output import emit_value
    from opsctl.dlq.looking_at_messages import COSTLY
    from opsctl.dlq.message_filter import MessageFilter
    from opsctl.planning.guards import refuse_unknown_guards
    from opsctl.render.views.dead_letters import render_previews

    book, values = given.playbook.playbook, given.values
    refuse_unknown_guards(book, {name: flag for name, flag in planning.named.items() if name not in COSTLY})
    names = [guard.id for guard in book.guards]
    session, glass = open_glass(
        "dlq redrive", values["queue"], "", tuple(planning.named), account, show, guards=names
    )
    found = glass.preview(sample, MessageFilter(values["where"], settings, values["edit"]))
    session.progress.clear()
    emit_value(
        session.order, Outcome.PREVIEWED, [one.model_dump(mode="json") for one in found], render_previews(found)
    )
