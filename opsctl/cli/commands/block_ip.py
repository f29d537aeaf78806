"""`opsctl block-ip`: blocks addresses where they can still be seen."""

from pathlib import Path
from typing import Annotated

import typer

from opsctl.cli.options import AccountOptions, ApplyOptions, PlanOptions, ShowOptions, spliced

EPILOG = """Examples:

  opsctl block-ip 203.0.113.9 --target shop.example.com --dry-run

  opsctl block-ip 203.0.113.9 2001:db8::/64 --target api-nlb --reason "ticket 4711" --yes

  opsctl block-ip --country KP --target shop.example.com --confirm shop.example.com

  opsctl block-ip --from drop.txt --target shop.example.com --out plan.json

  opsctl block-ip --from top-clients.csv --column client_ip --target shop.example.com
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("block-ip", epilog=EPILOG)(spliced(block_ip))


def block_ip(
    *,
    addresses: Annotated[
        list[str] | None, typer.Argument(metavar="ADDRESS...", help="Addresses or CIDR blocks, IPv4 or IPv6.")
    ] = None,
    target: Annotated[str, typer.Option(help="Host name, URL, load balancer, distribution, instance or address.")],
    from_: Annotated[
        Path | None, typer.Option("--from", help="Read a list: lines, CSV, JSON of providers; - is stdin.")
    ] = None,
    column: Annotated[
        str,
        typer.Option(metavar="NAME|N", help="With --from: the column, or JSON member, that has the address."),
    ] = "",
    layer: Annotated[str, typer.Option(help="auto, cloudfront, waf, nacl or geo.")] = "auto",
    mode: Annotated[str, typer.Option(help="block, count, challenge or captcha.")] = "block",
    country: Annotated[
        list[str] | None, typer.Option(help="Country to refuse at CloudFront, ISO 3166; repeatable.")
    ] = None,
    ip_set: Annotated[
        list[str] | None,
        typer.Option("--ip-set", help="Put the addresses into this IP set, which the web ACL blocks; repeatable."),
    ] = None,
    own_rule: Annotated[
        bool, typer.Option("--own-rule", help="Block also where something drops the addresses already.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why, for whoever reads the plan.")] = "",
    planning: PlanOptions,
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Find out what stands in front of TARGET and block addresses where that works.

    Shows the plan, asks, applies it, proves it, and says how to undo it.
    """
    from opsctl.cli.address_lists import read_addresses
    from opsctl.cli.front import Order, run_playbook

    listed, source = read_addresses(addresses or [], from_, column)
    codes = [code for item in country or [] for code in item.replace(",", " ").split()]
    if country and not codes:
        raise typer.BadParameter("it names no country", param_hint="--country")
    if not listed and not country:
        raise typer.BadParameter("give an address, --from FILE or --country", param_hint="ADDRESS")
    given = {
        "addresses": listed,
        "target": target,
        "layer": layer,
        "mode": mode,
        "countries": codes,
        "own_rule": own_rule,
        "ip_sets": ip_set or [],
        "reason": reason,
    }
    sources = {
        "addresses": source,
        "target": "--target",
        "layer": "--layer",
        "mode": "--mode",
        "countries": "--country",
        "own_rule": "--own-rule",
        "ip_sets": "--ip-set",
        "reason": "--reason",
    }
    run_playbook(Order("block-ip", account, show), "block-ip", given, sources, planning, applying)
