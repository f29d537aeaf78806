"""`opsctl dlq audit`: what is wrong with dead-letter queues, and what lacks one."""

from typing import Annotated

import typer

from opsctl.cli.options import AccountOptions, LookOptions, spliced
from opsctl.cli.playbook_options import Given, inputs_of
from opsctl.model.outcomes import Outcome

EPILOG = """Examples:

  opsctl dlq audit

  opsctl dlq audit --queue orders --detailed-exitcode

  opsctl dlq audit -o json --query "result.findings[?severity == 'high'].fix"
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("audit", cls=inputs_of("dlq-audit"), epilog=EPILOG)(spliced(audit))


def audit(
    *,
    given: Given,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 5 when there are findings.")
    ] = False,
    account: AccountOptions,
    show: LookOptions,
) -> None:
    """Check dead-letter queues: retry loops, blocked groups, timeouts, alarms, policies, and sources without one.

    Reads only. Each finding has the command that fixes it. What cannot be read is listed as unknown.
    """
    from opsctl.cli.front import Order
    from opsctl.cli.looks import look_at, show_found
    from opsctl.dlq.facts.dlq_audit import Audited, DlqAudit
    from opsctl.model.exits import Exit
    from opsctl.render.views.dead_letter_audit import markdown_audit, render_audit

    order = Order("dlq audit", account, show)
    reading = "reading queues, functions, subscriptions, rules, schedules, alarms and policies"
    found = look_at(order, DlqAudit.model_validate(given.values), Audited, reading, given.flags)
    code = Exit.HAS_CHANGES if detailed_exitcode and found.findings else Exit.DONE
    show_found(order, Outcome.AUDITED, found, text=render_audit, markdown=markdown_audit, code=int(code))
    if code:
        raise typer.Exit(int(code))
