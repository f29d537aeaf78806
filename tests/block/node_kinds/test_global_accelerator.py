"""Global Accelerators: with client IP preservation AWS WAF at the ALB closes, and no network ACL counts."""

import pytest

from opsctl.model.value import Json
from tests.block.facts.asking import ATTACKER, chosen, decide, rejected, served, way, ways_in
from tests.kit.canned import REGION, denied
from tests.kit.edge_picture import EdgePicture, accelerator_arn
from tests.kit.picture import OPEN_BOTH, alias, entry, interface, record

ALB = "application load balancer shop"
PLAY = "Global Accelerator play"


def accelerated(*, preserved: bool = True, kind: str = "application", internal: bool = True) -> EdgePicture:
    """A load balancer behind an accelerator, with the interfaces that AWS makes for preserved addresses."""
    picture = EdgePicture()
    balancer = served(picture, kind=kind, internal=internal)
    name = picture.accelerator("play", (balancer, preserved))
    if preserved:
        picture.interfaces.append(interface("eni-ga", "subnet-shop-a", [], kind="global_accelerator_managed"))
    picture.zone("example.com", alias("play.example.com", name))
    return picture


def deny(picture: EdgePicture) -> None:
    """Deny the attacker in every network ACL."""
    for acl in picture.acls:
        acl["Entries"].insert(0, entry(1, "deny", f"{ATTACKER}/32"))


def test_with_preservation_the_web_acl_of_the_load_balancer_sees_the_client() -> None:
    decision = decide(accelerated(), "play.example.com")
    (one,) = decision.ways
    assert one.name == f"internet > play.example.com > {PLAY} > {ALB}"
    assert chosen(one) == [("waf", ALB)]
    assert any(
        "inbound network ACL rules are not evaluated behind" in text.reason for text in rejected(one, "nacl")
    )
    assert (decision.open, decision.unknown) == ((), ())


@pytest.mark.parametrize("kind", ["application", "network"])
def test_a_deny_in_network_acls_closes_nothing_behind_an_accelerator(kind: str) -> None:
    picture = accelerated(kind=kind)
    deny(picture)
    assert [one.dropped for one in decide(picture, "play.example.com").ways] == [False]


def test_it_is_noticed_from_the_load_balancer_by_its_interfaces_and_only_then_asked_for() -> None:
    assert f"internet > {PLAY} > {ALB}" in [one.name for one in ways_in(accelerated(), "shop").ways]
    picture = accelerated(preserved=False).refuse("globalaccelerator.ListAccelerators", denied("not asked"))
    assert ways_in(picture, "shop").unknown == ()


def test_where_accelerators_may_not_be_listed_it_is_unknown() -> None:
    picture = accelerated().refuse(
        "globalaccelerator.ListAccelerators", denied("globalaccelerator.ListAccelerators")
    )
    (text,) = decide(picture, "shop").unknown
    assert text.startswith(f"cannot tell whether a Global Accelerator leads to {ALB}: access denied")


def test_without_preservation_the_way_stays_open_with_what_to_do() -> None:
    decision = decide(accelerated(preserved=False, internal=False), "play.example.com")
    assert chosen(way(decision, "play.example.com", PLAY, ALB)) == []
    assert "turn it on, or put CloudFront with AWS WAF in front" in decision.open[0]
    assert chosen(way(decision, ALB)) == [("nacl", ALB), ("waf", ALB)]


def test_an_instance_behind_it_stays_open_for_inbound_rules_do_not_count() -> None:
    picture = EdgePicture()
    subnet, group = picture.subnet("lone"), picture.security_group("lone", OPEN_BOTH)
    instance = picture.instance("i-lone", interface("eni-lone", subnet, [group]), name="lone")
    picture.accelerator("play", (instance, True))
    deny(picture)
    decision = decide(picture, accelerator_arn("play"))
    (one,) = decision.ways
    assert (one.dropped, chosen(one)) == (False, [])
    assert "put an Application Load Balancer with AWS WAF between" in decision.open[0]


