"""Reads and writes JSON so that what is not edited keeps its value: numbers are carried as they were written."""

import json
import re
import secrets

from opsctl.model.value import Json

# A number that is no integer is carried as text behind a mark that no body can know beforehand.
_MARK = f"opsctl-number-{secrets.token_hex(8)}:"
_MARKED = re.compile(f'"{_MARK}([^"]*)"')
_HALF = re.compile("[\ud800-\udfff]")


def parse(body: str) -> Json:
    """Parse JSON text; raises ValueError when it is none."""
    try:
        return json.loads(body, parse_float=lambda text: _MARK + text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def measurable(body: str) -> Json:
    """Parse JSON text so that expressions can compute with its numbers, which still know how they were written.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        return json.loads(body, parse_float=_WRITTEN)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def text_of(value: Json, indent: int | None = None) -> str:
    """Write what `parse` or `measurable` gave, edited or not, on one line or indented.

    Raises:
        ValueError: JSON has no form for it.
    """
    separators = (",", ":") if indent is None else None
    try:
        text = json.dumps(
            _marked(value), ensure_ascii=False, separators=separators, indent=indent, allow_nan=False
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError:
        raise ValueError("JSON has no form for infinity or for what is not a number") from None
    # Half of a surrogate pair has no UTF-8 form: it stays the escape that it was.
    return _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", _MARKED.sub(r"\1", text))


def is_number(value: Json) -> bool:
    """Tell whether a value that `parse` gave is a number."""
    if isinstance(value, str):
        return value.startswith(_MARK)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _marked(value: Json) -> Json:
    if isinstance(value, _Written):
        return _MARK + value.text
    if isinstance(value, dict):
        return {name: _marked(item) for name, item in value.items()}
    return [_marked(item) for item in value] if isinstance(value, list) else value


class _Written(float):
    """A number that is no integer, and the text it was written as."""

    def __new__(cls, text: str) -> "_Written":
        made = super().__new__(cls, text)
        made.text = text
        return made

    text: str


# JMESPath's functions tell types by the name of the class.
_WRITTEN = type("float", (_Written,), {})


def _refuse(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")
