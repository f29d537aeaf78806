"""`opsctl dlq inspect` and `export`: look at dead letters without consuming them."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsctl.cli.completion import complete_names, one_of
from opsctl.cli.new_files import refuse_bad_file
from opsctl.cli.options import AccountOptions, JsonOptions, LookOptions, Output, ShowOptions, spliced
from opsctl.model.outcomes import Outcome

if TYPE_CHECKING:
    from opsctl.cli.front import Session
    from opsctl.dlq.looking_at_messages import Glass
    from opsctl.model.commands import Commands

QueueArgument = Annotated[
    str,
    typer.Argument(
        metavar="QUEUE",
        help="Name, URL or ARN of the dead-letter queue.",
        autocompletion=complete_names("dead-letter-queue"),
    ),
]
WhereOption = Annotated[str, typer.Option(help="Only messages that match this JMESPath expression.")]
OverrideOption = Annotated[
    list[str] | None,
    typer.Option(
        help="own-redrive or working-queue: read messages anyway; repeatable.",
        autocompletion=one_of("own-redrive", "working-queue"),
    ),
]

INSPECT = """Examples:

  opsctl dlq inspect orders-dlq

  opsctl dlq inspect orders-dlq --sample 5000 --where "body.customer == 'c-1'" -o json

  opsctl dlq inspect orders-dlq --body 60bb3bea-35cd-480c-a7fd-f3062a138ecd > message.json
"""
EXPORT = """Examples:

  opsctl dlq export orders-dlq orders.jsonl.gz

  opsctl dlq import orders.jsonl.gz orders-dlq
"""


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("inspect", epilog=INSPECT)(spliced(inspect))
    group.command("export", epilog=EXPORT)(spliced(export))


def inspect(
    *,
    queue: QueueArgument,
    sample: Annotated[int, typer.Option(min=1, help="Read at most this many messages.")] = 100,
    where: WhereOption = "",
    body: Annotated[str, typer.Option(metavar="ID", help="Print the body of this one message.")] = "",
    override: OverrideOption = None,
    account: AccountOptions,
    show: LookOptions,
) -> None:
    """Group the messages of a queue by cause, with counts, times and an example of each.

    Messages are received and made visible again at once, which raises their receive count by one.
    """
    from opsctl.cli.output import emit_value
    from opsctl.cli.terminal import wants_colour, width
    from opsctl.dlq.following import after_inspecting
    from opsctl.model.exits import Exit
    from opsctl.render.views.dead_letters import markdown_inspected, render_inspected

    session, glass = open_glass("dlq inspect", queue, where, override or (), account, show)
    if body:
        _body(session, glass, body)
        return
    commands = commands_of(session)
    found = glass.inspect(sample, where)
    found = found.then(after_inspecting(found.queue, override or (), commands))
    session.progress.clear()
    if show.output is Output.MARKDOWN:
        text = markdown_inspected(found)
    else:
        text = render_inspected(found, width=width(), colour=wants_colour(sys.stdout))
    interrupted = session.runtime.stopping()
    outcome, code = (Outcome.INTERRUPTED, int(Exit.INTERRUPTED)) if interrupted else (Outcome.INSPECTED, 0)
    emit_value(session.order, outcome, found.model_dump(mode="json"), text, code=code)
    if code:
        raise typer.Exit(code)


def export(
    *,
    queue: QueueArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file, .jsonl or .jsonl.gz.")],
    where: WhereOption = "",
    override: OverrideOption = None,
    account: AccountOptions,
    show: JsonOptions,
) -> None:
    """Copy the messages of a queue to a file for `opsctl dlq import`; they stay in the queue."""
    from opsctl.cli.output import emit_value
    from opsctl.dlq.message_filter import says_unjudged
    from opsctl.model.exits import Exit

    if not file.name.endswith((".jsonl", ".jsonl.gz")):
        raise typer.BadParameter("the name must end in .jsonl or .jsonl.gz", param_hint="FILE")
    refuse_bad_file(file, "FILE")
    session, glass = open_glass("dlq export", queue, where, override or (), account, show)
    found = glass.export(file, where)
    session.progress.clear()
    text = f"{found.written:,} messages of {found.queue} are in {found.path}"
    if not found.whole:
        text += f"\nnot all: the queue says it has about {found.about:,}"
        text += f"; {found.note}" if found.note else ""
    text += f"\n{says_unjudged(found.unjudged)}" if found.unjudged else ""
    interrupted = session.runtime.stopping()
    failed = int(Exit.INTERRUPTED if interrupted else Exit.FAILED)
    outcome, code = (Outcome.EXPORTED, 0) if found.whole else (Outcome.INCOMPLETE, failed)
    emit_value(session.order, outcome, found.model_dump(mode="json"), text, code=code)
    if code:
        raise typer.Exit(code)


def open_glass(
    command: str,
    queue: str,
    where: str,
    override: Sequence[str],
    account: AccountOptions,
    show: ShowOptions,
    *,
    guards: Sequence[str] = (),
) -> "tuple[Session, Glass]":
    """Connect, find the queue, and refuse where looking does harm; `guards` are other names to set aside."""
    from opsctl.cli.front import Order, open_session
    from opsctl.dlq.edits import refuse_bad_expression
    from opsctl.dlq.facts.sqs_queue import QueueFound, SqsQueue
    from opsctl.dlq.looking_at_messages import COSTLY, Glass, refuse_costly_look
    from opsctl.model.errors import InvalidInput
    from opsctl.planning.run_fetching import run_fetching

    for name in override:
        if name not in (*COSTLY, *guards):
            raise typer.BadParameter(f"{name!r} is none of {', '.join(COSTLY)}", param_hint="--override")
    if where:
        refuse_bad_expression(where, "--where")
    session = open_session(Order(command, account, show))
    runtime = session.runtime
    try:
        found = run_fetching(SqsQueue(queue=queue).read(runtime.about), runtime.reader())
    except InvalidInput as invalid:
        raise invalid.told_as({"queue": "QUEUE"}) from None
    assert isinstance(found, QueueFound)  # noqa: S101 - the fact's own result
    refuse_costly_look(found.queue, found.consumers, tuple(override))
    wire = runtime.queues(runtime.identity.region)
    parked = "; ".join(found.parked)
    return session, Glass(wire, found.queue, runtime.clock, session.progress, runtime.stopping, parked)


def commands_of(session: "Session") -> "Commands":
    """What makes commands to just this account, region and endpoint."""
    from opsctl.model.commands import commands_there

    identity = session.runtime.identity
    return commands_there(identity.reached_by, identity.region, identity.endpoint)


def _body(session: "Session", glass: "Glass", message_id: str) -> None:
    """Write one message: exactly as it is into a file or pipe, harmless on a terminal."""
    from opsctl.cli.output import emit_value
    from opsctl.dlq.transfer.backup import record_of
    from opsctl.render.inert import visible

    message = glass.find(message_id)
    session.progress.clear()
    text = message["Body"]
    if session.order.show.output is Output.TEXT and not sys.stdout.isatty():
        sys.stdout.write(text)
        return
    text = "\n".join(visible(line) for line in text.split("\n"))
    emit_value(session.order, Outcome.FOUND, record_of(message), text)
