"""The commands by their names, each imported and built when it is asked for: one is typed, and all take long."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import Any, cast

import typer

from opsctl.cli import commands
from opsctl.cli.strict import FrontGroup, make_strict

_OF_THE_FRAME = {
    **dict.fromkeys(("run", "plan"), "run_commands"),
    **dict.fromkeys(("apply", "show"), "apply_command"),
    **dict.fromkeys(("runs", "resume", "undo", "verify"), "runs_commands"),
    "playbook": "playbook_commands",
    "sandbox": "sandbox_commands",
    "doctor": "doctor",
    "explain": "explain_command",
    "help": "help_command",
}
"""What there is whatever rooms there are: the command, and the module beside this one that has it."""


def _of_capabilities() -> dict[str, str]:
    """Find the commands of the capabilities, called as their modules; those of a group carry its name."""
    names = sorted(one.name for one in pkgutil.iter_modules(commands.__path__))
    return {
        name.replace("_", "-"): f"commands.{name}"
        for name in names
        if not any(name.startswith(f"{group}_") for group in names)
    }


class FrontCommands(Mapping[str, Any]):
    """Every command of the front; which there are is known without importing one."""

    def __init__(self) -> None:
        self.modules = _of_capabilities() | _OF_THE_FRAME
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """Return a command, built now if it was not before; raises KeyError."""
        if name not in self._built:
            self._built.update(built(self.modules[name]))
        return self._built[name]

    def __contains__(self, name: object) -> bool:
        """Tell whether there is such a command."""
        return name in self.modules

    def __iter__(self) -> Iterator[str]:
        """Yield the names: those of the capabilities first."""
        return iter(self.modules)

    def __len__(self) -> int:
        """Count them."""
        return len(self.modules)


def built(module: str) -> Mapping[str, Any]:
    """Import a module, and have typer build what it registers; returns it by its names."""
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    importlib.import_module(f"opsctl.cli.{module}").register(app)
    make_strict(app)
    return typer.main.get_group(app).commands


class LazyGroup(FrontGroup):
    """The whole command line, over commands that are built when they are asked for."""

    def __init__(self, **known: Any) -> None:
        super().__init__(**known)
        self.commands = cast("Any", FrontCommands())  # nothing adds a command later
