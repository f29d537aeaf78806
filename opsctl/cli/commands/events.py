"""`opsctl events`: follow events from what sends them to what takes them."""

import typer

from opsctl.cli.commands import (
    events_api_calls,
    events_archive,
    events_audit,
    events_entry,
    events_replay,
    events_trace,
)


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        name="events",
        help="Follow events from what sends them to what takes them.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    for module in (events_trace, events_audit, events_archive, events_replay, events_entry, events_api_calls):
        module.register(group)
    app.add_typer(group)
