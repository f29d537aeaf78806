"""`opsctl who`: what is known of an address before anybody blocks it."""

import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from opsctl.cli.options import AccountOptions, Offered, Output, ShowOptions, spliced
from opsctl.model.outcomes import Outcome

if TYPE_CHECKING:
    from opsctl.block.facts.block_evidence import BlockEvidence
    from opsctl.cli.front import Session
    from opsctl.model.dossier import Dossier, Price

EPILOG = """Examples:

  opsctl who 203.0.113.9

  opsctl who 203.0.113.9 --target shop.example.com --since 6h

  opsctl who 2001:db8::/64 --target shop-alb --max-cost 0.50

  opsctl who --refresh-ranges

  opsctl who 203.0.113.9 -o json --query "result.reports[?looked != 'yes'].[title, why]"
"""
_WhoOptions = Annotated[
    ShowOptions,
    Offered(forms=(Output.TEXT, Output.JSON, Output.MARKDOWN, Output.SHORT), without=("details",)),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("who", epilog=EPILOG)(spliced(who))


def who(
    *,
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="An address or CIDR block, IPv4 or IPv6.", show_default=False)
    ] = "",
    target: Annotated[
        str, typer.Option(help="What it may have come to: host name, load balancer, instance or address.")
    ] = "",
    since: Annotated[str, typer.Option(metavar="<1h>", help="How far back to look, at most 7d.")] = "1h",
    max_cost: Annotated[
        float, typer.Option(min=0, metavar="USD", help="What queries of logs may cost in all, as AWS bills them.")
    ] = 0.05,
    timeout: Annotated[
        str, typer.Option(metavar="<30s>", help="How long to wait for answers, at most 10m.")
    ] = "30s",
    refresh_ranges: Annotated[
        bool, typer.Option("--refresh-ranges", help="Fetch AWS's published ranges first; alone, only that.")
    ] = False,
    account: AccountOptions,
    show: _WhoOptions,
) -> None:
    """Say whose an address is, whether it is blocked and until when, and what it did.

    Reads only. Each source is asked by itself: one that is refused, slow or not set up is named, with what to do,
    and is never taken for one that found nothing. Ctrl-C shows what has come by then.
    """
    from opsctl.cli.front import Order, open_session
    from opsctl.cli.looks import show_found
    from opsctl.model.exits import Exit
    from opsctl.render.views.dossier import markdown_dossier, render_dossier, short_dossier

    order = Order("who", account, show)
    if refresh_ranges and not address:
        from opsctl.cli.commands.who_ranges import fetch_alone

        fetch_alone(order)
        return
    fact = _asked(address, target, since)
    if not math.isfinite(max_cost):
        raise typer.BadParameter("it is no amount of money", param_hint="--max-cost")
    wait_s = _seconds(timeout)
    if refresh_ranges:
        from opsctl.cli.commands.who_ranges import fetch_ranges

        fetch_ranges()
    session = open_session(order)
    found = _inquire(session, fact, wait_s, timeout, max_cost)
    stopped = session.runtime.stopping()
    code = int(Exit.INTERRUPTED if stopped else Exit.DONE)
    outcome = Outcome.INTERRUPTED if stopped else Outcome.FOUND
    others = {Output.SHORT: short_dossier}
    show_found(order, outcome, found, text=render_dossier, markdown=markdown_dossier, others=others, code=code)
    if code:
        raise typer.Exit(code)


def _asked(address: str, target: str, since: str) -> "BlockEvidence":
    """Check what was typed, before anything is called."""
    from opsctl.block.facts.block_evidence import BlockEvidence, seconds_back
    from opsctl.model.networks import parse_network
    from opsctl.planning.address_text import bare
    from opsctl.resources.special import BROAD_V4, BROAD_V6, is_broad, is_everything

    if not address:
        raise typer.BadParameter("give an address or a CIDR block", param_hint="ADDRESS")
    address = bare(address.strip().strip(","))
    try:
        network = parse_network(address)
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint="ADDRESS") from None
    if is_everything(network) or is_broad(network):
        widest = BROAD_V4 if network.version == 4 else BROAD_V6
        raise typer.BadParameter(f"{network} is too wide to be anybody: at most a /{widest}", param_hint="ADDRESS")
    try:
        seconds_back(since)
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint="--since") from None
    return BlockEvidence(addresses=(address,), target=target.strip(), since=since)


def _seconds(timeout: str) -> int:
    from opsctl.model.durations import parse_duration

    try:
        seconds = parse_duration(timeout)
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint="--timeout") from None
    if not 0 < seconds <= 600:
        raise typer.BadParameter("it is not between 1s and 10m", param_hint="--timeout")
    return seconds


def _inquire(session: "Session", fact: "BlockEvidence", wait_s: int, timeout: str, max_cost: float) -> "Dossier":
    """Ask all sources, until all have answered, the time is over, or somebody interrupts."""
    from opsctl.planning.inquiring import LATE, Inquiring

    runtime = session.runtime
    reading = f"reading what is known of {fact.addresses[0]}"
    session.progress(reading)
    runtime.soon = fact.services
    about = runtime.about
    until = time.monotonic() + wait_s
    stopped = runtime.stopping
    queries = runtime.log_queries(wait_s)
    inquiring = Inquiring(fact.parts(about), runtime.reader_beside(queries=queries), _Payer(session, max_cost))

    def told(names: Sequence[str]) -> None:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        session.progress(f"{reading} (at most {timeout}; waiting for {', '.join(names[:3])}{more})")

    try:
        reports = inquiring.until(late=lambda: stopped() or time.monotonic() > until, told=told)
    finally:
        queries.stop_all()
    if stopped():
        reports = tuple(
            one.model_copy(update={"why": "it had not answered when you interrupted"}) if one.why == LATE else one
            for one in reports
        )
    session.progress.clear()
    if inquiring.invalid is not None:
        raise inquiring.invalid.told_as({"target": "--target", "addresses": "ADDRESS"})
    return fact.dossier(about, reports)


class _Payer:
    """Agrees to what queries cost as long as it is within what may be spent, and says it before."""

    def __init__(self, session: "Session", usd: float) -> None:
        self._progress = session.progress
        self._left = usd

    def __call__(self, price: "Price") -> bool:
        """Say the price, and whether it is paid."""
        if price.usd > self._left:
            return False
        self._left -= price.usd
        self._progress(f"{price.says}: at most {price.usd:.4f} USD\n")
        return True
