"""Where a block goes in a web ACL as they really are: numbered 0, 1, 2 with allow lists first."""

from collections.abc import Iterator
from typing import Any

import pytest

from opsctl.model.changes import Change
from opsctl.model.errors import Drifted, RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.model.settings import Settings
from opsctl.model.value import Json
from opsctl.sandbox.worlds.seeding import seed_network
from tests.block.actions.test_blocks import WHY, apply, direct_acl, planned, waf
from tests.kit.block_targets import waf_on, waf_on_distribution
from tests.kit.box_plans import plan_of
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import MemoryJournal

ATTACKER = "203.0.113.9"
HEADER: Json = {
    "ByteMatchStatement": {
        "SearchString": b"let-me-in",
        "FieldToMatch": {"SingleHeader": {"Name": "x-monitor"}},
        "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
        "PositionalConstraint": "EXACTLY",
    }
}
GROUP: Json = {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}}
GEO: Json = {"GeoMatchStatement": {"CountryCodes": ["KP"]}}
ANTI_DDOS: Json = {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesAntiDDoSRuleSet"}}


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def ip_set(name: str, *addresses: str, tags: dict[str, str] | None = None) -> Json:
    version = "IPV6" if any(":" in one for one in addresses) else "IPV4"
    more = {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]} if tags else {}
    made = client("wafv2").create_ip_set(
        Name=name, Scope="REGIONAL", IPAddressVersion=version, Addresses=list(addresses), **more
    )
    return {"IPSetReferenceStatement": {"ARN": made["Summary"]["ARN"]}}


def key_of(name: str) -> dict[str, str]:
    (one,) = [one for one in client("wafv2").list_ip_sets(Scope="REGIONAL")["IPSets"] if one["Name"] == name]
    return {"Name": name, "Scope": "REGIONAL", "Id": one["Id"]}


def addresses(name: str) -> list[str]:
    return sorted(client("wafv2").get_ip_set(**key_of(name))["IPSet"]["Addresses"])


def put_into(name: str, *more: str) -> None:
    found = client("wafv2").get_ip_set(**key_of(name))
    client("wafv2").update_ip_set(
        **key_of(name), Addresses=[*found["IPSet"]["Addresses"], *more], LockToken=found["LockToken"]
    )


def rules_are(*rules: tuple[str, int, str, Json]) -> None:
    """Give the web ACL of the direct load balancer these rules: name, number, action or `group`, statement."""
    acl = direct_acl()
    key = {"Name": acl["Name"], "Scope": "REGIONAL", "Id": acl["Id"]}
    visible = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "m"}
    made = []
    for name, number, action, statement in rules:
        does: Json = {"OverrideAction": {"None": {}}} if action == "group" else {"Action": {action: {}}}
        made.append(
            {"Name": name, "Priority": number, "Statement": statement, "VisibilityConfig": visible, **does}
        )
    client("wafv2").update_web_acl(
        **key,
        DefaultAction=acl["DefaultAction"],
        Rules=made,
        VisibilityConfig=acl["VisibilityConfig"],
        LockToken=client("wafv2").get_web_acl(**key)["LockToken"],
    )


def order() -> list[tuple[int, str]]:
    return sorted((rule["Priority"], rule["Name"]) for rule in direct_acl()["Rules"])


def rule_named(name: str) -> Json:
    return next(rule for rule in direct_acl()["Rules"] if rule["Name"] == name)


def rule_change(plan: Plan) -> Change:
    (found,) = [one for one in plan.changes if one.operation == "UpdateWebACL"]
    return found


def expected(change: Change) -> list[str]:
    return [check.says for check in change.expect]


def test_an_allow_list_that_does_not_hold_the_address_stays_in_front_and_the_expectation_says_so(
    world: World,
) -> None:
    rules_are(("partners", 0, "Allow", ip_set("friends", "192.0.2.0/28")))
    plan = waf(world, ATTACKER)
    change = rule_change(plan)
    assert change.title.endswith("priority 1")
    assert "only rule partners may let requests in before priority 1 of web ACL direct-acl" in expected(change)
    assert f"IP set friends holds nothing of {ATTACKER}/32" in expected(change)
    assert f"do not match: IP set friends holds nothing of {ATTACKER}/32." in change.why
    apply(plan, world)
    assert order() == [(0, "partners"), (1, "opsctl-block-ipv4")]


