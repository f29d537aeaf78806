"""`opsctl dlq audit`: what is wrong with dead-letter queues, and what lacks one."""

import sys
from typing import Annotated

import typer

from opsctl.cli.options import AccountOptions, Output, ShowOptions, spliced

EPILOG = """Examples:

  opsctl dlq audit

  opsctl dlq audit --queue orders --detailed-exitcode

  opsctl dlq audit -o json --query "result.findings[?severity == 'high'].fix"
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("audit", epilog=EPILOG)(spliced(audit))


def audit(
    *,
    queue: Annotated[
        list[str] | None, typer.Option(help="Only what concerns this queue: name, URL or ARN; repeatable.")
    ] = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 5 when there are findings.")
    ] = False,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Check how failures are kept: loops, blocked groups, timings, alarms, policies, and who has no queue.

    Reads only. Each finding names the command that fixes it; what may not be read is named, never passed over.
    """
    from opsctl.cli.front import Order, in_sandbox, open_session
    from opsctl.cli.output import emit_value
    from opsctl.cli.terminal import wants_colour, width
    from opsctl.lookups.dlq_audit import Audited, DlqAudit
    from opsctl.model.errors import InvalidInput
    from opsctl.model.exits import Exit
    from opsctl.planning.gather import gather
    from opsctl.render.dead_letter_audit import markdown_audit, render_audit

    if show.output is Output.HTML:
        raise typer.BadParameter("text, json or markdown", param_hint="--output")
    session = open_session(Order("dlq audit", account, show), in_sandbox=in_sandbox())
    runtime = session.runtime
    session.progress("reading queues, functions, subscriptions, rules, schedules, alarms and policies")
    reader = runtime.reader()
    try:
        found = gather(DlqAudit(queues=tuple(queue or ())).look(runtime.about), reader)
    except InvalidInput as invalid:
        raise invalid.told_as({"queues": "--queue"}) from None
    assert isinstance(found, Audited)  # noqa: S101 - the lookup's own result
    session.progress.clear()
    if show.verbose:
        session.progress(f"{len(reader.made)} reads in {reader.rounds} rounds")
    if show.output is Output.MARKDOWN:
        text = markdown_audit(found)
    else:
        text = render_audit(found, width=width(), colour=wants_colour(sys.stdout))
    code = Exit.HAS_CHANGES if detailed_exitcode and found.findings else Exit.DONE
    emit_value(session.order, "audited", found.model_dump(mode="json"), text, code=int(code))
    if code:
        raise typer.Exit(int(code))
