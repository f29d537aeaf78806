"""What a web ACL does to requests from an address: each rule of AWS alone, and all against a naive evaluator."""

import ipaddress
import itertools
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsctl.block.topology.webacl import (
    IpSet,
    WebAcl,
    allow_lists,
    letting_in,
    parse_ip_set,
    parse_web_acl,
    request_passes,
)
from opsctl.model.networks import parse_network
from opsctl.model.value import Json

ARN = "arn:aws:wafv2:us-east-1:123456789012:regional"
ATTACKER = "198.51.100.7"
LOW, HIGH, BOTH = "198.51.100.0/25", "198.51.100.128/25", "198.51.100.0/24"
HALVES = {"low": (LOW,), "high": (HIGH,), "both": (BOTH,)}
HEADER: Json = {"ByteMatchStatement": {"SearchString": "let-me-in", "PositionalConstraint": "EXACTLY"}}
LABEL: Json = {"LabelMatchStatement": {"Scope": "LABEL", "Key": "awswaf:managed:token:accepted"}}
GEO: Json = {"GeoMatchStatement": {"CountryCodes": ["KP"]}}
GROUP: Json = {"RuleGroupReferenceStatement": {"ARN": f"{ARN}/rulegroup/ours/1"}}
FORWARDED = {"HeaderName": "X-Forwarded-For", "FallbackBehavior": "NO_MATCH", "Position": "ANY"}


def arn(name: str) -> str:
    return f"{ARN}/ipset/{name}/{name}-id"


def within(name: str, **more: Json) -> Json:
    return {"IPSetReferenceStatement": {"ARN": arn(name), **more}}


def negated(statement: Json) -> Json:
    return {"NotStatement": {"Statement": statement}}


def all_of(*statements: Json) -> Json:
    return {"AndStatement": {"Statements": list(statements)}}


def any_of(*statements: Json) -> Json:
    return {"OrStatement": {"Statements": list(statements)}}


def rate(down: Json = None) -> Json:
    more = {"ScopeDownStatement": down} if down else {}
    return {"RateBasedStatement": {"Limit": 100, "AggregateKeyType": "IP", **more}}


def managed(vendor: str = "AWS", **more: Json) -> Json:
    return {"ManagedRuleGroupStatement": {"VendorName": vendor, "Name": "AWSManagedRulesCommonRuleSet", **more}}


def rule(name: str, priority: int, action: str, statement: Json) -> Json:
    return {"Name": name, "Priority": priority, "Action": {action: {}}, "Statement": statement}


def group_rule(name: str, priority: int, statement: Json, override: str = "None") -> Json:
    return {"Name": name, "Priority": priority, "OverrideAction": {override: {}}, "Statement": statement}


def web_acl(
    *rules: Json, allow: bool = True, sets: Mapping[str, tuple[str, ...]] | None = None, **more: Json
) -> WebAcl:
    known = {"bad": (f"{ATTACKER}/32",), "friends": ("192.0.2.0/24",)} | dict(sets or {})
    parsed = {
        arn(name): parse_ip_set(
            {
                "ARN": arn(name),
                "Id": f"{name}-id",
                "Name": name,
                "IPAddressVersion": "IPV6" if any(":" in one for one in addresses) else "IPV4",
                "Addresses": list(addresses),
            }
        )
        for name, addresses in known.items()
    }
    default: Json = {"Allow": {}} if allow else {"Block": {}}
    raw = {
        "ARN": f"{ARN}/webacl/edge/e1",
        "Id": "e1",
        "Name": "edge",
        "DefaultAction": default,
        "Rules": list(rules),
    }
    return parse_web_acl({"WebACL": raw | more}, parsed)


def passes(acl: WebAcl, source: str = ATTACKER) -> tuple[str, str]:
    outcome = request_passes(acl, source)
    return outcome.passes, outcome.rule


