"""`opsctl unblock-ip`: takes blocks of opsctl away, whoever made them on whatever laptop."""

import typer

from opsctl.cli.options import AccountOptions, ApplyOptions, PlanOptions, ShowOptions, spliced
from opsctl.cli.playbook_options import Given, inputs_of

EPILOG = """Examples:

  opsctl unblock-ip 203.0.113.9 --dry-run

  opsctl unblock-ip 203.0.113.9 2001:db8::/64 --target shop.example.com --yes
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("unblock-ip", cls=inputs_of("unblock-ip"), epilog=EPILOG)(spliced(unblock_ip))


def unblock_ip(
    *,
    given: Given,
    planning: PlanOptions,
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Take addresses out of every IP set and network ACL where opsctl put them, by what the account records.

    Says where others still block them. What others blocked is never touched.
    """
    from opsctl.cli.front import Order, run_playbook

    run_playbook(Order("unblock-ip", account, show), given, planning, applying)
