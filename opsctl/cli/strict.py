"""Refuses, before a command begins, arguments that say nothing or say too much, whatever the command."""

from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from opsctl.cli.first_word import MAIN, FirstWordGroup
from opsctl.cli.help_pages import PageCommand, PageGroup
from opsctl.cli.leaving import at_work
from opsctl.cli.switches import WITH_A_VALUE, switches_apart

LONGEST = 20_000
"""Characters of one argument or option: more than any name, expression or reason, less than what takes time."""

_SAID_ONCE = (*WITH_A_VALUE, "--target")
"""Options that say where: of two the last would count, and the other would be taken for done."""


class StrictCommand(PageCommand):
    """A command that takes no empty text: a variable that is not set must not mean "all", "here" or "none"."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Look at the words as they were typed, then parse them as usual; raises BadParameter."""
        at_work(ctx.command_path.partition(" ")[2].removesuffix(f" {MAIN}"))
        _refuse_bad_words(self, ctx, args)
        return super().parse_args(ctx, args)


class FrontGroup(PageGroup):
    """The whole command line, as strict: account switches may stand before the command as well as behind it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put account switches first, look at the words, then parse them as usual; raises BadParameter."""
        switches, rest = switches_apart(self, args)
        _refuse_bad_words(self, ctx, [*switches, *rest])
        return super().parse_args(ctx, [*switches, *rest])


def _refuse_bad_words(command: TyperCommand | TyperGroup, ctx: Any, args: list[str]) -> None:
    """Refuse a word that is empty or endless, and two places where one is asked for; raises BadParameter."""
    if ctx.resilient_parsing:
        return
    typed, _, order = command.make_parser(ctx).parse_args(args=list(args))
    for parameter in command.get_params(ctx):
        _refuse_again(order.count(parameter), ctx, parameter)
        for word in _words(typed.get(parameter.name or "")):
            _refuse(word, ctx, parameter)


def _refuse_again(times: int, ctx: Any, parameter: Any) -> None:
    if times > 1 and not set(parameter.opts).isdisjoint(_SAID_ONCE):
        raise typer.BadParameter(f"it is given {times} times", ctx=ctx, param=parameter)


def _words(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _words(item)


def _refuse(word: str, ctx: Any, parameter: Any) -> None:
    if not word.strip():
        raise typer.BadParameter("it is empty; omit it if that is intended", ctx=ctx, param=parameter)
    if not word.isascii() and word.encode(errors="replace").decode() != word:
        raise typer.BadParameter("it is not UTF-8 text", ctx=ctx, param=parameter)
    if len(word) > LONGEST:
        fault = f"it has {len(word):,} characters, at most {LONGEST:,} are accepted"
        raise typer.BadParameter(fault, ctx=ctx, param=parameter)


def make_strict(app: typer.Typer) -> None:
    """Make every command of an application strict, those of its groups too.

    The library would suggest `block-ip` to whoever types `unblock-ip`: `suggestions.py` does instead.
    """
    app.suggest_commands = False
    for command in app.registered_commands:
        if command.cls is None or not issubclass(command.cls, StrictCommand):
            command.cls = StrictCommand
    for group in app.registered_groups:
        if group.typer_instance is not None:
            about = group.typer_instance.info
            if not (isinstance(about.cls, type) and issubclass(about.cls, PageGroup)):
                about.cls = PageGroup
            make_strict(group.typer_instance)


def command_of(root: Any, argv: list[str]) -> str:
    """Return the command that a command line names, such as `dlq list`, as far as it names one.

    The main command of a group is called like the group.
    """
    words: list[str] = []
    command = root
    for word in switches_apart(root, argv)[1]:
        if word.startswith("-"):
            continue
        if not isinstance(command, TyperGroup) or word not in command.commands:
            break
        if isinstance(command, FirstWordGroup) and word == MAIN:
            break
        words.append(word)
        command = command.commands[word]
    return " ".join(words)
