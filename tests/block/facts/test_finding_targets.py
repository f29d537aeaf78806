"""What a target's text may be, and what is said when it is nothing, several things, or cannot be told."""

import pytest

from opsctl.model.errors import InvalidInput, RefusedByGuard
from tests.block.facts.asking import served, ways_in
from tests.kit.canned import ACCOUNT, REGION, denied
from tests.kit.picture import OPEN, Picture, alias, balancer_dns, interface, record

ALB = "application load balancer shop"
ARN = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/app/shop/50dc6c495c0c9188"


def account() -> Picture:
    """An ALB, an NLB, a distribution and an instance."""
    picture = Picture()
    served(picture)
    served(picture, "api", kind="network")
    picture.distribution("E1A2B3", "bucket.s3.amazonaws.com", aliases=("www.example.com", "*.img.example.com"))
    group = picture.security_group("web", OPEN)
    web = interface("eni-web", picture.subnet("web"), [group], public="203.0.113.9", private="10.0.7.7")
    picture.instance("i-web", web, name="legacy-web")
    picture.elastic_ip("203.0.113.9", "eni-web")
    return picture


@pytest.mark.parametrize(
    ("target", "kind", "place"),
    [
        (ARN, "alb", ARN),
        ("shop", "alb", ARN),
        (balancer_dns("shop"), "alb", ARN),
        (f"dualstack.{balancer_dns('shop')}.".upper(), "alb", ARN),
        (f"https://{balancer_dns('shop')}:8443/login?next=/", "alb", ARN),
        (f"{balancer_dns('shop')}:443", "alb", ARN),
        (f"eu-west-1a.{balancer_dns('api', 'network')}", "nlb", "api"),
        ("E1A2B3", "distribution", "E1A2B3"),
        (f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1A2B3", "distribution", "E1A2B3"),
        ("e1a2b3.cloudfront.net", "distribution", "E1A2B3"),
        ("www.example.com", "distribution", "E1A2B3"),
        ("a.img.example.com", "distribution", "E1A2B3"),
        ("legacy-web", "instance", "i-web"),
        ("i-web", "instance", "i-web"),
        (f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/i-web", "instance", "i-web"),
        ("203.0.113.9", "instance", "i-web"),
        ("10.0.7.7", "instance", "i-web"),
        ("eni-web", "instance", "i-web"),
        ("eipalloc-0", "instance", "i-web"),
        ("ec2-203-0-113-9.eu-west-1.compute.amazonaws.com", "instance", "i-web"),
    ],
)
def test_a_target_may_be_written_in_many_ways(target: str, kind: str, place: str) -> None:
    decision = ways_in(account(), target)
    assert decision.kind == kind
    assert any(place in node.id for node in decision.graph.nodes)


def test_an_ipv6_address_of_an_instance_is_a_target() -> None:
    picture = Picture()
    web = interface("eni-1", picture.subnet("web"), [picture.security_group("web", OPEN)], ipv6="2001:db8::5")
    picture.instance("i-web", web)
    assert ways_in(picture, "http://[2001:db8::5]:80/").kind == "instance"


def test_an_address_of_a_load_balancers_own_interface_is_the_load_balancer() -> None:
    picture = account()
    name = "ELB app/shop/50dc6c495c0c9188"
    picture.interfaces.append(
        interface("eni-lb", "subnet-shop-a", [], public="203.0.113.50", private="10.0.9.9", description=name)
    )
    assert ways_in(picture, "203.0.113.50").kind == "alb"


def test_a_fixed_address_of_an_nlb_is_the_nlb() -> None:
    picture = account()
    zone = picture.balancers[1]["AvailabilityZones"][0]
    zone["LoadBalancerAddresses"] = [{"IpAddress": "203.0.113.60", "AllocationId": "eipalloc-9"}]
    assert ways_in(picture, "203.0.113.60").kind == "nlb"


@pytest.mark.parametrize(
    "answer",
    [
        alias("shop.example.com", f"dualstack.{balancer_dns('shop')}"),
        record("shop.example.com", "CNAME", balancer_dns("shop")),
        record("\\052.example.com", "CNAME", balancer_dns("shop")),
        {**alias("SHOP.example.com", balancer_dns("shop").upper()), "SetIdentifier": "a", "Weight": 10},
    ],
)
def test_a_name_in_route_53_is_followed(answer: dict[str, object]) -> None:
    picture = account()
    picture.zone("example.com", answer)
    (one,) = ways_in(picture, "shop.example.com").ways
    assert one.name == f"internet > shop.example.com > {ALB}"


def test_every_answer_of_a_weighted_name_is_a_way_in() -> None:
    picture = account()
    picture.zone(
        "example.com",
        alias("shop.example.com", balancer_dns("shop"), SetIdentifier="a", Weight=90),
        alias("shop.example.com", balancer_dns("api", "network"), SetIdentifier="b", Weight=10),
    )
    decision = ways_in(picture, "shop.example.com")
    assert {one.name for one in decision.ways} == {
        f"internet > shop.example.com > {ALB}",
        "internet > shop.example.com > network load balancer api",
    }
    assert {edge.label for edge in decision.graph.edges} >= {"weight 90", "weight 10"}


def test_a_chain_of_names_across_zones_is_followed() -> None:
    picture = account()
    picture.zone("example.com", record("shop.example.com", "CNAME", "shop.edge.example.net"))
    picture.zone("example.net", alias("shop.edge.example.net", "lb.example.net"))
    picture.zone("lb.example.net", alias("lb.example.net", balancer_dns("shop")))
    (one,) = ways_in(picture, "shop.example.com").ways
    assert one.name.startswith("internet > shop.example.com, shop.edge.example.net, lb.example.net > ")


def test_names_that_lead_to_each_other_end() -> None:
    picture = account()
    picture.zone(
        "example.com",
        record("a.example.com", "CNAME", "b.example.com"),
        record("b.example.com", "CNAME", "a.example.com"),
    )
    assert ways_in(picture, "a.example.com").ways == ()


def test_the_public_zone_decides_over_a_private_one() -> None:
    picture = account()
    picture.zone("example.com", alias("shop.example.com", balancer_dns("api", "network")), private=True)
    picture.zone("example.com", alias("shop.example.com", balancer_dns("shop")))
    decision = ways_in(picture, "shop.example.com")
    assert [one.name for one in decision.ways] == [f"internet > shop.example.com > {ALB}"]
    (node,) = [one for one in decision.graph.nodes if one.kind == "name"]
    assert "answers shop.example.com differently inside its VPCs" in node.label


def test_a_name_of_a_private_zone_alone_says_so() -> None:
    picture = account()
    picture.zone("corp.internal", alias("shop.corp.internal", balancer_dns("shop")), private=True)
    (node,) = [one for one in ways_in(picture, "shop.corp.internal").graph.nodes if one.kind == "name"]
    assert "only its VPCs resolve it" in node.label


def test_a_closer_name_hides_a_wildcard() -> None:
    picture = account()
    picture.zone(
        "example.com",
        record("*.example.com", "CNAME", balancer_dns("shop")),
        record("eu.example.com", "A", "203.0.113.9"),
    )
    with pytest.raises(InvalidInput, match="nothing in account"):
        ways_in(picture, "a.eu.example.com")


def test_nothing_of_that_name_says_where_it_was_looked_for() -> None:
    with pytest.raises(InvalidInput) as fault:
        ways_in(account(), "nowhere")
    assert fault.value.summary == f"nothing in account {ACCOUNT}, region {REGION} matches 'nowhere'"
    for place in ("Route 53", "distributions", "load balancers", "instances", "addresses"):
        assert place in fault.value.hint


def test_an_unreadable_route_53_is_cannot_tell_and_not_nothing() -> None:
    picture = account().refuse("route53.ListHostedZones", denied("route53.ListHostedZones"))
    with pytest.raises(RefusedByGuard, match="cannot tell what") as fault:
        ways_in(picture, "shop.example.com")
    assert "access denied reading Route 53 (route53.ListHostedZones)" in fault.value.evidence[0]


def test_an_unreadable_zone_is_cannot_tell_and_not_nothing() -> None:
    picture = account()
    picture.zone("example.com")
    picture.refuse("route53.ListResourceRecordSets", denied("route53.ListResourceRecordSets"))
    with pytest.raises(RefusedByGuard, match="cannot tell"):
        ways_in(picture, "shop.example.com")


def test_a_name_of_two_things_lists_them() -> None:
    picture = account()
    picture.instance("i-2", interface("eni-2", picture.subnet("x"), []), name="shop")
    with pytest.raises(InvalidInput, match="is ambiguous") as fault:
        ways_in(picture, "shop")
    assert f"application load balancer {ARN}" in fault.value.summary
    assert "instance i-2" in fault.value.summary


def test_two_instances_of_one_name_are_ambiguous() -> None:
    picture = account()
    picture.instance("i-2", interface("eni-2", picture.subnet("x"), []), name="legacy-web")
    with pytest.raises(InvalidInput, match="instance i-web, instance i-2"):
        ways_in(picture, "legacy-web")


def test_a_name_that_leads_to_the_instance_tagged_with_it_is_not_ambiguous() -> None:
    picture = Picture()
    group = picture.security_group("web", OPEN)
    picture.instance(
        "i-web", interface("eni-1", picture.subnet("web"), [group], public="203.0.113.9"), name="w.example.com"
    )
    picture.elastic_ip("203.0.113.9", "eni-1")
    picture.zone("example.com", record("w.example.com", "A", "203.0.113.9"))
    assert ways_in(picture, "w.example.com").kind == "name"


def test_terminated_instances_do_not_count() -> None:
    picture = account()
    picture.instance("i-old", name="legacy-web", state="terminated")
    assert ways_in(picture, "legacy-web").kind == "instance"
    picture.instance("i-older", name="gone", state="terminated")
    with pytest.raises(InvalidInput, match=r"instance gone \(i-older\) is terminated"):
        ways_in(picture, "gone")


def test_an_elastic_ip_without_anything_behind_it_says_so() -> None:
    picture = account()
    picture.elastic_ip("203.0.113.77")
    with pytest.raises(InvalidInput, match="is not associated with anything"):
        ways_in(picture, "203.0.113.77")


def test_a_nat_gateways_address_is_no_target() -> None:
    picture = account()
    what = "Interface for NAT Gateway nat-1"
    nat = interface("eni-nat", "subnet-web", [], public="203.0.113.80", kind="nat_gateway", description=what)
    picture.interfaces.append(nat)
    with pytest.raises(InvalidInput, match="it is not a workload"):
        ways_in(picture, "203.0.113.80")


@pytest.mark.parametrize("text", ["", "  ", "https://"])
def test_an_empty_target_is_invalid(text: str) -> None:
    with pytest.raises(InvalidInput, match="names no target"):
        ways_in(account(), text)
