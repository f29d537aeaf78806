"""A layer that cannot be used is rejected with its reason, and the others are planned all the same."""

import pytest

from opsctl.block.decision import Decision
from opsctl.model.value import Json
from tests.block.facts.asking import ATTACKER, decide, rejected, served
from tests.kit.canned import denied
from tests.kit.picture import Picture

CAPACITY_FULL = 5000


def behind(picture: Picture, *rules: Json, **more: Json) -> str:
    """A load balancer with a web ACL."""
    balancer = served(picture)
    picture.attached[balancer] = picture.web_acl("edge", *rules, **more)
    return balancer


def set_rule(arn: str, name: str, priority: int = 0) -> Json:
    return {
        "Name": name,
        "Priority": priority,
        "Statement": {"IPSetReferenceStatement": {"ARN": arn}},
        "Action": {"Block": {}},
    }


def only_the_network_acl(decision: Decision, *reasons: str) -> None:
    """AWS WAF is rejected with these words, the network ACLs are chosen, and the way is going to be closed."""
    (way,) = decision.ways
    said = rejected(way, "waf")[0].reason
    assert all(words in said for words in reasons), said
    assert {one.layer for one in decision.points} == {"nacl"}
    assert way.covered
    assert decision.outlook == "1 of 1 ways closed"


@pytest.mark.parametrize("api", ["wafv2.ListIPSets", "wafv2.GetWebACL"])
def test_a_read_that_only_the_action_needs_and_may_not_make_rejects_its_layer_alone(api: str) -> None:
    picture = Picture()
    behind(picture)
    decision = decide(picture.refuse(api, denied(api)), "shop")
    only_the_network_acl(decision, f"cannot tell: access denied at {api}")
    assert any(api in text for text in decision.unknown)


def test_a_web_acl_without_capacity_left_is_no_obstacle_for_the_network_acl() -> None:
    picture = Picture()
    behind(picture, Capacity=CAPACITY_FULL)
    only_the_network_acl(decide(picture, "shop"), "uses 5000 of 5000 capacity units")


def test_an_ip_set_without_room_is_no_obstacle_for_the_network_acl() -> None:
    picture = Picture()
    full = picture.ip_set("full", *(f"10.{n // 256}.{n % 256}.0/24" for n in range(10_000)))
    behind(picture, set_rule(full, "theirs"))
    decision = decide(picture, "shop", ATTACKER, ip_sets=("full",))
    only_the_network_acl(decision, "holds 10000 of 10000 addresses")


def test_an_ip_set_that_is_not_blocked_here_rejects_the_layer_here() -> None:
    picture = Picture()
    behind(picture)
    decision = decide(picture, "shop", ATTACKER, ip_sets=("scanners",))
    only_the_network_acl(decision, "no rule that blocks only IP set scanners", "--ip-set")


def test_an_allowlist_of_countries_that_would_be_emptied_leaves_the_way_open_by_name() -> None:
    picture = Picture()
    restriction = {"RestrictionType": "whitelist", "Quantity": 1, "Items": ["DE"]}
    restrictions = {"GeoRestriction": restriction}
    picture.distribution("E1", "bucket.s3.amazonaws.com", Restrictions=restrictions)
    picture.configs["E1"]["Restrictions"] = restrictions
    decision = decide(picture, "E1", ATTACKER, countries=("DE",))
    assert [one.layer for one in decision.points] == ["waf"]
    assert "names only DE" in rejected(decision.ways[0], "geo")[0].reason
    assert decision.outlook.startswith("0 of 1 ways closed; STILL OPEN")
