"""Evaluating JMESPath, and telling expressions from literals."""

from functools import lru_cache
from typing import Any

import jmespath
from jmespath import exceptions, parser

from opsctl.expressions.functions import PlaybookFunctions
from opsctl.model.value import Json


class ExpressionFault(ValueError):
    """An expression that cannot be parsed or evaluated, or that finds nothing where a value is needed.

    `position` counts from 0 and is -1 when nobody knows it; `bare` says what is wrong without any value, for
    where values are nobody's business. `weight` says it is refused for length or depth alone.
    """

    def __init__(self, text: str, *, position: int = -1, bare: str = "", weight: bool = False) -> None:
        super().__init__(text)
        self.position = position
        self.weight = weight
        self.bare = bare or "the expression cannot be evaluated"


LONGEST = 20_000
DEEPEST = 100
"""Levels of an expression's syntax tree; each takes a few frames of Python's stack when it is evaluated."""


@lru_cache(maxsize=1024)
def compiled(expression: str) -> parser.ParsedResult:
    """Parse an expression once.

    Raises:
        ExpressionFault: it is not JMESPath, and the message says where; or it is too long or nested too deeply.
    """
    if len(expression) > LONGEST:
        summary = f"an expression of {len(expression):,} characters; at most {LONGEST:,} are accepted"
        raise ExpressionFault(summary, weight=True)
    try:
        found = jmespath.compile(expression)
    except exceptions.JMESPathError as fault:
        raise ExpressionFault(f"not a JMESPath expression: {fault}", position=_position(fault)) from None
    except RecursionError:
        raise _too_deep() from None
    if _deeper_than(found.parsed, DEEPEST):
        raise _too_deep()
    return found


def _too_deep() -> ExpressionFault:
    return ExpressionFault(f"the expression is nested deeper than {DEEPEST} levels", weight=True)


def _deeper_than(tree: Json, levels: int) -> bool:
    """Tell whether a syntax tree has more levels than that; level by level, for its depth is in question."""
    row = [tree]
    for _ in range(levels):
        row = [child for node in row for child in node["children"] if isinstance(child, dict)]
        if not row:
            return False
    return True


def looks_at_anything(expression: str) -> bool:
    """Tell whether what an expression finds can depend on the value it is asked of; raises ExpressionFault."""
    return _looks(compiled(expression).parsed)


def _looks(node: Json) -> bool:
    if node["type"] in ("field", "current", "identity"):
        return True
    return any(_looks(child) for child in node.get("children", []))


def adds_text(expression: str) -> bool:
    """Tell whether an expression can find something that it brings along itself; raises ExpressionFault.

    A literal may be compared with what the answer says, and chooses in filters; anywhere else it is a result.
    """
    return _adds(compiled(expression).parsed)


def _adds(node: Json) -> bool:
    kind, children = node["type"], node.get("children", [])
    if kind == "literal":
        return True
    if kind == "comparator":
        return False
    if kind == "filter_projection":
        children = children[:2]
    if kind == "function_expression":
        if node["value"] in _COMPARING:
            return False
        if node["value"] == "keys" and any(_names_members(child) for child in children):
            return True
    return any(_adds(child) for child in children)


def _names_members(node: Json) -> bool:
    return node["type"] == "multi_select_dict" or any(_names_members(one) for one in node.get("children", []))


_COMPARING = ("contains", "starts_with", "ends_with")


def _position(fault: Exception) -> int:
    for name in ("lex_position", "lexer_position"):
        found = getattr(fault, name, None)
        if isinstance(found, int):
            return found
    return -1


def _bare(fault: Exception) -> str:
    if isinstance(fault, exceptions.JMESPathTypeError):
        expected = " or ".join(fault.expected_types)
        return f"{fault.function_name}() takes {expected}, and was given {fault.actual_type}"
    known = isinstance(fault, exceptions.ArityError | exceptions.UnknownFunctionError)
    return str(fault) if known else ""


def evaluate(expression: str, scope: Json) -> Json:
    """Evaluate an expression over a scope; null when it finds nothing.

    Raises:
        ExpressionFault: the expression does not parse, or a function was given a wrong value.
    """
    parsed = compiled(expression)
    try:
        return parsed.search(scope, options=_options())
    except exceptions.JMESPathError as fault:
        raise ExpressionFault(f"cannot evaluate {expression!r}: {fault}", bare=_bare(fault)) from None
    except ValueError as fault:
        raise ExpressionFault(f"cannot evaluate {expression!r}: {fault}") from None
    except RecursionError:
        raise ExpressionFault("what the expression is evaluated over is nested too deeply") from None


def evaluate_required(expression: str, scope: Json) -> Json:
    """Evaluate an expression that must find a value.

    Raises:
        ExpressionFault: it finds null.
    """
    found = evaluate(expression, scope)
    if found is None:
        raise ExpressionFault(f"{expression!r} finds nothing, and a value is needed here")
    return found


def is_expression(value: Json) -> bool:
    """Tell whether a playbook value is an expression: a text with exactly one leading `=`."""
    return isinstance(value, str) and value.startswith("=") and not value.startswith("==")


def resolved(value: Json, scope: Json) -> Json:
    """Replace every `=expression` inside a value by what it finds; `==text` becomes `=text`.

    Raises:
        ExpressionFault: an expression finds null, or does not evaluate.
    """
    if isinstance(value, str):
        if is_expression(value):
            return evaluate_required(value[1:], scope)
        return value[1:] if value.startswith("==") else value
    if isinstance(value, dict):
        return {name: resolved(item, scope) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [resolved(item, scope) for item in value]
    return value


@lru_cache(maxsize=1)
def _options() -> Any:
    return jmespath.Options(custom_functions=PlaybookFunctions())
