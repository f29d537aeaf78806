"""`opsctl blocks watch`, and `--watch` of block-ip, apply and verify: what a block refuses as it comes."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from opsctl.cli.options import AccountOptions, ApplyOptions, Offered, Output, ShowOptions, spliced
from opsctl.model.outcomes import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from opsctl.cli.front import Afterwards, Session
    from opsctl.model.plan import Plan
    from opsctl.model.value import Json
    from opsctl.model.watch import WatchReport

WatchOption = Annotated[
    str,
    typer.Option(
        "--watch",
        metavar="<5m>",
        help="Then watch for so long, at most 1h, what is refused and what passes still; Ctrl-C ends only that.",
        rich_help_panel="Plan and apply",
    ),
]
LONGEST_S = 3600
_WatchShow = Annotated[
    ShowOptions,
    Offered(forms=(Output.TEXT, Output.JSON, Output.MARKDOWN, Output.SHORT), without=("details", "verbose")),
]
EPILOG = """Examples:

  opsctl blocks watch 203.0.113.9 --target shop.example.com

  opsctl blocks watch 2001:db8::/64 --target shop-alb --for 15m -o json --query "result.passing"
"""


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("watch", epilog=EPILOG)(spliced(watch_blocks))


def watch_blocks(
    *,
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS...", help="Addresses or CIDR blocks.")],
    target: Annotated[str, typer.Option(help="What they come to, as it was blocked for.")],
    for_: Annotated[str, typer.Option("--for", metavar="<5m>", help="How long, at most 1h.")] = "5m",
    account: AccountOptions,
    show: _WatchShow,
) -> None:
    """Watch what is refused from addresses at a target, and what passes still.

    Reads only, none of which AWS charges by what it searches. It ends with 6 when something passes where the block
    had time to spread; Ctrl-C ends it early and shows what was seen.
    """
    from opsctl.cli.address_lists import read_addresses
    from opsctl.cli.front import Order, open_session
    from opsctl.cli.output import emit_value
    from opsctl.model.networks import normal

    seconds = seconds_to_watch(for_, "--for")
    try:
        known = tuple(dict.fromkeys(normal(one) for one in read_addresses(addresses, None)[0]))
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint="ADDRESS") from None
    session = open_session(Order("blocks watch", account, show))
    found = watched(session, known, target, seconds)
    code = code_after(0, found)
    outcome = Outcome.WRONG if code else Outcome.FOUND
    emit_value(session.order, outcome, told(found), watch_text(session, found).lstrip("\n"), code=code)
    if code:
        raise typer.Exit(code)


def watch_after(
    watch: str, applying: ApplyOptions | None, show: ShowOptions, out: "Path | None" = None
) -> "Afterwards | None":
    """Return what watches when the block stands; nothing where nobody asked for it.

    `applying` is None where nothing is to be applied, since the block is there.

    Raises:
        BadParameter: the time is none, or nothing would be there to watch.
    """
    if not watch:
        return None
    seconds = seconds_to_watch(watch)
    if (applying is not None and applying.dry_run) or out is not None:
        raise typer.BadParameter("nothing is applied, so there is nothing to watch", param_hint="--watch")
    if show.output is Output.HTML:
        raise typer.BadParameter(
            "a page is one piece: take text, markdown, short or json with --watch", param_hint="--output"
        )

    def afterwards(
        session: "Session", plan: "Plan", code: int, shown: "Callable[[int, dict[str, Json]], None]"
    ) -> int:
        return _watched(session, plan, code, shown, seconds)

    return afterwards


def refuse_unwatchable(plan: "Plan", watch: str) -> None:
    """Refuse to watch a plan that blocks no addresses; raises BadParameter."""
    if not watch:
        return
    if plan.undo_of:
        said = f"run {plan.id} takes run {plan.undo_of} back: there is no block to watch"
    elif plan.playbook.name != "block-ip":
        said = f"plan {plan.id} is of {plan.playbook.name}, and only what block-ip blocks can be watched"
    elif not plan.inputs.get("addresses"):
        said = f"plan {plan.id} blocks countries, and only addresses can be watched"
    else:
        return
    raise typer.BadParameter(said, param_hint="--watch")


def seconds_to_watch(text: str, flag: str = "--watch") -> int:
    """Return how long to watch; raises BadParameter."""
    from opsctl.model.durations import parse_duration

    try:
        seconds = parse_duration(text)
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint=flag) from None
    if not 0 < seconds <= LONGEST_S:
        raise typer.BadParameter("it is not between 1s and 1h", param_hint=flag)
    return seconds


def _watched(
    session: "Session", plan: "Plan", code: int, shown: "Callable[[int, dict[str, Json]], None]", seconds: int
) -> int:
    """Show the result, watch, and show what was seen; JSON is one piece, so there all of it comes at the end."""
    as_json = session.order.show.output is Output.JSON
    if not as_json:
        shown(code, {})
        sys.stdout.flush()
    addresses = tuple(map(str, plan.inputs.get("addresses") or ()))
    found = watched(session, addresses, str(plan.inputs.get("target", "")), seconds)
    code = code_after(code, found)
    if as_json:
        shown(code, {"watch": told(found)})
    else:
        sys.stdout.write(watch_text(session, found))
    return code


def code_after(code: int, found: "WatchReport") -> int:
    """Return what the command exits with: what passes still is a check that did not hold."""
    from opsctl.model.exits import Exit

    return int(Exit.UNPROVED) if found.passing and code == Exit.DONE else code


def told(found: "WatchReport") -> "Json":
    """Return what was seen as JSON, with the sum of it."""
    told: dict[str, Json] = found.model_dump(mode="json")
    told["refused"] = found.refused
    told["passing"] = [one.model_dump(mode="json") for one in found.passing]
    told["nothing"] = found.nothing
    return told


def watched(session: "Session", addresses: tuple[str, ...], target: str, seconds: int) -> "WatchReport":
    """Watch addresses at a target."""
    from opsctl.cli.commands.blocks_watch_loop import WatchLoop
    from opsctl.model.errors import InvalidInput

    runtime = session.runtime
    loop = WatchLoop(
        addresses=addresses,
        target=target,
        about=runtime.about,
        reader=runtime.reader,
        clock=runtime.clock,
        stopping=runtime.stopping,
        progress=session.progress,
    )
    try:
        return loop.run(seconds)
    except InvalidInput as invalid:
        raise invalid.told_as({"target": "--target"}) from None
    finally:
        session.progress.clear()


def watch_text(session: "Session", found: "WatchReport") -> str:
    """Return what was seen in the form that was asked for."""
    from opsctl.cli.terminal import wants_colour, width
    from opsctl.render.views.watch import markdown_watch, render_watch, short_watch

    form = session.order.show.output
    if form is Output.MARKDOWN:
        return "\n" + markdown_watch(found)
    if form is Output.SHORT:
        return short_watch(found)
    return "\n" + render_watch(found, width=width(), colour=wants_colour(sys.stdout)).rstrip("\n") + "\n"
