"""Conditions of Logs Insights QL: comparisons, and/or/not, lists, `like`, and the functions about addresses.

Source: CloudWatch Logs user guide, "filter" and "Boolean, comparison, numeric, datetime, and other functions"
(isIpInSubnet, isIpv4InSubnet, isIpv6InSubnet: false for what is no address, and for the other family).
"""

import ipaddress
import re
from collections.abc import Callable
from typing import Any, TypeAlias

from opsctl.sandbox.engine.insights_fields import Fields

Condition: TypeAlias = Callable[[Fields], bool]
Operand: TypeAlias = Callable[[Fields], Any]

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<pattern>/(?:[^/\\]|\\.)+/)|(?P<number>-?\d+(?:\.\d+)?)
    |(?P<mark><=|>=|!=|=~|[=<>(),\[\]])|`(?P<quoted>[^`]+)`|(?P<name>[@A-Za-z_][\w.@-]*))""",
    re.VERBOSE,
)
_FAMILIES = {"isipinsubnet": (4, 6), "isipv4insubnet": (4,), "isipv6insubnet": (6,)}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda one, other: bool(one < other),
    ">": lambda one, other: bool(one > other),
    "<=": lambda one, other: bool(one <= other),
    ">=": lambda one, other: bool(one >= other),
}


class Malformed(Exception):
    """The query is not understood."""


def parse_condition(text: str) -> Condition:
    """Return what tells whether a condition holds for an event.

    Raises:
        Malformed: it is none.
    """
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if found is None or found.lastgroup is None:
                raise Malformed(f"unexpected symbol found {text[at:].strip()[0]}")
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()

    def whole(self) -> Condition:
        condition = self.either()
        if self.tokens:
            raise Malformed(f"unexpected symbol found {self.tokens[0][1]}")
        return condition

    def either(self) -> Condition:
        parts = [self.both()]
        while self.word("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else lambda event: any(part(event) for part in parts)

    def both(self) -> Condition:
        parts = [self.one()]
        while self.word("and"):
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else lambda event: all(part(event) for part in parts)

    def one(self) -> Condition:
        if self.word("not"):
            inner = self.one()
            return lambda event: not inner(event)
        if self.mark("("):
            nested = self.either()
            self.need(")")
            return nested
        if self.tokens and self.tokens[0][1].lower() in (*_FAMILIES, "ispresent"):
            return self.function()
        return self.comparison()

    def function(self) -> Condition:
        name = self.tokens.pop(0)[1].lower()
        self.need("(")
        asked = self.operand()
        if name == "ispresent":
            self.need(")")
            return lambda event: asked(event) is not None
        self.need(",")
        kind, text = self.next()
        self.need(")")
        try:
            network = ipaddress.ip_network(text[1:-1] if kind == "text" else text, strict=False)
        except ValueError:
            raise Malformed(f"{text} is no subnet") from None
        families = _FAMILIES[name]
        return lambda event: _within(asked(event), network, families)

    def comparison(self) -> Condition:
        left = self.operand()
        if self.word("in"):
            values = self.values()
            return lambda event: any(_equal(left(event), one) for one in values)
        if self.word("like") or self.mark("=~"):
            kind, text = self.next()
            pattern = re.compile(text[1:-1] if kind == "pattern" else re.escape(text[1:-1]))
            return lambda event: pattern.search(str(left(event) if left(event) is not None else "")) is not None
        sign = self.next()[1]
        right = self.operand()
        if sign in _ORDER:
            return lambda event: _ordered(left(event), right(event), _ORDER[sign])
        if sign not in ("=", "!="):
            raise Malformed(f"unexpected symbol found {sign}")
        return lambda event: _equal(left(event), right(event)) == (sign == "=")

    def values(self) -> list[Any]:
        self.need("[")
        found = [self.operand()({})]
        while self.mark(","):
            found.append(self.operand()({}))
        self.need("]")
        return found

    def operand(self) -> Operand:
        kind, text = self.next()
        if kind == "text":
            plain = re.sub(r"\\(.)", r"\1", text[1:-1])
            return lambda _: plain
        if kind == "number":
            return lambda _: float(text)
        if kind in ("name", "quoted"):
            return lambda event: event.get(text)
        raise Malformed(f"unexpected symbol found {text}")

    def next(self) -> tuple[str, str]:
        if not self.tokens:
            raise Malformed("unexpected end of the query")
        return self.tokens.pop(0)

    def word(self, word: str) -> bool:
        return self._is("name", word)

    def mark(self, mark: str) -> bool:
        return self._is("mark", mark)

    def _is(self, kind: str, text: str) -> bool:
        if self.tokens and self.tokens[0][0] == kind and self.tokens[0][1].lower() == text:
            self.tokens.pop(0)
            return True
        return False

    def need(self, mark: str) -> None:
        if not self.mark(mark):
            raise Malformed(f"{mark} is missing")


def number(value: Any) -> float | None:
    """Return a value as a number, if it is one."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _equal(one: Any, other: Any) -> bool:
    left, right = number(one), number(other)
    return left == right if left is not None and right is not None else one is not None and str(one) == str(other)


def _ordered(one: Any, other: Any, holds: Callable[[Any, Any], bool]) -> bool:
    left, right = number(one), number(other)
    return left is not None and right is not None and holds(left, right)


def _within(value: Any, network: Any, families: tuple[int, ...]) -> bool:
    try:
        address = ipaddress.ip_address(str(value))
    except ValueError:
        return False
    return address.version in families and address.version == network.version and address in network
