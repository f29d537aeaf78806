"""`opsctl tune group` and `refresh`: what an Auto Scaling group launches, and what replaces its instances."""

import typer

from opsctl.cli.playbook_runs import runs_playbook

GROUP_SAYS = """Have an Auto Scaling group launch with another network or in a placement group; what runs stays.

A version of its launch template is made and used; members are never stopped. `tune refresh` replaces them.
"""
GROUP_EPILOG = """Examples:

  opsctl tune group workers --efa --placement-group near --dry-run

  opsctl tune group workers --ena-express

  opsctl tune group workers --queues 16 --bandwidth-weighting vpc-1

  opsctl tune group workers --placement-group near
"""
REFRESH_SAYS = """Replace the instances of an Auto Scaling group that were launched otherwise than it launches now.

An instance refresh, a few at a time, watched to its end. Asks you to type the group's name; in scripts use
--confirm.
"""
REFRESH_EPILOG = """Examples:

  opsctl tune refresh workers --dry-run

  opsctl tune refresh workers --max-healthy 110 --confirm workers
"""


def register(group: typer.Typer) -> None:
    """Add the commands."""
    runs_playbook(group, "tune group", playbook="tune-group", says=GROUP_SAYS, epilog=GROUP_EPILOG)
    runs_playbook(group, "tune refresh", playbook="tune-refresh", says=REFRESH_SAYS, epilog=REFRESH_EPILOG)
