"""Text files of a person that a command edits: read as they are, replaced as a whole, and kept as they were."""

import os
import stat
from pathlib import Path

from opsctl.model.diagnostics import Diagnostic, Where
from opsctl.model.errors import Drifted, InvalidInput

MAX_BYTES = 1_000_000


def read_text(path: Path) -> str:
    """Return a file's text with its line ends as they are.

    Raises:
        InvalidInput: it cannot be read, is no regular file, is too large, or is not UTF-8.
    """
    data = _bytes(path)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as fault:
        line = data[: fault.start].count(b"\n") + 1
        where = Where(source=str(path), line=line, column=1)
        told = Diagnostic(code="encoding", summary="the file is not UTF-8", hint="save it as UTF-8", where=where)
        raise InvalidInput([told]) from None


def replace_text(path: Path, old: str, new: str) -> Path:
    """Replace a file's text as a whole, and return where the file as it was is kept.

    At any moment the name has the old text or the new. A link is followed, and the mode stays.

    Raises:
        InvalidInput: the directory takes no files.
        Drifted: the file no longer says what was read.
    """
    target = path.resolve()
    if not os.access(target, os.W_OK):
        # Replacing it would take no permission of its own, and whoever made it read-only meant something by that.
        raise InvalidInput.one(f"{path} is read-only", source="--write", hint="make it writable first")
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        _write(partial, new, stat.S_IMODE(target.stat().st_mode))
        if _bytes(path) != old.encode():
            raise Drifted(f"{path} was changed by somebody else; nothing was written", "check it again")
        backup = _kept(target)
        partial.replace(target)
    except OSError as fault:
        raise InvalidInput.one(f"{path} cannot be written: {fault.strerror}", source="--write") from None
    finally:
        partial.unlink(missing_ok=True)
    return backup


def _kept(target: Path) -> Path:
    """Give the file as it is a second name, the first that is free."""
    for number in range(1000):
        backup = target.with_name(f"{target.name}.bak{number or ''}")
        try:
            handle = os.open(backup, os.O_CREAT | os.O_EXCL | os.O_WRONLY, stat.S_IMODE(target.stat().st_mode))
        except FileExistsError:
            continue
        with os.fdopen(handle, "wb") as file:
            file.write(target.read_bytes())
            file.flush()
            os.fsync(file.fileno())
        return backup
    raise InvalidInput.one(f"{target.name}.bak to .bak999 are all taken", source="--write")


def _write(path: Path, text: str, mode: int) -> None:
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
    path.chmod(mode)


def _bytes(path: Path) -> bytes:
    try:
        # A pipe that nobody writes to must not be waited for.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InvalidInput.one("it is not a regular file", source=str(path))
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else str(fault)
        raise InvalidInput.one(f"it cannot be read: {reason}", source=str(path)) from None
    if len(data) > MAX_BYTES:
        raise InvalidInput.one(f"it is larger than {MAX_BYTES:,} bytes", source=str(path))
    return data
