"""The command line of the tests that run commands in their own process: built once, as all it says is the same."""

from functools import cache
from typing import Any

import typer

_build = typer.main.get_command
_once = cache(_build)


def get_command(typer_instance: typer.Typer) -> Any:
    """Return opsctl's command line, which takes longer to build than most commands take, from the last time."""
    from opsctl.cli.main import app

    return _once(typer_instance) if typer_instance is app else _build(typer_instance)
