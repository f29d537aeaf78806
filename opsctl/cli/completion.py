"""What the shell offers on TAB: names known on this machine; AWS is never asked, and the SDK not loaded."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from opsctl.model.playbook import Playbook

PLAN_MARK = '"schema": "opsctl.plan/'
_LISTED = 200
"""Files of a directory that are looked into."""

Offered = list[tuple[str, str]]


def complete_runs(incomplete: str) -> Offered:
    """Offer the runs of the journal, newest first, each with its title."""
    from opsctl.journal.places import open_journal
    from opsctl.model.errors import OpsctlError
    from opsctl.render.inert import shortened

    try:
        runs = open_journal().runs()
    except OpsctlError:
        return []
    offered = [("last", "the newest run"), *((run.id, shortened(run.title, 60)) for run in runs)]
    return [pair for pair in offered if pair[0].startswith(incomplete)]


def complete_plans(incomplete: str) -> list[str]:
    """Offer the plan files of a directory, the directories in it, and the plans that were not approved."""
    from opsctl.journal.places import kept_plans
    from opsctl.model.errors import OpsctlError

    try:
        kept = sorted(one.stem for one in kept_plans().glob("*.json"))
    except OpsctlError:
        kept = []
    return [*_plan_files(incomplete), *(one for one in kept if one.startswith(incomplete))]


def _plan_files(incomplete: str) -> list[str]:
    typed, _, begun = incomplete.rpartition("/")
    directory = Path(f"{typed}/" if "/" in incomplete else ".")
    try:
        found = sorted(one for one in directory.iterdir() if one.name.startswith(begun))
    except OSError:
        return []
    lead = f"{typed}/" if "/" in incomplete else ""
    names = [f"{lead}{one.name}/" for one in found if one.is_dir() and not one.name.startswith(".")]
    return names + [f"{lead}{one.name}" for one in found[:_LISTED] if _is_plan(one)]


def _is_plan(path: Path) -> bool:
    try:
        if path.suffix != ".json" or not path.is_file():
            return False
        with path.open(encoding="utf-8", errors="replace") as file:
            return PLAN_MARK in file.read(1000)
    except OSError:
        return False


def complete_plans_and_runs(incomplete: str) -> Offered:
    """Offer what can be shown again."""
    return [*complete_runs(incomplete), *((name, "plan") for name in complete_plans(incomplete))]


def complete_playbooks(incomplete: str) -> list[str]:
    """Offer the shipped playbooks, and the YAML files that are here."""
    from opsctl.playbook.places import shipped_names

    here = sorted(str(one) for one in Path().glob("*.y*ml"))
    return [name for name in (*shipped_names(), *here) if name.startswith(incomplete)]


def complete_profiles(incomplete: str) -> list[str]:
    """Offer the profiles of the AWS configuration."""
    from opsctl.aws.known_names import profiles

    return [name for name in profiles() if name.startswith(incomplete)]


def complete_regions(incomplete: str) -> list[str]:
    """Offer the regions that the installed SDK knows."""
    from opsctl.aws.known_names import regions

    return [name for name in regions() if name.startswith(incomplete)]


def complete_guards(ctx: typer.Context, incomplete: str) -> Offered:
    """Offer the guards of the command's playbook that can be set aside or accepted."""
    return [
        (guard.id, guard.because)
        for book in _playbook_of(ctx)
        for guard in book.guards
        if guard.override and guard.id.startswith(incomplete)
        if guard.refuse or guard.accept or guard.id in {check.accept for check in book.checks}
    ]


def complete_inputs(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer the inputs of the playbook that is named, and behind the `=` the values of those that have a list."""
    name, equals, begun = incomplete.partition("=")
    for book in _playbook_of(ctx):
        if not equals:
            return [f"{one}=" for one in book.inputs if one.startswith(name)]
        values = book.inputs[name].values if name in book.inputs else ()
        return [f"{name}={value}" for value in values if value.startswith(begun)]
    return []


def _playbook_of(ctx: typer.Context) -> "Iterator[Playbook]":
    """Yield the playbook that a command line is about, if it can be read."""
    from opsctl.model.errors import OpsctlError
    from opsctl.playbook.load import load_playbook

    # An option without its value ends the parsing, so that an argument before it is not taken for one.
    left = ctx.args[0] if ctx.args else ""
    name = getattr(ctx.command, "playbook", "") or ctx.params.get("playbook") or left
    if not name:
        return
    try:
        yield load_playbook(str(name)).playbook
    except OpsctlError:
        return


def complete_names(kind: str) -> Callable[[typer.Context, str], Offered]:
    """Return what offers the names of a kind of thing in the sandbox, where that is what the command asks."""

    def offered(ctx: typer.Context, incomplete: str) -> Offered:
        from importlib.util import find_spec

        asked = ctx.params.get("sandbox") or ctx.find_root().params.get("sandbox")
        if not asked or find_spec("moto") is None:
            return []
        from opsctl.sandbox.client import named

        return [(one.name, one.what) for one in named(kind) if one.name.startswith(incomplete)]

    return offered


def one_of(*names: str) -> Callable[[str], list[str]]:
    """Return what offers these names."""
    return lambda incomplete: [name for name in names if name.startswith(incomplete)]


def complete_roles(incomplete: str) -> Offered:
    """Offer the sandbox's roles."""
    from importlib.util import find_spec

    if find_spec("moto") is None:
        return []
    from opsctl.sandbox.client import sample_roles

    return [(role.name, role.what) for role in sample_roles() if role.name.startswith(incomplete)]
