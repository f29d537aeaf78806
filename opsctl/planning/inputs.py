"""Parses the inputs of a playbook: from flags, `--set`, a file, and defaults."""

import re
from collections.abc import Mapping

from opsctl.model.diagnostics import Diagnostic, Where
from opsctl.model.durations import parse_duration
from opsctl.model.errors import InvalidInput
from opsctl.model.networks import normal
from opsctl.model.playbook import InputSpec
from opsctl.model.value import Json
from opsctl.planning.matching import fits

_MARKS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]')
"""Strings of JSON as a whole, and the marks between."""
_ARN = re.compile(r"^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:(\d{12}|aws)?:\S+$")
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def parse_inputs(
    specs: Mapping[str, InputSpec], given: Mapping[str, Json], *, source: Mapping[str, str]
) -> dict[str, Json]:
    """Return every input as its type says; durations become whole seconds, addresses canonical CIDR text.

    `source` says for each input given what to call it in messages: a flag, or a file.

    Raises:
        InvalidInput: with every fault found; nothing was called.
    """
    faults: list[Diagnostic] = []
    parsed: dict[str, Json] = {}
    for name in given:
        if name not in specs:
            where = Where(source=source.get(name, name))
            hint = f"inputs: {', '.join(specs)}"
            faults.append(
                Diagnostic(code="input", summary="no such input", where=where, offending=name, hint=hint)
            )
    for name, spec in specs.items():
        where = Where(source=source.get(name, f"--set {name}"))
        value = given.get(name)
        if value is None or value == "":
            value = spec.default if spec.default is not None else value
        if spec.required and value in (None, "", []):
            faults.append(Diagnostic(code="input", summary=f"{name} is required", where=where, hint=spec.help))
            continue
        if value is None:
            parsed[name] = [] if spec.type == "list" else None
            continue
        try:
            parsed[name] = parse_input(spec, value)
        except ValueError as fault:
            faults.append(
                Diagnostic(code="input", summary=str(fault), where=where, offending=_short(value), hint=spec.help)
            )
    if faults:
        raise InvalidInput(faults)
    return parsed


def parse_input(spec: InputSpec, value: Json) -> Json:
    """Parse one value as its input's type says; text is what a flag gives. Raises ValueError."""
    if spec.type == "list":
        items = _items(value)
        if value and not items:
            raise ValueError("it has no values")
        if spec.max_items is not None and len(items) > spec.max_items:
            raise ValueError(f"{len(items)} items, at most {spec.max_items} are accepted")
        return list(dict.fromkeys(_scalar(spec.of, spec, item) for item in items))
    return _scalar(spec.type, spec, value)


def fault_in_default(name: str, spec: InputSpec) -> str:
    """Say what is wrong with an input's own declaration, or nothing."""
    if "enum" in (spec.type, spec.of if spec.type == "list" else "") and not spec.values:
        return f"input {name} is an enum and needs 'values'"
    if spec.pattern:
        try:
            fits(spec.pattern, "")
        except ValueError as fault:
            return f"the pattern of input {name}: {fault}"
    if spec.default in (None, ""):
        return ""
    try:
        parse_input(spec, spec.default)
    except ValueError as fault:
        return f"the default of input {name} does not fit its type: {fault}"
    return ""


def _items(value: Json) -> list[Json]:
    if isinstance(value, str):
        return [item.strip() for item in _parted(value) if item.strip()]
    if isinstance(value, (list, tuple)):
        return [part for item in value for part in (_items(item) if isinstance(item, str) else [item])]
    return [value]


def _parted(text: str) -> list[str]:
    """Part a text at its commas, but for those of a JSON object or array in it."""
    found, depth, begun = [], 0, 0
    for match in _MARKS.finditer(text):
        if match[0] == "," and depth == 0:
            found.append(text[begun : match.start()])
            begun = match.end()
        elif match[0] in "[{":
            depth += 1
        elif match[0] in "]}":
            depth -= 1
    return text.split(",") if depth else [*found, text[begun:]]


def _scalar(kind: str, spec: InputSpec, value: Json) -> Json:
    if kind == "bool":
        return _bool(value)
    if kind == "int":
        return _within(spec, _int(value))
    if not isinstance(value, str):
        if kind == "duration" and isinstance(value, int) and not isinstance(value, bool):
            return value
        raise ValueError(f"text is expected, not {type(value).__name__}")
    if kind == "cidr":
        return normal(value)
    if kind == "duration":
        return parse_duration(value)
    if kind == "enum" and value not in spec.values:
        raise ValueError(f"{value!r} is not one of {', '.join(spec.values)}")
    if kind == "arn" and not _ARN.match(value):
        raise ValueError(f"{value!r} is not an ARN: arn:aws:service:region:account:resource")
    if spec.pattern and not fits(spec.pattern, value):
        raise ValueError(f"{value!r} does not match {spec.pattern}")
    if any(not char.isprintable() for char in value):
        raise ValueError("control characters are not accepted")
    return value


def _bool(value: Json) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _TRUE:
        return True
    if isinstance(value, str) and value.lower() in _FALSE:
        return False
    raise ValueError(f"{value!r} is not true or false")


def _int(value: Json) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value.strip()):
        return int(value)
    raise ValueError(f"{value!r} is not a whole number")


def _within(spec: InputSpec, value: int) -> int:
    if spec.min is not None and value < spec.min:
        raise ValueError(f"{value} is less than {spec.min}")
    if spec.max is not None and value > spec.max:
        raise ValueError(f"{value} is more than {spec.max}")
    return value


def _short(value: Json) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
