"""Targets that no way in is found for: said with what was looked at, and never taken for closed."""

from typing import Any

import pytest

from opsctl.block.decision import Decision
from tests.block.facts.asking import ATTACKER, decide, served, ways_in
from tests.kit.canned import denied
from tests.kit.picture import OPEN, Picture, interface

PUBLIC = "203.0.113.9"


def private_instance(picture: Picture, **more: Any) -> None:
    """An instance without a public address, as far as its interface tells."""
    group = picture.security_group("db", OPEN)
    picture.instance("i-db", interface("eni-1", picture.subnet("db"), [group]), name="db")
    picture.instances[-1] |= more


def nothing_claimed(decision: Decision) -> None:
    """No way, no point, and nothing that reads like an all-clear."""
    assert (decision.ways, decision.points, decision.standing, decision.outlook) == ((), (), "", "")


def test_a_private_instance_has_no_way_in_and_what_was_looked_at_is_listed() -> None:
    picture = Picture()
    private_instance(picture)
    for decision in (decide(picture, "i-db"), ways_in(picture, "i-db")):
        nothing_claimed(decision)
        assert decision.nowhere[0].startswith("instance db (i-db): it has 10.0.")
        assert "searched in account 123456789012, region eu-west-1" in decision.nowhere[-1]
        assert decision.untold == ()


def test_an_internal_load_balancer_is_named_with_why_the_internet_does_not_reach_it() -> None:
    picture = Picture()
    served(picture, internal=True)
    decision = decide(picture, "shop")
    nothing_claimed(decision)
    assert any("internal: not directly reachable from the internet" in line for line in decision.nowhere)


def test_a_public_address_without_an_interface_is_cannot_tell() -> None:
    picture = Picture()
    private_instance(picture, PublicIpAddress=PUBLIC)
    decision = decide(picture, "i-db")
    nothing_claimed(decision)
    assert decision.nowhere == ()
    (line,) = decision.untold
    assert line == (
        f"cannot tell how the internet reaches db (i-db) at {PUBLIC}: no network interface with it is listed"
    )


def test_an_elastic_ip_that_names_an_instance_and_no_interface_is_not_called_unassociated() -> None:
    picture = Picture()
    private_instance(picture)
    picture.elastic_ip(PUBLIC, InstanceId="i-db", AssociationId="eipassoc-1")
    decision = decide(picture, PUBLIC)
    nothing_claimed(decision)
    assert decision.kind == "instance"
    assert f"how the internet reaches db (i-db) at {PUBLIC}" in decision.untold[0]


def test_a_host_name_to_such_an_elastic_ip_does_not_lead_outside_the_account() -> None:
    picture = Picture()
    private_instance(picture)
    picture.elastic_ip(PUBLIC, InstanceId="i-db", AssociationId="eipassoc-1")
    picture.zone("example.com", {"Name": "db.example.com.", "Type": "A", "ResourceRecords": [{"Value": PUBLIC}]})
    decision = decide(picture, "db.example.com")
    nothing_claimed(decision)
    assert f"at {PUBLIC}" in decision.untold[0]


@pytest.mark.parametrize(
    ("api", "target"), [("elbv2.DescribeTargetGroups", "i-db"), ("cloudfront.ListDistributions", "shop")]
)
def test_what_could_not_be_read_is_never_taken_for_no_way(api: str, target: str) -> None:
    picture = Picture()
    private_instance(picture)
    served(picture, internal=True)
    picture.refuse(api, denied(api))
    decision = decide(picture, target)
    nothing_claimed(decision)
    assert decision.nowhere == ()
    assert f"access denied reading {'CloudFront' if target == 'shop' else 'load balancers'} ({api})" in str(
        decision.untold
    )


def test_a_way_that_is_known_does_not_hide_an_address_that_leads_nowhere_known() -> None:
    picture = Picture()
    group = picture.security_group("web", OPEN)
    picture.instance(
        "i-web", interface("eni-1", picture.subnet("web"), [group], public="203.0.113.10"), name="web"
    )
    picture.instances[-1]["PublicIpAddress"] = PUBLIC
    decision = decide(picture, "i-web", ATTACKER)
    assert len(decision.ways) == 1
    assert f"at {PUBLIC}" in decision.unknown[0]
    assert "there may be other ways" in decision.outlook
