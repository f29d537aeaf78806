"""`opsctl s3-events restore`: what a bucket's notifications had when a run looked at them, put back."""

import json
from pathlib import Path
from typing import Annotated

import typer

from opsctl.cli.options import AccountOptions, ApplyOptions, PlanOptions, ShowOptions, spliced
from opsctl.cli.playbook_options import Given, inputs_of

EPILOG = """Examples:

  opsctl s3-events restore uploads --run last --dry-run

  opsctl s3-events restore uploads --from uploads-notifications.json
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("restore", cls=inputs_of("s3-events-restore"), epilog=EPILOG)(spliced(restore))


def restore(
    *,
    given: Given,
    run: Annotated[
        str, typer.Option("--run", metavar="RUN", help="The configuration as it was when this run was planned.")
    ] = "",
    from_: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="A configuration that show wrote; - is stdin.")
    ] = None,
    planning: PlanOptions,
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Put back notifications that a bucket once had and has lost; what was added since stays.

    Each run of s3-events keeps the whole configuration that it found, as a backup.
    """
    from opsctl.cli.address_lists import read_text
    from opsctl.cli.front import Order, run_playbook

    ways = {"--document": given.values["document"], "--from": from_, "--run": run}
    said = [flag for flag, value in ways.items() if value]
    if len(said) != 1:
        raise typer.BadParameter("give one of --run, --from and --document", param_hint="--run")
    document = read_text(from_, "--from") if from_ else given.values["document"]
    if run:
        document = _kept_by(run, given.values["bucket"])
    wanted = given.but(document=document).told_as(document=said[0])
    run_playbook(Order("s3-events restore", account, show), wanted, planning, applying)


def _kept_by(run: str, bucket: str) -> str:
    """The configuration of the bucket that a run found when it was planned."""
    from opsctl.model.errors import InvalidInput
    from opsctl.wiring import open_journal

    journal = open_journal()
    plan = journal.plan(journal.run(run).id)
    for value in plan.facts.values():
        if isinstance(value, dict) and value.get("bucket") == bucket and isinstance(value.get("document"), dict):
            return json.dumps(value["document"])
    raise InvalidInput.one(f"run {plan.id} did not look at the notifications of bucket {bucket}", source="--run")
