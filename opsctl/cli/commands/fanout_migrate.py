"""`opsctl fanout migrate`: whether a program can publish once instead of sending to each queue."""

from typing import Annotated

import typer

from opsctl.cli.options import AccountOptions, LookOptions, Output, spliced
from opsctl.model.outcomes import Outcome

EPILOG = """Examples:

  opsctl fanout migrate orders --producer checkout

  opsctl fanout migrate orders --producer checkout --watch 30m

  opsctl fanout migrate orders --producer arn:aws:iam::123456789012:role/checkout -o json
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("migrate", epilog=EPILOG)(spliced(migrate))


def migrate(
    *,
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="Name or ARN of the topic.")],
    producer: Annotated[
        str, typer.Option("--producer", metavar="NAME", help="Function or role that sends to the queues itself.")
    ],
    watch: Annotated[
        str,
        typer.Option(
            "--watch", metavar="<30m>", help="Then count both ways minute by minute for so long, at most 6h."
        ),
    ] = "",
    account: AccountOptions,
    show: LookOptions,
) -> None:
    """Show what a program needs to publish to TOPIC once, instead of sending to each of its queues.

    Reads only, and changes neither the program nor its permissions. What no setting tells is said as unknown. It
    counts what the topic and each queue were sent in the last hour, and with --watch in each minute of a rollout;
    when nothing comes by the old way any more, fanout finish takes the right to send away.
    """
    from opsctl.cli.commands.fanout_migrate_watch import seconds_to_watch, watch_migration
    from opsctl.cli.front import Order
    from opsctl.cli.looks import look_at, show_found
    from opsctl.events.facts.fanout_migration import FanoutMigration, FanoutMigrationRead
    from opsctl.render.views.fanout_migration import markdown_migration, render_migration

    seconds = seconds_to_watch(watch) if watch else 0
    order = Order("fanout migrate", account, show)
    fact = FanoutMigration(topic=topic, producer=producer)
    named = {"topic": "TOPIC", "producer": "--producer"}
    found = look_at(order, fact, FanoutMigrationRead, "reading topic, queues and permissions", named)
    if not seconds:
        show_found(order, Outcome.LISTED, found, text=render_migration, markdown=markdown_migration)
        return
    live = show.output is not Output.JSON
    if live:
        show_found(order, Outcome.LISTED, found, text=render_migration, markdown=markdown_migration)
    minutes = watch_migration(order, found, seconds, live=live)
    if not live:
        both = found.model_copy(update={"watched": tuple(minutes)})
        show_found(order, Outcome.LISTED, both, text=render_migration, markdown=markdown_migration)
