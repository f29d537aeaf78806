"""Turns a fresh document and an edit's elements into the request that writes it back."""

import json
from collections.abc import Collection, Hashable, Iterator, Sequence
from itertools import groupby

from opsctl.execution.asking import NotThere
from opsctl.execution.comparing import comparable
from opsctl.expressions.evaluate import evaluate
from opsctl.model.changes import EditSpec, Element, JsonText
from opsctl.model.errors import OpsctlError
from opsctl.model.networks import one_text
from opsctl.model.value import Json


def request_of(
    params: dict[str, Json], edit: EditSpec, document: Json, takes: Collection[str] = ()
) -> dict[str, Json]:
    """Return the parameters of the write: the fixed ones, what is carried over, and our elements applied.

    Everything that the edit does not name stays as it was read; the document itself is not altered. `takes` are
    the members that the operation takes: of the edit's document, these are carried and the others are AWS's own.

    Raises:
        NotThere: the path of an element leads into a list that has no such item any more.
        OpsctlError: a member that should be JSON text is none.
    """
    request = dict(params)
    whole = evaluate(edit.document, document) or {} if edit.document else {}
    request |= {name: _copy(item) for name, item in whole.items() if name in takes and name not in params}
    for name, expression in edit.carry.items():
        found = evaluate(expression, document)
        if found is not None:
            request[name] = _copy(found)
        elif name not in params:
            request.pop(name, None)
    for text in edit.texts:
        _parse(request, text)
    for _, alike in groupby(edit.elements, _list_of):
        _apply(request, list(alike))
    for text in edit.texts:
        _write(request, text)
    return request


def without_spared(edit: EditSpec, spared: Collection[str]) -> EditSpec:
    """Return an edit that leaves the networks that are spared where they are."""
    if not spared:
        return edit
    names = {one_text(one) for one in spared}
    left = [_unspared(one, names) if one.op == "remove" else one for one in edit.elements]
    return edit.model_copy(update={"elements": tuple(one for one in left if one is not None)})


def _unspared(element: Element, names: Collection[str]) -> Element | None:
    values = [one for one in element.values if one_text(one) not in names]
    if not values:
        return None
    return element.model_copy(update={"value": values}) if element.each else element


def _parse(request: dict[str, Json], text: JsonText) -> None:
    parent, name = _parent(request, text.at)
    try:
        found = json.loads(parent[name]) if parent.get(name) else _copy(text.blank)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise OpsctlError(f"{text.at} is not the JSON it should be", "nothing was written; check it yourself")
    parent[name] = found


def _write(request: dict[str, Json], text: JsonText) -> None:
    parent, name = _parent(request, text.at)
    document = parent[name]
    parent[name] = json.dumps(document, separators=(",", ":")) if document.get(text.void_without) else ""


def _list_of(element: Element) -> Hashable:
    """What elements share that may be put into a list, or taken out of it, together."""
    if element.op not in ("add", "remove"):
        return id(element)
    return element.op, element.at, element.key, element.counted, element.networks


def _apply(request: dict[str, Json], elements: Sequence[Element]) -> None:
    """Apply one element, or several that are alike."""
    element = elements[0]
    parent, name = _parent(request, element.at)
    if element.op == "set":
        if not element.if_empty or not _items_at(request, element.if_empty):
            parent[name] = element.value
        return
    if element.op == "unset":
        parent.pop(name, None)
        return
    items = _items(parent.get(name), counted=element.counted)
    items = _with(items, elements) if element.op == "add" else _without(items, elements)
    parent[name] = _counted(parent.get(name), items) if element.counted else items


def _with(items: list[Json], elements: Sequence[Element]) -> list[Json]:
    there = {_known_as(elements[0], item) for item in items}
    added = []
    for element, value in _each(elements):
        name = _wanted(element, value)
        if name not in there:
            there.add(name)
            added.append(value)
    return [*items, *added]


def _without(items: list[Json], elements: Sequence[Element]) -> list[Json]:
    gone = {_wanted(element, value) for element, value in _each(elements)}
    return [item for item in items if _known_as(elements[0], item) not in gone]


def _each(elements: Sequence[Element]) -> Iterator[tuple[Element, Json]]:
    return ((element, value) for element in elements for value in element.values)


def _wanted(element: Element, value: Json) -> Hashable:
    """What the item of a list is known as that an element means by a value."""
    if element.key and not isinstance(value, dict):
        return "keyed", comparable(value)
    return _known_as(element, value)


def _known_as(element: Element, item: Json) -> Hashable:
    """What tells an item of the list of an element from the others."""
    if element.key:
        return ("keyed", comparable(item.get(element.key))) if isinstance(item, dict) else ("other", id(item))
    return comparable(item, networks=element.networks and isinstance(item, str))


def _counted(before: Json, items: list[Json]) -> dict[str, Json]:
    beside = {name: item for name, item in (before or {}).items() if name != "Items"}
    return beside | {"Quantity": len(items)} | ({"Items": items} if items else {})


def _items(value: Json, *, counted: bool) -> list[Json]:
    if isinstance(value, dict):
        # The grammar of IAM policies lets a single statement stand without its list.
        return list(value.get("Items") or []) if counted else [value]
    return list(value or [])


def _items_at(request: dict[str, Json], path: str) -> list[Json]:
    parent, name = _parent(request, path)
    value = parent.get(name)
    return _items(value, counted=isinstance(value, dict))


def _parent(request: dict[str, Json], path: str) -> tuple[dict[str, Json], str]:
    *way, name = path.split(".")
    node: Json = request
    for part in way:
        if isinstance(node, dict):
            node = node.setdefault(part, {})
        elif not isinstance(node, list):
            raise NotThere(f"{part} of {path}")
        elif part.startswith("["):
            node = _named(node, part, path)
        elif part.isdecimal() and int(part) < len(node):
            node = node[int(part)]
        else:
            raise NotThere(f"item {part} of {path}")
    if not isinstance(node, dict):
        raise NotThere(path)
    return node, name


def _named(items: list[Json], part: str, path: str) -> Json:
    """The item of a list of objects whose member has a value: `[Name=web]`."""
    key, _, wanted = part[1:-1].partition("=")
    for item in items:
        if isinstance(item, dict) and item.get(key) == wanted:
            return item
    raise NotThere(f"item {part} of {path}")


def _copy(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _copy(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value
