"""Writes the page of all commands and options from what `--help` says; `--write` puts it into docs/.

What a group's help shows at its end stands with the group, and counts for its commands.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import typer

from opsctl.cli.first_word import MAIN
from opsctl.cli.help_pages import record_of
from opsctl.cli.main import app

PAGE = Path("docs/command-reference.md")
_HEAD = """\
# Command reference

This page is what `--help` says, on one page; it is made by `python -m tests.kit.command_reference --write`.
Exit codes are in the [README](../README.md); switches, the sandbox and configuration in [using](using.md).
"""
_EXAMPLES = "Examples:"
_OF_ITSELF = re.compile(r"--(help|install-completion|show-completion)\b")
"""What every program of this kind has; its words are not ours."""


class Command(NamedTuple):
    """A command or a group, by the words that are typed, with what there is to know of it."""

    words: str
    context: Any
    group: "Command | None"

    @property
    def is_group(self) -> bool:
        """Whether it only holds others."""
        return hasattr(self.context.command, "commands")

    @property
    def text(self) -> str:
        """What it is for."""
        return (self.context.command.help or "").strip()

    @property
    def end(self) -> str:
        """What its help ends with: examples, and a word on them."""
        return (self.context.command.epilog or "").strip()

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """Each argument and option as it is typed, and what it means."""
        found = [record_of(one, self.context) for one in self.context.command.get_params(self.context)]
        return [(left, right) for left, right in filter(None, found) if not _OF_ITSELF.search(left)]


def commands() -> list[Command]:
    """Every command and group, groups before what they hold."""
    root = typer.main.get_command(app)
    return list(_walk(Command("opsctl", typer.Context(root, info_name="opsctl"), None)))


def _walk(one: Command) -> Iterator[Command]:
    yield one
    for name, command in sorted(getattr(one.context.command, "commands", {}).items()):
        if not command.hidden or name == MAIN:
            words = one.words if name == MAIN else f"{one.words} {name}"
            context = type(one.context)(command, info_name=name, parent=one.context)
            yield from _walk(Command(words, context, one))


def render() -> str:
    """The page."""
    return "\n".join([_HEAD, *(_section(one) for one in commands())])


def _section(one: Command) -> str:
    lines = [f"## {one.words}" + (" COMMAND" if one.is_group else ""), "", _inert(one.text), ""]
    rows = [f"| `{_cell(left)}` | {_cell(_inert(right))} |" for left, right in one.parameters]
    if rows:
        lines += ["| argument or option | meaning |", "|---|---|", *rows, ""]
    if one.end:
        head, *parts = re.split(r"\n\s*\n", one.end)
        shown = parts if head.strip() == _EXAMPLES else [head, *parts]
        typed = [part.strip() for part in shown if _is_typed(part)]
        said = [_inert(part.strip()) for part in shown if not _is_typed(part)]
        lines += (["```sh", *typed, "```", ""] if typed else []) + [line for text in said for line in (text, "")]
    return "\n".join(lines)


def _is_typed(part: str) -> bool:
    return bool(re.match(r"\s*(opsctl|eval|aws|[A-Z_]+=\S+) ", part))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _inert(text: str) -> str:
    return re.sub(r"(?<!`)(\*|<)(?!`)", r"\\\1", text)


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        PAGE.write_text(render(), encoding="utf-8")
    else:
        sys.stdout.write(render())
