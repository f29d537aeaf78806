"""What a shipped playbook leaves to a fact or an action, and what a playbook of one's own does, is the same."""

from collections.abc import Iterator

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from opsctl.catalog import find_plugins
from opsctl.model.playbook import Playbook
from opsctl.model.value import Json
from opsctl.planning.inputs import parse_inputs
from opsctl.playbook.load import load_playbook
from opsctl.playbook.places import shipped_names

FEWEST = 40
"""Fields with a default that inputs of the shipped playbooks fill: there were fifty when this was written."""


def filled(book: Playbook) -> Iterator[tuple[str, str, type[BaseModel]]]:
    """Each input that fills a field of a fact or an action just as it is, with that field and the plug-in."""
    registry = find_plugins()
    facts = [(registry.facts[fact.uses], fact.with_) for fact in book.facts.values() if fact.uses]
    steps = [(registry.actions[step.uses], step.with_) for step in book.steps if step.uses]
    for plugin, given in (*facts, *steps):
        for field, value in given.items():
            name = str(value).removeprefix("=inputs.")
            if value == f"=inputs.{name}" and name in book.inputs:
                yield name, field, plugin


def field_of(plugin: type[BaseModel], name: str) -> FieldInfo:
    """A field by what a playbook calls it: its alias, where it has one."""
    return next(one for own, one in plugin.model_fields.items() if name in (own, one.alias))


def plain(value: Json) -> Json:
    return list(value) if isinstance(value, (list, tuple)) else value


@pytest.mark.parametrize("name", shipped_names())
def test_a_field_that_is_left_out_means_what_the_input_that_fills_it_means_by_default(name: str) -> None:
    book = load_playbook(name).playbook
    meant = parse_inputs({one: spec for one, spec in book.inputs.items() if not spec.required}, {}, source={})
    for given, field, plugin in filled(book):
        left_out = field_of(plugin, field)
        if given in meant and not left_out.is_required():
            assert plain(left_out.get_default(call_default_factory=True)) == meant[given], (plugin, field)


def test_there_are_many_such_fields() -> None:
    books = [load_playbook(name).playbook for name in shipped_names()]
    found = [one for book in books for one in filled(book) if not field_of(one[2], one[1]).is_required()]
    assert len(found) > FEWEST