def test_an_address_that_was_put_on_the_allow_list_since_stops_the_run(world: World) -> None:
    rules_are(("partners", 0, "Allow", ip_set("friends", "192.0.2.0/28")))
    plan = waf(world, ATTACKER)
    put_into("friends", "203.0.113.0/24")
    with pytest.raises(Drifted, match="IP set friends holds nothing of "):
        apply(plan, world)
    assert order() == [(0, "partners")]


def test_what_else_is_put_on_the_allow_list_does_not_matter(world: World) -> None:
    rules_are(("partners", 0, "Allow", ip_set("friends", "192.0.2.0/28")))
    plan = waf(world, ATTACKER)
    put_into("friends", "198.51.100.0/24")
    apply(plan, world)
    assert order()[1] == (1, "opsctl-block-ipv4")


def test_an_allow_rule_that_was_changed_or_added_in_front_since_stops_the_run(world: World) -> None:
    friends = ip_set("friends", "192.0.2.0/28")
    rules_are(("partners", 0, "Allow", friends))
    plan = waf(world, ATTACKER)
    rules_are(("partners", 0, "Allow", {"OrStatement": {"Statements": [friends, HEADER]}}))
    with pytest.raises(Drifted, match="only rule partners may let requests in before priority 1"):
        apply(plan, world)


def test_a_rule_in_front_that_lets_nobody_in_does_not_matter(world: World) -> None:
    friends = ip_set("friends", "192.0.2.0/28")
    rules_are(("partners", 2, "Allow", friends), ("monitor", 4, "Allow", HEADER), ("taken", 0, "Count", GEO))
    plan = waf(world, ATTACKER)
    assert "priority 1 of web ACL direct-acl is free" in expected(rule_change(plan))
    rules_are(
        ("rate", 0, "Block", {"RateBasedStatement": {"Limit": 2000, "AggregateKeyType": "IP"}}),
        ("partners", 2, "Allow", friends),
        ("monitor", 4, "Allow", HEADER),
    )
    apply(plan, world)
    assert [name for _, name in order()] == ["rate", "opsctl-block-ipv4", "partners", "monitor"]


def test_an_aws_group_that_was_put_in_front_since_does_not_matter(world: World) -> None:
    rules_are(("taken", 0, "Count", GEO), ("monitor", 4, "Allow", HEADER))
    plan = waf(world, ATTACKER)
    rules_are(("common", 0, "group", GROUP), ("monitor", 4, "Allow", HEADER))
    apply(plan, world)
    assert [name for _, name in order()] == ["common", "opsctl-block-ipv4", "monitor"]


def test_a_web_acl_of_firewall_manager_is_named_as_a_risk(world: World) -> None:
    from moto.wafv2.models import wafv2_backends

    acl = wafv2_backends[world.account]["us-east-1"].wacls[direct_acl()["ARN"]]
    acl.opsctl_rest = {"ManagedByFirewallManager": True}
    assert "Firewall Manager manages this web ACL" in rule_change(waf(world, ATTACKER)).risk.note
    acl.opsctl_rest = {"RetrofittedByFirewallManager": True}
    assert (
        "A policy of Firewall Manager that has adopted it manages" in rule_change(waf(world, ATTACKER)).risk.note
    )


