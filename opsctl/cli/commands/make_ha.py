"""`opsctl make-ha`: puts a lone instance under recovery."""

import typer

from opsctl.cli.commands import make_ha_drill, make_ha_status
from opsctl.cli.first_word import FirstWordGroup
from opsctl.cli.playbook_runs import runs_playbook

SAYS = """Look at INSTANCE, plan its recovery, ask, build it and prove it.

A group of one over several zones by default; where that is not possible, CloudWatch alarms that recover it.
"""
EPILOG = """Examples:

  opsctl make-ha legacy-web --dry-run

  opsctl make-ha legacy-web --accept root-disk --rpo 1h --allow-data-loss 2h

  opsctl make-ha i-0123456789abcdef0 --mode recover --topic arn:aws:sns:eu-west-1:123456789012:ops --yes

Whatever a replacement would lose has to be accepted by name: the dry run lists the --accept names.
"""


def register(app: typer.Typer) -> None:
    """Add the group: its first word is an instance, unless it is one of the subcommands."""
    group = typer.Typer(
        name="make-ha",
        cls=FirstWordGroup,
        help=(
            "Make a single instance recover automatically: opsctl make-ha INSTANCE [OPTIONS], the same as "
            "opsctl make-ha instance INSTANCE."
        ),
        epilog=EPILOG,
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    runs_playbook(group, "make-ha", playbook="make-ha", says=SAYS, epilog=EPILOG, name="instance")
    make_ha_status.register(group)
    make_ha_drill.register(group)
    app.add_typer(group)
