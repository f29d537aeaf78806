"""`opsctl dlq attach`: gives a source a dead-letter queue."""

from typing import Annotated

import typer

from opsctl.cli.options import AccountOptions, ApplyOptions, PlanOptions, ShowOptions, spliced

EPILOG = """Examples:

  opsctl dlq attach orders --alarm oncall --dry-run

  opsctl dlq attach ledger.fifo --dlq ledger-failures.fifo --max-receive 10

  opsctl dlq attach function:resize-images --override has-another-dlq --dlq images-dlq

  opsctl dlq attach 'rule:shop/order-placed#billing' --alarm arn:aws:sns:eu-west-1:123456789012:oncall
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("attach", epilog=EPILOG)(spliced(attach))


def attach(
    *,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A queue, function:NAME, a subscription's ARN, rule:[BUS/]NAME[#TARGET], schedule:[GROUP/]NAME.",
        ),
    ],
    dlq: Annotated[
        str, typer.Option(help="The dead-letter queue; made when there is none. SOURCE-dlq by default.")
    ] = "",
    max_receive: Annotated[
        int, typer.Option(min=0, max=1000, help="Receives before a message goes there; 0: 5, or as it is.")
    ] = 0,
    alarm: Annotated[str, typer.Option(help="SNS topic to tell as soon as a message waits: name or ARN.")] = "",
    planning: PlanOptions,
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Give SOURCE a dead-letter queue: made if need be, encrypted, permitted, attached, and watched.

    Only what is missing is planned. Shows the plan, asks, applies it, proves it, and says how to undo it.
    """
    from opsctl.cli.front import Order, run_playbook

    given = {"source": source, "dlq": dlq, "max_receive": max_receive, "alarm": alarm}
    sources = {
        "source": "SOURCE",
        "dlq": "--dlq",
        "queue": "--dlq",
        "max_receive": "--max-receive",
        "alarm": "--alarm",
        "topic": "--alarm",
    }
    run_playbook(Order("dlq attach", account, show), "dlq-attach", given, sources, planning, applying)
