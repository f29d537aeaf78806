"""Where playbooks are found: the shipped ones by name, a user's own by path."""

import hashlib
from pathlib import Path

from opsctl.model.closest import closest
from opsctl.model.errors import InvalidInput


def shipped_directory() -> Path:
    """Return the directory of the shipped playbooks: inside the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "playbooks"
    return inside if inside.is_dir() else package.parent / "playbooks"


def shipped_names() -> list[str]:
    """Return the names of the shipped playbooks, sorted."""
    return sorted(path.stem for path in shipped_directory().glob("*.yaml"))


def is_shipped(sha256: str, name: str) -> bool:
    """Tell whether some shipped playbook has this SHA-256; the one of that name is looked at first."""
    likely_first = sorted(shipped_directory().glob("*.yaml"), key=lambda path: path.stem != name)
    return any(hashlib.sha256(path.read_bytes()).hexdigest() == sha256 for path in likely_first)


def find_playbook(name_or_path: str) -> tuple[Path, str]:
    """Return the file of a playbook, and what to call it in messages.

    A name without a slash or a suffix is a shipped playbook; anything else is a path.

    Raises:
        InvalidInput: there is none.
    """
    shipped = shipped_names()
    if name_or_path in shipped:
        return shipped_directory() / f"{name_or_path}.yaml", f"{name_or_path}.yaml"
    path = Path(name_or_path)
    if is_file(path):
        return path, str(path)
    close = closest(name_or_path, shipped)
    hint = f"did you mean {close}?" if close else f"shipped playbooks: {', '.join(shipped)}"
    raise InvalidInput.one(f"no playbook or file is called {name_or_path!r}", source="PLAYBOOK", hint=hint)


def is_file(path: Path) -> bool:
    """Tell whether a path names a regular file; what no file can be called names none."""
    try:
        return path.is_file()
    except OSError:
        return False


def read_file(path: Path, limit: int) -> tuple[bytes, str]:
    """Return the bytes of a file, at most `limit` + 1 of them, and the SHA-256 of what was read.

    Raises:
        InvalidInput: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as fault:
        raise InvalidInput.one(f"{path} cannot be read: {fault.strerror}", source=str(path)) from None
    return data, hashlib.sha256(data).hexdigest()
