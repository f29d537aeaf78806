"""`opsctl cache explain`: what a distribution keeps, for how long, and under which key."""

from typing import Annotated

import typer

from opsctl.cli.options import AccountOptions, LookOptions, spliced
from opsctl.model.outcomes import Outcome

EPILOG = """Examples:

  opsctl cache explain https://shop.example.com/img/logo.png

  opsctl cache explain shop.example.com -o json
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("explain", epilog=EPILOG)(spliced(explain))


def explain(
    *,
    target: Annotated[str, typer.Argument(metavar="TARGET", help="URL, or host name or id of a distribution.")],
    account: AccountOptions,
    show: LookOptions,
) -> None:
    """Show what CloudFront keeps of a URL: by which behavior, for how long, and under which key.

    Reads only.
    """
    from opsctl.caches.facts.cache_kept import CacheKept, KeptFor
    from opsctl.cli.front import Order
    from opsctl.cli.looks import look_at, show_found
    from opsctl.render.views.caches import markdown_kept, render_kept

    order = Order("cache explain", account, show)
    found = look_at(order, CacheKept(target=target), KeptFor, "reading the distribution", {"target": "TARGET"})
    show_found(order, Outcome.EXPLAINED, found, text=render_kept, markdown=markdown_kept)
