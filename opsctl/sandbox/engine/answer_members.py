"""Puts the members of moto's answers together, without working out anew for each what depends on its shape alone.

Where a member is depends on its shape and on the class of what has it, and nothing else. moto works out the names
that it may have, the method that writes it, and what is to be made of its value, for each member of each thing.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

_ENDS: dict[int, tuple[Any, dict[str, list[tuple[str, Any]]]]] = {}


class Member(NamedTuple):
    """One member of a structure: what it may be called where the answer is from, and how it is written."""

    key: str
    shape: Any
    names: list[tuple[str, Callable[..., Any]]]
    write: Callable[..., Any]


def install() -> None:
    """Have moto's serializers remember where members are; those of the query protocols, how they are written."""
    from moto.core.serialize import EC2Serializer, QuerySerializer, ResponseSerializer

    ResponseSerializer.get_value = _picked(ResponseSerializer.get_value)
    QuerySerializer._serialize_type_structure = _structure(
        QuerySerializer._serialize_type_structure, (QuerySerializer, EC2Serializer)
    )


def _picked(original: Callable[..., Any]) -> Callable[..., Any]:
    from moto.core.serialize import XFormedAttributePicker

    def picked(self: Any, value: Any, key: str, shape: Any) -> Any:
        picker = self._value_picker
        if type(picker) is not XFormedAttributePicker:
            return original(self, value, key, shape)
        known = shape.__dict__.setdefault("opsctl_names", {})
        asked = (type(value), key)
        if asked not in known:
            known[asked] = _names(self, value, key, shape)
        return _changed(self, key, _found(value, known[asked]))

    return picked


def _structure(original: Callable[..., Any], alike: tuple[type, ...]) -> Callable[..., Any]:
    """A structure of the serializers that have moto's own methods and no others."""
    from moto.core.serialize import XFormedAttributePicker

    def structure(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if value is None or type(self) not in alike or type(self._value_picker) is not XFormedAttributePicker:
            original(self, serialized, value, shape, key)
            return
        known = shape.__dict__.setdefault("opsctl_members", {})
        asked = (type(self), type(value))
        if asked not in known:
            known[asked] = [_member(self, value, name, shape, member) for name, member in shape.members.items()]
        wrapper = {} if key else serialized
        path, transformers = self.path, self._value_picker.response_transformers
        for member in known[asked]:
            found = _found(value, member.names)
            if transformers:
                found = _changed(self, member.key, found)
            if found is not None:
                path.append(member.key)
                member.write(self, wrapper, found, member.shape, member.key)
                path.pop()
        if key:
            self._default_serialize(serialized, wrapper, shape, key)

    return structure


def _member(self: Any, value: Any, key: str, structure: Any, shape: Any) -> Member:
    shape.parent = structure
    cls, kind = type(self), shape.type_name
    write = getattr(cls, f"_serialize_type_{kind}", cls._default_serialize)
    if kind == "string" and not shape.serialization.keys() & {"xmlNamespace", "xmlAttribute"}:
        write = _text(self.get_serialized_name(shape, key))
    return Member(key, shape, _names(self, value, key, shape), write)


def _text(name: str) -> Callable[..., Any]:
    def write(_self: Any, wrapper: Any, found: Any, _shape: Any, _key: str) -> None:
        wrapper[name] = str(found)

    return write


def _names(self: Any, value: Any, key: str, shape: Any) -> list[tuple[str, Callable[..., Any]]]:
    """The names that a member may have, and how what has this class is asked for them."""
    from moto.core.serialize import AttributePickerContext

    model = self.operation_model
    about = AttributePickerContext(value, key, shape, model, model.service_model, ".".join(self.path))
    return [(name, _getter(value, name)) for name in dict.fromkeys(self._value_picker.get_possible_keys(about))]


def _getter(value: Any, name: str) -> Callable[..., Any]:
    from moto.core.utils import get_value

    get: Callable[..., Any] = get_value
    if "." not in name:
        if type(value) is dict:
            get = dict.get
        elif not hasattr(value, "__getitem__"):
            get = getattr
    return get


def _found(value: Any, names: list[tuple[str, Callable[..., Any]]]) -> Any:
    for name, get in names:
        found = get(value, name, _found)
        if found is not _found:
            return found
    return None


def _changed(self: Any, key: str, found: Any) -> Any:
    """What is to be made of a value, by the end of its path."""
    transformers = self._value_picker.response_transformers
    ends = _ends(transformers, key) if transformers else ()
    if not ends:
        return found
    whole = ".".join((*self.path, key))
    change = next((one for end, one in ends if whole.endswith(end)), None)
    return found if change is None else change(found)


def _ends(transformers: dict[str, Any], key: str) -> list[tuple[str, Any]]:
    """Those ends of paths that a path to such a member may have; for almost all there is none."""
    # What moto has them by is kept too, so that no other gets its number.
    _, known = _ENDS.setdefault(id(transformers), (transformers, {}))
    if key not in known:
        known[key] = [(end, one) for end, one in transformers.items() if end.endswith(key) or key.endswith(end)]
    return known[key]
