"""One test for each topology: where the block goes, and why not elsewhere."""

import pytest

from opsctl.block.decision import Decision
from tests.block.facts.asking import ATTACKER, chosen, decide, rejected, served, way
from tests.kit.canned import REGION
from tests.kit.edge_picture import EdgePicture
from tests.kit.picture import (
    EDGE_NAME,
    OPEN,
    OPEN_BOTH,
    Picture,
    alias,
    balancer_dns,
    entry,
    interface,
    only_edge,
    record,
)

ALB = "application load balancer shop"
NLB = "network load balancer api"


def points(decision: Decision) -> list[tuple[str, str]]:
    """Layer and id (or resource) of all points."""
    return [(one.layer, one.id or one.resource) for one in decision.points]


def lone_instance(picture: Picture, **more: str) -> None:
    """An instance with a public address of its own."""
    subnet = picture.subnet("web")
    group = picture.security_group("web", OPEN_BOTH)
    picture.instance("i-web", interface("eni-web", subnet, [group], public="203.0.113.9", **more), name="web")


def test_an_instance_with_a_public_address_is_guarded_by_its_subnets_network_acl() -> None:
    picture = Picture()
    lone_instance(picture)
    decision = decide(picture, "web")
    one = way(decision, "web at 203.0.113.9")
    assert chosen(one) == [("nacl", "web at 203.0.113.9")]
    assert points(decision) == [("nacl", "acl-web")]
    assert not one.dropped
    assert f"{ATTACKER} reaches web at 203.0.113.9 on tcp/443" in one.verdict
    assert "cannot be attached to an instance" in rejected(one, "waf")[0].reason


def test_an_instance_reached_over_ipv6_needs_a_deny_of_its_own_for_ipv6() -> None:
    picture = Picture()
    lone_instance(picture, ipv6="2001:db8:1::5")
    picture.acls[0]["Entries"].insert(0, entry(90, "deny", f"{ATTACKER}/32"))
    (one,) = decide(picture, "i-web", ATTACKER, "2001:db8:f::1").ways
    assert not one.dropped
    assert "198.51.100.7/32: dropped by network ACL acl-web rule 90" in one.verdict
    assert "2001:db8:f::1/128: 2001:db8:f::1 reaches" in one.verdict


def test_the_elastic_ip_on_the_second_interface_decides_which_network_acl_counts() -> None:
    picture = Picture()
    group = picture.security_group("web", OPEN)
    first = interface("eni-1", picture.subnet("private"), [group])
    second = interface("eni-2", picture.subnet("public"), [group], public="203.0.113.9", private="10.0.1.1")
    picture.instance("i-web", first, second)
    assert points(decide(picture, "i-web")) == [("nacl", "acl-public")]


def test_a_private_instance_has_no_way_in() -> None:
    picture = Picture()
    picture.instance("i-db", interface("eni-1", picture.subnet("db"), [picture.security_group("db", OPEN)]))
    decision = decide(picture, "i-db")
    assert decision.ways == ()
    assert decision.points == ()


def test_an_instance_that_its_security_groups_close_needs_no_block() -> None:
    picture = Picture()
    office = OPEN | {"IpRanges": [{"CidrIp": "192.0.2.0/24"}]}
    group = picture.security_group("web", office)
    picture.instance("i-web", interface("eni-1", picture.subnet("web"), [group], public="203.0.113.9"))
    decision = decide(picture, "i-web")
    (one,) = decision.ways
    assert one.dropped
    assert "no block is needed here" in one.layers[0].reason
    assert (decision.points, decision.open) == ((), ())
    insisted = decide(picture, "i-web", own_rule=True)
    assert [point.layer for point in insisted.points] == ["nacl"], "a block of one's own is made all the same"
    assert decide(picture, "i-web", "2001:db8::7", own_rule=True).points == (), "it answers no IPv6"


def test_an_address_behind_an_egress_only_gateway_is_no_way_in() -> None:
    picture = Picture()
    group = picture.security_group("app", OPEN_BOTH)
    subnet = picture.subnet("app")
    picture.routes.append(
        {
            "Associations": [{"SubnetId": subnet}],
            "Routes": [{"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1"}],
        }
    )
    picture.instance("i-app", interface("eni-1", subnet, [group], ipv6="2001:db8:1::5"))
    assert decide(picture, "i-app").ways == ()


