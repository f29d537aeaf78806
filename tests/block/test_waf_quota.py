"""The quota of IP sets and web ACLs: what AWS would refuse in the middle of a run is refused before it begins."""

from collections.abc import Iterator
from typing import Any

import pytest

from opsctl.block.decision import Decision
from opsctl.block.waf_objects import IP_SET, WEB_ACL
from opsctl.block.waf_quota import parse_quota
from opsctl.model.paths import WayIn
from opsctl.model.plan import Plan
from opsctl.model.value import Json
from opsctl.sandbox.worlds.seeding import seed_network
from tests.block.facts.asking import decide_read, rejected, served
from tests.block.facts.test_block_decision_unusable import set_rule
from tests.kit.canned import denied
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.picture import Picture, alias, balancer_dns
from tests.kit.ports import MemoryJournal

QUOTAS = "service-quotas.ListServiceQuotas"


def quota(value: float, what: str = "IP sets", scope: str = "regional") -> Json:
    return {"QuotaName": f"Maximum {what} per account in WAF for {scope}", "QuotaCode": "L-1", "Value": value}


def crowded(sets: int, balancers: int = 1, quotas: Any = None) -> Picture:
    """Load balancers of one name's targets, in an account that has so many IP sets."""
    picture = Picture()
    for number in range(balancers):
        picture.attached[served(picture, f"shop{number}")] = picture.web_acl(f"edge{number}")
    for number in range(sets):
        picture.ip_set(f"{'opsctl-list-1' if number < 2 else 'theirs'}-{number}", "192.0.2.1/32")
    if quotas is not None:
        picture.refusals[QUOTAS] = quotas
    return picture


def said(picture: Picture, target: str = "shop0") -> str:
    found, _ = decide_read(picture, target)
    return next((one.reason for one in rejected(found.ways[0], "waf")), "")


def test_the_quota_is_not_asked_for_while_a_hundred_suffice() -> None:
    found, reader = decide_read(crowded(99), "shop0")
    assert QUOTAS not in reader.apis()
    assert {one.layer for one in found.points} == {"waf", "nacl"}


def test_where_no_set_can_be_made_the_layer_is_rejected_with_what_takes_the_places() -> None:
    reason = said(crowded(100, quotas={"Quotas": [quota(100.0)]}))
    assert "the account has 100 of 100 IP sets in eu-west-1, and the plan needs 1 more" in reason
    assert "2 lists of opsctl's blocks: opsctl-list-1-0, opsctl-list-1-1" in reason
    assert "98 IP sets of others: theirs-10" in reason
    assert "take away blocks that are done with (opsctl blocks list)" in reason


def test_a_set_that_is_blocked_already_is_named_and_needs_no_place() -> None:
    picture = crowded(99, quotas={"Quotas": [quota(100.0)]})
    (balancer,) = picture.attached
    scanners = picture.ip_set("scanners", "192.0.2.1/32")
    picture.attached[balancer] = picture.web_acl("edge0", set_rule(scanners, "known"))
    assert "with --ip-set scanners, which rule known blocks" in said(picture)
    found, _ = decide_read(picture, "shop0", ip_sets=("scanners",))
    assert {one.layer for one in found.points} == {"waf", "nacl"}


def test_a_raised_quota_makes_room() -> None:
    assert said(crowded(100, quotas={"Quotas": [quota(250.0)]})) == ""


@pytest.mark.parametrize(
    ("answer", "words"),
    [(denied(QUOTAS), "the quota could not be read, so 100 is assumed: AccessDenied"), ({}, "does not tell")],
)
def test_a_quota_that_nobody_tells_counts_as_a_hundred_and_says_so(answer: Any, words: str) -> None:
    assert words in said(crowded(100, quotas=answer))


def test_a_quota_is_found_by_what_it_is_of() -> None:
    listed = {"Quotas": [quota(7, scope="CloudFront"), quota(8), quota(9, "web ACLs")]}
    assert parse_quota(listed, IP_SET, "REGIONAL") == 8
    assert parse_quota(listed, IP_SET, "CLOUDFRONT") == 7
    assert parse_quota(listed, WEB_ACL, "REGIONAL") == 9
    assert parse_quota(listed, WEB_ACL, "CLOUDFRONT") == 0


def test_two_ways_that_have_a_place_each_and_not_together_get_the_one_there_is() -> None:
    picture = crowded(99, 2, quotas={"Quotas": [quota(100.0)]})
    ends = [alias("app.example.com", balancer_dns(f"shop{n}"), SetIdentifier=str(n), Weight=1) for n in range(2)]
    picture.zone("example.com", *ends)
    found, _ = decide_read(picture, "app.example.com", layer="waf")
    assert [one.layer for one in found.points] == ["waf"]
    (reason,) = [one.reason for way in found.ways for one in rejected(way, "waf")]
    assert "99 of 100 IP sets" in reason
    assert "needs 2 more" in reason
    assert found.outlook.startswith("1 of 2 ways closed; STILL OPEN")


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def edge_objects() -> tuple[list[str], list[str]]:
    """The names of CloudFront's IP sets and web ACLs, as boto3 lists them page by page."""
    waf, page, sets = client("wafv2"), dict[str, str](), list[str]()
    while True:
        answer = waf.list_ip_sets(Scope="CLOUDFRONT", **page)
        sets += [one["Name"] for one in answer["IPSets"]]
        if not answer.get("NextMarker"):
            break
        page = {"NextMarker": answer["NextMarker"]}
    return sorted(sets), sorted(one["Name"] for one in waf.list_web_acls(Scope="CLOUDFRONT")["WebACLs"])


def ways(plan: Plan) -> tuple[WayIn, ...]:
    return Decision.model_validate(plan.paths).ways


def test_aws_would_refuse_in_the_middle_what_is_refused_before_and_takes_it_when_there_is_room(
    world: World,
) -> None:
    """The sets of CloudFront fill their quota: the way there stays open by name, the other is closed."""
    waf = client("wafv2")
    for number in range(100):
        waf.create_ip_set(Name=f"s{number}", Scope="CLOUDFRONT", IPAddressVersion="IPV4", Addresses=[])
    asked = {"addresses": ["203.0.113.9"], "target": "shop.example.com", "ttl": "1h"}
    plan = world.plan("block-ip", asked)
    assert all(one.params.get("Scope") != "CLOUDFRONT" for one in plan.changes)
    (still_open,) = [one for one in ways(plan) if not one.covered]
    assert "100 of 100 IP sets of scope CLOUDFRONT" in str(still_open.layers)

    code = "opsctl-ip-sets-of-cloudfront"
    client("service-quotas").request_service_quota_increase(ServiceCode="wafv2", QuotaCode=code, DesiredValue=101)
    before, journal = edge_objects(), MemoryJournal()
    plan = world.plan("block-ip", asked)
    assert all(one.covered for one in ways(plan))
    run(plan, world.aws, world, journal)
    assert [len(names) for names in edge_objects()] == [len(before[0]) + 1, len(before[1]) + 1]
    undo(plan, world, journal)
    assert edge_objects() == before
