"""`opsctl blocks expire`: ends what is due, from cron or by hand."""

import typer

from opsctl.cli.playbook_runs import runs_playbook

SAYS = """Take away the blocks of the region and of CloudFront whose end has passed.

Safe from cron and twice at once: what another run took away or extended is left alone, and with nothing due it
ends with 0. Needs a machine that runs it: nothing in the account ends a block by itself. Blocks in firewalls of
instances (--layer host) do end by themselves, and are not looked at.
"""
EPILOG = """Examples:

  opsctl blocks expire --dry-run

  opsctl blocks expire --yes --quiet --region eu-west-1
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    runs_playbook(group, "blocks expire", playbook="blocks-expire", says=SAYS, epilog=EPILOG)
