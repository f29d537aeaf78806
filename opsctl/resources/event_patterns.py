"""Event patterns, by which EventBridge rules and the filters of event source mappings choose; pure.

Sources: EventBridge guide, "Amazon EventBridge event patterns" and "Comparison operators"; Lambda guide, "Filter
rule syntax"; and answers of TestEventPattern that were recorded in public tests
(tests/resources/test_event_patterns.py).
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from opsctl.model.value import Json
from opsctl.resources.event_pattern_rules import RESERVED, Rule, rule_of

_BRANCHES_AT_MOST = 1000
_STEPS_AT_MOST = 100_000


class EventValue(NamedTuple):
    """A value of an event that is neither object nor list, and at which place of which lists it stands."""

    value: Json
    places: dict[str, int]


_Leaf: TypeAlias = tuple[str, tuple[Rule, ...]]


class Pattern:
    """One pattern; `matches` tells whether an event is chosen by it.

    The names of members are joined by dots, in patterns and events alike. In a list any value will do, but all
    that is asked of the members of one object must be true of the same object in a list.
    """

    def __init__(self, text: str) -> None:
        """Read a pattern; raises ValueError when AWS would refuse it."""
        told = parsed(text)
        if not isinstance(told, dict):
            raise ValueError("a pattern is a JSON object")
        self.names = frozenset(told)
        self._branches = _branches(told, "")

    @property
    def asks(self) -> frozenset[str]:
        """The dotted names of the members that it asks for."""
        return frozenset(path for branch in self._branches for path, _ in branch)

    def matches(self, event: Json) -> bool:
        """Whether an event that `parsed` gave is chosen.

        Raises:
            ValueError: it cannot be told.
        """
        fields: dict[str, list[EventValue]] = {}
        for path, found in _flat(event, "", {}):
            fields.setdefault(path, []).append(found)
        return any(_Search(fields).finds(branch) for branch in self._branches)

    def may_match(self, known: Json) -> bool:
        """Whether an event of which some members are known can be chosen; false only when it certainly is not.

        `known` has no lists; what it does not tell is taken as whatever the pattern asks for.
        """
        fields = {path: found.value for path, found in _flat(known, "", {})}
        return any(
            all(path not in fields or any(rule.takes(fields[path]) for rule in rules) for path, rules in branch)
            for branch in self._branches
        )


def parsed(text: str) -> Json:
    """Read JSON without losing a digit of a number; raises ValueError when it is none."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")


def _branches(pattern: dict[str, Json], prefix: str) -> list[list[_Leaf]]:
    """What has to be true together; one of these is enough."""
    if not pattern:
        raise ValueError("an object in a pattern may not be empty")
    made: list[list[_Leaf]] = [[]]
    for name, value in pattern.items():
        options = _options(name, value, prefix)
        made = [before + one for before in made for one in options]
        if len(made) > _BRANCHES_AT_MOST:
            raise ValueError(f"the pattern has more than {_BRANCHES_AT_MOST} combinations")
    return made


def _options(name: str, value: Json, prefix: str) -> list[list[_Leaf]]:
    if name == "$or" and _is_choice(value):
        return [branch for one in value for branch in _branches(one, prefix)]
    path = f"{prefix}.{name}" if prefix else name
    if isinstance(value, dict):
        return _branches(value, path)
    if not isinstance(value, list) or not value:
        raise ValueError(f"{path} has to be an object, or a list that is not empty")
    return [[(path, tuple(rule_of(one) for one in value))]]


def _is_choice(value: Json) -> bool:
    """Whether `$or` is the operator; else it is a member of that name."""
    objects = isinstance(value, list) and len(value) > 1 and all(isinstance(one, dict) for one in value)
    return objects and not any(RESERVED & one.keys() for one in value)


def _flat(value: Json, path: str, places: dict[str, int], at: str = "") -> Iterator[tuple[str, EventValue]]:
    """Every plain value with its dotted path; `at` tells one list of an event from another of the same path."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _flat(member, f"{path}.{name}" if path else name, places, f"{at}.{name}")
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from _flat(member, path, {**places, at: number}, f"{at}[{number}]")
    else:
        yield path, EventValue(value, places)


class _Search:
    """Looks for a value for each leaf of a branch so that no two are of different objects of one list."""

    def __init__(self, fields: dict[str, list[EventValue]]) -> None:
        self._fields = fields
        self._steps = 0

    def finds(self, branch: list[_Leaf], places: dict[str, int] | None = None) -> bool:
        if not branch:
            return True
        self._steps += 1
        if self._steps > _STEPS_AT_MOST:
            raise ValueError("the event has too many lists to be compared with the pattern")
        (path, rules), rest = branch[0], branch[1:]
        here = places or {}
        candidates = self._fields.get(path, [])
        if not candidates:
            return any(rule.absent for rule in rules) and self.finds(rest, here)
        return any(
            self.finds(rest, {**here, **found.places})
            for found in candidates
            if all(here.get(one, number) == number for one, number in found.places.items())
            and any(rule.takes(found.value) for rule in rules)
        )
