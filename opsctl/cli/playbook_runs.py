"""Commands that run a shipped playbook, and have no options but its inputs and those of every plan."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import typer

from opsctl.cli.options import AccountOptions, ApplyOptions, PlanOptions, ShowOptions, spliced
from opsctl.cli.playbook_options import Given, InputsCommand, inputs_of

if TYPE_CHECKING:
    from opsctl.model.value import Json


def runs_playbook(
    app: typer.Typer,
    command: str,
    *,
    playbook: str,
    says: str,
    epilog: str,
    name: str = "",
    check: Callable[[Given], None] | None = None,
    always: "Mapping[str, Json] | None" = None,
    options: type[InputsCommand] | None = None,
) -> None:
    """Add the command that plans a playbook, asks, applies and proves it; `says` is its help.

    `name` is what it is called in its group, the last word of the command by itself. `check` refuses what was
    typed, before anything is called. `always` are inputs that this command sets, whatever was typed.
    `options` replace those of the playbook alone, where the command chooses between two.
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
        run_playbook(Order(command, account, show), given.but(**(always or {})), planning, applying)

    run.__doc__ = says
    app.command(name or command.rpartition(" ")[2], cls=options or inputs_of(playbook), epilog=epilog)(
        spliced(run)
    )
