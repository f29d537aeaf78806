"""Addresses that only a header has: where AWS WAF looks at it, and what else is no place for the block."""

import pytest

from opsctl.block.bypass import evasions
from opsctl.block.decision import Decision
from opsctl.block.topology.forwarded import Forwarded
from opsctl.model.errors import InvalidInput
from opsctl.model.value import Json
from tests.block.facts.asking import chosen, decide, rejected, served
from tests.kit.picture import EDGE_NAME, OPEN_BOTH, Picture, alias, balancer_dns, interface, ip_rule, only_edge

CLOUDFLARE = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "173.245.48.0/20"}]}


def shop(*, fronted: bool = False, groups: Json = OPEN_BOTH, kind: str = "application") -> Picture:
    """A load balancer, behind a distribution or not."""
    picture = Picture()
    subnets = [picture.subnet("a"), picture.subnet("b")]
    balancer = picture.balancer("shop", subnets, [picture.security_group("lb", groups)], kind=kind)
    inside = picture.security_group("app", OPEN_BOTH)
    instance = picture.instance("i-1", interface("eni-1", picture.subnet("private"), [inside]))
    picture.target_group("shop", [balancer], [instance], protocol="HTTPS")
    if fronted:
        picture.distribution("E1", balancer_dns("shop"), aliases=("shop.example.com",))
        picture.zone("example.com", alias("shop.example.com", "e1.cloudfront.net"))
    return picture


def by_header(decision: Decision) -> list[tuple[str, str]]:
    return [(one.name, one.forwarded_header) for one in decision.points]


def test_behind_a_cdn_of_others_aws_waf_looks_at_the_header_and_packets_show_nothing() -> None:
    decision = decide(shop(), "shop", forwarded_header="cloudflare")
    (way,) = decision.ways
    assert chosen(way) == [("waf", "application load balancer shop")]
    assert "which packets do not show" in rejected(way, "nacl")[0].reason
    assert by_header(decision) == [("shop", "CF-Connecting-IP")]
    assert way.closable
    assert not way.dropped


def test_a_balancer_that_only_the_cdn_can_reach_needs_no_word_of_a_bypass() -> None:
    """Its security group lets nobody in whose address is asked about, but the proxy that brings his requests."""
    told = decide(shop(), "shop", forwarded_header="cloudflare").bypasses[0]
    assert "https://www.cloudflare.com/ips/" in told
    assert told.startswith("application load balancer shop without the proxy, with any CF-Connecting-IP")
    limited = decide(shop(groups=CLOUDFLARE), "shop", forwarded_header="cloudflare")
    assert limited.bypasses == ()
    assert by_header(limited) == [("shop", "CF-Connecting-IP")]
    assert decide(shop(groups=CLOUDFLARE), "shop").points == (), "for the source the security group is enough"


def test_where_nothing_of_others_can_come_in_no_block_is_needed() -> None:
    decision = decide(shop(groups=only_edge()), "shop", forwarded_header="X-Forwarded-For")
    assert decision.points == ()
    assert EDGE_NAME in decision.ways[0].verdict


def test_a_distribution_behind_another_cdn_gets_the_rule_itself() -> None:
    decision = decide(shop(fronted=True), "shop.example.com", forwarded_header="fastly")
    assert [chosen(one) for one in decision.ways] == [
        [("waf", "distribution E1")],
        [("waf", "application load balancer shop")],
    ]
    assert {one.scope for one in decision.points} == {"CLOUDFRONT", "REGIONAL"}
    (told,) = decision.evasions
    assert "client.ip" in told


def test_behind_cloudfront_the_balancer_looks_at_what_cloudfront_wrote_and_at_who_gets_around_it() -> None:
    decision = decide(shop(fronted=True), "shop.example.com", forwarded_header="X-Forwarded-For")
    behind, direct = decision.ways
    assert chosen(behind) == [("waf", "application load balancer shop")]
    assert "without --forwarded-header the block stands here" in rejected(behind, "waf")[0].reason
    assert [layer for layer, _ in chosen(direct)] == ["nacl", "waf"]
    assert [one.layer for one in decision.points].count("waf") == 1, "one rule looks at both"
    assert decision.evasions == ()


def test_where_the_address_is_only_in_a_header_the_option_is_named() -> None:
    decision = decide(shop(fronted=True), "shop.example.com")
    (told,) = [one.reason for way in decision.ways for one in rejected(way, "waf")]
    assert "--forwarded-header X-Forwarded-For" in told


