"""Addresses from the command line, a file or stdin."""

import sys
from pathlib import Path


def read_addresses(typed: list[str], path: Path | None) -> tuple[list[str], str]:
    """Return the addresses typed and those of a file, and what to call their source in messages.

    A file has one address or block a line; `#` starts a comment. `-` is stdin.

    Raises:
        InvalidInput: the file cannot be read as text.
    """
    from opsctl.model.errors import InvalidInput

    if path is None:
        return typed, "ADDRESS"
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else "it is not UTF-8 text"
        raise InvalidInput.one(f"{path} cannot be read: {reason}", source="--from") from None
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    return [*typed, *(line for line in lines if line)], f"--from {path}"
