"""`opsctl events replay`: send what came during an outage again."""

import typer

from opsctl.cli.playbook_runs import runs_playbook

SAYS = """Send what came to a bus in a span of time again: to some rules, into one queue, or to all rules.

The plan shows every rule of the bus, who would get the events, and which targets do harm when they get one twice.
--into makes a rule for one queue that takes this replay alone, and takes it away in every outcome.
"""
EXAMPLES = """Examples:

  opsctl events replay --bus orders-bus --from 2026-11-30T10:00:00Z --to 2026-11-30T12:00:00Z --rule bill-orders

  opsctl events replay --bus orders-bus --from 2026-11-30T10:00:00Z --to 2026-11-30T12:00:00Z --into billing
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    runs_playbook(group, "events replay", playbook="events-replay", says=SAYS, epilog=EXAMPLES)
