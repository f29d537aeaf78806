"""The JSON Schema of the language, for editors, and the vocabulary of one plug-in."""

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic.json_schema import models_json_schema

from opsctl.model.errors import InvalidInput
from opsctl.model.playbook import FactSpec, Playbook, StepSpec
from opsctl.model.registry import Registry
from opsctl.model.run import Action, Fact
from opsctl.model.value import Json, Value
from opsctl.playbook.schema_rules import PATTERNS, RULES
from opsctl.playbook.shape_faults import did_you_mean

_PLACE = "#/$defs/"
_EXPRESSION: Json = {"type": "string", "pattern": "^=[^=]", "description": "A JMESPath expression."}


def playbook_schema(registry: Registry) -> Json:
    """Return the JSON Schema of a playbook, with the `with` fields of every fact and action.

    Every definition stands at the root, where the references of all of them lead.
    """
    facts, actions = dict(registry.facts), dict(registry.actions)
    names, defs = _definitions(Playbook, *RULES, *PATTERNS, *facts.values(), *actions.values())
    language = set(_reached(names[Playbook], defs))
    for name in defs.keys() - language:
        defs[name] = _with_expressions(defs[name])
    for model, patterns in PATTERNS.items():
        for key, pattern in patterns.items():
            defs[names[model]]["properties"][key]["pattern"] = pattern
    for model, rules in RULES.items():
        defs[names[model]]["allOf"] = list(rules)
    for spec, found in ((FactSpec, facts), (StepSpec, actions)):
        part = defs[names[spec]]
        part["properties"]["uses"]["enum"] = sorted(found)
        part["allOf"] += [_when_used(name, names[plugin]) for name, plugin in found.items()]
    root = defs.pop(names[Playbook])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **root,
        "title": "opsctl playbook",
        "$defs": {"Expression": _EXPRESSION, **dict(sorted(defs.items()))},
    }


def plugin_schema(name: str, registry: Registry) -> Json:
    """Return what the fact or action of a name is; a list where there are both.

    Raises:
        InvalidInput: there is none of this name.
    """
    found = [plugins[name] for plugins in (registry.facts, registry.actions) if name in plugins]
    if not found:
        hint = did_you_mean(name, sorted({*registry.facts, *registry.actions}))
        raise InvalidInput.one(f"there is no fact or action {name!r}", source="NAME", hint=hint)
    vocabularies = [vocabulary(plugin) for plugin in found]
    return vocabularies[0] if len(vocabularies) == 1 else vocabularies


def vocabulary(plugin: type[Fact] | type[Action]) -> dict[str, Json]:
    """Return what a fact or action does, the fields of its `with`, and an example."""
    fields = plugin.model_json_schema(by_alias=True)
    example = {one: f"=inputs.{one}" for one in fields.get("required", [])}
    found: dict[str, Json] = {
        "name": plugin.name,
        "kind": "fact" if issubclass(plugin, Fact) else "action",
        "description": (plugin.__doc__ or "").strip(),
        "with": fields.get("properties", {}),
        "required": fields.get("required", []),
        "example": {"uses": plugin.name, "with": example},
    }
    if issubclass(plugin, Fact):
        found["result"] = plugin.Result.model_json_schema(by_alias=True)
    elif plugin.outputs:
        found["outputs"] = list(plugin.outputs)
    if "$defs" in fields:
        found["$defs"] = fields["$defs"]
    return found


def _definitions(*models: type[Value]) -> tuple[dict[type[Value], str], dict[str, Json]]:
    """Return the name under which each model is defined, and all definitions."""
    asked: list[tuple[type[Value], Literal["validation"]]] = [(one, "validation") for one in dict.fromkeys(models)]
    references, schema = models_json_schema(asked, by_alias=True, ref_template=f"{_PLACE}{{model}}")
    names = {model: references[model, mode]["$ref"].removeprefix(_PLACE) for model, mode in asked}
    return names, schema["$defs"]


def _reached(name: str, defs: Mapping[str, Json]) -> Iterator[str]:
    """Yield the definitions that one is made of, itself first; none of ours is made of itself."""
    yield name
    for reference in _references(defs[name]):
        yield from _reached(reference, defs)


def _references(part: Json) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"].removeprefix(_PLACE)
        part = list(part.values())
    if isinstance(part, list):
        for item in part:
            yield from _references(item)


def _with_expressions(part: Json) -> Json:
    """Let an expression stand wherever a value inside a part may."""
    found = dict(part)
    for key in ("items", "additionalProperties"):
        if isinstance(part.get(key), dict):
            found[key] = _or_expression(part[key])
    if "properties" in part:
        found["properties"] = {name: _or_expression(one) for name, one in part["properties"].items()}
    if "anyOf" in part:
        found["anyOf"] = [_with_expressions(one) for one in part["anyOf"]]
    return found


def _or_expression(part: Json) -> Json:
    found = _with_expressions(part)
    told = {key: found.pop(key) for key in ("title", "description", "default") if key in found}
    choices = found["anyOf"] if set(found) == {"anyOf"} else [found]
    return {**told, "anyOf": [*choices, {"$ref": f"{_PLACE}Expression"}]}


def _when_used(name: str, defined: str) -> Json:
    return {
        "if": {"properties": {"uses": {"const": name}}, "required": ["uses"]},
        "then": {"properties": {"with": {"$ref": f"{_PLACE}{defined}"}}},
    }
