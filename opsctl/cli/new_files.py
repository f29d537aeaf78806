"""Files that a command is asked to make."""

import os
from pathlib import Path

import typer


def refuse_bad_file(path: Path | None, flag: str) -> None:
    """Refuse, before anything is called, a file that cannot be made or that exists."""
    if path is None:
        return
    if path.exists():
        raise typer.BadParameter(f"{path} exists; choose another name", param_hint=flag)
    if not os.access(path.absolute().parent, os.W_OK):
        raise typer.BadParameter(f"{path.absolute().parent} cannot be written to", param_hint=flag)
