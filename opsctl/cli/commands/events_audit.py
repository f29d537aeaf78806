"""`opsctl events audit`: where events of the region are lost."""

from typing import Annotated

import typer

from opsctl.cli.options import AccountOptions, LookOptions, spliced
from opsctl.model.outcomes import Outcome

EPILOG = """Examples:

  opsctl events audit

  opsctl events audit --detailed-exitcode

  opsctl events audit -o json --query "result.findings[?severity == 'high'].fix"
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("audit", epilog=EPILOG)(spliced(audit))


def audit(
    *,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 5 when there are findings.")
    ] = False,
    account: AccountOptions,
    show: LookOptions,
) -> None:
    """Check where events are lost between buckets, topics, APIs, buses, rules, queues and functions.

    Reads only. Each finding has a command. What cannot be read is listed as unknown. Dead-letter queues are
    checked by opsctl dlq audit.
    """
    from opsctl.cli.front import Order
    from opsctl.cli.looks import look_at, show_found
    from opsctl.events.facts.events_audit import EventsAudit, EventsAudited
    from opsctl.model.exits import Exit
    from opsctl.render.views.events_audit import markdown_events_audit, render_events_audit

    order = Order("events audit", account, show)
    reading = "reading buckets, topics, buses, rules, queues and functions"
    found = look_at(order, EventsAudit(), EventsAudited, reading)
    code = Exit.HAS_CHANGES if detailed_exitcode and found.findings else Exit.DONE
    show_found(
        order,
        Outcome.AUDITED,
        found,
        text=render_events_audit,
        markdown=markdown_events_audit,
        code=int(code),
    )
    if code:
        raise typer.Exit(int(code))
