"""Files that a command is asked to make, looked at before anything is called."""

import os
from pathlib import Path

import typer


def refuse_bad_file(path: Path | None, flag: str) -> None:
    """Refuse a file that cannot be made, or that exists: it is never replaced."""
    if path is None:
        return
    if refuse_bad_place(path, flag):
        raise typer.BadParameter(f"{path} exists; choose another name", param_hint=flag)


def refuse_bad_place(path: Path | None, flag: str) -> bool:
    """Refuse a file that cannot be made, or replaced: only regular files are. Tells whether it exists."""
    if path is None:
        return False
    if path.name in ("", ".."):
        raise typer.BadParameter(f"{path} names no file", param_hint=flag)
    try:
        exists = os.path.lexists(path)
        if exists and not path.is_file():
            raise typer.BadParameter(
                f"{path} is not a regular file; only regular files are replaced", param_hint=flag
            )
        parent = path.absolute().parent
        if not parent.is_dir():
            raise typer.BadParameter(f"{parent} is no directory", param_hint=flag)
    except OSError as fault:
        raise typer.BadParameter(f"{path} cannot be written: {fault.strerror}", param_hint=flag) from None
    if not os.access(parent, os.W_OK | os.X_OK):
        raise typer.BadParameter(f"{parent} cannot be written to", param_hint=flag)
    if len(os.fsencode(path.name)) > _NAME_BYTES:
        raise typer.BadParameter(f"its name has more than {_NAME_BYTES} bytes", param_hint=flag)
    return exists


_NAME_BYTES = 200
"""File systems take 255; the part that is written first has the process's number in its name as well."""