@pytest.mark.parametrize(("allow", "expected"), [(True, "yes"), (False, "no")])
def test_without_a_matching_rule_the_default_action_decides(allow: bool, expected: str) -> None:
    other = rule("r", 1, "Block", within("friends")), rule("s", 2, "Allow", within("friends"))
    assert passes(web_acl(*other, allow=allow)) == (expected, "")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [("Block", "Allow", ("no", "low")), ("Allow", "Block", ("yes", "low"))],
)
def test_the_lower_number_comes_first_however_the_rules_are_listed(
    first: str, second: str, expected: tuple[str, str]
) -> None:
    acl = web_acl(rule("high", 2, second, within("bad")), rule("low", 1, first, within("bad")))
    assert passes(acl) == expected


@pytest.mark.parametrize("action", ["Count", "Challenge", "Captcha"])
@pytest.mark.parametrize(("allow", "expected"), [(True, "yes"), (False, "no")])
def test_what_counts_or_challenges_neither_drops_nor_lets_in(action: str, allow: bool, expected: str) -> None:
    assert passes(web_acl(rule("r", 1, action, within("bad")), allow=allow)) == (expected, "")


def test_a_payment_may_let_in() -> None:
    """Monetize ends the evaluation: who pays gets access (API reference, MonetizeAction)."""
    acl = web_acl(rule("paid", 1, "Monetize", within("bad")), rule("bad", 2, "Block", within("bad")))
    assert passes(acl) == ("unknown", "paid")


STATEMENTS: list[tuple[str, Json, bool | None]] = [
    ("in the set", within("bad"), True),
    ("not in the set", within("friends"), False),
    ("set unread", within("nowhere"), None),
    ("forwarded", within("bad", IPSetForwardedIPConfig=FORWARDED), None),
    ("forwarded, not listed", within("friends", IPSetForwardedIPConfig=FORWARDED), None),
    ("header", HEADER, None),
    ("label", LABEL, None),
    ("country", GEO, None),
    ("not: yes", negated(within("bad")), False),
    ("not: no", negated(within("friends")), True),
    ("not: cannot tell", negated(HEADER), None),
    ("and: both", all_of(within("bad"), negated(within("friends"))), True),
    ("and: one no", all_of(within("bad"), within("friends")), False),
    ("and: no beats doubt", all_of(HEADER, within("friends")), False),
    ("and: doubt beats yes", all_of(HEADER, within("bad")), None),
    ("or: one yes", any_of(within("friends"), within("bad")), True),
    ("or: none", any_of(within("friends"), negated(within("bad"))), False),
    ("or: yes beats doubt", any_of(HEADER, within("bad")), True),
    ("or: doubt beats no", any_of(HEADER, within("friends")), None),
    ("nested", all_of(any_of(within("friends"), within("bad")), negated(all_of(within("bad"), GEO))), None),
    ("rate", rate(), None),
    ("rate, scoped to it", rate(within("bad")), None),
    ("rate, scoped away", rate(within("friends")), False),
]
ANSWERS = {True: "yes", False: "no", None: "unknown"}


@pytest.mark.parametrize(
    ("statement", "matches"), [one[1:] for one in STATEMENTS], ids=[one[0] for one in STATEMENTS]
)
def test_a_statement_matches_certainly_certainly_not_or_nobody_can_tell(
    statement: Json, matches: bool | None
) -> None:
    allowing = web_acl(rule("r", 1, "Allow", statement), allow=False)
    assert request_passes(allowing, ATTACKER).passes == ANSWERS[matches]
    blocking = web_acl(rule("r", 1, "Block", statement))
    assert request_passes(blocking, ATTACKER).passes == ("no" if matches else "yes")


