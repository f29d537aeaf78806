"""A group of commands whose first word may also be the thing that its main command works on."""

from typing import Any

from opsctl.cli.help_pages import PageGroup

MAIN = "instance"


class FirstWordGroup(PageGroup):
    """Runs the main command when the first word names no subcommand.

    `GROUP web --dry-run` and `GROUP --dry-run web` are `GROUP instance ...`; a thing that is called like a
    subcommand is reached by `GROUP instance NAME`.
    """

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Offer the subcommands, and what the main command's argument may be."""
        arguments = [one for one in self.commands[MAIN].get_params(ctx) if one.param_type_name == "argument"]
        offered = arguments[0].shell_complete(ctx, incomplete) if arguments else []
        return [*super().shell_complete(ctx, incomplete), *offered]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the main command's name before its arguments."""
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = [MAIN, *args]
        return super().parse_args(ctx, args)
