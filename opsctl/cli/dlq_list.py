"""`opsctl dlq list`: every dead-letter queue of the region."""

import sys
from typing import Annotated

import typer

from opsctl.cli.options import AccountOptions, Output, ShowOptions, spliced

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
            help="Leave out on-failure destinations of functions: a call each, and Lambda answers 15 a second.",
        ),
    ] = False,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """List the region's dead-letter queues, most urgent first: sources, depth, age, arrivals, time left, alarm.

    Reads only. What the caller may not read is named and left out.
    """
    from opsctl.cli.front import Order, in_sandbox, open_session
    from opsctl.cli.output import emit_value
    from opsctl.cli.terminal import wants_colour, width
    from opsctl.lookups.dlq_survey import DlqSurvey, Surveyed
    from opsctl.planning.gather import gather
    from opsctl.render.dead_letter_list import markdown_survey, render_survey

    if show.output is Output.HTML:
        raise typer.BadParameter("text, json or markdown", param_hint="--output")
    session = open_session(Order("dlq list", account, show), in_sandbox=in_sandbox())
    runtime = session.runtime
    session.progress("reading queues, functions, subscriptions, rules, schedules and alarms")
    reader = runtime.reader()
    found = gather(DlqSurvey(destinations=not skip_destinations).look(runtime.about), reader)
    assert isinstance(found, Surveyed)  # noqa: S101 - the lookup's own result
    session.progress.clear()
    if show.verbose:
        session.progress(f"{len(reader.made)} reads in {reader.rounds} rounds")
    if show.output is Output.MARKDOWN:
        text = markdown_survey(found)
    else:
        text = render_survey(found, width=width(), colour=wants_colour(sys.stdout))
    emit_value(session.order, "listed", found.model_dump(mode="json"), text)
