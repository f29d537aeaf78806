"""`opsctl events trace`: where the events of a resource go, and where they are lost."""

from pathlib import Path
from typing import Annotated

import typer

from opsctl.cli.options import AccountOptions, DrawingOptions, Output, spliced
from opsctl.model.outcomes import Outcome

EPILOG = """Examples:

  opsctl events trace bucket:shop-uploads

  opsctl events trace queue:orders --back

  opsctl events trace api:a1b2c3d4e5

  opsctl events trace bus:orders-bus --event paid.json

  opsctl events trace orders -o mermaid >> runbook.md

  opsctl events trace arn:aws:sns:eu-west-1:123456789012:orders -o json --query "result.edges[?verdict=='blocked']"
"""
READING = "following events"


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("trace", epilog=EPILOG)(spliced(trace))


def trace(
    *,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="What sends: an ARN, KIND:NAME as bucket:photos or topic:orders, or a name that is unique.",
        ),
    ],
    back: Annotated[
        bool, typer.Option("--back", help="Show what hands events to SOURCE, back to where they come from.")
    ] = False,
    event: Annotated[
        Path | None,
        typer.Option("--event", metavar="FILE", help="Walk this one event along the way; - reads standard input."),
    ] = None,
    account: AccountOptions,
    show: DrawingOptions,
) -> None:
    """Show where the events of SOURCE go: which step delivers, filters or blocks them, and when they are lost.

    Reads only. What cannot be told from the account's settings is unknown, never guessed.
    """
    import sys

    from opsctl.cli.address_lists import read_text
    from opsctl.cli.front import Order
    from opsctl.cli.looks import look_at
    from opsctl.cli.output import emit_value
    from opsctl.cli.terminal import wants_colour, width
    from opsctl.events.delivery_graph import Delivery
    from opsctl.events.facts.events_trace import EventsTrace

    order = Order("events trace", account, show)
    text_of_event = read_text(event, "--event") if event else ""
    found = look_at(
        order,
        EventsTrace(source=source, back=back, event=text_of_event),
        Delivery,
        READING,
        {"source": "SOURCE", "event": "--event"},
    )
    text = ""
    if show.output is Output.TEXT:
        from opsctl.render.views.deliveries import render_deliveries

        text = render_deliveries(found, width=width(), colour=wants_colour(sys.stdout))
    elif show.output is Output.MERMAID:
        from opsctl.render.views.delivery_drawing import mermaid_deliveries

        text = mermaid_deliveries(found)
    elif show.output is Output.SVG:
        from opsctl.render.views.delivery_drawing import svg_deliveries

        text = svg_deliveries(found)
    emit_value(order, Outcome.FOUND, found.model_dump(mode="json"), text)
