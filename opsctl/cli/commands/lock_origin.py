"""`opsctl lock-origin`: lets CloudFront alone reach what stands behind it."""

import typer

from opsctl.cli.playbook_runs import runs_playbook

SAYS = """Limit the security groups of the load balancers behind CloudFront to CloudFront's own prefix list.

What is blocked at CloudFront is got around where the origin can be reached directly. Admits the list
first, then revokes the rules that let everybody in; undo puts those back.
"""
EPILOG = """Examples:

  opsctl lock-origin shop.example.com --dry-run

  opsctl lock-origin shop.example.com --confirm shop.example.com
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    runs_playbook(app, "lock-origin", playbook="lock-origin", says=SAYS, epilog=EPILOG)
