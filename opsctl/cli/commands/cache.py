"""`opsctl cache`: empty a cache, and know what that does to what stands behind it."""

import typer

from opsctl.cli.commands import cache_explain, cache_list
from opsctl.cli.playbook_runs import runs_playbook

FLUSH = """Empty a cache: paths of a distribution, a stage of API Gateway, a Memcached cluster.

Says before how many times its load the origin will get. In slices it watches the origin's errors between them, and
stops when they rise. What AWS cannot empty is refused with what to do instead.
"""
FLUSH_EXAMPLES = """Examples:

  opsctl cache flush shop.example.com --path '/img/*' --dry-run

  opsctl cache flush shop.example.com --path /a.css --path /b.css --slice-size 1 --every 2m --yes

  opsctl cache flush stage:a1b2c3/prod --confirm stage:a1b2c3/prod
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
