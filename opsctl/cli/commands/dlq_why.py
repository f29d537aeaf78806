"""`opsctl dlq why`: what the consumers of dead letters logged, what changed, and what is wrong with them."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from opsctl.cli.commands.dlq_inspect import OverrideOption, QueueArgument, WhereOption, commands_of, open_glass
from opsctl.cli.options import AccountOptions, LookOptions, Output, spliced
from opsctl.model.outcomes import Outcome

if TYPE_CHECKING:
    from opsctl.cli.front import Session
    from opsctl.dlq.explaining_messages import Why
    from opsctl.dlq.looking_at_messages import Glass

EPILOG = """Examples:

  opsctl dlq why orders-dlq

  opsctl dlq why orders-dlq --where "body.customer == 'c-1'" --sample 1000

  opsctl dlq why orders-dlq -o json --query "result.causes[].signs[]"
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("why", epilog=EPILOG)(spliced(why))


def why(
    *,
    queue: QueueArgument,
    sample: Annotated[int, typer.Option(min=1, help="Read at most this many messages.")] = 100,
    where: WhereOption = "",
    override: OverrideOption = None,
    account: AccountOptions,
    show: LookOptions,
) -> None:
    """Show why messages failed: each cause with its consumer's error log, last change, throttles and limits.

    Reads messages as `dlq inspect` does, then logs around their time, metrics and settings, in a bounded number of
    calls. What cannot be read is listed as unknown. Log lines are shown as they are, cut, and may contain secrets.
    """
    from opsctl.cli.output import emit_value
    from opsctl.cli.terminal import wants_colour, width
    from opsctl.model.exits import Exit
    from opsctl.render.views.dead_letters_why import markdown_why, render_why

    session, glass = open_glass("dlq why", queue, where, override or (), account, show)
    found = _explained(session, glass, sample, where)
    session.progress.clear()
    if show.output is Output.MARKDOWN:
        text = markdown_why(found)
    else:
        text = render_why(found, width=width(), colour=wants_colour(sys.stdout))
    interrupted = session.runtime.stopping()
    outcome, code = (Outcome.INTERRUPTED, int(Exit.INTERRUPTED)) if interrupted else (Outcome.EXPLAINED, 0)
    emit_value(session.order, outcome, found.model_dump(mode="json"), text, code=code)
    if code:
        raise typer.Exit(code)


def _explained(session: "Session", glass: "Glass", sample: int, where: str) -> "Why":
    """Look at the messages, give them back, and only then ask about their consumers."""
    from opsctl.dlq.explaining import explain
    from opsctl.dlq.explaining_messages import why_of
    from opsctl.model.reads import Read
    from opsctl.planning.iam import policy_for_reads
    from opsctl.planning.run_fetching import run_fetching

    looked = glass.inspect(sample, where)
    session.progress("asking about the consumers, their logs and metrics")
    reader, commands = session.runtime.reader(), commands_of(session)
    about = session.runtime.about
    found = run_fetching(explain(looked.groups, glass.queue, about, commands), reader)
    if session.order.show.verbose:
        session.progress(f"{len(reader.made)} reads in {reader.rounds} rounds")
    of_queue = [
        Read(service="sqs", operation=name, params={"QueueArn": glass.queue.arn})
        for name in ("ReceiveMessage", "ChangeMessageVisibility", "GetQueueAttributes", "GetQueueUrl")
    ]
    policy = policy_for_reads([*of_queue, *reader.made], about.identity)
    return why_of(looked, found, policy, commands)
