"""`opsctl tune group` and `refresh`: what an Auto Scaling group launches, and what replaces its instances."""

import typer

from opsctl.cli.options import AccountOptions, ApplyOptions, PlanOptions, ShowOptions, spliced
from opsctl.cli.playbook_options import Given, inputs_of

GROUP_EPILOG = """Examples:

  opsctl tune group workers --efa --placement-group near --dry-run

  opsctl tune group workers --placement-group near
"""
REFRESH_EPILOG = """Examples:

  opsctl tune refresh workers --dry-run

  opsctl tune refresh workers --max-healthy 110 --confirm workers
"""


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("group", cls=inputs_of("tune-group"), epilog=GROUP_EPILOG)(spliced(launch))
    group.command("refresh", cls=inputs_of("tune-refresh"), epilog=REFRESH_EPILOG)(spliced(refresh))


def launch(
    *,
    given: Given,
    planning: PlanOptions,
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Have an Auto Scaling group launch with EFA or into a placement group; what runs stays as it is.

    A version of its launch template is made and used; members are never stopped. `tune refresh` replaces them.
    """
    from opsctl.cli.front import Order, run_playbook

    run_playbook(Order("tune group", account, show), given, planning, applying)


def refresh(
    *,
    given: Given,
    planning: PlanOptions,
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Replace the instances of an Auto Scaling group that were launched otherwise than it launches now.

    An instance refresh, a few at a time, watched to its end. Asks you to type the group's name; in scripts use
    --confirm.
    """
    from opsctl.cli.front import Order, run_playbook

    run_playbook(Order("tune refresh", account, show), given, planning, applying)