GROUPS: list[tuple[str, Json, bool]] = [
    ("of AWS", group_rule("g", 1, managed()), False),
    ("of a vendor", group_rule("g", 1, managed("F5")), True),
    ("of a vendor, counted", group_rule("g", 1, managed("F5"), "Count"), False),
    ("of a vendor, scoped away", group_rule("g", 1, managed("F5", ScopeDownStatement=within("friends"))), False),
    ("of a vendor, scoped to it", group_rule("g", 1, managed("F5", ScopeDownStatement=within("bad"))), True),
    ("ours", group_rule("g", 1, GROUP), True),
    ("ours, counted", group_rule("g", 1, GROUP, "Count"), False),
    (
        "of AWS with a rule that allows",
        group_rule("g", 1, managed(RuleActionOverrides=[{"Name": "x", "ActionToUse": {"Allow": {}}}])),
        True,
    ),
    (
        "of AWS with rules that block or ask",
        group_rule(
            "g",
            1,
            managed(
                RuleActionOverrides=[
                    {"Name": one, "ActionToUse": {one: {}}} for one in ("Block", "Captcha", "Challenge")
                ]
            ),
        ),
        False,
    ),
    (
        "of AWS with a rule that counts",
        group_rule("g", 1, managed(RuleActionOverrides=[{"Name": "x", "ActionToUse": {"Count": {}}}])),
        False,
    ),
]


@pytest.mark.parametrize(("group", "lets_in"), [one[1:] for one in GROUPS], ids=[one[0] for one in GROUPS])
def test_a_rule_group_that_may_allow_makes_a_block_behind_it_doubtful(group: Json, lets_in: bool) -> None:
    acl = web_acl(group, rule("bad", 2, "Block", within("bad")))
    assert passes(acl) == (("unknown", "g") if lets_in else ("no", "bad"))
    assert passes(web_acl(group)) == ("yes", ""), "a group drops nothing for certain"


def fms(name: str, priority: int, statement: Json, override: str = "None") -> Json:
    return {
        "Name": name,
        "Priority": priority,
        "FirewallManagerStatement": statement,
        "OverrideAction": {override: {}},
    }


def test_the_first_groups_of_firewall_manager_come_before_every_rule_of_the_account() -> None:
    first = [fms("second", 2, GROUP), fms("first", 1, GROUP)]
    acl = web_acl(rule("bad", 0, "Block", within("bad")), PreProcessFirewallManagerRuleGroups=first)
    assert passes(acl) == ("unknown", "first")
    assert acl.firewall_manager
    counted = [fms("first", 1, GROUP, "Count"), fms("aws", 2, managed())]
    acl = web_acl(rule("bad", 0, "Block", within("bad")), PreProcessFirewallManagerRuleGroups=counted)
    assert passes(acl) == ("no", "bad")


def test_numbers_of_firewall_manager_and_of_the_account_are_counted_apart() -> None:
    own = rule("bad", 1, "Block", within("bad"))
    for number in (0, 1, 2):
        first = web_acl(own, PreProcessFirewallManagerRuleGroups=[fms("g", number, GROUP)])
        last = web_acl(own, PostProcessFirewallManagerRuleGroups=[fms("g", number, GROUP)])
        assert (passes(first), passes(last)) == (("unknown", "g"), ("no", "bad"))


def test_the_last_groups_of_firewall_manager_may_let_in_what_the_default_would_block() -> None:
    last: dict[str, Json] = {"PostProcessFirewallManagerRuleGroups": [fms("last", 1, GROUP)]}
    assert passes(web_acl(allow=False, **last)) == ("unknown", "last")
    assert passes(web_acl(rule("bad", 5, "Block", within("bad")), allow=False, **last)) == ("no", "bad")


def test_a_block_of_addresses_is_dropped_only_when_all_of_it_is() -> None:
    halves = {"low": ("198.51.100.0/25",), "high": ("198.51.100.128/25",)}
    low, high = rule("low", 1, "Block", within("low")), rule("high", 2, "Block", within("high"))
    assert passes(web_acl(low, high, sets=halves), "198.51.100.0/24") == ("no", "high")
    partly = request_passes(web_acl(low, sets=halves), "198.51.100.0/24")
    assert (partly.passes, partly.source) == ("yes", "198.51.100.128")


