"""Where the switches that lead to an account may stand: before the command, or between a group and its command."""

from typing import Any

from typer.core import TyperGroup

from opsctl.model.commands import SANDBOX

WITH_A_VALUE = ("--profile", "--region", "--role-arn", "--endpoint-url")


def width_of_switch(words: list[str]) -> int:
    """Return how many words an account switch at the beginning takes up; none when another word stands there."""
    name, equals, _ = words[0].partition("=")
    if name in WITH_A_VALUE:
        return 1 if equals else min(2, len(words))
    return 1 if words[0] == SANDBOX else 0


def switches_apart(root: TyperGroup, argv: list[str]) -> tuple[list[str], list[str]]:
    """Return the account switches that stand before the command's own words, and the command line without them.

    `opsctl dlq --profile production list` has `--profile production` and `dlq list`. What stands behind the name
    of the command is left to the command.
    """
    switches: list[str] = []
    names: list[str] = []
    rest = list(argv)
    command: Any = root
    while rest and isinstance(command, TyperGroup):
        taken = width_of_switch(rest)
        if taken:
            switches += rest[:taken]
            del rest[:taken]
        elif rest[0] in command.commands:
            command = command.commands[rest[0]]
            names.append(rest.pop(0))
        else:
            break
    return switches, [*names, *rest]