def blocked(statement: Json) -> Picture:
    picture = shop()
    arn = picture.balancers[0]["LoadBalancerArn"]
    ours = ip_rule("bad", 1, "Block", "") | {"Statement": statement}
    picture.attached[arn] = picture.web_acl("w", ours)
    return picture


def test_a_block_of_the_source_does_not_count_for_the_header_nor_the_other_way_round() -> None:
    picture = Picture()
    arn = picture.ip_set("bad", "198.51.100.7/32")
    config = {"HeaderName": "CF-Connecting-IP", "FallbackBehavior": "NO_MATCH", "Position": "LAST"}
    source: Json = {"IPSetReferenceStatement": {"ARN": arn}}
    header: Json = {"IPSetReferenceStatement": {"ARN": arn, "IPSetForwardedIPConfig": config}}
    for statement, as_source, as_header in (
        (source, True, False),
        (header, False, False),
        ({"OrStatement": {"Statements": [source, header]}}, True, True),
    ):
        here = blocked(statement)
        here.ip_sets |= picture.ip_sets
        assert [one.dropped for one in decide(here, "shop").ways] == [as_source]
        found = decide(here, "shop", forwarded_header="cloudflare").ways
        assert [one.dropped for one in found] == [as_header]
        if statement == header:
            assert found[0].verdict.startswith("without the proxy in front, 198.51.100.7 reaches")


@pytest.mark.parametrize("mode", ["count", "captcha"])
def test_another_mode_is_met_only_where_both_looks_meet_it(mode: str) -> None:
    picture = blocked({})
    arn = picture.ip_set("seen", "198.51.100.7/32")
    config = {"HeaderName": "CF-Connecting-IP", "FallbackBehavior": "NO_MATCH", "Position": "LAST"}
    header: Json = {"IPSetReferenceStatement": {"ARN": arn, "IPSetForwardedIPConfig": config}}
    both = {"OrStatement": {"Statements": [{"IPSetReferenceStatement": {"ARN": arn}}, header]}}
    for statement, met in ((header, False), (both, True)):
        (acl,) = picture.web_acls.values()
        acl["Rules"] = [ip_rule("seen", 1, mode.capitalize(), arn) | {"Statement": statement}]
        decision = decide(picture, "shop", forwarded_header="cloudflare", mode=mode)
        assert [one.handled for one in decision.ways] == [met]


def test_a_network_load_balancer_has_no_place_that_sees_a_header() -> None:
    picture = Picture()
    served(picture, kind="network")
    decision = decide(picture, "shop", forwarded_header="X-Real-IP")
    assert decision.points == ()
    assert "the client's address is only in header X-Real-IP" in decision.open[0]
    assert "overwrites it" in decision.evasions[0]


def test_the_first_address_is_looked_at_when_asked_for_and_said_to_be_evadable() -> None:
    decision = decide(shop(), "shop", forwarded_header="X-Forwarded-For", position="first")
    assert [one.position for one in decision.points] == ["first"]
    assert "puts another address first" in decision.evasions[0]


@pytest.mark.parametrize(
    ("asked", "source"),
    [
        ({"position": "last"}, "position"),
        ({"forwarded_header": "a b"}, "forwarded_header"),
        ({"forwarded_header": "X-Forwarded-For", "layer": "nacl"}, "forwarded_header"),
        ({"forwarded_header": "X-Forwarded-For", "countries": ["KP"]}, "forwarded_header"),
        ({"forwarded_header": "Forwarded"}, "X-Forwarded-For"),
        ({"forwarded_header": "cookie"}, "it has no addresses"),
        ({"forwarded_header": "CloudFront-Viewer-Address"}, "the port behind the address"),
    ],
)
def test_what_cannot_be_asked_for_is_bad_input(asked: dict[str, Json], source: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        decide(Picture(), "shop", **asked)
    assert source in str(caught.value.__dict__)


@pytest.mark.parametrize(
    ("typed", "header"),
    [("cf-connecting-ip", "CF-Connecting-IP"), ("x-FORWARDED-for", "X-Forwarded-For"), ("x-own", "x-own")],
)
def test_a_known_header_is_the_same_however_it_is_typed(typed: str, header: str) -> None:
    assert Forwarded.of(typed).header == header
    assert (evasions(Forwarded.of(typed)) == ()) is (header != "x-own")
