"""`opsctl dlq redrive`: sends dead letters home."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsctl.cli.new_files import refuse_bad_file
from opsctl.cli.options import AccountOptions, ApplyOptions, PlanOptions, ShowOptions, spliced

if TYPE_CHECKING:
    from opsctl.dlq.sieve import MessageSieve, Setting

EPILOG = """Examples:

  opsctl dlq redrive orders-dlq --dry-run

  opsctl dlq redrive orders-dlq --where "body.customer == 'c-17'" --backup orders.jsonl

  opsctl dlq redrive orders-dlq --set body.currency=EUR --canary 5

  opsctl dlq redrive payments-dlq.fifo --where "body.kind == 'refund'" --through

  opsctl dlq redrive resize-images-failures --to function:resize-images --rate 20
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("redrive", epilog=EPILOG)(spliced(redrive))


def redrive(
    *,
    queue: Annotated[str, typer.Argument(metavar="QUEUE", help="Name, URL or ARN of the dead-letter queue.")],
    to: Annotated[
        str,
        typer.Option(help="Send everything here: a queue, function:NAME, bus:NAME or an ARN."),
    ] = "",
    where: Annotated[str, typer.Option(help="Only messages for which this JMESPath finds something.")] = "",
    through: Annotated[
        bool,
        typer.Option("--through", help="FIFO with --where: take all out in order, bring back what is not meant."),
    ] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="body.a.b=VALUE, attributes.name=VALUE, or ==EXPRESSION; repeatable."),
    ] = None,
    edit: Annotated[str, typer.Option(help="JMESPath over a message that gives its new body.")] = "",
    limit: Annotated[int, typer.Option(min=0, help="At most so many messages; 0: all.")] = 0,
    rate: Annotated[int, typer.Option(min=0, help="Messages a second; 0: as fast as possible.")] = 0,
    canary: Annotated[
        int,
        typer.Option(min=-1, help="So many go first; 0 none, -1: 10 when more than 100 and a consumer is known."),
    ] = -1,
    watch: Annotated[
        int, typer.Option(min=-1, help="Stop when more than so many come straight back; -1 never.")
    ] = 10,
    backup: Annotated[
        Path | None, typer.Option(help="Write every message here before it is sent; .gz packs.")
    ] = None,
    via: Annotated[str, typer.Option(help="auto, task (SQS's own) or client (opsctl itself).")] = "auto",
    events_to: Annotated[str, typer.Option(help="target or bus: where EventBridge's dead letters go.")] = "target",
    sample: Annotated[
        int, typer.Option(min=0, help="Only show what would become of so many messages; counts as a receive.")
    ] = 0,
    planning: PlanOptions,
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Send the messages of a dead-letter queue back to where they belong, without losing one.

    Shows the plan, asks, moves them with live progress, and says what stayed and why. Interrupt it at any
    time: opsctl resume goes on.
    """
    from opsctl.cli.front import Order, run_playbook
    from opsctl.dlq.sieve import MessageSieve

    refuse_bad_file(backup, "--backup")
    refuse_through_alone(where, through=through)
    settings = checked_edits(where, set_ or [], edit)
    if sample:
        _preview(queue, sample, MessageSieve(where, settings, edit), planning, account, show)
        return
    given = {
        "queue": queue,
        "to": to,
        "via": via,
        "where": where,
        "through": through,
        "settings": list(set_ or []),
        "edit": edit,
        "limit": limit,
        "rate": rate,
        "canary": canary,
        "watch": watch,
        "backup": str(backup.absolute()) if backup else "",
        "events_to": events_to,
    }
    sources = {name: f"--{name.replace('_', '-')}" for name in given}
    sources |= {"queue": "QUEUE", "settings": "--set"}
    run_playbook(Order("dlq redrive", account, show), "dlq-redrive", given, sources, planning, applying)


def refuse_through_alone(where: str, *, through: bool) -> None:
    """Refuse --through where there is no filter that would need it."""
    if through and not where:
        raise typer.BadParameter("only with --where: without a filter nothing is parked", param_hint="--through")


def checked_edits(where: str, settings: list[str], edit: str) -> "list[Setting]":
    """Parse what is to be set, and check the expressions, before anything is called; raises InvalidInput."""
    from opsctl.dlq.edits import parse_setting, refuse_bad_expression
    from opsctl.model.errors import InvalidInput

    for text, flag in ((where, "--where"), (edit, "--edit")):
        if text:
            refuse_bad_expression(text, flag)
    try:
        return [parse_setting(text) for text in settings]
    except InvalidInput as invalid:
        raise invalid.told_as({"settings": "--set"}) from None


def _preview(
    queue: str,
    sample: int,
    sieve: "MessageSieve",
    planning: PlanOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Show the difference that filter and edits make to a few messages, which stay in the queue."""
    from opsctl.cli.commands.dlq_inspect import open_glass
    from opsctl.cli.output import emit_value
    from opsctl.dlq.looking_at_messages import COSTLY
    from opsctl.planning.guards import refuse_unknown_guards
    from opsctl.playbook.load import load_playbook
    from opsctl.render.views.dead_letters import render_previews

    book = load_playbook("dlq-redrive").playbook
    refuse_unknown_guards(book, {name: flag for name, flag in planning.named.items() if name not in COSTLY})
    names = [guard.id for guard in book.guards]
    session, glass = open_glass("dlq redrive", queue, "", tuple(planning.named), account, show, guards=names)
    found = glass.preview(sample, sieve)
    session.progress.clear()
    emit_value(session.order, "previewed", [one.model_dump(mode="json") for one in found], render_previews(found))
