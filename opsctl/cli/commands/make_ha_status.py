"""`opsctl make-ha status`: whether recovery would work now."""

from typing import Annotated

import typer

from opsctl.cli.options import AccountOptions, LookOptions, Output, spliced
from opsctl.model.outcomes import Outcome

EPILOG = """Examples:

  opsctl make-ha status ha-legacy-web

  opsctl make-ha status ha-legacy-web -o json --query "result.findings[?state!='ok']"

Exit code 0: recovery would work now; 6: something is wrong, or could not be read.
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("status", epilog=EPILOG)(spliced(status))


def status(
    *,
    group: Annotated[
        str, typer.Argument(metavar="GROUP", help="Name of the group or standby that make-ha built.")
    ],
    account: AccountOptions,
    show: LookOptions,
) -> None:
    """Show whether recovery would work now, and what is wrong; changes nothing."""
    import sys

    from opsctl.cli.front import Order, open_session
    from opsctl.cli.output import emit_value
    from opsctl.cli.terminal import wants_colour, width
    from opsctl.ha.facts.ha_status import HaStatusResult
    from opsctl.model.errors import InvalidInput
    from opsctl.model.exits import Exit
    from opsctl.model.plan import FactCall
    from opsctl.planning.facts import look_up
    from opsctl.render.views.ha_status import markdown_status, render_status

    session = open_session(Order("make-ha status", account, show))
    runtime = session.runtime
    session.progress(f"reading group {group}")
    call = FactCall(uses="ha.status", arguments={"group": group})
    try:
        value = look_up({"status": call}, runtime.reader(), runtime.about, runtime.registry)["status"]
    except InvalidInput as invalid:
        raise invalid.told_as({"group": "GROUP"}) from None
    session.progress.clear()
    found = HaStatusResult.model_validate(value)
    if show.output is Output.MARKDOWN:
        text = markdown_status(found)
    else:
        text = render_status(found, width=width(), colour=wants_colour(sys.stdout))
    code = int(Exit.DONE if found.works else Exit.UNPROVED)
    emit_value(session.order, Outcome.WORKS if found.works else Outcome.WRONG, value, text, code=code)
    if code:
        raise typer.Exit(code)