def test_the_rule_of_shield_advanced_is_named_and_stays_as_it_is(world: World) -> None:
    group = client("wafv2").create_rule_group(
        Name="shield",
        Scope="REGIONAL",
        Capacity=150,
        VisibilityConfig={"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "m"},
    )
    reference = {"RuleGroupReferenceStatement": {"ARN": group["Summary"]["ARN"]}}
    name = f"ShieldMitigationRuleGroup_{world.account}_1"
    rules_are(
        ("monitor", 0, "Allow", HEADER), ("common", 1, "group", GROUP), (name, 10_000_000, "group", reference)
    )
    shields = rule_named(name)
    plan = waf(world, ATTACKER)
    assert f"Shield Advanced keeps rule {name} in it" in rule_change(plan).risk.note
    journal = MemoryJournal()
    run(plan, world.aws, world, journal)
    assert [number for number, _ in order()] == [0, 1, 2, 10_000_000]
    assert rule_named(name) == shields
    undo(plan, world, journal)
    assert rule_named(name) == shields


@pytest.mark.parametrize("scope", ["CLOUDFRONT", "REGIONAL"])
def test_a_web_acl_of_our_own_for_a_distribution_has_analytics_off_and_says_so(world: World, scope: str) -> None:
    """AWS turns them on there when nothing is said (API reference, AnalyticsConfig)."""
    where = waf_on_distribution() if scope == "CLOUDFRONT" else waf_on("shop-alb")
    base = where | {"scope": scope, "region": "us-east-1", "addresses": [ATTACKER]}
    (change,) = [one for one in planned(world, "waf.block", base).changes if one.operation == "CreateWebACL"]
    off = scope == "CLOUDFRONT"
    assert change.params.get("AnalyticsConfig") == ({"Mode": "DISABLED"} if off else None)
    assert ("Security analytics is off" in change.why) == off


def test_negations_and_conjunctions_that_cannot_match_are_not_in_the_way(world: World) -> None:
    bad, friends = ip_set("bad", "203.0.113.0/24"), ip_set("friends", "192.0.2.0/28")
    both = {"AndStatement": {"Statements": [HEADER, friends]}}
    rules_are(
        ("all-but-bad", 0, "Allow", {"NotStatement": {"Statement": bad}}),
        ("friends-with-header", 1, "Allow", both),
    )
    change = rule_change(waf(world, ATTACKER))
    assert change.title.endswith("priority 2")
    assert "IP set bad holds 203.0.113.0/24 alone of 203.0.113.9/32" in expected(change)
    assert "IP set friends holds nothing of 203.0.113.9/32" in expected(change)


def numbered() -> None:
    rules_are(
        ("monitor", 0, "Allow", HEADER),
        ("partners", 1, "Allow", ip_set("friends", "192.0.2.0/28")),
        ("common", 2, "group", GROUP),
        ("rate", 7, "Block", {"RateBasedStatement": {"Limit": 2000, "AggregateKeyType": "IP"}}),
    )


def test_where_no_number_is_free_the_rules_behind_move_on_in_the_same_call(world: World) -> None:
    numbered()
    before = direct_acl()
    plan, journal = waf(world, ATTACKER), MemoryJournal()
    change = rule_change(plan)
    assert "renumber monitor 0 to 1, partners 1 to 2, common 2 to 3" in change.title
    assert "web ACL direct-acl has the rules monitor 0, partners 1, common 2" in expected(change)
    assert "priority 3 of web ACL direct-acl is free" in expected(change)
    assert "It renumbers 3 rules of web ACL direct-acl; the order stays." in change.risk.note
    run(plan, world.aws, world, journal)
    assert order() == [
        (0, "opsctl-block-ipv4"),
        (1, "monitor"),
        (2, "partners"),
        (3, "common"),
        (7, "rate"),
    ]

    def apart(acl: dict[str, Any]) -> dict[str, Any]:
        rules = {
            one["Name"]: {name: value for name, value in one.items() if name != "Priority"}
            for one in acl["Rules"]
            if not one["Name"].startswith("opsctl-")
        }
        return {name: value for name, value in acl.items() if name not in ("Rules", "Capacity")} | rules

    assert apart(direct_acl()) == apart(before), "nothing else was changed"
    undo(plan, world, journal)
    assert order() == [(1, "monitor"), (2, "partners"), (3, "common"), (7, "rate")], "the order stays"
    assert apart(direct_acl()) == apart(before)


def test_both_families_get_their_place_one_after_the_other(world: World) -> None:
    numbered()
    plan = waf(world, ATTACKER, "2001:db8::7")
    apply(plan, world)
    assert [name for _, name in order()] == [
        "opsctl-block-ipv4",
        "opsctl-block-ipv6",
        "monitor",
        "partners",
        "common",
        "rate",
    ]


def test_rules_that_somebody_renumbered_since_stop_the_run(world: World) -> None:
    numbered()
    plan = waf(world, ATTACKER)
    rules_are(
        ("monitor", 0, "Allow", HEADER),
        ("partners", 2, "Allow", {"IPSetReferenceStatement": {"ARN": arn_of("friends")}}),
        ("common", 3, "group", GROUP),
    )
    with pytest.raises(Drifted, match=r"has the rules monitor 0, partners 1, common 2|priority 3 .* is free"):
        apply(plan, world)


def arn_of(name: str) -> str:
    found: str = client("wafv2").get_ip_set(**key_of(name))["IPSet"]["ARN"]
    return found


def test_the_anti_ddos_group_stays_in_front_unless_an_allow_stands_before_it(world: World) -> None:
    rules_are(("ddos", 0, "group", ANTI_DDOS), ("monitor", 1, "Allow", HEADER))
    apply(waf(world, ATTACKER), world)
    assert [name for _, name in order()] == ["ddos", "opsctl-block-ipv4", "monitor"]


def test_an_allow_before_the_anti_ddos_group_gets_the_block_before_it(world: World) -> None:
    rules_are(("monitor", 0, "Allow", HEADER), ("ddos", 1, "group", ANTI_DDOS))
    apply(waf(world, ATTACKER), world)
    assert [name for _, name in order()] == ["opsctl-block-ipv4", "monitor", "ddos"]


def test_a_rule_of_ours_that_somebody_put_an_allow_before_is_moved_and_back_by_undo(world: World) -> None:
    apply(waf(world, "203.0.113.1"), world)
    ours = next(one for one in direct_acl()["Rules"] if one["Name"] == "opsctl-block-ipv4")
    rules_are(("monitor", 0, "Allow", HEADER), ("opsctl-block-ipv4", 4, "Block", ours["Statement"]))
    plan, journal = waf(world, ATTACKER), MemoryJournal()
    assert "Move rule opsctl-block-ipv4" in rule_change(plan).title
    run(plan, world.aws, world, journal)
    assert order() == [(0, "opsctl-block-ipv4"), (1, "monitor")]
    assert waf(world, ATTACKER).changes == ()
    undo(plan, world, journal)
    assert order() == [(0, "monitor"), (4, "opsctl-block-ipv4")]


def blocked(name: str = "bad", *others: str, tags: dict[str, str] | None = None, version: int = 4) -> None:
    statement = ip_set(name, *(others or ("192.0.2.7/32",)), tags=tags)
    rules_are(("known-bad", 0, "Block", statement), ("monitor", 1, "Allow", HEADER))


def test_a_named_set_that_is_blocked_already_gets_the_address_in_one_change(world: World) -> None:
    blocked()
    plan, journal = waf(world, ATTACKER, ip_sets=["bad"]), MemoryJournal()
    (change,) = plan.changes
    assert change.title == f"Add {ATTACKER}/32 to IP set bad"
    assert "Rule known-bad of web ACL direct-acl already blocks this set." in change.why
    assert "web ACL direct-acl has rule known-bad (block)" in expected(change)
    run(plan, world.aws, world, journal)
    assert addresses("bad") == ["192.0.2.7/32", f"{ATTACKER}/32"]
    assert waf(world, ATTACKER, ip_sets=["bad"]).changes == ()
    undo(plan, world, journal)
    assert addresses("bad") == ["192.0.2.7/32"]


def test_a_set_with_opsctls_tag_is_used_by_itself(world: World) -> None:
    blocked(tags={"opsctl:plan": "20260101-000000-older"})
    assert [change.title for change in waf(world, ATTACKER).changes] == [f"Add {ATTACKER}/32 to IP set bad"]


def test_a_set_named_in_the_configuration_is_used_by_itself(world: World) -> None:
    from opsctl.planning.run_fetching import run_fetching

    blocked()
    about = world.about(Settings(block_sets=("bad",)))
    base = waf_on("direct-alb") | {"scope": "REGIONAL", "region": "us-east-1", "addresses": [ATTACKER]}
    action = world.registry.actions["waf.block"].model_validate(base | {"why": WHY})
    plan = plan_of(*run_fetching(action.plan(about), world.reader()), plan_id=about.plan_id)
    assert [change.title for change in plan.changes] == [f"Add {ATTACKER}/32 to IP set bad"]


def test_a_set_of_somebody_else_is_offered_and_not_used(world: World) -> None:
    blocked(tags={"team": "web"})
    plan = waf(world, ATTACKER)
    assert [change.operation for change in plan.changes] == ["CreateIPSet", "UpdateIPSet", "UpdateWebACL"]
    offer = "Rule known-bad already blocks IP set bad: --ip-set bad adds the addresses there, in one change."
    assert offer in plan.changes[0].why


def test_the_other_rules_that_use_the_set_are_named(world: World) -> None:
    blocked()
    visible = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "m"}
    statement = {"IPSetReferenceStatement": {"ARN": arn_of("bad")}}
    rule = {"Name": "theirs", "Priority": 0, "Statement": statement, "Action": {"Block": {}}}
    client("wafv2").create_web_acl(
        Name="other",
        Scope="REGIONAL",
        DefaultAction={"Allow": {}},
        Rules=[rule | {"VisibilityConfig": visible}],
        VisibilityConfig=visible,
    )
    (change,) = waf(world, ATTACKER, ip_sets=["bad"]).changes
    assert change.risk.affects == ("rule theirs of web ACL other (IP set bad)",)


