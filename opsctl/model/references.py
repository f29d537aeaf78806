"""References to what an earlier change makes: `{"$ref": "<change id>.<output>"}` anywhere in a value."""

from collections.abc import Callable, Iterator

from opsctl.model.value import Json, all_texts

MARK = "$ref"


def reference(change_id: str, output: str) -> dict[str, str]:
    """Make a reference to an output of a change."""
    return {MARK: f"{change_id}.{output}"}


def is_reference(value: Json) -> bool:
    """Tell whether a value is a reference."""
    return isinstance(value, dict) and set(value) == {MARK}


def references_in(value: Json) -> Iterator[str]:
    """Yield the text of every reference inside a value."""
    if is_reference(value):
        yield value[MARK]
    elif isinstance(value, dict):
        for item in value.values():
            yield from references_in(item)
    elif isinstance(value, (list, tuple)) and not all_texts(value):
        for item in value:
            yield from references_in(item)


def with_references(value: Json, replace: Callable[[str], Json]) -> Json:
    """Return a value with every reference replaced."""
    if is_reference(value):
        return replace(value[MARK])
    if isinstance(value, dict):
        return {name: with_references(item, replace) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        if all_texts(value):
            return list(value)
        return [with_references(item, replace) for item in value]
    return value
