"""A web ACL as recorded answers show them: every number from 0 on taken, allow lists first, 1,498 units used."""

import json
from collections.abc import Iterator

import pytest
from moto.wafv2.models import wafv2_backends

from opsctl.model.plan import Plan
from opsctl.model.value import Json
from opsctl.sandbox.worlds.seeding import seed_network
from tests.block.actions.test_blocks import direct_acl, waf
from tests.block.actions.test_waf_places import GROUP, HEADER, ip_set, order, rules_are
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, fresh_world
from tests.kit.ports import MemoryJournal

ATTACKERS = ("203.0.113.9", "2001:db8::7")


def managed(name: str) -> Json:
    return {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": name}}


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        office, office6 = ip_set("office", "192.0.2.0/28"), ip_set("office6", "2001:db8:1::/48")
        partners = ip_set("partners", "192.0.2.64/26")
        scanners = ip_set("scanners", "198.51.100.0/24")
        posts: Json = HEADER["ByteMatchStatement"] | {"SearchString": b"POST \xff", "FieldToMatch": {"Method": {}}}
        limits: Json = {"RateBasedStatement": {"Limit": 2000, "AggregateKeyType": "IP"}}
        rules_are(
            ("office", 0, "Allow", office),
            ("office6", 1, "Allow", office6),
            ("partners", 2, "Allow", {"AndStatement": {"Statements": [partners, HEADER]}}),
            ("scanners", 3, "Block", scanners),
            ("monitor", 4, "Allow", HEADER),
            ("posts", 5, "Block", {"ByteMatchStatement": posts}),
            ("geo", 6, "Block", {"GeoMatchStatement": {"CountryCodes": ["KP"]}}),
            ("limits", 7, "Block", limits),
            ("ip-reputation", 8, "group", managed("AWSManagedRulesAmazonIpReputationList")),
            ("common", 9, "group", GROUP),
            ("known-bad-inputs", 10, "group", managed("AWSManagedRulesKnownBadInputsRuleSet")),
            ("sqli", 11, "group", managed("AWSManagedRulesSQLiRuleSet")),
            ("anonymous", 12, "group", managed("AWSManagedRulesAnonymousIpList")),
            ("bots", 13, "group", managed("AWSManagedRulesBotControlRuleSet")),
            ("login", 14, "Count", limits),
            ("captcha", 15, "Captcha", {"GeoMatchStatement": {"CountryCodes": ["NL"]}}),
            ("challenge", 16, "Challenge", {"NotStatement": {"Statement": office}}),
            ("last", 17, "Count", {"LabelMatchStatement": {"Scope": "LABEL", "Key": "a:b"}}),
        )
        wafv2_backends[made.account]["us-east-1"].wacls[direct_acl()["ARN"]].capacity = 1498
        yield made


def by_name() -> dict[str, Json]:
    return {rule["Name"]: rule | {"Priority": None} for rule in direct_acl()["Rules"]}


def test_both_families_are_blocked_behind_what_is_clear_of_them_and_undone(world: World) -> None:
    before, start, journal = by_name(), [name for _, name in order()], MemoryJournal()
    plan = waf(world, *ATTACKERS)
    assert [change.operation for change in plan.changes].count("UpdateWebACL") == 2
    run(plan, world.aws, world, journal)
    names = [name for _, name in order()]
    assert names == [*start[:4], "opsctl-block-ipv4", "opsctl-block-ipv6", *start[4:]]
    assert [number for number, _ in order()] == list(range(20)), "the numbers follow each other as before"
    after = by_name()
    assert {name: after[name] for name in before} == before, "what others wrote is as it was, bytes included"
    undo(plan, world, journal)
    assert ([name for _, name in order()], by_name()) == (start, before)


def test_the_plan_with_bytes_in_its_expectations_goes_through_a_file(world: World) -> None:
    """The statement of the rule `partners` in front of ours has a search string that is no text."""
    plan = waf(world, *ATTACKERS)
    again = Plan.model_validate(json.loads(json.dumps(plan.model_dump(mode="json"))))
    assert again.changes == plan.changes
    run(again, world.aws, world, MemoryJournal())


def test_a_rule_up_to_the_base_price_is_not_called_dear(world: World) -> None:
    assert not [change for change in waf(world, *ATTACKERS).changes if "capacity" in change.risk.note]
    wafv2_backends[world.account]["us-east-1"].wacls[direct_acl()["ARN"]].capacity = 1499
    notes = [change.risk.note for change in waf(world, *ATTACKERS).changes if "capacity" in change.risk.note]
    assert len(notes) == 1
    assert "from 1,500 to 1,501" in notes[0]
