"""Shapes: what an expression can find at a place, known before anything is looked up.

A shape is a JSON Schema, cut down to `type`, `properties`, `items` and `additionalProperties`, with `$ref`s
resolved; `{}` is anything.
"""

from typing import TypeAlias

from opsctl.model.playbook import InputSpec
from opsctl.model.value import Json, Value

Shape: TypeAlias = dict[str, Json]

ANYTHING: Shape = {}
_INPUTS = {"int": "integer", "bool": "boolean", "duration": "integer"}


def shape_of_model(model: type[Value]) -> Shape:
    """Return the shape of a pydantic model's JSON."""
    schema = model.model_json_schema(by_alias=True, mode="serialization")
    return _expanded(schema, schema.get("$defs", {}), 12)


def shape_of_inputs(specs: dict[str, InputSpec]) -> Shape:
    """Return the shape of a playbook's inputs."""
    return record({name: _input(spec) for name, spec in specs.items()})


def record(properties: dict[str, Shape]) -> Shape:
    """Return the shape of an object with exactly these members."""
    return {"type": "object", "properties": properties, "additionalProperties": False}


def list_of(items: Shape) -> Shape:
    """Return the shape of a list."""
    return {"type": "array", "items": items}


def scalar(kind: str) -> Shape:
    """Return the shape of a string, integer, number, boolean or null."""
    return {"type": kind}


def kind_of(shape: Shape) -> str:
    """Return object, array, a scalar's type, or nothing when it can be anything."""
    return str(shape.get("type", ""))


def items_of(shape: Shape) -> Shape:
    """Return the shape of a list's items."""
    items: Shape = shape.get("items", ANYTHING)
    return items


def _input(spec: InputSpec) -> Shape:
    if spec.type == "list":
        return list_of(scalar(_INPUTS.get(spec.of, "string")))
    return scalar(_INPUTS.get(spec.type, "string"))


def _expanded(node: Json, definitions: Json, depth: int) -> Shape:
    if not isinstance(node, dict) or depth == 0:
        return ANYTHING
    if "$ref" in node:
        return _expanded(definitions[node["$ref"].rpartition("/")[2]], definitions, depth - 1)
    choices = [one for one in node.get("anyOf", []) if one.get("type") != "null"]
    if choices:
        return _expanded(choices[0], definitions, depth - 1) if len(choices) == 1 else ANYTHING
    if node.get("type") == "object" and "properties" in node:
        members = {name: _expanded(one, definitions, depth - 1) for name, one in node["properties"].items()}
        return record(members)
    if node.get("type") == "array":
        return list_of(_expanded(node.get("items", {}), definitions, depth - 1))
    return scalar(node["type"]) if isinstance(node.get("type"), str) and node["type"] != "object" else ANYTHING
