"""Addresses from the command line, a file or stdin."""

import sys
from pathlib import Path
from typing import BinaryIO


def read_addresses(
    typed: list[str], path: Path | None, column: str = "", flag: str = "--from"
) -> tuple[list[str], str]:
    """Return the addresses typed and those of a file, and what to call their source in messages.

    `-` is stdin. `column` says where in each line, or in each JSON object, the file has its address, `flag` what
    gave the file.

    Raises:
        InvalidInput: the file cannot be read as text, or has lines without an address; or `column` without a file.
    """
    from opsctl.model.errors import InvalidInput
    from opsctl.planning.address_text import addresses_in, bare

    words = [bare(part) for word in typed for part in word.split(",") if part.strip()]
    if path is None:
        if column:
            raise InvalidInput.one("it has no effect without --from FILE", source="--column")
        return words, "ADDRESS"
    listed = addresses_in(read_text(path, flag), "stdin" if str(path) == "-" else str(path), column)
    return [*words, *listed], f"{flag} {path}"


LARGEST = 5_000_000
"""Bytes: a list of a hundred thousand networks with a comment each."""


def read_text(path: Path, flag: str) -> str:
    """Return the text of a file, `-` for stdin; pipes are read as well, to their end or to the limit.

    Raises:
        InvalidInput: it cannot be read, is larger than `LARGEST`, or is no UTF-8.
    """
    from opsctl.model.errors import InvalidInput

    try:
        if str(path) == "-":
            data = _at_most(sys.stdin.buffer)
        else:
            with path.open("rb") as file:
                data = _at_most(file)
    except OSError as fault:
        raise InvalidInput.one(f"{path} cannot be read: {fault.strerror}", source=flag) from None
    if len(data) > LARGEST:
        raise InvalidInput.one(f"{path} has more than {LARGEST:,} bytes", source=flag)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        summary = f"{path} cannot be read: it is not UTF-8 text (line {line})"
        raise InvalidInput.one(summary, source=flag) from None


def _at_most(file: BinaryIO) -> bytes:
    return file.read(LARGEST + 1)
