"""Checks the parameters of a raw AWS call against the operation's input, expressions counting as anything."""

from collections.abc import Iterator

from opsctl.expressions.evaluate import is_expression
from opsctl.model.value import Json
from opsctl.playbook.shape_faults import did_you_mean

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (dict,),
}


def param_faults(schema: Json, value: Json, path: str) -> Iterator[tuple[str, str, str]]:
    """Yield the path, a sentence and a hint for everything AWS would refuse about a value's form."""
    if is_expression(value) or not schema:
        return
    kind = schema.get("type", "")
    if kind and not _fits(kind, value):
        yield path, f"{kind} is needed, not {type(value).__name__}", ""
        return
    if kind == "object":
        yield from _object_faults(schema, value, path)
    elif kind == "array":
        for number, item in enumerate(value):
            yield from param_faults(schema.get("items", {}), item, f"{path}.{number}")
    elif "enum" in schema and value not in schema["enum"]:
        yield path, f"{value!r} is not accepted here", did_you_mean(str(value), schema["enum"])


def _object_faults(schema: Json, value: dict[str, Json], path: str) -> Iterator[tuple[str, str, str]]:
    known = schema.get("properties")
    if known is None:
        for name, item in value.items():
            yield from param_faults(schema.get("additionalProperties") or {}, item, f"{path}.{name}")
        return
    for name in schema.get("required", []):
        if name not in value:
            yield path, f"the parameter {name} is required", ""
    for name, item in value.items():
        if name not in known:
            yield f"{path}.{name}", f"there is no parameter {name!r}", did_you_mean(name, sorted(known))
        else:
            yield from param_faults(known[name], item, f"{path}.{name}")


def _fits(kind: str, value: Json) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES.get(kind, (object,)))
