"""Where this user's files are: the journal among them, which is opened here without touching AWS."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from opsctl.model.errors import InvalidInput

if TYPE_CHECKING:
    from opsctl.journal.store import Journal


def state_dir() -> Path:
    """Return the directory of journal and sandbox state: OPSCTL_STATE_DIR, else under XDG_STATE_HOME."""
    chosen = os.environ.get("OPSCTL_STATE_DIR")
    if chosen:
        return at_home(chosen, "OPSCTL_STATE_DIR")
    return base_directory("XDG_STATE_HOME", ".local/state") / "opsctl"


def cache_dir() -> Path:
    """Return the directory of what can be fetched again, under XDG_CACHE_HOME."""
    return base_directory("XDG_CACHE_HOME", ".cache") / "opsctl"


def kept_plans() -> Path:
    """Return the directory of plans that were shown and not applied."""
    return state_dir() / "plans"


def open_journal() -> "Journal":
    """Open the journal."""
    from opsctl.journal.store import Journal

    return Journal(state_dir())


def base_directory(variable: str, under_home: str) -> Path:
    """Return a base directory as the XDG specification has it: a variable, else one under the home directory."""
    chosen = os.environ.get(variable)
    return at_home(chosen, variable) if chosen else at_home(f"~/{under_home}", "HOME")


def at_home(path: str, variable: str) -> Path:
    """Return a path that may begin at a home directory; raises InvalidInput where nobody knows that."""
    try:
        return Path(path).expanduser()
    except RuntimeError:  # a user that nobody knows, or no home directory at all
        raise InvalidInput.one(f"{path} names no home directory that is known here", source=variable) from None
