"""`opsctl s3-events restore`: what a bucket's notifications had when a run looked at them, put back."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsctl.cli.options import AccountOptions, ApplyOptions, PlanOptions, ShowOptions, spliced
from opsctl.cli.playbook_options import Given, inputs_of

if TYPE_CHECKING:
    from opsctl.cli.front import Order
    from opsctl.journal.store import Journal
    from opsctl.model.plan import Plan

LAST = "last"
EPILOG = """Examples:

  opsctl s3-events restore shop-uploads --run last --dry-run

  opsctl s3-events restore shop-uploads --from uploads-notifications.json
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("restore", cls=inputs_of("s3-events-restore"), epilog=EPILOG)(spliced(restore))


def restore(
    *,
    given: Given,
    run: Annotated[
        str,
        typer.Option(
            "--run",
            metavar="RUN",
            help="What this run found; last: the newest that looked at the bucket.",
        ),
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
    order = Order("s3-events restore", account, show)
    if run:
        document = _kept_by(order, run, given.values["bucket"])
    wanted = given.but(document=document).told_as(document=said[0])
    run_playbook(order, wanted, planning, applying)


def _kept_by(order: "Order", run: str, bucket: str) -> str:
    """The configuration of the bucket that a run found; `last` is the newest run that looked at this bucket."""
    from opsctl.cli.front import open_session
    from opsctl.model.commands import local_command
    from opsctl.model.errors import InvalidInput
    from opsctl.wiring import open_journal
    from opsctl.workflow.plan_files import refuse_other_account

    journal = open_journal()
    if run != LAST:
        plan = journal.plan(journal.run(run).id)
        kept = _document_of(plan, bucket)
        if not kept:
            raise InvalidInput.one(
                f"run {plan.id} did not look at the notifications of bucket {bucket}", source="--run"
            )
        refuse_other_account(plan, open_session(order).runtime.identity)
        return kept
    account = open_session(order).runtime.identity.account
    for row in journal.runs():
        if row.account == account and (kept := _document_in(journal, row.id, bucket)):
            return kept
    raise InvalidInput.one(
        f"no run in account {account} looked at the notifications of bucket {bucket}",
        source="--run",
        hint=local_command("runs", "list"),
    )


def _document_in(journal: "Journal", run: str, bucket: str) -> str:
    """What a run kept; nothing where its record is of another version."""
    from opsctl.model.errors import OpsctlError

    try:
        return _document_of(journal.plan(run), bucket)
    except OpsctlError:
        return ""


def _document_of(plan: "Plan", bucket: str) -> str:
    for value in plan.facts.values():
        if isinstance(value, dict) and value.get("bucket") == bucket and isinstance(value.get("document"), dict):
            return json.dumps(value["document"])
    return ""
