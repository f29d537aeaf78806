"""A directory for what only its user may read or alter."""

import os
import shlex
from pathlib import Path

from opsctl.model.errors import InvalidInput

_OTHERS_WRITE = 0o022


def private_directory(path: Path, source: str) -> Path:
    """Make a directory for its user alone, or take one that is there already as it is, and return it.

    The permissions of a directory that somebody else made are never altered: it may be one that others need.

    Raises:
        InvalidInput: it belongs to somebody else, or others may put files there.
        OSError: it cannot be made, or is no directory.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.stat()
    if found.st_uid != os.geteuid() or found.st_mode & _OTHERS_WRITE:
        raise InvalidInput.one(
            f"{path} belongs to another user or is writable by others: nothing private is stored there",
            source=source,
            hint=f"use a directory of your own, or: chmod go-w {shlex.quote(str(path))}",
        )
    return path
