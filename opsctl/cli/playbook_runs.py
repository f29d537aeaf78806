"""Commands that run a shipped playbook, and have no options but its inputs and those of every plan."""

from collections.abc import Callable

import typer

from opsctl.cli.options import AccountOptions, ApplyOptions, PlanOptions, ShowOptions, spliced
from opsctl.cli.playbook_options import Given, inputs_of


def runs_playbook(
    app: typer.Typer,
    command: str,
    *,
    playbook: str,
    says: str,
    epilog: str,
    name: str = "",
    check: Callable[[Given], None] | None = None,
) -> None:
    """Add the command that plans a playbook, asks, applies and proves it; `says` is its help.

    `name` is what it is called in its group, the last word of the command by itself. `check` refuses what was
    typed, before anything is called.
    """

    def run(
        *,
        given: Given,
        planning: PlanOptions,
        applying: ApplyOptions,
        account: AccountOptions,
        show: ShowOptions,
    ) -> None:
        from opsctl.cli.front import Order, run_playbook

        if check is not None:
            check(given)
        run_playbook(Order(command, account, show), given, planning, applying)

    run.__doc__ = says
    app.command(name or command.rpartition(" ")[2], cls=inputs_of(playbook), epilog=epilog)(spliced(run))
