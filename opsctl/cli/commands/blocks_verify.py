"""`opsctl blocks verify`: whether all blocks still do what they were made for."""

from typing import Annotated

import typer

from opsctl.cli.options import AccountOptions, LookOptions, spliced
from opsctl.model.outcomes import Outcome

EPILOG = """Examples:

  opsctl blocks verify

  opsctl blocks verify 203.0.113.9 --target shop.example.com -o json --query "result.wrong"
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("verify", epilog=EPILOG)(spliced(verify_blocks))


def verify_blocks(
    *,
    addresses: Annotated[
        list[str] | None,
        typer.Argument(metavar="ADDRESS...", help="Only blocks of these, as they were blocked."),
    ] = None,
    target: Annotated[str, typer.Option(help="Only blocks of this target.")] = "",
    account: AccountOptions,
    show: LookOptions,
) -> None:
    """Prove every block again: removed by hand, a rule before it, a way in that was opened since.

    Reads only. It walks each way in to each recorded target, and ends with 6 when an address gets in, when a
    recorded one is not there, or when something could not be told.
    """
    from opsctl.block.facts.block_verified import BlockVerified, Verified
    from opsctl.cli.address_lists import read_addresses
    from opsctl.cli.front import Order
    from opsctl.cli.looks import look_at, show_found
    from opsctl.model.exits import Exit
    from opsctl.render.views.block_verification import markdown_verified, render_verified

    order = Order("blocks verify", account, show)
    fact = BlockVerified(addresses=tuple(read_addresses(addresses or [], None)[0]), target=target)
    reading = "reading the blocks, and the ways in to what they protect"
    found = look_at(order, fact, Verified, reading, {"addresses": "ADDRESS"})
    outcome = Outcome.WORKS if found.holds else Outcome.WRONG
    code = Exit.DONE if found.holds else Exit.UNPROVED
    show_found(order, outcome, found, text=render_verified, markdown=markdown_verified, code=int(code))
    if code:
        raise typer.Exit(int(code))