def test_an_alb_reached_directly_gets_both_network_acls_and_a_web_acl() -> None:
    picture = Picture()
    balancer = served(picture)
    decision = decide(picture, "shop")
    one = way(decision, ALB)
    assert chosen(one) == [("nacl", ALB), ("waf", ALB)]
    assert points(decision) == [("nacl", "acl-shop-a"), ("nacl", "acl-shop-b"), ("waf", balancer)]
    assert one.hops[-1] == "target group shop"


def test_an_alb_is_dropped_only_when_the_network_acls_of_all_its_subnets_drop() -> None:
    picture = Picture()
    served(picture)
    picture.acls[0]["Entries"].insert(0, entry(90, "deny", "198.51.100.0/24"))
    assert not decide(picture, "shop").ways[0].dropped
    picture.acls[1]["Entries"].insert(0, entry(50, "deny", f"{ATTACKER}/32"))
    after = decide(picture, "shop").ways[0]
    assert after.dropped
    assert after.verdict == "dropped by network ACL acl-shop-a rule 90, acl-shop-b rule 50"


def test_an_internal_alb_has_no_way_in_of_its_own() -> None:
    picture = Picture()
    served(picture, internal=True)
    assert decide(picture, "shop").ways == ()


def test_an_nlb_is_guarded_by_the_network_acls_of_its_own_subnets() -> None:
    picture = Picture()
    served(picture, "api", kind="network")
    decision = decide(picture, "api")
    one = way(decision, NLB)
    assert chosen(one) == [("nacl", NLB)]
    assert points(decision) == [("nacl", "acl-api-a"), ("nacl", "acl-api-b")]
    assert "cannot be attached to a network load balancer" in rejected(one, "waf")[0].reason


@pytest.mark.parametrize(
    ("kind", "protocol", "preserve", "dropped"),
    [
        ("instance", "TCP", None, True),
        ("instance", "TCP", False, False),
        ("ip", "TCP", None, False),
        ("ip", "TLS", True, True),
        ("ip", "UDP", None, True),
    ],
)
def test_a_deny_at_the_targets_counts_only_where_they_see_the_client(
    kind: str, protocol: str, preserve: bool | None, dropped: bool
) -> None:
    picture = Picture()
    balancer = picture.balancer("api", [picture.subnet("edge")], kind="network", ports=((protocol, 443),))
    group = picture.security_group("app", {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]})
    denying = (entry(10, "deny", f"{ATTACKER}/32"), entry(100, "allow", "0.0.0.0/0"))
    inside = picture.subnet("private", *denying)
    picture.instance("i-1", interface("eni-1", inside, [group], private="10.0.0.10"))
    target = "i-1" if kind == "instance" else "10.0.0.10"
    picture.target_group("api", [balancer], [target], kind=kind, protocol=protocol, preserve=preserve)
    assert decide(picture, "api").ways[0].dropped is dropped


def test_an_ipv6_client_of_an_nlb_is_not_seen_by_ipv4_targets() -> None:
    picture = Picture()
    group = picture.security_group("app", OPEN_BOTH)
    balancer = picture.balancer("api", [picture.subnet("edge")], kind="network", ip="dualstack")
    inside = picture.subnet("private", entry(10, "deny", "::/0"), entry(100, "allow", "0.0.0.0/0"))
    picture.instance("i-1", interface("eni-1", inside, [group]))
    picture.target_group("api", [balancer], ["i-1"], protocol="TCP", port=443)
    assert not decide(picture, "api", "2001:db8::7").ways[0].dropped


def test_an_alb_behind_an_nlb_is_guarded_at_both() -> None:
    picture = Picture()
    balancer = served(picture, internal=True)
    front = picture.balancer("api", [picture.subnet("edge")], kind="network", ports=(("TCP", 443),))
    picture.target_group("to-alb", [front], [balancer], kind="alb", protocol="TCP", port=443)
    decision = decide(picture, "shop")
    one = way(decision, NLB, "target group to-alb", ALB)
    assert chosen(one) == [("nacl", NLB), ("waf", ALB)]
    assert points(decision) == [("nacl", "acl-edge"), ("waf", balancer)]


def test_an_ipv6_client_reaches_an_alb_behind_an_nlb_without_its_address() -> None:
    picture = Picture()
    balancer = served(picture, internal=True)
    front = picture.balancer(
        "api", [picture.subnet("edge")], kind="network", ip="dualstack", ports=(("TCP", 443),)
    )
    picture.target_group("to-alb", [front], [balancer], kind="alb", protocol="TCP", port=443)
    (one,) = decide(picture, "shop", "2001:db8::7").ways
    assert chosen(one) == [("nacl", NLB)]
    assert "the client's address is lost" in rejected(one, "waf")[0].reason


