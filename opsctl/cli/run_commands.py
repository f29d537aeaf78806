"""`opsctl run` and `opsctl plan`: any playbook, shipped or the user's own."""

from pathlib import Path
from typing import Annotated

import typer

from opsctl.cli.completion import complete_inputs, complete_playbooks
from opsctl.cli.options import AccountOptions, ApplyOptions, PlanOptions, ShowOptions, spliced
from opsctl.cli.playbook_options import Given

RUN_EPILOG = """Examples:

  opsctl run block-ip --set addresses=203.0.113.9 --set target=shop.example.com --dry-run

  opsctl run ./my-playbook.yaml --inputs inputs.yaml --yes

A playbook that is not shipped shows its reads and asks before the first call; --yes does not answer that.
In a script: --trust-reads SHA256, or a file with the text that was reviewed, or `trusted_playbooks:` in your own
configuration. `opsctl playbook show` prints the SHA-256.
"""

PLAN_EPILOG = """Example:

  opsctl plan ./my-playbook.yaml --set target=shop.example.com --out plan.json
"""

PlaybookArgument = Annotated[
    str,
    typer.Argument(
        metavar="PLAYBOOK", help="A shipped playbook or a YAML file.", autocompletion=complete_playbooks
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set an input; repeatable.", autocompletion=complete_inputs),
]
InputsOption = Annotated[Path | None, typer.Option("--inputs", help="YAML or JSON file of inputs.")]
TrustOption = Annotated[
    str,
    typer.Option(
        "--trust-reads",
        metavar="SHA256|FILE",
        help="Agree to the reads of the playbook with this SHA-256, or with the text of this file.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("run", epilog=RUN_EPILOG)(spliced(run))
    app.command("plan", epilog=PLAN_EPILOG)(spliced(plan))


def run(
    *,
    playbook: PlaybookArgument,
    values: SetOption = None,
    inputs: InputsOption = None,
    trust_reads: TrustOption = "",
    planning: PlanOptions,
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Plan a playbook, ask, apply it and prove it."""
    _run("run", playbook, values, inputs, trust_reads, planning, applying, account, show, plan_only=False)


def plan(
    *,
    playbook: PlaybookArgument,
    values: SetOption = None,
    inputs: InputsOption = None,
    trust_reads: TrustOption = "",
    planning: PlanOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Plan a playbook and change nothing; --out saves the plan for `opsctl apply`."""
    applying = ApplyOptions(dry_run=True)
    _run("plan", playbook, values, inputs, trust_reads, planning, applying, account, show, plan_only=True)


def _run(
    command: str,
    playbook: str,
    values: list[str] | None,
    inputs: Path | None,
    trust_reads: str,
    planning: PlanOptions,
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
    *,
    plan_only: bool,
) -> None:
    from opsctl.cli.front import Order, run_playbook
    from opsctl.cli.input_values import read_inputs
    from opsctl.playbook.load import load_playbook

    given, sources = read_inputs(values or [], inputs)
    order = Order(command, account, show)
    found = Given(load_playbook(playbook), given, sources)
    run_playbook(order, found, planning, applying, plan_only=plan_only, trust_reads=trust_reads)
