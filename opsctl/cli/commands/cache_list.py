"""`opsctl cache list`: the caches of a region, by the names that flush takes."""

import typer

from opsctl.cli.options import AccountOptions, LookOptions, spliced
from opsctl.model.outcomes import Outcome

EPILOG = """Examples:

  opsctl cache list

  opsctl cache list -o json --query "result.caches[].target"
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("list", epilog=EPILOG)(spliced(list_caches))


def list_caches(*, account: AccountOptions, show: LookOptions) -> None:
    """List the caches of the region and the distributions of the account, as flush takes them.

    Reads only. What cannot be emptied says why, and what cannot be listed is said.
    """
    from opsctl.caches.facts.cache_list import CacheList, CachesListed
    from opsctl.cli.front import Order
    from opsctl.cli.looks import look_at, show_found
    from opsctl.render.views.cache_list import markdown_caches, render_caches

    order = Order("cache list", account, show)
    found = look_at(order, CacheList(), CachesListed, "listing caches")
    show_found(order, Outcome.FOUND, found, text=render_caches, markdown=markdown_caches)
