"""Addresses from the command line, a file or stdin."""

from pathlib import Path

from opsctl.cli.input_files import read_text


def read_addresses(typed: list[str], path: Path | None) -> tuple[list[str], str]:
    """Return the addresses typed and those of a file, and what to call their source in messages.

    A file has one address or block a line; `#` starts a comment. `-` is stdin.

    Raises:
        InvalidInput: the file cannot be read as text.
    """
    if path is None:
        return typed, "ADDRESS"
    text = read_text(path, "--from")
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    return [*typed, *(line for line in lines if line)], f"--from {path}"
