"""Checks a JMESPath expression against shapes, so that a typo is found before it silently finds nothing."""

from collections.abc import Callable

from opsctl.expressions.evaluate import ExpressionFault, compiled
from opsctl.expressions.functions import PlaybookFunctions
from opsctl.expressions.shapes import ANYTHING, Shape, items_of, kind_of, list_of, record, scalar
from opsctl.model.closest import closest
from opsctl.model.value import Json

_SAME_LIST = ("sort", "reverse", "sort_by")
_ONE_OF_LIST = ("max", "min", "max_by", "min_by")
_RESULTS = {
    "abs": "number",
    "avg": "number",
    "ceil": "number",
    "contains": "boolean",
    "ends_with": "boolean",
    "floor": "number",
    "join": "string",
    "length": "integer",
    "starts_with": "boolean",
    "sum": "number",
    "to_number": "number",
    "to_string": "string",
    "type": "string",
    "cidr_contains": "boolean",
    "ip_version": "integer",
}


class Typed:
    """What came of checking: the shape the expression has, and the faults found, each a sentence."""

    def __init__(self, root: Shape) -> None:
        self.root = root
        self.faults: list[str] = []

    def shape(self, node: Json, here: Shape, *, inside: str) -> Shape:
        """Return the shape of a node of the syntax tree, evaluated at `here`."""
        handler: Callable[..., Shape] | None = getattr(self, f"_{node['type']}", None)
        return handler(node, here, inside) if handler else ANYTHING

    def _field(self, node: Json, here: Shape, inside: str) -> Shape:
        name = node["value"]
        kind = kind_of(here)
        if kind == "array":
            self.faults.append(f"{name!r} is used on a list: write [] or [0] before it")
            return ANYTHING
        if kind == "object" and "properties" in here:
            if name in here["properties"]:
                found: Shape = here["properties"][name]
                return found
            extra = here.get("additionalProperties", False)
            if extra is False:
                self.faults.append(self._unknown(name, here["properties"], inside))
                return ANYTHING
            return extra if isinstance(extra, dict) else ANYTHING
        if kind == "object":
            extra = here.get("additionalProperties", ANYTHING)
            return extra if isinstance(extra, dict) else ANYTHING
        if kind:
            self.faults.append(f"{name!r} is used on a {kind}, which has no members")
        return ANYTHING

    def _unknown(self, name: str, known: dict[str, Shape], inside: str) -> str:
        if inside and name in self.root.get("properties", {}):
            return f"{name!r} cannot be seen inside {inside}: only the members of each item can"
        close = closest(name, list(known))
        hint = f"did you mean {close}?" if close else f"known: {', '.join(sorted(known))}"
        return f"there is no {name!r} here; {hint}"

    def _subexpression(self, node: Json, here: Shape, inside: str) -> Shape:
        if node["type"] == "subexpression" and node["children"][0]["type"] == "not_expression":
            self.faults.append("! binds tighter than . in JMESPath: write !(a.b)")
            return scalar("boolean")
        for child in node["children"]:
            here = self.shape(child, here, inside=inside)
        return here

    _pipe = _subexpression
    _index_expression = _subexpression

    def _current(self, _node: Json, here: Shape, _inside: str) -> Shape:
        return here

    _identity = _current

    def _index(self, _node: Json, here: Shape, _inside: str) -> Shape:
        return items_of(here) if self._is_list(here, "[...]") else ANYTHING

    def _slice(self, _node: Json, here: Shape, _inside: str) -> Shape:
        return here if self._is_list(here, "[:]") else ANYTHING

    def _flatten(self, node: Json, here: Shape, inside: str) -> Shape:
        found = self.shape(node["children"][0], here, inside=inside)
        if not self._is_list(found, "[]"):
            return ANYTHING
        inner = items_of(found)
        return inner if kind_of(inner) == "array" else found

    def _projection(self, node: Json, here: Shape, inside: str) -> Shape:
        left, right = node["children"]
        found = self.shape(left, here, inside=inside)
        if kind_of(found) not in ("array", ""):
            self.faults.append(f"[*] is used on a {kind_of(found)}")
            return ANYTHING
        return list_of(self.shape(right, items_of(found), inside=inside))

    def _value_projection(self, node: Json, here: Shape, inside: str) -> Shape:
        self.shape(node["children"][0], here, inside=inside)
        return list_of(ANYTHING)

    def _filter_projection(self, node: Json, here: Shape, inside: str) -> Shape:
        left, right, condition = node["children"]
        found = self.shape(left, here, inside=inside)
        if not self._is_list(found, "[?...]"):
            return ANYTHING
        item = items_of(found)
        self.shape(condition, item, inside="[?...]")
        return list_of(self.shape(right, item, inside="[?...]"))

    def _comparator(self, node: Json, here: Shape, inside: str) -> Shape:
        for child in node["children"]:
            self.shape(child, here, inside=inside)
        return scalar("boolean")

    _not_expression = _comparator

    def _and_expression(self, node: Json, here: Shape, inside: str) -> Shape:
        shapes = [self.shape(child, here, inside=inside) for child in node["children"]]
        return shapes[-1] if shapes[0] == shapes[-1] else ANYTHING

    _or_expression = _and_expression

    def _literal(self, node: Json, _here: Shape, _inside: str) -> Shape:
        value = node["value"]
        return scalar("string") if isinstance(value, str) else ANYTHING

    def _multi_select_list(self, node: Json, here: Shape, inside: str) -> Shape:
        shapes = [self.shape(child, here, inside=inside) for child in node["children"]]
        return list_of(shapes[0] if all(one == shapes[0] for one in shapes) else ANYTHING)

    def _multi_select_dict(self, node: Json, here: Shape, inside: str) -> Shape:
        return record(
            {pair["value"]: self.shape(pair["children"][0], here, inside=inside) for pair in node["children"]}
        )

    def _expref(self, _node: Json, _here: Shape, _inside: str) -> Shape:
        return ANYTHING

    def _function_expression(self, node: Json, here: Shape, inside: str) -> Shape:
        name = node["value"]
        known = PlaybookFunctions.FUNCTION_TABLE
        shapes = [
            ANYTHING if child["type"] == "expref" else self.shape(child, here, inside=inside)
            for child in node["children"]
        ]
        if name not in known:
            close = closest(name, list(known))
            self.faults.append(f"there is no function {name!r}" + (f"; did you mean {close}?" if close else ""))
            return ANYTHING
        signature = known[name]["signature"]
        variadic = bool(signature) and signature[-1].get("variadic", False)
        if len(shapes) < len(signature) or (len(shapes) > len(signature) and not variadic):
            self.faults.append(f"{name}() takes {len(signature)} arguments, not {len(shapes)}")
        return self._result(name, node, shapes)

    def _result(self, name: str, node: Json, shapes: list[Shape]) -> Shape:
        if name in _RESULTS:
            return scalar(_RESULTS[name])
        if name in ("overlap", "lacking", "led_by", "keys"):
            return list_of(scalar("string"))
        if shapes and name in (*_SAME_LIST, *_ONE_OF_LIST):
            expref = next((c for c in node["children"] if c["type"] == "expref"), None)
            if expref is not None:
                self.shape(expref["children"][0], items_of(shapes[0]), inside=f"{name}(&...)")
            return shapes[0] if name in _SAME_LIST else items_of(shapes[0])
        if name == "map" and len(node["children"]) == 2 and node["children"][0]["type"] == "expref":
            item = items_of(shapes[1])
            return list_of(self.shape(node["children"][0]["children"][0], item, inside="map(&...)"))
        return ANYTHING

    def _is_list(self, shape: Shape, what: str) -> bool:
        kind = kind_of(shape)
        if kind not in ("array", ""):
            self.faults.append(f"{what} is used on a {kind}, which is not a list")
        return kind == "array"


def check_expression(expression: str, root: Shape) -> tuple[Shape, list[str]]:
    """Return the shape an expression has at a root, and what is wrong with it; a syntax error is one fault."""
    try:
        tree = compiled(expression).parsed
    except ExpressionFault as fault:
        return ANYTHING, [str(fault).splitlines()[0]]
    typed = Typed(root)
    shape = typed.shape(tree, root, inside="")
    return shape, typed.faults