def test_a_rule_that_no_longer_blocks_the_set_stops_the_run(world: World) -> None:
    blocked()
    plan = waf(world, ATTACKER, ip_sets=["bad"])
    rules_are(("known-bad", 0, "Count", {"IPSetReferenceStatement": {"ARN": arn_of("bad")}}))
    with pytest.raises(Drifted, match="has rule known-bad"):
        apply(plan, world)


def behind_an_allow() -> None:
    rules_are(("monitor", 0, "Allow", HEADER), ("known-bad", 1, "Block", ip_set("bad", "192.0.2.7/32")))


def counted() -> None:
    rules_are(("known-bad", 1, "Count", ip_set("bad", "192.0.2.7/32")))


def together_with_more() -> None:
    both = {"AndStatement": {"Statements": [ip_set("bad", "192.0.2.7/32"), HEADER]}}
    rules_are(("known-bad", 1, "Block", both))


def of_the_other_family() -> None:
    rules_are(("known-bad", 1, "Block", ip_set("bad", "2001:db8::/64")))


def not_referred_to() -> None:
    ip_set("bad", "192.0.2.7/32")


@pytest.mark.parametrize(
    "arrange", [behind_an_allow, counted, together_with_more, of_the_other_family, not_referred_to]
)
def test_a_named_set_that_would_not_stop_the_address_is_refused(world: World, arrange: Any) -> None:
    arrange()
    with pytest.raises(RefusedByGuard, match="no rule that blocks only IP set bad"):
        waf(world, ATTACKER, ip_sets=["bad"])
    assert all("IP set bad" not in change.title for change in waf(world, ATTACKER).changes)


def test_a_rule_that_crosses_the_base_price_says_so(world: World) -> None:
    from moto.wafv2.models import wafv2_backends

    arn = direct_acl()["ARN"]
    wafv2_backends[world.account]["us-east-1"].wacls[arn].capacity = 1500
    note = rule_change(waf(world, ATTACKER)).risk.note
    assert "from 1,500 to 1,501 capacity units: above 1,500 AWS charges more for every request" in note
    wafv2_backends[world.account]["us-east-1"].wacls[arn].capacity = 1499
    assert "capacity units" not in rule_change(waf(world, ATTACKER)).risk.note
