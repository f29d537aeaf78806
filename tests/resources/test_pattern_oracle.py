"""Patterns and filter policies against an evaluator written from AWS's documentation: a thousand of each a run."""

import json
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from opsctl.model.value import Json
from opsctl.resources import event_patterns
from opsctl.resources.event_pattern_rules import rule_of
from opsctl.resources.event_patterns import Pattern, parsed
from opsctl.resources.sns_filters import ATTRIBUTES, BODY, FilterPolicy
from tests.kit.pattern_oracle import chooses, random_attributes, random_object, random_pattern
from tests.kit.samples import number_for

CASES = 1000


def on_a_bus(random: Random) -> tuple[bool, bool, Json]:
    """What is said of an event and a rule's pattern, what is so, and the case."""
    event = random_object(random)
    pattern = random_pattern(random, event)
    said = Pattern(json.dumps(pattern)).matches(parsed(json.dumps(event)))
    return said, chooses(pattern, event), [pattern, event]


def in_a_body(random: Random) -> tuple[bool, bool, Json]:
    """What is said of a message's body and a filter policy."""
    body = random_object(random, 1)
    policy = random_pattern(random, body)
    said = FilterPolicy(json.dumps(policy), scope=BODY).takes(json.dumps(body), {})
    return said, chooses(policy, body), [policy, body]


def in_attributes(random: Random) -> tuple[bool, bool, Json]:
    """What is said of a message's attributes and a filter policy, which has no nested names."""
    attributes, values = random_attributes(random)
    policy = random_pattern(random, values)
    said = FilterPolicy(json.dumps(policy), scope=ATTRIBUTES).takes("", attributes)
    return said, chooses(policy, values), [policy, attributes]


KINDS = {"pattern": on_a_bus, "body": in_a_body, "attributes": in_attributes}


def disagreements(kind: str, seed: int, seen: Counter[bool]) -> Iterator[Json]:
    """Go through random cases; yield those that are judged otherwise than AWS says."""
    random = Random(seed)  # noqa: S311 - cases, no secrets
    for _ in range(CASES):
        said, is_so, case = KINDS[kind](random)
        seen[is_so] += 1
        if said != is_so:
            yield [is_so, *case]


@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_random_events_are_chosen_as_aws_says(kind: str) -> None:
    seen = Counter[bool]()
    wrong = sorted(disagreements(kind, number_for(kind), seen), key=lambda case: len(json.dumps(case)))
    assert not wrong, f"{len(wrong)} of {CASES} differ; the smallest: {json.dumps(wrong[0])}"
    assert min(seen[True], seen[False]) > CASES // 10, seen


@pytest.mark.parametrize("swapped", [("prefix", "suffix"), ("anything-but", "equals-ignore-case")])
def test_an_evaluator_that_is_wrong_is_found(swapped: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = swapped

    def wrong(rule: Json) -> object:
        plain = isinstance(rule, dict) and isinstance(rule.get(one), str)
        return rule_of({other: rule[one]} if plain else rule)

    monkeypatch.setattr(event_patterns, "rule_of", wrong)
    assert next(disagreements("pattern", 1, Counter[bool]()), None) is not None
