"""`opsctl dlq`: find, understand, redrive and prevent dead letters."""

import typer

from opsctl.cli.commands import (
    dlq_attach,
    dlq_audit,
    dlq_files,
    dlq_inspect,
    dlq_list,
    dlq_redrive,
    dlq_task,
    dlq_why,
)


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        name="dlq",
        help="Find, understand, redrive and prevent dead letters.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    modules = (dlq_list, dlq_audit, dlq_inspect, dlq_why, dlq_redrive, dlq_files, dlq_task, dlq_attach)
    for module in modules:
        module.register(group)
    app.add_typer(group)