def test_one_address_that_passes_outweighs_one_that_nobody_can_tell() -> None:
    halves = {"low": ("198.51.100.0/25",)}
    doubt = rule("maybe", 1, "Allow", all_of(HEADER, within("low")))
    acl = web_acl(doubt, rule("bad", 2, "Block", within("low")), sets=halves)
    assert passes(acl, "198.51.100.0/24") == ("yes", "")
    assert passes(acl, "198.51.100.0/25") == ("unknown", "maybe")


def test_the_families_never_match_each_other() -> None:
    acl = web_acl(rule("six", 1, "Block", within("six")), sets={"six": ("2001:db8::/32",)})
    assert passes(acl) == ("yes", "")
    assert passes(acl, "2001:db8::7") == ("no", "six")


def test_firewall_manager_is_seen_by_its_first_groups_its_last_groups_or_its_mark() -> None:
    marks: list[dict[str, Json]] = [
        {"PreProcessFirewallManagerRuleGroups": [fms("g", 1, GROUP)]},
        {"PostProcessFirewallManagerRuleGroups": [fms("g", 1, GROUP)]},
        {"ManagedByFirewallManager": True},
    ]
    for mark in marks:
        acl = web_acl(rule("r", 1, "Block", within("bad")), **mark)
        assert acl.firewall_manager
        assert [one.name for one in acl.rules if one.foreign] == (["g"] if len(acl.rules) > 1 else [])
    assert not web_acl().firewall_manager


@pytest.mark.parametrize(
    ("statement", "only"),
    [
        (within("bad"), arn("bad")),
        (within("bad", IPSetForwardedIPConfig=FORWARDED), ""),
        (negated(within("bad")), ""),
        (HEADER, ""),
    ],
)
def test_a_statement_that_is_an_ip_set_alone_looks_at_the_source_and_nothing_else(
    statement: Json, only: str
) -> None:
    (found,) = web_acl(rule("r", 1, "Block", statement)).rules
    assert found.only_set() == only


def test_of_several_doubts_the_first_is_named() -> None:
    halves = {"low": ("198.51.100.0/25",), "high": ("198.51.100.128/25",)}
    first = rule("low", 1, "Allow", all_of(HEADER, within("low")))
    second = rule("high", 2, "Allow", all_of(HEADER, within("high")))
    outcome = request_passes(web_acl(first, second, allow=False, sets=halves), "198.51.100.0/24")
    assert (outcome.rule, outcome.source) == ("low", "198.51.100.0")


def test_an_outcome_names_the_rule_and_the_sets_it_rests_on() -> None:
    statement = all_of(within("bad"), negated(within("friends")))
    outcome = request_passes(web_acl(rule("r", 1, "Block", statement)), ATTACKER)
    assert outcome.by == "rule r (IP set bad, friends)"
    either = web_acl(rule("r", 1, "Block", any_of(within("friends"), within("bad"))))
    assert request_passes(either, ATTACKER).by == "rule r (IP set bad)", (
        "the set that does not hold it says nothing"
    )
    assert request_passes(web_acl(rule("r", 1, "Allow", HEADER), allow=False), ATTACKER).by == "rule r"


