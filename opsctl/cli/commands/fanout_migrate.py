"""`opsctl fanout migrate`: whether a program can publish once instead of sending to each queue."""

from typing import Annotated

import typer

from opsctl.cli.options import AccountOptions, LookOptions, spliced
from opsctl.model.outcomes import Outcome

EPILOG = """Examples:

  opsctl fanout migrate orders --producer checkout

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
    account: AccountOptions,
    show: LookOptions,
) -> None:
    """Show what a program needs to publish to TOPIC once, instead of sending to each of its queues.

    Reads only, and changes neither the program nor its permissions. What no setting tells is said as unknown. Run
    it again during the rollout: it counts what the topic and each queue were sent in the last hour.
    """
    from opsctl.cli.front import Order
    from opsctl.cli.looks import look_at, show_found
    from opsctl.events.facts.fanout_migration import FanoutMigration, FanoutMigrationRead
    from opsctl.render.views.fanout_migration import markdown_migration, render_migration

    order = Order("fanout migrate", account, show)
    fact = FanoutMigration(topic=topic, producer=producer)
    named = {"topic": "TOPIC", "producer": "--producer"}
    found = look_at(order, fact, FanoutMigrationRead, "reading topic, queues and permissions", named)
    show_found(order, Outcome.LISTED, found, text=render_migration, markdown=markdown_migration)
