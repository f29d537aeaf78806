"""A group of commands whose first word may also be the thing that its main command works on."""

from typing import Any

from typer.core import TyperGroup

MAIN = "instance"


class FirstWordGroup(TyperGroup):
    """Runs the main command when the first word names no subcommand.

    `GROUP web --dry-run` and `GROUP --dry-run web` are `GROUP instance ...`; a thing that is called like a
    subcommand is reached by `GROUP instance NAME`.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the main command's name before its arguments."""
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = [MAIN, *args]
        return super().parse_args(ctx, args)