def cloudfront_shop(picture: Picture, **more: str) -> str:
    """CloudFront in front of an ALB, with its name in Route 53; returns the ALB."""
    balancer = served(picture)
    domain = picture.distribution("E1", balancer_dns("shop"), aliases=("shop.example.com",), **more)
    picture.zone("example.com", alias("shop.example.com", domain))
    return balancer


def test_behind_cloudfront_only_the_distribution_sees_the_client() -> None:
    picture = Picture()
    balancer = cloudfront_shop(picture)
    decision = decide(picture, "https://shop.example.com/login")
    edge = way(decision, "shop.example.com", "distribution E1", ALB)
    assert chosen(edge) == [("waf", "distribution E1")]
    assert [one.at for one in rejected(edge, "nacl")] == ["distribution E1", ALB]
    assert "denying those addresses would block everybody" in rejected(edge, "nacl")[1].reason
    assert "only in a header" in rejected(edge, "waf")[0].reason
    point = decision.points[0]
    assert (point.scope, point.region, point.resource, point.id) == ("CLOUDFRONT", "us-east-1", "E1", "")
    direct = way(decision, ALB)
    assert chosen(direct) == [("nacl", ALB), ("waf", ALB)]
    assert points(decision)[-1] == ("waf", balancer)
    assert decision.recommendations == ()
    assert decision.bypasses == ("shop; opsctl lock-origin https://shop.example.com/login",)


def test_an_alb_open_to_cloudfront_alone_needs_no_block_of_its_own() -> None:
    picture = Picture()
    cloudfront_shop(picture)
    picture.security_groups[0]["IpPermissions"] = [only_edge()]
    decision = decide(picture, "shop.example.com")
    direct = way(decision, ALB)
    assert direct.dropped
    assert f"allow in only prefix list {EDGE_NAME}" in direct.verdict
    assert points(decision) == [("waf", "E1")]
    assert (decision.open, decision.recommendations, decision.bypasses) == ((), (), ())


def test_the_web_acl_of_a_distribution_is_used_when_there_is_one() -> None:
    picture = Picture()
    acl = picture.web_acl("edge", scope="CLOUDFRONT")
    cloudfront_shop(picture, WebACLId=acl)
    assert ("waf", acl) in points(decide(picture, "shop.example.com", layer="cloudfront"))


def test_every_distribution_in_front_of_an_alb_is_found_from_the_alb() -> None:
    picture = Picture()
    cloudfront_shop(picture)
    picture.distribution("E2", "origin.example.net")
    picture.zone("example.net", alias("origin.example.net", f"dualstack.{balancer_dns('shop')}"))
    picture.distribution("E3", "elsewhere.example.org")
    names = {one.name for one in decide(picture, balancer_dns("shop")).ways}
    assert names == {
        f"internet > origin.example.net > {ALB}",
        f"internet > distribution E1 > {ALB}",
        f"internet > distribution E2 > {ALB}",
    }


def test_cloudfront_in_front_of_an_nlb() -> None:
    picture = Picture()
    served(picture, "api", kind="network")
    domain = picture.distribution("E1", balancer_dns("api", "network"))
    decision = decide(picture, domain)
    edge = way(decision, "distribution E1", NLB)
    assert chosen(edge) == [("waf", "distribution E1")]
    assert chosen(way(decision, NLB)) == [("nacl", NLB)]


def test_cloudfront_in_front_of_an_instance_and_a_bucket() -> None:
    picture = Picture()
    lone_instance(picture)
    picture.distribution("E1", "ec2-203-0-113-9.eu-west-1.compute.amazonaws.com", "assets.s3.amazonaws.com")
    decision = decide(picture, "E1")
    edge = way(decision, "distribution E1")
    assert chosen(edge) == [("waf", "distribution E1")]
    assert "origin assets.s3.amazonaws.com" in edge.hops[-1]
    assert chosen(way(decision, "web at 203.0.113.9")) == [("nacl", "web at 203.0.113.9")]


def test_a_vpc_origin_is_followed_to_its_internal_alb() -> None:
    picture = Picture()
    balancer = served(picture, internal=True)
    picture.distribution("E1", picture.vpc_origin("vo_1", balancer))
    for target in ("E1", "shop"):
        (one,) = decide(picture, target).ways
        assert chosen(one) == [("waf", "distribution E1")]
        assert "inbound network ACL rules are not evaluated" in rejected(one, "nacl")[1].reason


