"""Turns a fresh document and an edit's elements into the request that writes it back."""

from opsctl.expressions.evaluate import evaluate
from opsctl.model.changes import EditSpec, Element
from opsctl.model.networks import same
from opsctl.model.value import Json


def request_of(params: dict[str, Json], edit: EditSpec, document: Json) -> dict[str, Json]:
    """Return the parameters of the write: the fixed ones, what is carried over, and our elements applied.

    Everything that the edit does not name stays as it was read; the document itself is not altered.
    """
    request = dict(params)
    for name, expression in edit.carry.items():
        found = evaluate(expression, document)
        if found is not None:
            request[name] = _copy(found)
    for element in edit.elements:
        _apply(request, element)
    return request


def _apply(request: dict[str, Json], element: Element) -> None:
    parent, name = _parent(request, element.at)
    if element.op == "set":
        if not element.if_empty or not _items_at(request, element.if_empty):
            parent[name] = element.value
        return
    items = _items(parent.get(name), counted=element.counted)
    if element.op == "add":
        if not any(_is_it(element, item) for item in items):
            items = [*items, element.value]
    else:
        items = [item for item in items if not _is_it(element, item)]
    parent[name] = _counted(parent.get(name), items) if element.counted else items


def _is_it(element: Element, item: Json) -> bool:
    if element.key:
        wanted = element.value[element.key] if isinstance(element.value, dict) else element.value
        return isinstance(item, dict) and item.get(element.key) == wanted
    if element.networks and isinstance(item, str):
        return same(item, element.value)
    return bool(item == element.value)


def _counted(before: Json, items: list[Json]) -> dict[str, Json]:
    beside = {name: item for name, item in (before or {}).items() if name not in ("Quantity", "Items")}
    return beside | {"Quantity": len(items)} | ({"Items": items} if items else {})


def _items(value: Json, *, counted: bool) -> list[Json]:
    if counted and isinstance(value, dict):
        return list(value.get("Items") or [])
    return list(value or [])


def _items_at(request: dict[str, Json], path: str) -> list[Json]:
    parent, name = _parent(request, path)
    value = parent.get(name)
    return _items(value, counted=isinstance(value, dict))


def _parent(request: dict[str, Json], path: str) -> tuple[dict[str, Json], str]:
    *way, name = path.split(".")
    node = request
    for part in way:
        node = node.setdefault(part, {})
    return node, name


def _copy(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _copy(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value