def test_an_elastic_ip_behind_it_is_followed_to_its_interface() -> None:
    picture = EdgePicture()
    subnet, group = picture.subnet("lone"), picture.security_group("lone", OPEN_BOTH)
    picture.instance("i-lone", interface("eni-lone", subnet, [group], public="192.0.2.10"), name="lone")
    picture.elastic_ip("192.0.2.10", "eni-lone", AllocationId="eipalloc-1")
    picture.accelerator("play", ("eipalloc-1", False))
    names = [one.name for one in decide(picture, accelerator_arn("play")).ways]
    assert len(names) == 2
    assert names[0].startswith(f"internet > {PLAY}")


def test_a_record_with_its_addresses_leads_to_it() -> None:
    picture = accelerated()
    picture.zone("play.example.net", record("play.example.net", "A", "75.2.60.0"))
    assert [one.name for one in ways_in(picture, "play.example.net").ways] == [
        f"internet > play.example.net > {PLAY} > {ALB}"
    ]


@pytest.mark.parametrize("found", [{"Listeners": []}, denied("globalaccelerator.ListListeners")])
def test_one_that_leads_nowhere_known_has_a_way_that_stays_open(found: Json) -> None:
    picture = accelerated().refuse("globalaccelerator.ListListeners", found)
    decision = decide(picture, "play.awsglobalaccelerator.com")
    assert [one.name for one in decision.ways] == [f"internet > {PLAY}"]
    assert len(decision.open) == 1
    assert REGION not in decision.open[0]


PARTNER = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}


def group_of(picture: EdgePicture, *rules: Json) -> None:
    """Give the load balancer's security group other rules."""
    (group,) = [one for one in picture.security_groups if one["GroupId"] == "sg-shop-lb"]
    group["IpPermissions"] = list(rules)


def test_a_security_group_that_does_not_let_the_client_in_closes_the_way() -> None:
    """With preservation AWS filters what comes in by security groups (about-endpoints.sipp-caveats)."""
    picture = accelerated()
    group_of(picture, PARTNER)
    decision = decide(picture, "play.example.com")
    (one,) = decision.ways
    assert (one.dropped, decision.points) == (True, ())
    assert "closed to clients: dropped by security groups sg-shop-lb of" in one.verdict
    (partner,) = decide(picture, "play.example.com", "192.0.2.7").ways
    assert (partner.dropped, chosen(partner)) == (False, [("waf", ALB)])


def test_a_range_that_the_group_lets_in_a_part_of_is_not_closed() -> None:
    picture = accelerated()
    group_of(picture, PARTNER)
    (one,) = decide(picture, "play.example.com", "192.0.0.0/16").ways
    assert (one.dropped, chosen(one)) == (False, [("waf", ALB)])


@pytest.mark.parametrize(
    "rule",
    [
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": "sg-ga"}]},
        OPEN_BOTH,
    ],
    ids=["the accelerator's own group", "everybody"],
)
def test_a_group_that_may_let_in_what_the_accelerator_brings_closes_nothing(rule: Json) -> None:
    picture = accelerated()
    group_of(picture, PARTNER, rule)
    assert [one.dropped for one in decide(picture, "play.example.com").ways] == [False]


def test_without_preservation_the_group_does_not_see_the_client_and_closes_nothing() -> None:
    picture = accelerated(preserved=False)
    group_of(picture, PARTNER)
    assert [one.dropped for one in decide(picture, "play.example.com").ways] == [False]


def test_an_instance_behind_it_is_closed_by_its_own_security_group() -> None:
    picture = EdgePicture()
    subnet, group = picture.subnet("lone"), picture.security_group("lone", PARTNER)
    instance = picture.instance("i-lone", interface("eni-lone", subnet, [group]), name="lone")
    picture.accelerator("play", (instance, True))
    (one,) = decide(picture, accelerator_arn("play")).ways
    assert (one.dropped, "security groups sg-lone" in one.verdict) == (True, True)