def test_a_distribution_in_front_of_a_distribution_is_the_first_to_see_the_client() -> None:
    picture = Picture()
    served(picture, internal=True)
    inner = picture.distribution("E2", "bucket.s3.amazonaws.com", aliases=("inner.example.com",))
    picture.distribution("E1", inner)
    decision = decide(picture, "E2")
    assert chosen(way(decision, "distribution E1", "distribution E2")) == [("waf", "distribution E1")]
    assert chosen(way(decision, "distribution E2")) == [("waf", "distribution E2")]


def test_a_disabled_distribution_is_no_way_in() -> None:
    picture = Picture()
    served(picture)
    picture.distribution("E1", balancer_dns("shop"), Enabled=False)
    assert [one.name for one in decide(picture, "shop").ways] == [f"internet > {ALB}"]


def test_a_target_with_a_public_address_of_its_own_is_another_way_in() -> None:
    picture = Picture()
    served(picture)
    group = picture.security_group("ssh", OPEN)
    exposed = interface("eni-9", picture.subnet("public"), [group], public="203.0.113.9", private="10.0.0.99")
    picture.instance("i-9", exposed, name="shop-9")
    picture.targets[picture.groups[0]["TargetGroupArn"]].append({"Target": {"Id": "i-9", "Port": 8443}})
    decision = decide(picture, "shop")
    assert chosen(way(decision, "shop-9 at 203.0.113.9")) == [("nacl", "shop-9 at 203.0.113.9")]


def test_the_load_balancers_in_front_of_an_instance_are_found_from_the_instance() -> None:
    picture = Picture()
    served(picture)
    served(picture, "other")
    assert [one.name for one in decide(picture, "shop-1").ways] == [f"internet > {ALB}"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a1b2.awsglobalaccelerator.com", "no Global Accelerator of this account"),
        (f"abc123.execute-api.{REGION}.amazonaws.com", "no API of this account in that region is called"),
        (f"abcdef.lambda-url.{REGION}.on.aws", "Lambda function URL"),
        ("shop.example.com.cdn.cloudflare.net", "third-party CDN"),
        ("d111111abcdef8.cloudfront.net", "not a distribution of this account"),
        (f"theirs-1234567890.{REGION}.elb.amazonaws.com", "it belongs to another account"),
        ("shop.eu-west-1.elasticbeanstalk.com", "an AWS service that opsctl does not follow"),
        (f"old-1234567890.{REGION}.elb.amazonaws.com", "Classic load balancer"),
    ],
)
def test_what_cannot_be_followed_stays_open_by_name(name: str, reason: str) -> None:
    picture = Picture()
    picture.classic.append({"LoadBalancerName": "old", "DNSName": f"old-1234567890.{REGION}.elb.amazonaws.com"})
    picture.zone("example.com", record("shop.example.com", "CNAME", name))
    decision = decide(picture, "shop.example.com")
    (one,) = decision.ways
    assert (one.dropped, one.closable, decision.points) == (False, False, ())
    assert reason in decision.open[0]
    assert one.name.startswith("internet > shop.example.com > ")


def test_an_api_gateway_behind_cloudfront_can_still_be_reached_directly() -> None:
    picture = EdgePicture()
    picture.distribution("E1", picture.plain_api("abc123", "hooks"))
    decision = decide(picture, "E1")
    assert chosen(way(decision, "distribution E1", "HTTP API hooks")) == [("waf", "distribution E1")]
    assert "disable its execute-api endpoint" in decision.open[0]


def test_a_gateway_load_balancer_is_named_and_not_planned_for() -> None:
    picture = Picture()
    picture.balancer("inspect", [picture.subnet("fw")], kind="gateway")
    decision = decide(picture, "inspect")
    assert "Gateway load balancer" in decision.open[0]


def test_interfaces_of_a_global_accelerator_beside_a_load_balancer_are_reported() -> None:
    picture = Picture()
    served(picture)
    picture.interfaces.append(interface("eni-ga", "subnet-shop-a", [], kind="global_accelerator_managed"))
    unknown = decide(picture, "shop").unknown
    text = f"cannot tell whether a Global Accelerator leads to {ALB}: it has eni-ga in its subnets"
    assert unknown == (f"{text}, and no accelerator of this account explains that",)


def test_an_alb_of_a_shared_target_group_is_a_way_in() -> None:
    picture = Picture()
    served(picture)
    second = picture.balancer("second", [picture.subnet("second")], [picture.security_group("s", OPEN)])
    picture.groups[0]["LoadBalancerArns"].append(second)
    names = {one.name for one in decide(picture, "shop").ways}
    assert names == {f"internet > {ALB}", "internet > application load balancer second"}
