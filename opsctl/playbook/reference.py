"""The reference page of the language, generated from the code."""

import inspect
import json

from pydantic import BaseModel

from opsctl.expressions.functions import PlaybookFunctions
from opsctl.model.playbook import (
    CheckLine,
    CheckSpec,
    EvidenceSpec,
    FactSpec,
    GuardSpec,
    InputSpec,
    NextSpec,
    Playbook,
    RiskLine,
    SectionSpec,
    StepSpec,
    UndoCall,
    UndoWarnSpec,
)
from opsctl.model.registry import Registry
from opsctl.model.run import Action, Fact
from opsctl.playbook.schema import vocabulary

_PARTS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("A playbook", Playbook),
    ("An input", InputSpec),
    ("A fact", FactSpec),
    ("Evidence beside the plan", EvidenceSpec),
    ("A guard", GuardSpec),
    ("A table of the plan", SectionSpec),
    ("A step", StepSpec),
    ("A predicate, in `expect` and `proof` of a call", CheckLine),
    ("The undo of a call", UndoCall),
    ("The risk of a call", RiskLine),
    ("A check", CheckSpec),
    ("A warning of the undo", UndoWarnSpec),
    ("A command to type next", NextSpec),
)

_HEAD = """\
# Playbook reference

This page is generated from the code: `opsctl playbook reference > docs/playbook-reference.md`.

A playbook is one YAML file. `opsctl playbook new NAME` writes a starter, `opsctl playbook validate FILE`
checks it offline, `opsctl run FILE --set key=value` runs it. `opsctl block-ip` is the shipped playbook of
that name and can do nothing that a copy of it cannot. `opsctl playbook schema > playbook.schema.json` is a JSON
Schema for editors and for `check-jsonschema`: it knows the fields of every fact and action, and most rules.

A value that starts with `=` is a [JMESPath](https://jmespath.org) expression, the language of `aws
--query`. It sees `inputs`, `facts`, `run` (`id`, `account`, `region`, `partition`, `caller`) and, in a step
with `foreach`, `each`. It keeps its type, and finding nothing where a value is needed is an error. `==text`
is the literal `=text`. Nothing is ever interpolated into text. Expressions are checked against the shapes
of inputs, facts and AWS's answers before anything is called.

`refuse`, `warn`, `accept` and `none` list the offenders: nothing found is fine, and what is found is the
evidence shown. What `accept` finds is planned all the same, so that it can be looked at; the plan is applied
only when it was made with `--accept ID`.

Facts, guards, `when` and `foreach` are decided when planning. `=steps.<step>.<output>` is the one value
known only after apply; it must be the whole value.

A raw read is one of the operations that only read, a list made from AWS's API models: what acts, or hands out
secrets, credentials, signed links or stored contents, is none. What stands under a name like password, token
or secret in its answer is masked before any expression sees it. The raw reads of a playbook that is not shipped
are shown and agreed to before the first is made: at the terminal, or by `--trust-reads SHA256|FILE`.

YAML is taken plainly: no anchors, aliases, merge keys, tags, duplicate keys or second documents.
"""


def render_reference(registry: Registry) -> str:
    """Return the page as Markdown."""
    lines = [_HEAD]
    for title, model in _PARTS:
        lines += [f"## {title}", "", *_fields(model), ""]
    lines += ["## Functions beyond JMESPath's own", ""]
    for name, method in sorted(vars(PlaybookFunctions).items()):
        if name.startswith("_func_"):
            lines.append(f"- `{name.removeprefix('_func_')}`: {inspect.getdoc(method)}")
    lines += ["", "## Facts", "", "Facts that `uses:` can name.", ""]
    for name in registry.facts:
        lines += _plugin(name, registry.facts[name])
    lines += ["## Actions", "", "Steps that `uses:` can name.", ""]
    for name in registry.actions:
        lines += _plugin(name, registry.actions[name])
    return "\n".join(lines).rstrip("\n") + "\n"


def _fields(model: type[BaseModel]) -> list[str]:
    lines = ["| key | meaning |", "|---|---|"]
    for name, field in model.model_fields.items():
        lines.append(f"| `{field.alias or name}` | {(field.description or '').replace('|', chr(92) + '|')} |")
    return lines


def _plugin(name: str, plugin: type[Fact] | type[Action]) -> list[str]:
    described = vocabulary(plugin)
    lines = [f"### `{name}`", "", inspect.getdoc(plugin) or "", ""]
    lines += ["| with | needed | meaning |", "|---|---|---|"]
    required = described["required"]
    for field, schema in sorted(described["with"].items(), key=lambda one: one[0] not in required):
        needed = "yes" if field in required else ""
        lines.append(f"| `{field}` | {needed} | {schema.get('description', '')} |")
    if "result" in described:
        members = ", ".join(f"`{member}`" for member in described["result"].get("properties", {}))
        lines += ["", f"Result: {members}."]
    return [*lines, "", "```yaml", f"uses: {name}", f"with: {json.dumps(described['example']['with'])}", "```", ""]
