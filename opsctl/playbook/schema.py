"""The JSON Schema of the language, for editors, and the vocabulary of one plug-in."""

from opsctl.model.errors import InvalidInput
from opsctl.model.playbook import Playbook
from opsctl.model.registry import Registry
from opsctl.model.run import Action, Fact
from opsctl.model.value import Json
from opsctl.playbook.shape_faults import did_you_mean

_EXPRESSION = {"type": "string", "pattern": "^=[^=]", "description": "A JMESPath expression."}


def playbook_schema(registry: Registry) -> Json:
    """Return the JSON Schema of a playbook, with the `with` fields of every fact and action."""
    schema = Playbook.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "opsctl playbook"
    schema["$defs"]["FactSpec"]["allOf"] = [_when_used(name, plugin) for name, plugin in registry.facts.items()]
    schema["$defs"]["StepSpec"]["allOf"] = [_when_used(name, plugin) for name, plugin in registry.actions.items()]
    schema["$defs"]["FactSpec"]["properties"]["uses"]["enum"] = sorted(registry.facts)
    schema["$defs"]["StepSpec"]["properties"]["uses"]["enum"] = sorted(registry.actions)
    return schema


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
    return found


def _when_used(name: str, plugin: type[Fact] | type[Action]) -> Json:
    fields = plugin.model_json_schema(by_alias=True)
    properties = {field: {"anyOf": [one, _EXPRESSION]} for field, one in fields.get("properties", {}).items()}
    allowed = {
        "type": "object",
        "properties": properties,
        "required": fields.get("required", []),
        "additionalProperties": False,
        "$defs": fields.get("$defs", {}),
    }
    return {
        "if": {"properties": {"uses": {"const": name}}, "required": ["uses"]},
        "then": {"properties": {"with": allowed}},
    }
