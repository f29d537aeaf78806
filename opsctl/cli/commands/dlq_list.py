"""`opsctl dlq list`: every dead-letter queue of the region."""

from typing import Annotated

import typer

from opsctl.cli.options import AccountOptions, LookOptions, spliced
from opsctl.model.outcomes import Outcome

EPILOG = """Examples:

  opsctl dlq list

  opsctl dlq list --region eu-west-1 -o json --query "result.rows[?depth > `0`].name"
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("list", epilog=EPILOG)(spliced(list_queues))


def list_queues(
    *,
    skip_destinations: Annotated[
        bool,
        typer.Option(
            "--skip-destinations",
            help="Skip on-failure destinations: one call for each function, and Lambda allows 15 per second.",
        ),
    ] = False,
    account: AccountOptions,
    show: LookOptions,
) -> None:
    """List the region's dead-letter queues, most urgent first: sources, depth, age, arrivals, time left, alarm.

    Reads only. What cannot be read is listed as unknown.
    """
    from opsctl.cli.front import Order
    from opsctl.cli.looks import look_at, show_found
    from opsctl.dlq.facts.dlq_survey import DlqSurvey, Surveyed
    from opsctl.render.views.dead_letter_list import markdown_survey, render_survey

    order = Order("dlq list", account, show)
    reading = "reading queues, functions, subscriptions, rules, schedules and alarms"
    found = look_at(order, DlqSurvey(destinations=not skip_destinations), Surveyed, reading)
    show_found(order, Outcome.LISTED, found, text=render_survey, markdown=markdown_survey)
