"""Rules of AWS WAF that look at a header, told apart from those that look at the source of a request."""

import pytest

from opsctl.block.topology.forwarded import Forwarded
from opsctl.block.topology.webacl import (
    WebAclRule,
    acted_on,
    allow_lists,
    letting_in,
    parse_web_acl,
    request_passes,
)
from opsctl.model.networks import parse_network
from opsctl.model.value import Json
from opsctl.sandbox.engine.waf_capacity import capacity_of
from tests.block.topology.test_webacl import ATTACKER, BOTH, any_of, arn, negated, rule, web_acl, within

LIST = Forwarded(header="X-Forwarded-For")
ALONE = Forwarded.of("cloudflare")
BAD = {"bad": (BOTH,)}
OTHER = {"bad": ("203.0.113.0/24",)}


def looking(position: str, header: str = "X-Forwarded-For", name: str = "bad") -> Json:
    config = {"HeaderName": header, "FallbackBehavior": "NO_MATCH", "Position": position}
    return within(name, IPSetForwardedIPConfig=config)


@pytest.mark.parametrize(
    ("given", "header", "positions", "label"),
    [
        (("X-Forwarded-For", "auto"), "X-Forwarded-For", ("LAST", "ANY"), "by-x-forwarded-for"),
        (("x-real-ip", "last"), "x-real-ip", ("LAST",), "by-last-of-x-real-ip"),
        (("Cloudflare", "auto"), "CF-Connecting-IP", ("LAST",), "by-cf-connecting-ip"),
        (("akamai", "any"), "True-Client-IP", ("ANY",), "by-any-of-true-client-ip"),
        (("fastly", "first"), "Fastly-Client-IP", ("FIRST",), "by-first-of-fastly-client-ip"),
    ],
)
def test_a_header_is_known_by_its_name_or_by_its_cdn(
    given: tuple[str, str], header: str, positions: tuple[str, ...], label: str
) -> None:
    made = Forwarded.of(*given)  # type: ignore[arg-type]
    assert (made.header, made.positions, made.label) == (header, positions, label)
    assert Forwarded.recorded(made.record) == made


@pytest.mark.parametrize("text", ["", "a b", "X:Y", "X-Forwarded-For:middle", "ä", "x" * 61])
def test_what_is_no_header_is_refused_and_a_record_of_it_says_nothing(text: str) -> None:
    with pytest.raises(ValueError, match="is no header"):
        Forwarded.of(text)
    assert Forwarded.recorded(text) is None


@pytest.mark.parametrize("forwarded", [LIST, ALONE, Forwarded(header="X", position="first")])
def test_its_rule_costs_what_aws_counts_and_is_recognised_by_its_statement_alone(forwarded: Forwarded) -> None:
    statement = forwarded.statement("arn")
    assert capacity_of(statement, lambda _: 0) == forwarded.units
    assert forwarded.states(statement) == "arn"
    for other in (
        within("bad"),
        looking("LAST"),
        any_of(within("bad"), looking("FIRST", "Y")),
        negated(statement),
    ):
        assert forwarded.states(other) == ""


TOLD = [
    ("last, held", "LAST", LIST, BAD, "no"),
    ("any, held", "ANY", LIST, BAD, "no"),
    ("first, held: a client may put another in front", "FIRST", LIST, BAD, "unknown"),
    ("last, not held", "LAST", LIST, OTHER, "yes"),
    ("any, not held: a client may add one that is", "ANY", LIST, OTHER, "unknown"),
    ("first of honest clients", "FIRST", Forwarded(header="X-Forwarded-For", position="first"), BAD, "no"),
    ("another header", "LAST", Forwarded(header="X-Real-IP"), BAD, "unknown"),
    ("the case of a header does not matter", "LAST", Forwarded(header="x-forwarded-for"), BAD, "no"),
    ("the source", "LAST", None, BAD, "unknown"),
]


@pytest.mark.parametrize(
    ("position", "forwarded", "sets", "passes"), [one[1:] for one in TOLD], ids=[one[0] for one in TOLD]
)
def test_what_a_rule_about_a_header_does_to_an_address_in_it(
    position: str, forwarded: Forwarded | None, sets: dict[str, tuple[str, ...]], passes: str
) -> None:
    """A block that may match and an allow that may match leave the same doubt, the other way round."""
    blocking = web_acl(rule("bad", 1, "Block", looking(position)), allow=True, sets=sets)
    expected = passes if passes != "unknown" else "yes"
    assert request_passes(blocking, ATTACKER, forwarded).passes == expected
    allowing = web_acl(rule("bad", 1, "Allow", looking(position)), allow=False, sets=sets)
    turned = {"no": "yes", "yes": "no", "unknown": "unknown"}[passes]
    assert request_passes(allowing, ATTACKER, forwarded).passes == turned


def test_a_rule_about_the_source_tells_nothing_of_an_address_in_a_header() -> None:
    acl = web_acl(rule("bad", 1, "Block", within("bad")), allow=True, sets=BAD)
    assert request_passes(acl, ATTACKER).passes == "no"
    assert request_passes(acl, ATTACKER, LIST).passes == "yes"
    allowing = web_acl(rule("cdn", 1, "Allow", within("bad")), allow=False, sets=BAD)
    assert request_passes(allowing, ATTACKER, LIST).passes == "unknown", "the proxy's address may be in the set"


def test_our_rule_stops_an_address_in_the_header_and_one_that_gets_around_the_proxy() -> None:
    statement = LIST.statement(arn("bad"))
    acl = web_acl(rule("ours", 1, "Block", statement), allow=True, sets=BAD)
    assert [request_passes(acl, ATTACKER, one).passes for one in (LIST, None)] == ["no", "no"]
    (found,) = acl.rules
    assert (found.only_set(LIST), found.only_set(), found.only_set(ALONE)) == (arn("bad"), "", "")
    counting = web_acl(rule("ours", 1, "Count", statement), allow=True, sets=BAD)
    assert acted_on(counting, ATTACKER, "count", LIST)
    assert not acted_on(counting, ATTACKER, "count", ALONE)


def test_an_allow_list_counts_whether_it_holds_the_source_or_the_address_in_the_header() -> None:
    wanted = [parse_network(ATTACKER)]
    for statement in (within("bad"), looking("LAST")):
        acl = web_acl(rule("friends", 1, "Allow", statement), allow=True, sets=BAD)
        assert [one.rule.name for one in allow_lists(acl, wanted, LIST)] == ["friends"]
    by_header = web_acl(rule("friends", 1, "Allow", looking("LAST")), allow=True, sets=BAD)
    assert allow_lists(by_header, wanted) == (), "for the source nobody can tell"
    assert [one.how for one in letting_in(by_header, wanted)] == ["may"]
    partners = web_acl(rule("cdn", 1, "Allow", within("bad")), allow=True, sets=OTHER)
    assert [one.how for one in letting_in(partners, wanted)] == ["clear"]
    assert [one.how for one in letting_in(partners, wanted, LIST)] == ["may"], "the proxy may be in it"


def test_a_reference_among_others_is_no_rule_of_ours() -> None:
    """A statement that consists of more than references is foreign, whatever it looks like."""
    geo: Json = {"GeoMatchStatement": {"CountryCodes": ["KP"]}}
    mixed = WebAclRule.model_validate(
        {"name": "x", "priority": 1, "effect": "block", "statement": any_of(within("bad"), looking("LAST"), geo)}
    )
    assert mixed.only_set(LIST) == ""
    assert parse_web_acl({"WebACL": {"ARN": "a", "Id": "i", "Name": "n"}}, {}).rules == ()
