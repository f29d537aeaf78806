"""`opsctl tune apply`: gives instances the network that their types have."""

import typer

from opsctl.cli.playbook_runs import runs_playbook

SAYS = """Change the network of INSTANCEs: image, reserve capacity, stop, change, start, release, prove.

When AWS has no room for one that was stopped, everything is taken back by itself and it is started as it was.
"""
EPILOG = """Examples:

  opsctl tune apply hpc-4 --ena --dry-run

  opsctl tune apply hpc-2 hpc-3 --placement-group close --create cluster

  opsctl tune apply 'hpc-*' --instance-type c6in.32xlarge --batch 2 --drain-with 'systemctl stop slurmd'

  opsctl tune apply hpc-2 hpc-3 --efa --confirm 'hpc-2 hpc-3' --yes

  opsctl tune apply hpc-3 --ena-express --mtu 8900

What a stop would lose has to be accepted by name: the dry run lists the --accept names.
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    runs_playbook(group, "tune apply", playbook="tune-apply", says=SAYS, epilog=EPILOG)
