"""`opsctl dlq import` and `purge`: messages from a file into a queue, and the other way."""

from pathlib import Path
from typing import Annotated

import typer

from opsctl.cli.commands.dlq_redrive import refuse_bad_edits
from opsctl.cli.new_files import refuse_bad_file
from opsctl.cli.options import AccountOptions, ApplyOptions, PlanOptions, ShowOptions, spliced
from opsctl.cli.playbook_options import Given, inputs_of
from opsctl.cli.playbook_runs import runs_playbook

IMPORT_SAYS = """Send the messages of a file to a queue, with their bodies, attributes and groups."""
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
    runs_playbook(group, "dlq import", playbook="dlq-import", says=IMPORT_SAYS, epilog=IMPORT)
    group.command("purge", cls=inputs_of("dlq-purge"), epilog=PURGE)(spliced(purge))


def purge(
    *,
    given: Given,
    backup: Annotated[
        Path | None, typer.Option(help="The file for the messages; default: QUEUE-TIME.jsonl.gz, here.")
    ] = None,
    no_backup: Annotated[bool, typer.Option("--no-backup", help="Delete permanently, without a file.")] = False,
    planning: PlanOptions,
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Move the messages of a queue to a file: each is written before it is deleted.

    Asks you to type the queue's name; in scripts use --confirm.
    """
    from datetime import UTC, datetime

    from opsctl.cli.front import Order, run_playbook

    refuse_bad_edits(given)
    if backup and no_backup:
        raise typer.BadParameter("not together with --backup", param_hint="--no-backup")
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    name = given.values["queue"].rstrip("/").rpartition("/")[2].rpartition(":")[2]
    path = backup or Path(f"{name}-{stamp}.jsonl.gz")
    refuse_bad_file(None if no_backup else path, "--backup")
    wanted = given.but(backup="" if no_backup else str(path.absolute()))
    run_playbook(Order("dlq purge", account, show), wanted, planning, applying)
