"""Makes one thing of all values that count as equal, so that lists of thousands are compared at once."""

from collections.abc import Hashable

from opsctl.model.networks import one_text
from opsctl.model.value import Json


def comparable(value: Json, *, networks: bool = False) -> Hashable:
    """Return what is equal for equal values and can be an element of a set; texts as networks, where asked for."""
    if isinstance(value, str):
        return one_text(value) if networks else value
    if isinstance(value, dict):
        return frozenset((name, comparable(item, networks=networks)) for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(comparable(item, networks=networks) for item in value)
    plain: Hashable = value
    return plain
