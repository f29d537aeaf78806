"""Inputs from `--set key=value` and `--inputs FILE`."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsctl.model.value import Json


def read_inputs(values: list[str], path: Path | None) -> "tuple[dict[str, Json], dict[str, str]]":
    """Return the inputs given and, for each, what to call its source in messages; --set wins over the file.

    Raises:
        InvalidInput: a value has no `=`, or the file cannot be read.
    """
    from opsctl.model.errors import InvalidInput
    from opsctl.wiring import load_inputs_file

    given: dict[str, Json] = load_inputs_file(path) if path else {}
    sources = dict.fromkeys(given, f"--inputs {path}")
    repeated: dict[str, list[str]] = {}
    for item in values:
        name, equals, value = item.partition("=")
        if not equals or not name:
            raise InvalidInput.one(
                f"{item!r} is not key=value", source="--set", hint="--set target=shop.example.com"
            )
        if not value.strip():
            raise InvalidInput.one("it is empty; omit it if that is intended", source=f"--set {name}")
        repeated.setdefault(name, []).append(value)
    for name, items in repeated.items():
        given[name] = items[0] if len(items) == 1 else items
        sources[name] = f"--set {name}"
    return given, sources
