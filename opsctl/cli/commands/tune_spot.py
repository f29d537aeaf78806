"""`opsctl tune spot`: which of a fleet could run on Spot capacity, and what would handle an interruption."""

import typer

from opsctl.cli.options import AccountOptions, LookOptions, spliced
from opsctl.cli.playbook_options import Given, inputs_of
from opsctl.model.outcomes import Outcome

EPILOG = """Examples:

  opsctl tune spot --all

  opsctl tune spot --group workers -o json
"""
READING = "reading instances, instance types, Auto Scaling groups and rules"


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("spot", cls=inputs_of("tune-spot"), epilog=EPILOG)(spliced(spot))


def spot(*, given: Given, account: AccountOptions, show: LookOptions) -> None:
    """Say which instances could run on Spot, by what launches them, and who handles interruptions. Reads only.

    A lone instance, instances with EFA and groups of one could not: an interruption takes the work with it.
    """
    from opsctl.cli.commands.tune_selected import refuse_no_selection
    from opsctl.cli.front import Order
    from opsctl.cli.looks import look_at, show_found
    from opsctl.render.views.spot import markdown_spot, render_spot
    from opsctl.tune.facts.tune_spot import SpotFound, TuneSpot

    refuse_no_selection(given)
    order = Order("tune spot", account, show)
    found = look_at(order, TuneSpot.model_validate(given.values), SpotFound, READING, given.flags)
    show_found(order, Outcome.LISTED, found, text=render_spot, markdown=markdown_spot)
