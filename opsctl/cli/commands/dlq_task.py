"""`opsctl dlq task`: the message move tasks of a queue, watched from anywhere."""

from typing import TYPE_CHECKING, Annotated

import typer

from opsctl.cli.options import AccountOptions, ApplyOptions, Output, PlanOptions, ShowOptions, spliced
from opsctl.cli.playbook_options import Given, inputs_of
from opsctl.model.outcomes import Outcome

if TYPE_CHECKING:
    from opsctl.cli.front import Session
    from opsctl.dlq.facts.sqs_move_tasks import MoveTask, MoveTasks

EPILOG = """Examples:

  opsctl dlq task orders-dlq --watch

  opsctl dlq task orders-dlq --cancel --yes
"""
_POLL_S = 3.0


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("task", cls=inputs_of("dlq-cancel-task"), epilog=EPILOG)(spliced(task))


def task(
    *,
    given: Given,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the running task to its end.")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="Cancel the running task.")] = False,
    planning: PlanOptions,
    applying: ApplyOptions,
    account: AccountOptions,
    show: ShowOptions,
) -> None:
    """Show the SQS message move tasks of a queue, whoever started them; watch or cancel the running one."""
    from opsctl.cli.front import Order, open_session, run_playbook
    from opsctl.cli.output import emit_value

    if not cancel:
        show.refuse_others((Output.TEXT, Output.JSON), "without --cancel")
    order = Order("dlq task", account, show)
    if cancel:
        run_playbook(order, given, planning, applying)
        return
    session = open_session(order)
    found = _read(session, given)
    while watch and any(_active(one) for one in found.tasks):
        session.progress(_line(found.tasks[0]))
        session.runtime.clock.sleep(_POLL_S)
        found = _read(session, given)
    session.progress.clear()
    lines = [_line(one) for one in found.tasks] or [f"SQS lists no message move task of {found.queue}"]
    emit_value(order, Outcome.LISTED, found.model_dump(mode="json"), "\n".join(lines))


def _read(session: "Session", given: Given) -> "MoveTasks":
    from opsctl.dlq.facts.sqs_move_tasks import MoveTasks, SqsMoveTasks
    from opsctl.model.errors import InvalidInput
    from opsctl.planning.run_fetching import run_fetching

    runtime = session.runtime
    try:
        found = run_fetching(SqsMoveTasks.model_validate(given.values).read(runtime.about), runtime.reader())
    except InvalidInput as invalid:
        raise invalid.told_as(given.flags) from None
    assert isinstance(found, MoveTasks)  # noqa: S101 - the fact's own result
    return found


def _active(one: "MoveTask") -> bool:
    return one.status in ("RUNNING", "CANCELLING")


def _line(one: "MoveTask") -> str:
    from opsctl.render.inert import visible

    to = f" to {one.destination.rpartition(':')[2]}" if one.destination else " to the original queues"
    rate = f", at most {one.per_s} a second" if one.per_s else ""
    failure = f": {one.failure}" if one.failure else ""
    return visible(f"{one.started}  {one.status}{failure}, {one.moved:,} of about {one.to_move:,} moved{to}{rate}")