def standing(acl: WebAcl, *sources: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    found = letting_in(acl, [parse_network(one) for one in sources or (ATTACKER,)])
    return {one.rule.name: (one.how, tuple(text.split("/")[-2] for text in one.sets)) for one in found}


def test_rules_that_may_let_an_address_in_are_told_from_those_that_certainly_do_not() -> None:
    acl = web_acl(
        rule("partners", 0, "Allow", within("friends")),
        rule("but-not-bad", 1, "Allow", negated(within("bad"))),
        rule("listed", 2, "Allow", within("bad")),
        rule("monitor", 3, "Allow", HEADER),
        rule("rest", 4, "Allow", negated(within("friends"))),
        rule("paid", 5, "Monetize", within("bad")),
        rule("count", 6, "Count", within("bad")),
        rule("stop", 7, "Block", within("bad")),
        group_rule("ours", 8, GROUP),
    )
    assert standing(acl) == {
        "partners": ("clear", ("friends",)),
        "but-not-bad": ("clear", ("bad",)),
        "listed": ("listed", ("bad",)),
        "monitor": ("may", ()),
        "rest": ("may", ()),
        "paid": ("may", ()),
        "ours": ("may", ()),
    }


def test_a_rule_is_clear_of_a_block_only_when_it_is_clear_of_all_of_it() -> None:
    acl = web_acl(rule("partners", 0, "Allow", within("friends")))
    assert standing(acl, "192.0.0.0/16") == {"partners": ("listed", ("friends",))}
    assert standing(acl, ATTACKER, "192.0.2.9") == {"partners": ("listed", ("friends",))}
    assert standing(acl, "192.0.3.0/24", ATTACKER) == {"partners": ("clear", ("friends",))}


@pytest.mark.parametrize(("first", "listed"), [("Block", []), ("Count", ["partners"])])
def test_an_allow_list_lets_an_address_in_only_when_nothing_stops_it_before(first: str, listed: list[str]) -> None:
    acl = web_acl(
        rule("bad", 0, first, within("bad")),
        rule("monitor", 1, "Count", HEADER),
        rule("partners", 2, "Allow", any_of(within("friends"), within("bad"))),
    )
    assert [one.rule.name for one in allow_lists(acl, [parse_network(ATTACKER)])] == listed


def test_every_answer_names_its_rule_and_an_address_it_is_so_for() -> None:
    outcome = request_passes(web_acl(rule("r", 1, "Allow", within("bad"))), ATTACKER)
    assert (outcome.by, outcome.source) == ("rule r (IP set bad)", ATTACKER)
    stop = rule("bad", 2, "Block", within("bad"))
    for rules, said in (
        ((stop,), ("no", "bad")),
        ((rule("maybe", 1, "Allow", HEADER), stop), ("unknown", "maybe")),
    ):
        stopped = request_passes(web_acl(*rules), ATTACKER)
        assert (stopped.passes, stopped.rule, stopped.source) == (*said, ATTACKER)


def test_every_set_that_clears_a_rule_of_some_part_is_named_for_the_whole() -> None:
    acl = web_acl(rule("partners", 0, "Allow", all_of(within("low"), within("high"))), sets=HALVES)
    assert standing(acl, BOTH) == {"partners": ("clear", ("high", "low"))}


def test_an_ip_set_is_read_with_its_family() -> None:
    for text, version in (("IPV4", 4), ("IPV6", 6)):
        raw = {"ARN": "arn", "Id": "id", "Name": "name", "IPAddressVersion": text}
        assert parse_ip_set(raw) == IpSet(arn="arn", id="id", name="name", version=version, addresses=())
        assert parse_ip_set(raw | {"Addresses": ["a", "b"]}).addresses == ("a", "b")


def test_a_web_acl_is_read_with_its_scope_its_default_and_the_sets_it_refers_to() -> None:
    found = web_acl(rule("r", 1, "Block", any_of(within("bad"), within("unread"))), allow=False)
    assert (found.arn, found.id, found.name) == (f"{ARN}/webacl/edge/e1", "e1", "edge")
    assert (found.scope, found.default_allow, list(found.ip_sets)) == ("REGIONAL", False, [arn("bad")])
    bare: Json = {"ARN": "arn:aws:wafv2:us-east-1:1:global/webacl/edge/e1", "Id": "e1", "Name": "edge"}
    edge = parse_web_acl({"WebACL": bare}, {})
    assert (edge.scope, edge.default_allow, edge.rules) == ("CLOUDFRONT", False, ())


@pytest.mark.parametrize(
    ("raw", "effect", "action", "anti_ddos"),
    [
        (rule("r", 1, "Allow", GEO), "allow", "allow", False),
        (rule("r", 1, "Block", GEO), "block", "block", False),
        (rule("r", 1, "Captcha", GEO), "go on", "captcha", False),
        (group_rule("r", 1, managed()), "go on", "", False),
        (group_rule("r", 1, managed(Name="AWSManagedRulesAntiDDoSRuleSet")), "go on", "", True),
        (group_rule("r", 1, GROUP), "opaque", "", False),
        ({"Name": "r", "Priority": 1}, "opaque", "", False),
    ],
    ids=["allow", "block", "captcha", "group of AWS", "anti-DDoS", "group of ours", "nothing known"],
)
def test_a_rule_is_read_with_what_it_does(raw: Json, effect: str, action: str, anti_ddos: bool) -> None:
    (found,) = web_acl(raw).rules
    assert (found.effect, found.action, found.anti_ddos, found.foreign) == (effect, action, anti_ddos, False)
    assert found.statement == raw.get("Statement", {})


def listed(acl: WebAcl, *blocks: str) -> dict[str, str]:
    return {one.rule.name: one.source for one in allow_lists(acl, [parse_network(block) for block in blocks])}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([rule("partners", 0, "Allow", within("high"))], {"partners": "198.51.100.128"}),
        (
            [rule("other", 0, "Allow", HEADER), rule("partners", 1, "Allow", within("low"))],
            {"partners": "198.51.100.0"},
        ),
        (
            [rule("bad", 0, "Block", within("low")), rule("partners", 1, "Allow", within("both"))],
            {"partners": "198.51.100.128"},
        ),
        (
            [
                rule("bad", 0, "Block", within("low")),
                rule("partners", 1, "Allow", any_of(within("low"), all_of(HEADER, within("high")))),
            ],
            {},
        ),
        (
            [
                rule("bad", 0, "Block", within("low")),
                rule("partners", 1, "Allow", any_of(within("low"), negated(within("friends")))),
            ],
            {},
        ),
        (
            [rule("one", 0, "Allow", within("low")), rule("two", 1, "Allow", within("high"))],
            {"one": "198.51.100.0", "two": "198.51.100.128"},
        ),
    ],
    ids=[
        "half passes anyway",
        "doubt in front",
        "half is stopped",
        "rest in doubt",
        "rest not listed",
        "two lists",
    ],
)
def test_of_a_block_that_is_partly_on_an_allow_list_that_part_is_what_counts(
    rules: list[Json], expected: dict[str, str]
) -> None:
    acl = web_acl(*rules, sets=HALVES)
    assert listed(acl, BOTH) == expected
    assert listed(acl, LOW, HIGH) == expected
    assert listed(acl, HIGH, LOW) == expected


