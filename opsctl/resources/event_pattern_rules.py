"""The single rules of event patterns: what one value of an event has to be; pure. Sources: see `patterns`."""

import ipaddress
import re
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from opsctl.model.value import Json

# What AWS compares as numbers: EventBridge guide, "Numeric matching".
_LARGEST = Decimal(5_000_000_000)
_DECIMALS = 6
_ESCAPED = re.compile(r"\\(.)|(\*)|([^\\*]+)", re.DOTALL)


class Rule(NamedTuple):
    """`takes` tells whether a value will do; `absent` that there may be none."""

    takes: Callable[[Json], bool]
    absent: bool = False


def rule_of(told: Json) -> Rule:
    """Read one element of a list in a pattern; raises ValueError when AWS would refuse it."""
    if isinstance(told, list):
        raise ValueError("a list in a list is not a valid rule")
    if not isinstance(told, dict):
        return Rule(_equals(told))
    if len(told) != 1:
        raise ValueError("a rule has exactly one operator")
    ((operator, value),) = told.items()
    if operator not in _OPERATORS:
        raise ValueError(f"{operator!r} is no operator of event patterns")
    return _OPERATORS[operator](value)


def _equals(wanted: Json) -> Callable[[Json], bool]:
    if _is_number(wanted):
        return lambda value: _is_number(value) and _number(value) == _number(wanted)
    return lambda value: type(value) is type(wanted) and value == wanted


def _exists(wanted: Json) -> Rule:
    if not isinstance(wanted, bool):
        raise ValueError("exists is true or false")
    return Rule(lambda _value: wanted, absent=not wanted)


def _prefix(wanted: Json) -> Rule:
    if isinstance(wanted, dict):
        start = _text(_only(wanted, "equals-ignore-case"), "prefix").lower()
        return Rule(_texts(lambda value: value.lower().startswith(start)))
    return Rule(_texts(_begins(_text(wanted, "prefix"))))


def _suffix(wanted: Json) -> Rule:
    if isinstance(wanted, dict):
        end = _text(_only(wanted, "equals-ignore-case"), "suffix").lower()
        return Rule(_texts(lambda value: value.lower().endswith(end)))
    return Rule(_texts(_ends(_text(wanted, "suffix"))))


def _same_but_for_case(wanted: Json) -> Rule:
    return Rule(_texts(_alike(_text(wanted, "equals-ignore-case"))))


def _wildcard(wanted: Json) -> Rule:
    return Rule(_texts(_like(_text(wanted, "wildcard"))))


def _anything_but(wanted: Json) -> Rule:
    if isinstance(wanted, dict):
        if len(wanted) != 1 or not _NOT.keys() >= wanted.keys():
            raise ValueError(f"anything-but takes one of {', '.join(_NOT)}")
        ((operator, told),) = wanted.items()
        texts = [_text(one, operator) for one in (told if isinstance(told, list) else [told])]
        if operator in ("prefix", "suffix") and not all(texts):
            raise ValueError(f"{operator} may not be empty in anything-but")
        tests = [_texts(_NOT[operator](one)) for one in texts]
    else:
        values = wanted if isinstance(wanted, list) else [wanted]
        kinds = {"number" if _is_number(one) else type(one).__name__ for one in values}
        if kinds not in ({"number"}, {"str"}):
            raise ValueError("anything-but takes texts or numbers, and not both")
        tests = [_equals(one) for one in values]
    return Rule(lambda value: not any(test(value) for test in tests))


def _numeric(wanted: Json) -> Rule:
    if not isinstance(wanted, list) or len(wanted) not in (2, 4):
        raise ValueError("numeric takes a comparison and a number, once or twice")
    signs, numbers = wanted[::2], wanted[1::2]
    kinds = [_COMPARISONS[sign][0] for sign in signs if isinstance(sign, str) and sign in _COMPARISONS]
    paired = len(kinds) == len(signs) and (len(kinds) == 1 or sorted(kinds) == ["above", "below"])
    if not paired or not all(_is_number(one) for one in numbers):
        raise ValueError("numeric takes =, or one of < and <=, or one of > and >=, or one of each, with a number")
    tests = [(_COMPARISONS[sign][1], _number(one)) for sign, one in zip(signs, numbers, strict=True)]
    return Rule(lambda value: _is_number(value) and all(test(_number(value), one) for test, one in tests))


def _cidr(wanted: Json) -> Rule:
    network = ipaddress.ip_network(_text(wanted, "cidr"), strict=False)

    def inside(value: str) -> bool:
        try:
            return ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return Rule(_texts(inside))


def _texts(test: Callable[[str], bool]) -> Callable[[Json], bool]:
    return lambda value: isinstance(value, str) and test(value)


def _begins(start: str) -> Callable[[str], bool]:
    return lambda value: value.startswith(start)


def _ends(end: str) -> Callable[[str], bool]:
    return lambda value: value.endswith(end)


def _alike(wanted: str) -> Callable[[str], bool]:
    return lambda value: value.lower() == wanted.lower()


def _like(wanted: str) -> Callable[[str], bool]:
    """`*` stands for any characters, `\\*` for a star and `\\\\` for a backslash."""
    if "**" in wanted:
        raise ValueError("two stars may not follow each other in a wildcard")
    parts = []
    at = 0
    for match in _ESCAPED.finditer(wanted):
        if match.start() != at or (match[1] and match[1] not in "*\\"):
            break
        parts.append(".*" if match[2] else re.escape(match[1] or match[3]))
        at = match.end()
    if at != len(wanted):
        raise ValueError("a backslash in a wildcard stands before a star or another backslash")
    expression = re.compile("".join(parts), re.DOTALL)
    return lambda value: expression.fullmatch(value) is not None


def _text(value: Json, operator: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{operator} takes a text")
    return value


def _only(told: dict[str, Json], name: str) -> Json:
    if told.keys() != {name}:
        raise ValueError(f"only {name} may stand here")
    return told[name]


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _number(value: Json) -> Decimal:
    """A number as AWS compares it; raises ValueError when it has more digits than AWS promises to look at."""
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    if abs(number) > _LARGEST or number != round(number, _DECIMALS):
        raise ValueError(f"{number} is compared with a number, and has more digits than AWS promises to compare")
    return number


_NOT: dict[str, Callable[[str], Callable[[str], bool]]] = {
    "prefix": _begins,
    "suffix": _ends,
    "equals-ignore-case": _alike,
    "wildcard": _like,
}
_COMPARISONS: dict[str, tuple[str, Callable[[Decimal, Decimal], bool]]] = {
    "=": ("equal", lambda value, wanted: value == wanted),
    "<": ("below", lambda value, wanted: value < wanted),
    "<=": ("below", lambda value, wanted: value <= wanted),
    ">": ("above", lambda value, wanted: value > wanted),
    ">=": ("above", lambda value, wanted: value >= wanted),
}
_OPERATORS: dict[str, Callable[[Json], Rule]] = {
    "anything-but": _anything_but,
    "cidr": _cidr,
    "equals-ignore-case": _same_but_for_case,
    "exists": _exists,
    "numeric": _numeric,
    "prefix": _prefix,
    "suffix": _suffix,
    "wildcard": _wildcard,
}
RESERVED = frozenset(_OPERATORS)
