"""`opsctl dlq`: dead letters found, understood, sent home, and kept from piling up."""

from types import ModuleType

import typer


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        name="dlq",
        help="Find, understand, redrive and prevent dead letters.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    modules: tuple[ModuleType, ...] = ()
    for module in modules:
        module.register(group)
    app.add_typer(group)