# --- against an evaluator that tries every request ---

UNIVERSE = "203.0.113.0/29"
BLOCKS = ["203.0.113.0/29", "203.0.113.0/30", "203.0.113.4/30", "203.0.113.2/31", "203.0.113.5/32", "192.0.2.1/32"]
SETS = ["s0", "s1", "s2"]


def tagged(draw: st.DrawFn, counter: "itertools.count[int]", depth: int) -> Json:
    """A statement; what depends on the request has a number of its own."""
    kinds = ["set", "other"] if depth == 0 else ["set", "set", "other", "not", "and", "or", "rate"]
    kind = draw(st.sampled_from(kinds))
    if kind == "set":
        return within(draw(st.sampled_from(SETS)))
    if kind == "other":
        return {"ByteMatchStatement": {"SearchString": f"{next(counter)}"}}
    if kind == "not":
        return negated(tagged(draw, counter, depth - 1))
    if kind == "rate":
        return rate(tagged(draw, counter, depth - 1)) | {"number": next(counter)}
    parts = [tagged(draw, counter, depth - 1) for _ in range(draw(st.integers(2, 3)))]
    return all_of(*parts) if kind == "and" else any_of(*parts)


@st.composite
def web_acls(draw: st.DrawFn) -> tuple[WebAcl, list[Json], dict[str, tuple[str, ...]], int, bool]:
    counter = itertools.count()
    sets = {name: tuple(draw(st.lists(st.sampled_from(BLOCKS), max_size=2, unique=True))) for name in SETS}
    priorities = draw(st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True))
    actions = st.sampled_from(["Allow", "Block", "Count", "Challenge", "group"])
    rules = []
    for number in priorities:
        action = draw(actions)
        if action == "group":
            rules.append(group_rule(f"r{number}", number, GROUP | {"number": next(counter)}))
        else:
            rules.append(rule(f"r{number}", number, action, tagged(draw, counter, 2)))
    allow = draw(st.booleans())
    return web_acl(*rules, allow=allow, sets=sets), rules, sets, next(counter), allow


