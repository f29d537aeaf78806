"""`opsctl events archive`: keep what comes to a bus."""

import typer

from opsctl.cli.playbook_runs import runs_playbook

SAYS = """Keep what comes to BUS for some days, so that it can be replayed after an outage.

What came before the archive was made can never be replayed. An undo deletes it only while nothing is in it.
"""
EXAMPLES = """Examples:

  opsctl events archive orders-bus --days 30 --dry-run

  opsctl events archive default --days 14 --pattern '{"source": ["shop.orders"]}' --yes
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    runs_playbook(group, "events archive", playbook="events-archive", says=SAYS, epilog=EXAMPLES)
