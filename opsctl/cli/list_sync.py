"""`opsctl block-ip --sync FILE --list NAME`: makes a named list of blocked addresses equal to a feed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsctl.cli.playbook_options import Given, flag_of

if TYPE_CHECKING:
    from opsctl.model.value import Json

SyncOption = Annotated[
    Path | None,
    typer.Option(
        "--sync",
        metavar="FILE",
        help="Make the list that --list names equal to a feed: lines, CSV, Spamhaus; - is stdin.",
    ),
]
ListOption = Annotated[str, typer.Option("--list", metavar="NAME", help="With --sync: the list's name.")]
RemovalsOption = Annotated[
    int | None,
    typer.Option(
        "--max-removals",
        min=0,
        max=100,
        metavar="PERCENT",
        help="With --sync: refuse when more of the list would go at once; 20 by default.",
    ),
]
_SHARED = ("target", "reason")


def refuse_without_sync(name: str, max_removals: int | None) -> None:
    """Refuse what only says something of a list."""
    for flag, value in (("--list", name), ("--max-removals", max_removals)):
        if value not in ("", None):
            raise typer.BadParameter("it has no effect without --sync FILE", param_hint=flag)


def synced(typed: Given, feed: Path, name: str, max_removals: int | None, column: str) -> Given:
    """Return what the playbook of lists is given by a feed and by what was typed for a block.

    A feed that is empty, cannot be read, or has a line that is none is refused whole: it says nothing of what is
    to go.
    """
    from opsctl.cli.address_lists import read_addresses
    from opsctl.playbook.load import load_playbook

    if not name:
        raise typer.BadParameter("--sync needs the name of the list: --list NAME", param_hint="--list")
    for option, spec in typed.playbook.playbook.inputs.items():
        default: Json = spec.default if spec.default is not None else ""
        if option not in _SHARED and typed.values[option] not in (None, "", [], False, default):
            flag = flag_of(option, spec)
            raise typer.BadParameter("it does not go with --sync, which makes a list", param_hint=flag)
    addresses, source = read_addresses([], feed, column, "--sync")
    loaded = load_playbook("block-list")
    values: dict[str, Json] = {one: typed.values[one] for one in _SHARED}
    values |= {"addresses": addresses, "list": name}
    if max_removals is not None:
        values["max_removals"] = max_removals
    flags = {one: flag_of(one, spec) for one, spec in loaded.playbook.inputs.items()}
    return Given(loaded, values, {**flags, "addresses": source})
