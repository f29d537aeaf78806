"""`opsctl s3-events resend`: objects that came during a cutover, told of again."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from opsctl.cli.options import AccountOptions, ApplyOptions, PlanOptions, ShowOptions, spliced
from opsctl.cli.playbook_options import Given, inputs_of

if TYPE_CHECKING:
    from opsctl.cli.front import Order

EPILOG = """Examples:

  opsctl s3-events resend shop-uploads --run last --key incoming/4.pdf --dry-run

  opsctl s3-events resend shop-uploads --run last --all
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("resend", cls=inputs_of("s3-events-resend"), epilog=EPILOG)(spliced(resend))


def resend(
    *,
    given: Given,
    run: Annotated[
        str,
        typer.Option("--run", metavar="RUN", help="The cutover; last: the newest of the bucket."),
    ] = "",
    planning: PlanOptions,
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Tell the destination again of objects that came while switch-to-eventbridge --cutover was under way.

    Only the consumer knows which of them it has: name those that it lacks, or take all.
    """
    from opsctl.cli.front import Order, run_playbook

    if bool(run) == bool(given.values["listed"]):
        raise typer.BadParameter("give one of --run and --listed", param_hint="--run")
    order = Order("s3-events resend", account, show)
    listed = _listed_by(order, run, given.values["bucket"]) if run else given.values["listed"]
    run_playbook(order, given.but(listed=listed).told_as(listed="--run"), planning, applying)


def _listed_by(order: "Order", run: str, bucket: str) -> str:
    """What the job of a cutover listed."""
    from opsctl.cli.front import open_session
    from opsctl.model.errors import InvalidInput
    from opsctl.wiring import open_journal

    journal = open_journal()
    rows = [journal.run(run)] if run != "last" else journal.runs()
    account = open_session(order).runtime.identity.account
    for row in rows:
        if row.account != account:
            continue
        for event in reversed(journal.events(row.id)):
            detail = event.detail if isinstance(event.detail, dict) else {}
            if detail.get("bucket") == bucket and detail.get("objects") and detail.get("destination"):
                return json.dumps(detail)
    which = f"run {rows[0].id}" if run != "last" else f"no run in account {account}"
    did = "listed no objects" if run != "last" else "listed objects"
    raise InvalidInput.one(f"{which} {did} of bucket {bucket} that came during a cutover", source="--run")
