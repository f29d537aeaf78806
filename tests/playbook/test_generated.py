"""Generated files are current; each says how it is made again."""

import json
from pathlib import Path

from opsctl.catalog import find_plugins
from opsctl.model.run import Action, Fact
from opsctl.playbook.reference import render_reference
from opsctl.playbook.schema import playbook_schema, plugin_schema


def test_the_reference_page_is_current() -> None:
    """opsctl playbook reference > docs/playbook-reference.md"""
    assert Path("docs/playbook-reference.md").read_text(encoding="utf-8") == render_reference(find_plugins())


def test_the_editors_schema_is_current() -> None:
    """opsctl playbook schema > playbooks/playbook.schema.json"""
    written = json.loads(Path("playbooks/playbook.schema.json").read_text(encoding="utf-8"))
    assert written == playbook_schema(find_plugins())


def test_every_plugin_says_what_each_of_its_fields_means() -> None:
    registry = find_plugins()
    plugins: list[type[Fact] | type[Action]] = [*registry.facts.values(), *registry.actions.values()]
    for plugin in plugins:
        assert (plugin.__doc__ or "").strip(), plugin
        for name, field in plugin.model_fields.items():
            assert field.description, f"{plugin.name}.{name}"


def test_a_name_that_a_fact_and_an_action_share_is_described_as_both() -> None:
    registry = find_plugins()
    both = plugin_schema("sns.topic", registry)
    assert [(one["kind"], "result" in one, one.get("outputs")) for one in both] == [
        ("fact", True, None),
        ("action", False, ["arn"]),
    ]
    assert both[0]["with"].keys() != both[1]["with"].keys()
    assert plugin_schema("waf.block", registry)["kind"] == "action"
