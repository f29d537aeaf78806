"""`opsctl help`: topics, a command's help, and man pages of both."""

import textwrap
from pathlib import Path
from typing import Annotated, Any

import typer

from opsctl.cli.completion import one_of
from opsctl.cli.topics import TOPICS, Topic

EPILOG = """Examples:

  opsctl help exit-codes

  opsctl help dlq redrive

  opsctl help --man ~/.local/share/man
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("help", epilog=EPILOG)(show_help)


def show_help(
    context: typer.Context,
    *,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="TOPIC...", help="A topic, or a command.", autocompletion=one_of(*TOPICS)),
    ] = None,
    man: Annotated[
        Path | None, typer.Option(metavar="DIRECTORY", help="Write man pages of all commands and topics there.")
    ] = None,
) -> None:
    """Explain a topic: exit-codes, output, plans, playbooks, environment, safety; or a command."""
    if man is not None:
        from opsctl.cli.man_pages import write_pages

        written = write_pages(context.find_root().command, man)
        typer.echo(f"wrote {len(written)} pages; read them with: man -M {man} opsctl")
        return
    if not words:
        typer.echo(_index())
    elif " ".join(words) in TOPICS or "-".join(words) in TOPICS:
        typer.echo(text_of(TOPICS["-".join(words)]))
    else:
        typer.echo(_of_command(context, words))


def text_of(topic: Topic, width: int = 79) -> str:
    """Return a topic as text; indented paragraphs stand as they are, those of tables under their column."""
    parts = [f"{topic.name}: {topic.summary}"]
    for paragraph in topic.paragraphs():
        if paragraph.startswith("  "):
            parts.append("\n".join(_row(line, width) for line in paragraph.split("\n")))
        else:
            parts.append(textwrap.fill(paragraph, width, break_on_hyphens=False, break_long_words=False))
    return "\n\n".join(parts)


def _row(line: str, width: int) -> str:
    _, gap, right = line[2:].partition("  ")
    if not gap or line.startswith("  opsctl --sandbox"):
        return line
    at = len(line) - len(right.lstrip())
    lines = textwrap.wrap(right.strip(), max(20, width - at), break_on_hyphens=False) or [""]
    return line[:at] + f"\n{' ' * at}".join(lines)


def _index() -> str:
    width = max(map(len, TOPICS))
    rows = [f"  {topic.name:<{width}}  {topic.summary}" for topic in TOPICS.values()]
    return "\n".join(["Topics:", *rows, "", "opsctl COMMAND --help has each command, opsctl explain ID each id."])


def _of_command(context: typer.Context, words: list[str]) -> str:
    from opsctl.model.closest import closest

    here: Any = context.find_root()
    for word in words:
        commands = getattr(here.command, "commands", {})
        if word not in commands:
            near = closest(word, [*commands, *(TOPICS if len(words) == 1 else ())])
            hint = f". Did you mean '{near}'?" if near else f"; topics: {', '.join(TOPICS)}"
            raise typer.BadParameter(
                f"no topic or command is called {' '.join(words)!r}{hint}", param_hint="TOPIC"
            )
        here = type(here)(commands[word], info_name=word, parent=here)
    return str(here.command.get_help(here))
