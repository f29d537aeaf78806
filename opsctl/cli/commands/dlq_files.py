"""`opsctl dlq import` and `purge`: messages from a file into a queue, and the other way."""

from pathlib import Path
from typing import Annotated

import typer

from opsctl.cli.commands.dlq_inspect import QueueArgument, WhereOption
from opsctl.cli.commands.dlq_redrive import checked_edits, refuse_through_alone
from opsctl.cli.new_files import refuse_bad_file
from opsctl.cli.options import AccountOptions, ApplyOptions, PlanOptions, ShowOptions, spliced

IMPORT = """Example:

  opsctl dlq import orders.jsonl.gz orders-dlq --dry-run
"""
PURGE = """Examples:

  opsctl dlq purge orders-dlq --confirm orders-dlq

  opsctl dlq purge orders-dlq --where "code == '400'" --backup refused.jsonl.gz

  opsctl dlq purge orders-dlq --no-backup
"""


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("import", epilog=IMPORT)(spliced(import_))
    group.command("purge", epilog=PURGE)(spliced(purge))


def import_(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that export, purge or --backup wrote.")],
    queue: Annotated[str, typer.Argument(metavar="QUEUE", help="Name, URL or ARN of the queue.")],
    planning: PlanOptions,
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Put the messages of a file into a queue, with bodies, attributes and groups as they were."""
    from opsctl.cli.front import Order, run_playbook

    given = {"file": str(file.absolute()), "queue": queue}
    sources = {"file": "FILE", "queue": "QUEUE"}
    run_playbook(Order("dlq import", account, show), "dlq-import", given, sources, planning, applying)


def purge(
    *,
    queue: QueueArgument,
    backup: Annotated[
        Path | None, typer.Option(help="The file for the messages; by default QUEUE-TIME.jsonl.gz, here.")
    ] = None,
    no_backup: Annotated[bool, typer.Option("--no-backup", help="Delete for good.")] = False,
    where: WhereOption = "",
    through: Annotated[
        bool,
        typer.Option("--through", help="FIFO with --where: take all out in order, bring back what is not meant."),
    ] = False,
    planning: PlanOptions,
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Take the messages out of a queue: each is written to a file before it is deleted.

    Asks for the queue's name to be typed; --confirm gives it in scripts.
    """
    from datetime import UTC, datetime

    from opsctl.cli.front import Order, run_playbook

    checked_edits(where, [], "")
    refuse_through_alone(where, through=through)
    if backup and no_backup:
        raise typer.BadParameter("not together with --backup", param_hint="--no-backup")
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    name = queue.rstrip("/").rpartition("/")[2].rpartition(":")[2]
    path = backup or Path(f"{name}-{stamp}.jsonl.gz")
    refuse_bad_file(None if no_backup else path, "--backup")
    given = {
        "queue": queue,
        "backup": "" if no_backup else str(path.absolute()),
        "where": where,
        "through": through,
    }
    sources = {name: f"--{name}" for name in given} | {"queue": "QUEUE"}
    run_playbook(Order("dlq purge", account, show), "dlq-purge", given, sources, planning, applying)
