"""`opsctl cache`: empty a cache, and know what that does to what stands behind it."""

import typer

from opsctl.cli.commands import cache_explain, cache_list
from opsctl.cli.playbook_runs import runs_playbook

FLUSH = """Empty a cache: paths of a distribution, a stage of API Gateway, the nodes of ElastiCache.

Says before how many times its load the origin will get. In slices it watches the origin between them, and stops
when it suffers. No call of AWS empties Redis, Valkey or a serverless cache: an instance that reaches them does.
"""
FLUSH_EXAMPLES = """Examples:

  opsctl cache flush shop.example.com --path '/img/*' --dry-run

  opsctl cache flush shop.example.com --path /a.css --path /b.css --slice-size 1 --every 2m --yes

  opsctl cache flush stage:storefront/prod --confirm stage:storefront/prod

  opsctl cache flush redis:sessions --via cache-admin --auth-secret storefront/sessions --dry-run

  opsctl cache flush redis:products --via cache-admin --slice-size 1 --every 2m --watch checkout-errors
"""


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        name="cache",
        help="Empty caches, and know what that does to the origin.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    runs_playbook(group, "cache flush", playbook="cache-flush", says=FLUSH, epilog=FLUSH_EXAMPLES)
    cache_explain.register(group)
    cache_list.register(group)
    app.add_typer(group)
