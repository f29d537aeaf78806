"""Turns pydantic's findings about a document into diagnostics with file, line, column and a hint."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from pydantic import BaseModel, ValidationError

from opsctl.model.closest import closest
from opsctl.model.diagnostics import Diagnostic, Where
from opsctl.model.value import Json

Places = Callable[[str], tuple[int, int]]
MANY = 50
"""Faults that are looked for: whoever wrote more starts with these."""


class Enough(Exception):
    """Raised where so many faults were found that no more are looked for."""


def faults_of(
    error: ValidationError, model: type[BaseModel], source: str, place: Places, prefix: str = ""
) -> list[Diagnostic]:
    """Return one diagnostic for each finding, at most `MANY`; the last then says how many more there are.

    `prefix` is the dotted path of the part that was validated.
    """
    findings = error.errors(include_url=False)
    faults = [_fault(finding, model, source, place, prefix) for finding in findings[:MANY]]
    if len(findings) > MANY:
        line, column = place(prefix)
        where = Where(source=source, line=line, column=column)
        faults.append(Diagnostic(code="more", summary=f"and {len(findings) - MANY} more faults", where=where))
    return faults


@lru_cache(maxsize=64)
def _schema_of(model: type[BaseModel]) -> Json:
    return model.model_json_schema(by_alias=True)


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return a hint that names the closest known word, or all of them when they are few; never the opposite."""
    close = closest(word, known)
    if close:
        return f"did you mean {close}?"
    return f"known: {', '.join(sorted(known))}" if known and len(known) <= 20 else ""


def _fault(
    finding: Mapping[str, Json], model: type[BaseModel], source: str, place: Places, prefix: str
) -> Diagnostic:
    location = [str(part) for part in finding["loc"]]
    path = ".".join([part for part in (prefix, *location) if part])
    line, column = place(path)
    kind = finding["type"]
    summary, hint, offending = _message(finding), "", ""
    if kind == "extra_forbidden":
        offending = location[-1]
        summary, hint = "unknown key", did_you_mean(offending, _fields_at(_schema_of(model), location[:-1]))
    elif kind == "missing":
        summary = f"the key {location[-1]!r} is missing"
    else:
        offending = "" if finding.get("input") is None else _short(finding["input"])
        expected = (finding.get("ctx") or {}).get("expected", "")
        hint = f"one of {expected}" if expected else ""
    where = Where(source=source, line=line, column=column)
    return Diagnostic(
        code=kind, summary=f"{path or 'the file'}: {summary}", where=where, offending=offending, hint=hint
    )


def _message(finding: Mapping[str, Json]) -> str:
    words = {
        "string_type": "text is needed",
        "int_type": "a whole number is needed",
        "bool_type": "true or false is needed",
        "list_type": "a list is needed",
        "tuple_type": "a list is needed",
        "dict_type": "a mapping is needed",
        "model_type": "a mapping is needed",
    }
    text = words.get(finding["type"]) or str(finding["msg"])
    return text[0].lower() + text[1:]


def _fields_at(schema: Json, location: Sequence[str]) -> list[str]:
    """Return the keys that are known at a place of a document, walking the model's JSON Schema."""
    node: Json = schema
    for part in location:
        node = _step(schema, node, part)
    return sorted(_resolve(schema, node).get("properties", {}))


def _step(schema: Json, node: Json, part: str) -> Json:
    node = _resolve(schema, node)
    if part in node.get("properties", {}):
        return node["properties"][part]
    return node.get("items") or node.get("additionalProperties") or {}


def _resolve(schema: Json, node: Json) -> Json:
    if not isinstance(node, dict):
        return {}
    for choice in node.get("anyOf", []) or node.get("allOf", []):
        if "$ref" in choice:
            node = choice
    if "$ref" in node:
        return schema["$defs"][node["$ref"].rpartition("/")[2]]
    return node


def _short(value: Json) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
