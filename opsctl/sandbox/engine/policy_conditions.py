"""The condition operators of IAM's policies. Pure.

Source: IAM user guide, "Condition operators" and "Set operators for multivalued context keys".
"""

import ipaddress
import operator as compare
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import TypeAlias

from opsctl.model.value import Json
from opsctl.sandbox.engine.policy_patterns import matches, matches_arn, plain

Match: TypeAlias = Callable[[str, str], bool]
"""Whether a value of the request is one that the policy names."""


class UnknownOperator(ValueError):
    """No operator of that name exists."""


def holds(operator: str, wanted: Sequence[str], found: Sequence[str] | None) -> bool:
    """Tell whether an operator holds for one key: the policy's values, and the request's, None where it has none.

    Raises:
        UnknownOperator: IAM has no such operator.
    """
    quantifier, _, rest = operator.rpartition(":")
    name = rest.removesuffix("IfExists")
    if quantifier not in ("", "ForAllValues", "ForAnyValue"):
        raise UnknownOperator(operator)
    if name == "Null":
        return (not found) == (wanted[0].lower() == "true")
    is_negated, match = _operator(name)
    if not found:
        return _holds_for_nothing(quantifier, is_negated=is_negated, if_exists=name != rest)
    verdicts = [any(match(value, one) for one in wanted) is not is_negated for value in found]
    if quantifier:
        return all(verdicts) if quantifier == "ForAllValues" else any(verdicts)
    return len(verdicts) == 1 and verdicts[0]


def listed(value: Json) -> list[Json]:
    """A list; of one, where a policy leaves the brackets out, and of none where there is nothing."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _holds_for_nothing(quantifier: str, *, is_negated: bool, if_exists: bool) -> bool:
    """A key that is not there matches nothing, so that what is negated holds; of no values all are anything."""
    if quantifier == "ForAnyValue":
        return if_exists
    return if_exists or is_negated or quantifier == "ForAllValues"


def _operator(name: str) -> tuple[bool, Match]:
    """An operator's match, and whether it is the negation of that."""
    if name in _MATCHES:
        return False, _MATCHES[name]
    positive = name.replace("Not", "", 1)
    if "Not" not in name or positive not in _CAN_BE_NEGATED:
        raise UnknownOperator(name)
    return True, _MATCHES[positive]


def _in_network(value: str, wanted: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(value) in ipaddress.ip_network(plain(wanted), strict=False)
    return False


def _number(text: str) -> float:
    return float(plain(text))


def _moment(text: str) -> float:
    """A date as IAM takes them: W3C's form of ISO 8601, or seconds since the epoch."""
    with suppress(ValueError):
        return float(text)
    found = datetime.fromisoformat(plain(text))
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _compared(parse: Callable[[str], float], how: Callable[[float, float], bool], value: str, wanted: str) -> bool:
    with suppress(ValueError):
        return how(parse(value), parse(wanted))
    return False


_MATCHES: Mapping[str, Match] = {
    "StringEquals": lambda value, wanted: value == plain(wanted),
    "StringEqualsIgnoreCase": lambda value, wanted: value.casefold() == plain(wanted).casefold(),
    "StringLike": lambda value, wanted: matches(wanted, value),
    "ArnEquals": lambda value, wanted: matches_arn(wanted, value),
    "ArnLike": lambda value, wanted: matches_arn(wanted, value),
    "Bool": lambda value, wanted: value.lower() == plain(wanted).lower(),
    "BinaryEquals": lambda value, wanted: value == plain(wanted),
    "IpAddress": _in_network,
} | {
    f"{kind}{name}": partial(_compared, parse, how)
    for kind, parse in (("Numeric", _number), ("Date", _moment))
    for name, how in (
        ("Equals", compare.eq),
        ("LessThan", compare.lt),
        ("LessThanEquals", compare.le),
        ("GreaterThan", compare.gt),
        ("GreaterThanEquals", compare.ge),
    )
}
_CAN_BE_NEGATED = (
    "StringEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
    "ArnEquals",
    "ArnLike",
    "IpAddress",
    "NumericEquals",
    "DateEquals",
)
