"""The evaluator against an oracle that is written from AWS's documentation: ten thousand random questions a run.

Another sample with each change of the code. A failure prints the smallest case that fails in the same way.
"""

import json
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import TypeAlias

import pytest

from opsctl.block.topology import webacl
from opsctl.block.topology.forwarded import Forwarded
from opsctl.block.topology.waf_statements import told
from opsctl.model.value import Json
from tests.kit import aws_oracle as aws
from tests.kit.aws_oracle import Request
from tests.kit.random_ways import SHAPES, smaller
from tests.kit.samples import number_for
from tests.kit.way_judges import gets_in, is_plain, opsctl_says

QUESTIONS = 10_000


Asked: TypeAlias = tuple[str, bool, str]
"""The kind of way, whether by a header, and what was claimed."""


def disagreement(case: Json, seen: Counter[Asked] | None = None) -> str:
    """Say where the evaluator claims something that is not so; it may always say that it cannot tell."""
    forwarded = (
        Forwarded(header=case["forwarded"][0], position=case["forwarded"][1]) if case["forwarded"] else None
    )
    for block in case["blocks"]:
        said, found = opsctl_says(case, block, forwarded), gets_in(case, block, forwarded)
        for number, (claim, passes) in enumerate(zip(said, found, strict=True)):
            if seen is not None:
                seen[case["shape"], forwarded is not None, claim] += 1
            if claim == "dropped" and passes:
                return f"way {number}: dropped is said of {block}, and a request gets in"
            if claim == "passes" and not passes and is_plain(case):
                return f"way {number}: {block} is said to pass, and no request gets in"
    return ""


def smallest(case: Json) -> Json:
    """Leave out what can be left out, one thing after the other, as long as there is a disagreement."""
    while True:
        less = next((one for one in smaller(case) if _still_fails(one)), None)
        if less is None:
            return case
        case = less


def _still_fails(case: Json) -> bool:
    try:
        return bool(disagreement(case))
    except (KeyError, IndexError, ValueError):
        return False


def searched(questions: int, seed: int) -> tuple[Json | None, Counter[Asked]]:
    """Ask so many questions of random cases; the first that fails, made small."""
    random, seen = Random(seed), Counter[Asked]()  # noqa: S311 - cases, no secrets
    while sum(seen.values()) < questions:
        case = SHAPES[random.choice(list(SHAPES))](random)
        if disagreement(case, seen):
            return smallest(case), seen
    return None, seen


def test_what_is_said_of_ten_thousand_random_blocks_is_what_aws_would_do() -> None:
    failed, seen = searched(QUESTIONS, number_for("oracle"))
    assert failed is None, f"{disagreement(failed)}:\n{json.dumps(failed, indent=1)}"
    claims = Counter[str]()
    for (_, _, claim), many in seen.items():
        claims[claim] += many
    assert claims["dropped"] > QUESTIONS // 5, claims
    assert claims["passes"] > QUESTIONS // 10, claims
    assert claims["cannot tell"] < QUESTIONS // 2, claims
    assert_every_kind_is_asked_about(seen)


def assert_every_kind_is_asked_about(seen: Counter[Asked]) -> None:
    """Forwarded headers and tenants are a part of every run, and so is each claim about them."""
    by_header = sum(many for (_, forwarded, _), many in seen.items() if forwarded)
    assert by_header > QUESTIONS // 3, seen
    for shape in SHAPES:
        asked = sum(many for (of, _, _), many in seen.items() if of == shape)
        assert asked > QUESTIONS // 20, (shape, seen)
    for shape in set(SHAPES) - {"targets"}:  # what is behind a load balancer of packets has no header
        for claim in ("dropped", "passes", "cannot tell"):
            assert seen[shape, True, claim], (shape, claim, seen)


BROKEN: dict[str, tuple[str, Callable[..., object]]] = {
    "the last rule is taken first": ("_in_order", lambda rules: sorted(rules, key=lambda rule: -rule.priority)),
    "a header counts as the source": ("told", lambda *args: told(*args[:3])),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_an_evaluator_that_is_wrong_is_found_by_a_small_case(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, wrong = BROKEN[broken]
    monkeypatch.setattr(webacl, name, wrong)
    failed, _ = searched(QUESTIONS, 1)
    assert failed is not None
    rules = [rule for part in ("web", "front", "own") if part in failed for rule in failed[part]["Rules"]]
    assert len(rules) <= 4
    assert len(failed["blocks"]) == 1


CONFIG = {"HeaderName": "X-Forwarded-For", "FallbackBehavior": "MATCH", "Position": "FIRST"}
LISTED = {"set": ["10.1.1.1/32"]}


@pytest.mark.parametrize(
    ("header", "position", "fallback", "matches"),
    [
        ("10.1.1.1, 127.0.0.0, 10.10.10.10", "FIRST", "NO_MATCH", True),
        ("10.1.1.1, 127.0.0.0, 10.10.10.10", "LAST", "NO_MATCH", False),
        ("127.0.0.0, 10.1.1.1, 10.10.10.10", "ANY", "NO_MATCH", True),
        (", ".join(["10.1.1.1", *["127.0.0.1"] * 10]), "ANY", "NO_MATCH", False),
        ("unknown", "LAST", "MATCH", True),
        ("unknown", "LAST", "NO_MATCH", False),
        (None, "LAST", "MATCH", False),
    ],
)
def test_the_oracle_looks_at_a_header_as_the_api_reference_says(
    header: str | None, position: str, fallback: str, matches: bool
) -> None:
    """The example of IPSetForwardedIPConfig in the API reference; ten addresses; no header, no match."""
    config = CONFIG | {"Position": position, "FallbackBehavior": fallback}
    statement = {"IPSetReferenceStatement": {"ARN": "set", "IPSetForwardedIPConfig": config}}
    request = Request("192.0.2.1", {"x-forwarded-for": header} if header is not None else {})
    assert aws.matches(statement, LISTED, request) is matches


@pytest.mark.parametrize(
    ("custom", "seen"),
    [(None, "parent"), ({"Action": "override", "Arn": "own"}, "own"), ({"Action": "disable"}, None)],
)
def test_the_oracle_knows_which_web_acl_a_tenant_has(custom: Json, seen: str | None) -> None:
    tenant = {"Customizations": {"WebAcl": custom}}
    assert aws.web_acl_of_tenant(tenant, "parent", {"own": "own"}) == seen
