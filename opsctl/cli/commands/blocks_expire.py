"""`opsctl blocks expire`: ends what is due, from cron or by hand."""

import typer

from opsctl.cli.options import AccountOptions, ApplyOptions, PlanOptions, ShowOptions, spliced
from opsctl.cli.playbook_options import Given, inputs_of

EPILOG = """Examples:

  opsctl blocks expire --dry-run

  opsctl blocks expire --yes --quiet --region eu-west-1
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("expire", cls=inputs_of("blocks-expire"), epilog=EPILOG)(spliced(expire))


def expire(
    *,
    given: Given,
    planning: PlanOptions,
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Take away the blocks of the region and of CloudFront whose end has passed.

    Safe from cron and twice at once: what another run took away or extended is left alone, and with nothing due it
    ends with 0. Needs a machine that runs it: nothing in the account ends a block by itself.
    """
    from opsctl.cli.front import Order, run_playbook

    run_playbook(Order("blocks expire", account, show), given, planning, applying)
