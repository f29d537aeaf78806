"""`opsctl blocks extend`: has blocks end later."""

import typer

from opsctl.cli.options import AccountOptions, ApplyOptions, PlanOptions, ShowOptions, spliced
from opsctl.cli.playbook_options import Given, inputs_of

EPILOG = """Examples:

  opsctl blocks extend 203.0.113.9 --ttl 7d

  opsctl blocks extend 203.0.113.9 --until 2026-12-24T08:00Z --incident INC-12 --yes
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("extend", cls=inputs_of("blocks-extend"), epilog=EPILOG)(spliced(extend))


def extend(
    *,
    given: Given,
    planning: PlanOptions,
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Have blocks of opsctl end later, wherever they are; an end never comes nearer."""
    from opsctl.cli.commands.blocks_ends import refuse_bad_end
    from opsctl.cli.front import Order, run_playbook

    refuse_bad_end(given)
    run_playbook(Order("blocks extend", account, show), given, planning, applying)
