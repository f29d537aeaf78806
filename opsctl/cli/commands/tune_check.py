"""`opsctl tune check` and `explain`: what of a fleet's network is below its best, and what limits one instance."""

from typing import Annotated

import typer

from opsctl.cli.options import AccountOptions, LookOptions, spliced
from opsctl.cli.playbook_options import Given, inputs_of
from opsctl.model.outcomes import Outcome

CHECK_EPILOG = """Examples:

  opsctl tune check i-0123456789abcdef0 'hpc-*'

  opsctl tune check --cluster genomics --detailed-exitcode

  opsctl tune check --all -o json --query "result.findings[?severity == 'high'].fix"
"""
EXPLAIN_EPILOG = """Example:

  opsctl tune explain hpc-1
"""
READING = "reading instances, instance types, placement groups and SSM agents"


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("check", cls=inputs_of("tune-check"), epilog=CHECK_EPILOG)(spliced(check))
    group.command("explain", epilog=EXPLAIN_EPILOG)(spliced(explain))


def check(
    *,
    given: Given,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 5 when anything is below its best.")
    ] = False,
    account: AccountOptions,
    show: LookOptions,
) -> None:
    """Check instances against what their types can do: adapter, EFA, ENA Express, network cards, placement, zone.

    Reads only, and nothing inside the instances. Each finding names what mends it and what that costs.
    """
    from opsctl.cli.front import Order
    from opsctl.cli.looks import look_at, show_found
    from opsctl.model.exits import Exit
    from opsctl.render.views.fleet_network import markdown_fleet, render_fleet
    from opsctl.tune.facts.tune_fleet import FleetChecked, TuneFleet

    order = Order("tune check", account, show)
    found = look_at(order, TuneFleet.model_validate(given.values), FleetChecked, READING, given.flags)
    code = Exit.HAS_CHANGES if detailed_exitcode and found.findings else Exit.DONE
    show_found(order, Outcome.AUDITED, found, text=render_fleet, markdown=markdown_fleet, code=int(code))
    if code:
        raise typer.Exit(int(code))


def explain(
    instance: Annotated[str, typer.Argument(metavar="INSTANCE", help="Its id, or its Name tag.")],
    *,
    account: AccountOptions,
    show: LookOptions,
) -> None:
    """Say what limits the network of an instance now: bandwidth, single flow, ENA Express, cards, EFA."""
    from opsctl.cli.front import Order
    from opsctl.cli.looks import look_at, show_found
    from opsctl.render.views.fleet_network import markdown_limits, render_limits
    from opsctl.tune.facts.tune_fleet import FleetChecked, TuneFleet

    order = Order("tune explain", account, show)
    fact = TuneFleet(instances=(instance,))
    found = look_at(order, fact, FleetChecked, READING, {"instances": "INSTANCE"})
    show_found(order, Outcome.EXPLAINED, found, text=render_limits, markdown=markdown_limits)
