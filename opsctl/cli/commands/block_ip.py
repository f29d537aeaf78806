"""`opsctl block-ip`: blocks addresses where they can still be seen."""

from pathlib import Path
from typing import Annotated

import typer

from opsctl.cli.commands.blocks_watch import WatchOption
from opsctl.cli.list_sync import ListOption, RemovalsOption, SyncOption
from opsctl.cli.options import AccountOptions, ApplyOptions, PlanOptions, ShowOptions, spliced
from opsctl.cli.playbook_options import Given, inputs_of

EPILOG = """Examples:

  opsctl block-ip 203.0.113.9 --target shop.example.com --dry-run

  opsctl block-ip 203.0.113.9 2001:db8::/64 --target api-nlb --ttl 2h --incident INC-12 --reason "scraper" --yes

  opsctl block-ip 203.0.113.9 --target shop-alb --forwarded-header cloudflare --dry-run

  opsctl block-ip 203.0.113.9 --target shop.example.com --watch 5m

  opsctl block-ip --country KP --target shop.example.com --confirm shop.example.com

  opsctl block-ip 203.0.113.9 --target api-nlb --layer host --ttl 2h

  opsctl block-ip --from drop.txt --target shop.example.com --out plan.json

  opsctl block-ip --from top-clients.csv --column client_ip --target shop.example.com

  opsctl block-ip --sync drop.txt --list spamhaus --target shop.example.com --confirm shop.example.com
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("block-ip", cls=inputs_of("block-ip"), epilog=EPILOG)(spliced(block_ip))


def block_ip(
    *,
    given: Given,
    from_: Annotated[
        Path | None,
        typer.Option("--from", help="Read addresses from a file: lines, CSV, provider JSON; - is stdin."),
    ] = None,
    column: Annotated[
        str,
        typer.Option(metavar="NAME|N", help="With --from: the column, or JSON member, with the address."),
    ] = "",
    sync: SyncOption = None,
    list_: ListOption = "",
    max_removals: RemovalsOption = None,
    no_evidence: Annotated[
        bool, typer.Option("--no-evidence", help="Do not find out beside the planning whose the addresses are.")
    ] = False,
    watch: WatchOption = "",
    lock_origin: Annotated[bool, typer.Option("--lock-origin", hidden=True)] = False,
    planning: PlanOptions,
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Find out what stands in front of TARGET and block addresses where that works.

    Shows the plan, asks, applies it, proves it, and says how to undo it.
    """
    from opsctl.cli.address_lists import read_addresses
    from opsctl.cli.commands.blocks_ends import refuse_bad_end
    from opsctl.cli.commands.blocks_watch import watch_after
    from opsctl.cli.front import Order, run_playbook
    from opsctl.cli.list_sync import refuse_without_sync, synced
    from opsctl.model.commands import command_line

    if lock_origin:
        command = command_line(account.words(), "lock-origin", given.values["target"] or "TARGET")
        said = f"it is a plan of its own, with a consent of its own: {command}"
        raise typer.BadParameter(said, param_hint="--lock-origin")
    if sync is not None:
        if from_ is not None or watch:
            flag = "--watch" if watch else "--from"
            raise typer.BadParameter("it does not go with --sync, which makes a list", param_hint=flag)
        wanted = synced(given, sync, list_, max_removals, column)
        run_playbook(Order("block-ip", account, show), wanted, planning, applying)
        return
    refuse_without_sync(list_, max_removals)
    afterwards = watch_after(watch, applying, show, planning.out)
    refuse_bad_end(given)
    countries = given.values["countries"]
    listed, source = read_addresses(given.values["addresses"], from_, column)
    codes = [code for item in countries for code in item.replace(",", " ").split()]
    if countries and not codes:
        raise typer.BadParameter("it has no country", param_hint="--country")
    _refuse_bad_header(given, codes)
    if not listed and not countries:
        raise typer.BadParameter("give an address, --from FILE or --country", param_hint="ADDRESS")
    if watch and not listed:
        raise typer.BadParameter("it watches addresses, and there is none", param_hint="--watch")
    wanted = given.but(addresses=listed, countries=codes).told_as(addresses=source)
    order, seen = Order("block-ip", account, show), not no_evidence
    run_playbook(order, wanted, planning, applying, evidence=seen, afterwards=afterwards)


def _refuse_bad_header(given: Given, countries: list[str]) -> None:
    """Refuse a header that is none, and one together with what does not look at headers."""
    from opsctl.block.asked_header import asked_header
    from opsctl.model.errors import InvalidInput

    asked = given.values
    try:
        asked_header(asked["forwarded_header"], asked["position"], asked["layer"], tuple(countries))
    except InvalidInput as fault:
        told = f"{fault.summary}: {fault.hint}" if fault.hint else fault.summary
        blamed = {one.where.source for one in fault.diagnostics if one.where}
        option = "--position" if "position" in blamed else "--forwarded-header"
        raise typer.BadParameter(told, param_hint=option) from None
