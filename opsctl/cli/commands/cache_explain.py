"""`opsctl cache explain`: what caches stand in front of a URL, for how long each keeps, and under which key."""

from typing import Annotated

import typer

from opsctl.cli.options import AccountOptions, LookOptions, spliced
from opsctl.model.outcomes import Outcome

EPILOG = """Examples:

  opsctl cache explain https://shop.example.com/img/logo.png

  opsctl cache explain shop.example.com -o json

  opsctl cache explain stage:storefront/prod
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("explain", epilog=EPILOG)(spliced(explain))


def explain(
    *,
    target: Annotated[
        str,
        typer.Argument(metavar="TARGET", help="URL, host name or id of a distribution, or KIND:NAME."),
    ],
    account: AccountOptions,
    show: LookOptions,
) -> None:
    """Show what caches stand in front of a URL: for how long each keeps, under which key, when it is gone.

    Reads only.
    """
    from opsctl.caches.facts.cache_explained import CacheExplain, CacheExplained
    from opsctl.cli.front import Order
    from opsctl.cli.looks import look_at, show_found
    from opsctl.render.views.caches import markdown_explained, render_explained

    order = Order("cache explain", account, show)
    fact = CacheExplain(target=target)
    found = look_at(order, fact, CacheExplained, "reading caches", {"target": "TARGET"})
    show_found(order, Outcome.EXPLAINED, found, text=render_explained, markdown=markdown_explained)
