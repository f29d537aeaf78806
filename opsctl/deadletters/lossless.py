"""Reads and writes JSON so that what is not edited keeps its value: numbers are carried as they were written."""

import json
import re
import secrets

from opsctl.model.value import Json

# A number that is no integer is carried as text behind a mark that no body can know beforehand.
_MARK = f"opsctl-number-{secrets.token_hex(8)}:"
_MARKED = re.compile(f'"{_MARK}([^"]*)"')


def parse(body: str) -> Json:
    """Parse JSON text; raises ValueError when it is none."""
    try:
        return json.loads(body, parse_float=lambda text: _MARK + text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def text_of(value: Json, indent: int | None = None) -> str:
    """Write what `parse` gave, edited or not, on one line or indented."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(value, ensure_ascii=False, separators=separators, indent=indent, allow_nan=False)
    return _MARKED.sub(r"\1", text)


def is_number(value: Json) -> bool:
    """Tell whether a value that `parse` gave is a number."""
    if isinstance(value, str):
        return value.startswith(_MARK)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refuse(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")
