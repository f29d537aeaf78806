"""Which events a pattern chooses, by AWS's documentation alone, and random patterns with events that nearly match.

EventBridge guide, "Event patterns" and "Comparison operators for use in event patterns": all members must match,
one value of a list is enough, of a list of objects one object has to match whole; SNS guide, "Filter policy
operators". Pattern and event are walked side by side, with nothing of the evaluator that is judged.
"""

import fnmatch
import ipaddress
import json
import operator
from random import Random

from opsctl.model.value import Json

COMPARE = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
WORDS = ("paid", "Paid", "unpaid", "new", "img/a.jpg", "img/b.png", "10.0.0.7", "10.1.0.7", "")
NUMBERS = (-3, 0, 1, 7, 100, 2.5)


def chooses(pattern: Json, event: Json) -> bool:
    """Whether all members of a pattern are found in an event."""
    return all(_member(name, asked, event) for name, asked in pattern.items())


def _member(name: str, asked: Json, event: Json) -> bool:
    if name == "$or":
        return any(chooses(one, event) for one in asked)
    found = event.get(name, None) if isinstance(event, dict) else None
    there = isinstance(event, dict) and name in event
    if isinstance(asked, dict):
        objects = found if isinstance(found, list) else [found]
        return any(chooses(asked, one if isinstance(one, dict) else {}) for one in objects)
    values = (found if isinstance(found, list) else [found]) if there and not isinstance(found, dict) else []
    return any(_rule(rule, values) for rule in asked)


def _rule(rule: Json, values: list[Json]) -> bool:
    if isinstance(rule, dict) and "exists" in rule:
        return bool(values) is rule["exists"]
    return any(_is(rule, value) for value in values)


def _is(rule: Json, value: Json) -> bool:
    if not isinstance(rule, dict):
        return _same(rule, value)
    ((name, asked),) = rule.items()
    if name == "anything-but":
        return _anything_but(asked, value)
    if name == "numeric":
        pairs = zip(asked[::2], asked[1::2], strict=True)
        return _is_number(value) and all(COMPARE[sign](value, bound) for sign, bound in pairs)
    return isinstance(value, str) and _text(name, asked, value)


def _text(name: str, asked: Json, value: str) -> bool:
    if name in ("prefix", "suffix"):
        if isinstance(asked, dict):
            value, asked = value.lower(), asked["equals-ignore-case"].lower()
        return value.startswith(asked) if name == "prefix" else value.endswith(asked)
    if name == "equals-ignore-case":
        return value.lower() == str(asked).lower()
    if name == "wildcard":
        return fnmatch.fnmatchcase(value, asked)
    try:
        return name == "cidr" and ipaddress.ip_address(value) in ipaddress.ip_network(asked)
    except ValueError:
        return False


def _anything_but(asked: Json, value: Json) -> bool:
    if isinstance(asked, dict):
        ((name, text),) = asked.items()
        texts = text if isinstance(text, list) else [text]
        return not any(_text(name, one, value) for one in texts)
    return not any(_same(one, value) for one in (asked if isinstance(asked, list) else [asked]))


def _same(one: Json, other: Json) -> bool:
    return (type(one) is type(other) or (_is_number(one) and _is_number(other))) and bool(one == other)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def random_rule(random: Random, *, text: bool, exists: bool = True) -> Json:
    """A rule for a member that is a text, or a number."""
    if exists and random.random() < 0.12:
        return {"exists": random.random() < 0.6}
    if not text:
        number, more = random.choice(NUMBERS), random.choice(NUMBERS)
        low, high = sorted((number, more + 1))
        return random.choice(
            (number, {"numeric": [random.choice(list(COMPARE)), number]}, {"anything-but": [number, more]})
            + (({"numeric": [">", low, "<=", high]},) if low < high else ())
        )
    word = random.choice(WORDS[:-1])
    return random.choice(
        (
            word,
            {"prefix": word[:3]},
            {"suffix": word[-3:]},
            {"equals-ignore-case": word.upper()},
            {"anything-but": word},
            {"anything-but": [word, "new"]},
            {"anything-but": {"prefix": word[:2]}},
            {"wildcard": f"{word[:2]}*{word[-1]}"},
            {"cidr": "10.0.0.0/16"},
        )
    )


def random_object(random: Random, depth: int = 2) -> Json:
    """An object of an event: t1, t2 texts, n1 a number, l1 a list of texts, o1 an object, a1 a list of objects."""
    made: dict[str, Json] = {}
    for name in ("t1", "t2", "n1", "l1", "o1", "a1"):
        if random.random() < 0.25:
            continue
        if name[0] == "t":
            made[name] = random.choice(WORDS)
        elif name[0] == "n":
            made[name] = random.choice(NUMBERS)
        elif name[0] == "l":
            made[name] = random.sample(WORDS, random.randint(1, 3))
        elif depth:
            objects = [random_object(random, depth - 1) for _ in range(random.randint(1, 3))]
            made[name] = objects[0] if name[0] == "o" else objects
    return made


def random_pattern(random: Random, event: Json, *, listed: bool = False) -> Json:
    """A pattern that asks for a few members, often of what an event has; below lists it asks for no absence."""
    names = random.sample(("t1", "t2", "n1", "l1", "o1", "a1"), random.randint(1, 2))
    made: dict[str, Json] = {}
    for name in names:
        found = event.get(name) if isinstance(event, dict) else None
        if name[0] in "oa" and found:
            inner = found[0] if isinstance(found, list) else found
            asked = random_pattern(random, inner, listed=listed or name[0] == "a")
            made[name] = asked
        elif name[0] in "tnl":
            made[name] = _rules(random, found, text=name[0] != "n", exists=not listed)
    if made and len(made) == 1 and not listed and random.random() < 0.15:
        other = {"t2": [random_rule(random, text=True)]}
        return {"$or": [made, other]}
    return made or {"t1": _rules(random, event.get("t1"), text=True, exists=not listed)}


def _rules(random: Random, found: Json, *, text: bool, exists: bool) -> list[Json]:
    rules = [random_rule(random, text=text, exists=exists) for _ in range(random.randint(1, 2))]
    if found is not None and random.random() < 0.4:
        rules.append(found[0] if isinstance(found, list) else found)
    return rules


def random_attributes(random: Random) -> tuple[dict[str, Json], Json]:
    """Message attributes as Publish takes them, and the values that they are to a filter policy."""
    values = {name: value for name, value in random_object(random, 0).items() if name[0] in "tnl"}
    made: dict[str, Json] = {}
    for name, value in values.items():
        kind = {"t": "String", "n": "Number", "l": "String.Array"}[name[0]]
        made[name] = {"DataType": kind, "StringValue": json.dumps(value) if name[0] == "l" else str(value)}
    return made, values
