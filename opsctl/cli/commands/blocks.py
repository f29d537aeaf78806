"""`opsctl blocks`: what is blocked, until when, and ending it in time."""

import typer

from opsctl.cli.commands import blocks_expire, blocks_extend, blocks_list, blocks_verify, blocks_watch


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        name="blocks",
        help="See what is blocked in the account, until when and why, and end it in time.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    for module in (blocks_list, blocks_extend, blocks_expire, blocks_verify, blocks_watch):
        module.register(group)
    app.add_typer(group)
