"""`opsctl blocks extend`: has blocks end later."""

import typer

from opsctl.cli.commands.blocks_ends import refuse_bad_end, refuse_nothing
from opsctl.cli.playbook_options import Given
from opsctl.cli.playbook_runs import runs_playbook

SAYS = """Have blocks of opsctl end later, wherever they are; an end never comes nearer."""
EPILOG = """Examples:

  opsctl blocks extend 203.0.113.9 --ttl 7d

  opsctl blocks extend 203.0.113.9 --until 2026-12-24T08:00Z --incident INC-12 --yes

  opsctl blocks extend --country KP --ttl 7d
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    runs_playbook(group, "blocks extend", playbook="blocks-extend", says=SAYS, epilog=EPILOG, check=_refuse)


def _refuse(given: Given) -> None:
    refuse_nothing(given)
    refuse_bad_end(given)
