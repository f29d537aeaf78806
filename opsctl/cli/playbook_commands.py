"""`opsctl playbook`: the language's own commands; none calls AWS."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsctl.cli.options import AccountOptions, JsonOptions, Output, ShowOptions, spliced
from opsctl.model.outcomes import Outcome

if TYPE_CHECKING:
    from opsctl.model.diagnostics import Diagnostic
    from opsctl.model.value import Json

EPILOG = """Examples:

  opsctl playbook list && opsctl playbook show block-ip

  opsctl playbook new my-block && opsctl playbook validate my-block.yaml

  opsctl playbook schema > playbook.schema.json

  opsctl playbook schema waf.block

  opsctl playbook reference > playbook-reference.md
"""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    playbook = typer.Typer(
        name="playbook",
        help="List, show, validate and create playbooks.",
        no_args_is_help=True,
        rich_markup_mode=None,
        epilog=EPILOG,
    )
    playbook.command("list")(spliced(list_playbooks))
    playbook.command("show")(spliced(show_playbook))
    playbook.command("validate")(spliced(validate))
    playbook.command("new")(new)
    playbook.command("schema")(schema)
    playbook.command("reference")(reference)
    app.add_typer(playbook)


def list_playbooks(*, show: JsonOptions) -> None:
    """List the shipped playbooks."""
    from opsctl.playbook.load import load_playbook
    from opsctl.playbook.places import shipped_names

    books = [load_playbook(name).playbook for name in shipped_names()]
    text = "\n".join(f"{book.name:<20} {book.version:<6} {book.summary}" for book in books)
    _emit("list", show, [{"name": b.name, "version": b.version, "summary": b.summary} for b in books], text)


def show_playbook(
    *,
    name: Annotated[str, typer.Argument(metavar="PLAYBOOK", help="A shipped playbook or a file.")],
    show: JsonOptions,
) -> None:
    """Describe a playbook: inputs, facts, guards, steps and checks, the reads of its own, and its SHA-256."""
    from opsctl.planning.foreign_reads import foreign_reads
    from opsctl.playbook.describe import describe_playbook
    from opsctl.playbook.load import load_playbook
    from opsctl.render.foreign_reads import lines_of
    from opsctl.render.inert import visible

    loaded = load_playbook(name)
    text = describe_playbook(loaded)
    reads = lines_of(foreign_reads(loaded.playbook))
    if reads:
        text += "\n".join(["", "Reads of its own:", *(f"  {visible(line)}" for line in reads)])
    _emit("show", show, loaded.playbook.model_dump(mode="json", by_alias=True) | {"sha256": loaded.sha256}, text)


def validate(
    *,
    files: Annotated[list[str], typer.Argument(metavar="PLAYBOOK...", help="Files or shipped playbooks.")],
    show: JsonOptions,
) -> None:
    """Check playbooks offline, against the plug-ins and the installed AWS service models; lists every fault."""
    from opsctl.model.errors import InvalidInput
    from opsctl.wiring import load_checked_playbook

    faults: list[Diagnostic] = []
    valid: list[Json] = []
    lines: list[str] = []
    for file in files:
        try:
            loaded = load_checked_playbook(file)
        except InvalidInput as invalid:
            faults += invalid.diagnostics
        else:
            valid.append({"file": file, "sha256": loaded.sha256, "former": list(loaded.former)})
            lines.append(f"{file}: valid, sha256 {loaded.sha256}")
            lines += [f"{file}: warning: {one}; the next version knows only that" for one in loaded.former]
    if faults:
        if show.output is Output.TEXT and lines:
            typer.echo("\n".join(lines))
        raise InvalidInput(faults)
    _emit("validate", show, valid, "\n".join(lines))


def new(
    *,
    name: Annotated[str, typer.Argument(help="Name of the playbook, in kebab-case.")],
    out: Annotated[Path | None, typer.Option(help="File to write; NAME.yaml by default.")] = None,
) -> None:
    """Write a commented starter that validates as it stands."""
    from opsctl.model.commands import local_command
    from opsctl.playbook.starter import write_starter

    path = out or Path(f"{name}.yaml")
    write_starter(name, path)
    typer.echo(f"wrote {path}; validate it with: {local_command('playbook', 'validate', str(path))}")


def schema(
    *,
    name: Annotated[str, typer.Argument(help="One fact or action, or nothing for the whole language.")] = "",
) -> None:
    """Print the JSON Schema that editors use, or the vocabulary of one fact or action."""
    import json

    from opsctl.catalog import find_plugins
    from opsctl.playbook.schema import playbook_schema, plugin_schema

    registry = find_plugins()
    found = plugin_schema(name, registry) if name else playbook_schema(registry)
    typer.echo(json.dumps(found, indent=2))


def reference() -> None:
    """Print the reference page of the language, in Markdown."""
    from opsctl.catalog import find_plugins
    from opsctl.playbook.reference import render_reference

    typer.echo(render_reference(find_plugins()), nl=False)


def _emit(command: str, show: ShowOptions, value: "Json", text: str) -> None:
    from opsctl.cli.front import Order
    from opsctl.cli.output import emit_value

    emit_value(Order(f"playbook {command}", AccountOptions(), show), Outcome.DONE, value, text)
