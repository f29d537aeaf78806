"""`opsctl blocks list`: every block of the account, the same on every laptop."""

from enum import StrEnum
from typing import Annotated

import typer

from opsctl.cli.options import AccountOptions, LookOptions, spliced
from opsctl.model.outcomes import Outcome

EPILOG = """Examples:

  opsctl blocks list

  opsctl blocks list 203.0.113.9 --region eu-west-1

  opsctl blocks list --layer host

  opsctl blocks list --incident INC-12 -o json --query "result.rows[].[address, until, by]"
"""


class CarryingLayer(StrEnum):
    """The layers that carry blocks of addresses, and of countries."""

    NACL = "nacl"
    WAF = "waf"
    HOST = "host"
    NETWORK_FIREWALL = "network-firewall"
    GEO = "geo"


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("list", epilog=EPILOG)(spliced(list_blocks))


def list_blocks(
    *,
    addresses: Annotated[
        list[str] | None,
        typer.Argument(metavar="ADDRESS...", help="Only blocks of these, and wider ones that hold them."),
    ] = None,
    target: Annotated[str, typer.Option(help="Only blocks of this target.")] = "",
    incident: Annotated[str, typer.Option(metavar="ID", help="Only blocks of this incident.")] = "",
    by: Annotated[str, typer.Option(metavar="PERSON", help="Only blocks of this person.")] = "",
    layer: Annotated[
        CarryingLayer | None,
        typer.Option(help="Only blocks of this layer; host is what was last read back in instances."),
    ] = None,
    skip_foreign: Annotated[
        bool, typer.Option("--skip-foreign", help="Only what opsctl blocked, not what others did.")
    ] = False,
    account: AccountOptions,
    show: LookOptions,
) -> None:
    """List every block of the region and of CloudFront, those that end first before the others.

    Reads only. It comes from the account itself, so it is the same on every laptop; what host firewalls drop, from
    what the last command of opsctl's own read there. Blocks of others are foreign,
    with what they are. It ends with 6 where something could not be read, and says what.
    """
    from opsctl.block.facts.block_ledger import BlockLedger, Ledgered
    from opsctl.cli.address_lists import read_addresses
    from opsctl.cli.front import Order
    from opsctl.cli.looks import look_at, show_found
    from opsctl.model.exits import Exit
    from opsctl.render.views.block_list import markdown_blocks, render_blocks

    fact = BlockLedger(
        addresses=tuple(read_addresses(addresses or [], None)[0]),
        target=target,
        incident=incident,
        by=by,
        layer=str(layer or ""),
        hosts=layer is None,
        foreign=not skip_foreign,
    )
    order = Order("blocks list", account, show)
    host = layer is CarryingLayer.HOST
    reading = "reading what commands read back" if host else "reading network ACLs, IP sets and their tags"
    found = look_at(order, fact, Ledgered, reading, {"addresses": "ADDRESS"})
    outcome = Outcome.UNREAD if found.unknown else Outcome.LISTED
    code = int(Exit.UNPROVED if found.unknown else Exit.DONE)
    show_found(order, outcome, found, text=render_blocks, markdown=markdown_blocks, code=code)
    if code:
        raise typer.Exit(code)
