"""`opsctl dlq attach`: gives a source a dead-letter queue."""

import typer

from opsctl.cli.playbook_runs import runs_playbook

SAYS = """\
Give SOURCE a dead-letter queue: create it if needed, encrypt it, set permissions, attach it, add an alarm.

Plans only what is missing. Shows the plan, asks, applies it, verifies it, and prints how to undo it.
"""
EPILOG = """Examples:

  opsctl dlq attach orders --alarm oncall --dry-run

  opsctl dlq attach ledger.fifo --dlq ledger-failures.fifo --max-receive 10

  opsctl dlq attach function:resize-images --override has-another-dlq --dlq images-dlq

  opsctl dlq attach 'rule:shop/order-placed#billing' --alarm arn:aws:sns:eu-west-1:123456789012:oncall
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    runs_playbook(group, "dlq attach", playbook="dlq-attach", says=SAYS, epilog=EPILOG)
