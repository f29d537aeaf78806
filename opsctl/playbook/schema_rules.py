"""The rules of the language that editors can check: those of `rules.py` that a JSON Schema has words for.

Keywords are those that older drafts have too, for editors know no newer ones.
"""

from collections.abc import Mapping

from opsctl.model.playbook import (
    OF_A_CALL,
    OF_A_READ,
    OF_A_REFUSAL,
    CheckLine,
    CheckSpec,
    FactSpec,
    GuardSpec,
    StepSpec,
    UndoCall,
)
from opsctl.model.value import Json, Value

_API = r"^[a-z0-9-]+\.[A-Z][A-Za-z0-9]*$"


def _given(key: str, value: Json = None) -> Json:
    """The key stands there, with a value that says something."""
    said: Json = {"not": {"enum": ["", None]}} if value is None else {"const": value}
    return {"required": [key], "properties": {key: said}}


def _one_of(*keys: str) -> Json:
    return {"oneOf": [_given(key) for key in keys]}


def _when(condition: Json, then: Json) -> Json:
    return {"if": condition, "then": then}


def _without(*keys: str) -> Json:
    return {"not": {"anyOf": [{"required": [key]} for key in keys]}}


_AN_UNDO: Json = {"required": ["undo"], "properties": {"undo": {"type": "object"}}}
_CALL_COMPLETE: Json = {
    "required": ["why", "proof", "undo"],
    "properties": {
        "why": {"minLength": 1},
        "proof": {"minItems": 1},
        "undo": {"not": {"type": "null"}},
    },
}
_A_STATE_TO_RETURN_TO: Json = {
    "required": ["expect"],
    "properties": {
        "expect": {"contains": {"not": {"required": ["context"], "properties": {"context": {"const": True}}}}}
    },
}
_COMPARISONS: Json = {
    "oneOf": [
        {"required": ["equals"], "properties": {"equals": {"not": {"type": "null"}}}},
        *(
            {"required": [key], "properties": {key: {"not": {"enum": [None, []]}}}}
            for key in ("contains", "excludes")
        ),
        *(_given(key, value=True) for key in ("empty", "present")),
    ]
}

RULES: Mapping[type[Value], tuple[Json, ...]] = {
    FactSpec: (
        _one_of("uses", "read"),
        _when(_given("uses"), _without(*OF_A_READ)),
        _when(_given("read"), _without("with")),
    ),
    GuardSpec: (
        _one_of("refuse", "warn", "accept"),
        *(_when(_given(kind), _without(*OF_A_REFUSAL)) for kind in ("warn", "accept")),
    ),
    StepSpec: (
        _one_of("uses", "call"),
        _when(_given("uses"), _without(*OF_A_CALL)),
        _when(_given("call"), _without("with")),
        _when(_AN_UNDO, _without("because")),
        _when(_given("call"), _CALL_COMPLETE),
        _when(
            _given("undo", value="none"), {"required": ["because"], "properties": {"because": {"minLength": 1}}}
        ),
        _when({"allOf": [_given("call"), _AN_UNDO]}, _A_STATE_TO_RETURN_TO),
    ),
    CheckLine: (_COMPARISONS,),
    CheckSpec: (_when(_given("stays"), _given("accept")), _when(_given("accept"), _given("stays"))),
}
"""What each part has to fulfil besides its shape."""

PATTERNS: Mapping[type[Value], Mapping[str, str]] = {
    FactSpec: {"read": _API},
    StepSpec: {"call": _API},
    CheckLine: {"read": _API},
    UndoCall: {"call": _API},
}
"""How the text under a key has to look, where the loader knows more than that it is text."""
