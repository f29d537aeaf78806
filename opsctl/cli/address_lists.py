"""Addresses from the command line, a file or stdin."""

from pathlib import Path

from opsctl.cli.input_files import read_text


def read_addresses(typed: list[str], path: Path | None, column: str = "") -> tuple[list[str], str]:
    """Return the addresses typed and those of a file, and what to call their source in messages.

    `-` is stdin. `column` says where in each line, or in each JSON object, the file has its address.

    Raises:
        InvalidInput: the file cannot be read as text, or has lines without an address; or `column` without a file.
    """
    from opsctl.model.errors import InvalidInput
    from opsctl.planning.address_text import addresses_in, bare

    words = [bare(part) for word in typed for part in word.split(",") if part.strip()]
    if path is None:
        if column:
            raise InvalidInput.one("it says nothing without --from FILE", source="--column")
        return words, "ADDRESS"
    listed = addresses_in(read_text(path, "--from"), "stdin" if str(path) == "-" else str(path), column)
    return [*words, *listed], f"--from {path}"
