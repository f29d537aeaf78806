"""`opsctl dlq attach`: gives a source a dead-letter queue."""

import typer

from opsctl.cli.options import AccountOptions, ApplyOptions, PlanOptions, ShowOptions, spliced
from opsctl.cli.playbook_options import Given, inputs_of

EPILOG = """Examples:

  opsctl dlq attach orders --alarm oncall --dry-run

  opsctl dlq attach ledger.fifo --dlq ledger-failures.fifo --max-receive 10

  opsctl dlq attach function:resize-images --override has-another-dlq --dlq images-dlq

  opsctl dlq attach 'rule:shop/order-placed#billing' --alarm arn:aws:sns:eu-west-1:123456789012:oncall
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("attach", cls=inputs_of("dlq-attach"), epilog=EPILOG)(spliced(attach))


def attach(
    *,
    given: Given,
    planning: PlanOptions,
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Give SOURCE a dead-letter queue: create it if needed, encrypt it, set permissions, attach it, add an alarm.

    Plans only what is missing. Shows the plan, asks, applies it, verifies it, and prints how to undo it.
    """
    from opsctl.cli.front import Order, run_playbook

    run_playbook(Order("dlq attach", account, show), given, planning, applying)