def naive_match(
    statement: Json, source: str, sets: Mapping[str, tuple[str, ...]], facts: tuple[bool, ...]
) -> bool:
    (kind, body), *_ = statement.items()
    if kind == "IPSetReferenceStatement":
        blocks = sets[body["ARN"].split("/")[-2]]
        return any(ipaddress.ip_address(source) in ipaddress.ip_network(one) for one in blocks)
    if kind == "NotStatement":
        return not naive_match(body["Statement"], source, sets, facts)
    if kind == "AndStatement":
        return all(naive_match(one, source, sets, facts) for one in body["Statements"])
    if kind == "OrStatement":
        return any(naive_match(one, source, sets, facts) for one in body["Statements"])
    if kind == "RateBasedStatement":
        return naive_match(body["ScopeDownStatement"], source, sets, facts) and facts[statement["number"]]
    return facts[int(body["SearchString"])]


def naive_passes(
    rules: list[Json], allow: bool, source: str, sets: Mapping[str, tuple[str, ...]], facts: tuple[bool, ...]
) -> bool:
    for one in sorted(rules, key=lambda item: int(item["Priority"])):
        if "OverrideAction" in one:
            if facts[one["Statement"]["number"]]:
                return True
        elif {"Allow", "Block"} & set(one["Action"]) and naive_match(one["Statement"], source, sets, facts):
            return "Allow" in one["Action"]
    return allow


def every_request(count: int, block: str) -> Iterator[tuple[str, tuple[bool, ...]]]:
    for address in ipaddress.ip_network(block):
        for facts in itertools.product([False, True], repeat=min(count, 6)):
            yield str(address), facts + (False,) * (count - len(facts))


@settings(max_examples=150, deadline=None)
@given(web_acls(), st.sampled_from([UNIVERSE, "203.0.113.4/30", "203.0.113.3/32"]))
def test_dropped_is_said_exactly_when_every_request_that_can_be_made_is_dropped(
    made: tuple[WebAcl, list[Json], dict[str, tuple[str, ...]], int, bool], block: str
) -> None:
    acl, rules, sets, count, allow = made
    found = {naive_passes(rules, allow, source, sets, facts) for source, facts in every_request(count, block)}
    outcome = request_passes(acl, block)
    if outcome.passes == "no":
        assert found == {False}
    elif count <= 6:
        assert True in found, "what certainly stops every request is never called doubtful"
    if outcome.passes == "unknown":
        assert outcome.rule, "a doubt names the rule that it is about"


@settings(max_examples=150, deadline=None)
@given(web_acls(), st.sampled_from([UNIVERSE, "203.0.113.4/30", "203.0.113.3/32"]))
def test_a_block_put_behind_the_rules_that_are_clear_of_it_and_before_the_others_stops_everything(
    made: tuple[WebAcl, list[Json], dict[str, tuple[str, ...]], int, bool], block: str
) -> None:
    acl, rules, sets, count, allow = made
    in_the_way = [one.rule.priority for one in letting_in(acl, [parse_network(block)]) if one.how != "clear"]
    place = min(in_the_way, default=10) - 0.5
    ours = {"Name": "ours", "Priority": place, "Action": {"Block": {}}, "Statement": within("ours")}
    ordered = sorted([*rules, ours], key=lambda item: float(item["Priority"]))
    numbered = [one | {"Priority": number} for number, one in enumerate(ordered)]
    known = sets | {"ours": (block,)}
    assert not any(
        naive_passes(numbered, allow, source, known, facts) for source, facts in every_request(count, block)
    )
