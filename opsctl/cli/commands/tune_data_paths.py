"""`opsctl tune data-paths`: whether VPCs have a way over Direct Connect, and what DataSync and Snow jobs say."""

from typing import Annotated

import typer

from opsctl.cli.options import AccountOptions, LookOptions, spliced
from opsctl.model.outcomes import Outcome

EPILOG = """Examples:

  opsctl tune data-paths

  opsctl tune data-paths --vpc vpc-0123456789abcdef0 -o json
"""
READING = "reading VPCs, gateways, routes, DataSync and Snow jobs"


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("data-paths", epilog=EPILOG)(spliced(data_paths))


def data_paths(
    *,
    vpc: Annotated[str, typer.Option(metavar="VPC", help="Only this VPC.")] = "",
    account: AccountOptions,
    show: LookOptions,
) -> None:
    """Report how data comes to VPCs: Direct Connect, DataSync agents and tasks, Snow jobs. Reads only.

    What may not be read, or is not there in this Region, is unknown, never guessed.
    """
    from opsctl.cli.front import Order
    from opsctl.cli.looks import look_at, show_found
    from opsctl.render.views.data_paths import markdown_data_paths, render_data_paths
    from opsctl.tune.facts.tune_data_paths import DataPathsFound, TuneDataPaths

    order = Order("tune data-paths", account, show)
    found = look_at(order, TuneDataPaths(vpc=vpc), DataPathsFound, READING, {"vpc": "--vpc"})
    show_found(order, Outcome.LISTED, found, text=render_data_paths, markdown=markdown_data_paths)
