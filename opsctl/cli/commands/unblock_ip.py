"""`opsctl unblock-ip`: takes blocks of opsctl away, whoever made them on whatever laptop."""

import typer

from opsctl.cli.commands.blocks_ends import refuse_nothing
from opsctl.cli.playbook_runs import runs_playbook

SAYS = """Take addresses out of every place where opsctl put them, by what the account records; countries too.

Says where others still block them. What others blocked is never touched.
"""
EPILOG = """Examples:

  opsctl unblock-ip 203.0.113.9 --dry-run

  opsctl unblock-ip 203.0.113.9 2001:db8::/64 --target shop.example.com --yes

  opsctl unblock-ip 203.0.113.9 --incident INC-12

  opsctl unblock-ip --country KP
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    runs_playbook(app, "unblock-ip", playbook="unblock-ip", says=SAYS, epilog=EPILOG, check=refuse_nothing)
