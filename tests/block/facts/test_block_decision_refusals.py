"""Why a layer is rejected: what cannot be read, what belongs to others, what is full, what was not asked for."""

import pytest

from opsctl.block.decision import Decision
from opsctl.model.errors import InvalidInput
from tests.block.facts.asking import ATTACKER, chosen, decide, rejected, served, ways_in
from tests.kit.canned import ACCOUNT, REGION, about, denied
from tests.kit.picture import Picture, balancer_dns, entry, interface, ip_rule

ALB = "application load balancer shop"


def reason(decision: Decision, layer: str) -> str:
    """Why a layer was rejected on the only way in."""
    return rejected(decision.ways[0], layer)[0].reason


def shop() -> Picture:
    """An ALB of its own."""
    picture = Picture()
    served(picture)
    return picture


def test_a_web_acl_that_may_not_be_read_rejects_waf_and_is_listed_as_unknown() -> None:
    picture = shop().refuse("wafv2.GetWebACLForResource", denied("wafv2.GetWebACLForResource"))
    decision = decide(picture, "shop")
    told = "cannot tell which web ACL is attached: access denied reading WAF (wafv2.GetWebACLForResource)"
    assert reason(decision, "waf") == told
    assert told in decision.unknown
    assert chosen(decision.ways[0]) == [("nacl", ALB)]
    assert not decision.ways[0].dropped


def test_network_acls_that_may_not_be_read_reject_that_layer_and_prove_nothing() -> None:
    picture = shop().refuse("ec2.DescribeNetworkAcls", denied("ec2.DescribeNetworkAcls"))
    decision = decide(picture, "shop")
    assert reason(decision, "nacl") == (
        "cannot tell who is allowed in: access denied reading EC2 (ec2.DescribeNetworkAcls)"
    )
    assert not decision.ways[0].dropped
    assert [one.layer for one in decision.points] == ["waf"]


def test_distributions_that_may_not_be_listed_are_an_unknown_and_not_an_absence() -> None:
    picture = shop().refuse("cloudfront.ListDistributions", denied("cloudfront.ListDistributions"))
    assert any("which distributions lead to shop" in text for text in decide(picture, "shop").unknown)


def test_security_groups_that_may_not_be_read_let_everything_in() -> None:
    picture = shop().refuse("ec2.DescribeSecurityGroups", denied("ec2.DescribeSecurityGroups"))
    decision = decide(picture, "shop")
    assert not decision.ways[0].dropped
    assert any("what security groups allow in" in text for text in decision.unknown)


def test_listeners_that_may_not_be_read_leave_every_port_open() -> None:
    picture = shop().refuse("elbv2.DescribeListeners", denied("elbv2.DescribeListeners"))
    decision = decide(picture, "shop")
    assert not decision.ways[0].dropped
    assert any("on which ports shop listens" in text for text in decision.unknown)


def test_an_ip_set_that_may_not_be_read_leaves_the_request_unproved() -> None:
    picture = shop()
    acl = picture.web_acl(
        "edge", ip_rule("allow-partners", 1, "Allow", picture.ip_set("partners", "192.0.2.1/32"))
    )
    picture.attached["arn"] = acl
    picture.attached = {picture.balancers[0]["LoadBalancerArn"]: acl}
    picture.refuse("wafv2.GetIPSet", denied("wafv2.GetIPSet"))
    decision = decide(picture, "shop")
    assert "cannot tell what IP set partners holds" in "".join(decision.unknown)
    assert chosen(decision.ways[0]) == [("nacl", ALB), ("waf", ALB)]


def test_what_else_a_web_acl_protects_is_unknown_when_it_may_not_be_read() -> None:
    picture = shop()
    picture.attached[picture.balancers[0]["LoadBalancerArn"]] = picture.web_acl("edge")
    picture.refuse("wafv2.ListResourcesForWebACL", denied("wafv2.ListResourcesForWebACL"))
    assert any("what else web ACL edge protects" in text for text in decide(picture, "shop").unknown)


def test_a_full_network_acl_is_rejected_with_its_numbers() -> None:
    picture = shop()
    picture.acls[0]["Entries"] = [entry(n, "deny", f"192.0.2.{n}/32") for n in range(1, 20)]
    picture.acls[0]["Entries"].append(entry(100, "allow", "0.0.0.0/0"))
    decision = decide(picture, "shop")
    assert "no room for 1 address: acl-shop-a has 20 of 20 inbound rules" in reason(decision, "nacl")
    assert [one.layer for one in decision.points] == ["waf"]


def test_more_addresses_than_a_network_acl_takes_go_to_waf_alone() -> None:
    many = [f"198.51.100.{n}" for n in range(1, 31)]
    decision = decide(shop(), "shop", *many)
    assert "no room for 30 addresses" in reason(decision, "nacl")
    assert [one.layer for one in decision.points] == ["waf"]


def test_a_full_network_acl_that_denies_the_address_already_is_no_obstacle() -> None:
    picture = shop()
    for acl in picture.acls[:2]:
        denies = [entry(n, "deny", f"192.0.2.{n}/32") for n in range(1, 19)]
        acl["Entries"] = [*denies, entry(50, "deny", f"{ATTACKER}/32"), entry(100, "allow", "0.0.0.0/0")]
    decision = decide(picture, "shop", own_rule=True)
    assert ("nacl", ALB) in chosen(decision.ways[0])
    assert decision.ways[0].dropped


def test_a_network_acl_of_firewall_manager_is_rejected_by_name() -> None:
    picture = shop()
    picture.acls[1]["Tags"] = [{"Key": "FMManaged", "Value": "true"}]
    decision = decide(picture, "shop")
    assert "acl-shop-b is managed by AWS Firewall Manager" in reason(decision, "nacl")
    assert decision.occupied == (), "it is not for want of room"


def test_a_network_acl_of_another_account_is_rejected_by_name() -> None:
    picture = shop()
    picture.acls[0]["OwnerId"] = "999988887777"
    assert "belongs to account 999988887777, which shares the VPC" in reason(decide(picture, "shop"), "nacl")


def test_a_subnet_whose_network_acl_is_hidden_by_sharing_is_rejected() -> None:
    picture = shop()
    del picture.acls[0]
    picture.subnets[0]["OwnerId"] = "999988887777"
    assert "account 999988887777 shares it and owns its network ACL" in reason(decide(picture, "shop"), "nacl")


def test_a_web_acl_of_firewall_manager_takes_a_rule_of_the_account() -> None:
    """AWS: account rules stand between the first and the last rule groups of a policy."""
    picture = shop()
    acl = picture.web_acl("FMManagedWebACLV2-shop", ManagedByFirewallManager=True)
    picture.attached[picture.balancers[0]["LoadBalancerArn"]] = acl
    assert ("waf", ALB) in chosen(decide(picture, "shop").ways[0])


def blocked_by_a_colleague(picture: Picture, *addresses: str, mode: str = "Block") -> Picture:
    acl = picture.web_acl("edge", ip_rule("bad", 1, mode, picture.ip_set("drop-list", *addresses)))
    picture.attached[picture.balancers[0]["LoadBalancerArn"]] = acl
    return picture


def test_what_a_web_acl_drops_already_needs_nothing_and_the_rule_and_its_set_are_named() -> None:
    decision = decide(blocked_by_a_colleague(shop(), "198.51.100.0/24"), "shop")
    assert (decision.points, decision.open) == ((), ())
    reasons = {one.reason for one in decision.ways[0].layers}
    assert reasons == {"dropped by web ACL edge rule bad (IP set drop-list): no block is needed here"}


def test_of_two_addresses_only_the_one_that_still_gets_in_is_blocked() -> None:
    picture = blocked_by_a_colleague(shop(), f"{ATTACKER}/32")
    points = decide(picture, "shop", addresses=(ATTACKER, "203.0.113.4")).points
    assert {(point.layer, point.addresses) for point in points} == {
        ("nacl", ("203.0.113.4/32",)),
        ("waf", ("203.0.113.4/32",)),
    }


def test_a_rule_of_ones_own_is_made_when_it_is_insisted_on() -> None:
    picture = blocked_by_a_colleague(shop(), f"{ATTACKER}/32")
    assert {one.layer for one in decide(picture, "shop", own_rule=True).points} == {"nacl", "waf"}


def test_counting_is_planned_although_the_requests_are_dropped() -> None:
    picture = blocked_by_a_colleague(shop(), f"{ATTACKER}/32")
    assert [one.layer for one in decide(picture, "shop", mode="count").points] == ["waf"]


def test_a_rule_that_only_counts_an_address_drops_nothing() -> None:
    picture = blocked_by_a_colleague(shop(), f"{ATTACKER}/32", mode="Count")
    assert {one.layer for one in decide(picture, "shop").points} == {"nacl", "waf"}


def test_a_classic_web_acl_is_rejected_by_name() -> None:
    picture = Picture()
    picture.distribution("E1", "bucket.s3.amazonaws.com", WebACLId="473e64fd-f30b-4765-81a0-62ad96dd167a")
    decision = decide(picture, "E1")
    assert "WAF Classic" in reason(decision, "waf")
    assert "WAF Classic" in decision.open[0]


def test_a_rule_that_allows_the_address_first_rejects_waf() -> None:
    picture = shop()
    acl = picture.web_acl("edge", ip_rule("partners", 1, "Allow", picture.ip_set("partners", "198.51.100.0/24")))
    picture.attached[picture.balancers[0]["LoadBalancerArn"]] = acl
    decision = decide(picture, "shop")
    assert "rule partners of web ACL edge allows 198.51.100.7, which is in IP set partners" in reason(
        decision, "waf"
    )
    assert [one.layer for one in decision.points] == ["nacl", "nacl"]


def test_under_continuous_deployment_no_first_web_acl_can_be_attached() -> None:
    picture = Picture()
    picture.distribution("E1", "bucket.s3.amazonaws.com", policy="policy-1")
    assert "continuous deployment" in reason(decide(picture, "E1"), "waf")


@pytest.mark.parametrize("mode", ["count", "challenge", "captcha"])
def test_only_waf_can_do_more_than_drop(mode: str) -> None:
    decision = decide(shop(), "shop", mode=mode)
    assert "a network ACL can only drop packets" in reason(decision, "nacl")
    assert [one.layer for one in decision.points] == ["waf"]
    assert not decision.ways[0].closable
    assert decision.open == ()


@pytest.mark.parametrize(
    ("layer", "layers"), [("nacl", {"nacl"}), ("waf", {"waf"}), ("cloudfront", set()), ("geo", set())]
)
def test_a_layer_asked_for_narrows_the_choice(layer: str, layers: set[str]) -> None:
    decision = decide(shop(), "shop", layer=layer)
    assert {one.layer for one in decision.points} == layers
    refused = [one.reason for one in decision.ways[0].layers if not one.chosen]
    assert f"--layer {layer} was asked for" in refused
    assert bool(decision.open) is not bool(layers)


def test_countries_are_refused_at_distributions_only() -> None:
    picture = shop()
    picture.distribution("E1", balancer_dns("shop"), aliases=("shop.example.com",))
    decision = decide_countries(picture, "E1", "kp", "IR")
    assert [(one.layer, one.id, one.name) for one in decision.points] == [("geo", "E1", "shop.example.com")]
    assert "shop.example.com" in decision.points[0].affects[0]
    edge, direct = decision.ways
    assert edge.closable
    assert not edge.dropped
    assert "only CloudFront has geographic restrictions" in direct.layers[0].reason
    assert ALB in decision.open[0]


def test_countries_that_are_refused_already_count_as_dropped() -> None:
    picture = Picture()
    restriction = {"RestrictionType": "blacklist", "Quantity": 2, "Items": ["KP", "IR"]}
    picture.distribution("E1", "bucket.s3.amazonaws.com", Restrictions={"GeoRestriction": restriction})
    assert decide_countries(picture, "E1", "KP").ways[0].dropped
    assert not decide_countries(picture, "E1", "KP", "RU").ways[0].dropped


def test_a_country_allowlist_drops_everybody_else() -> None:
    picture = Picture()
    restriction = {"RestrictionType": "whitelist", "Quantity": 1, "Items": ["DE"]}
    picture.distribution("E1", "bucket.s3.amazonaws.com", Restrictions={"GeoRestriction": restriction})
    assert decide_countries(picture, "E1", "KP").ways[0].dropped
    assert not decide_countries(picture, "E1", "DE").ways[0].dropped


def test_a_country_restriction_never_proves_an_address_dropped() -> None:
    picture = Picture()
    restriction = {"RestrictionType": "whitelist", "Quantity": 1, "Items": ["DE"]}
    picture.distribution("E1", "bucket.s3.amazonaws.com", Restrictions={"GeoRestriction": restriction})
    assert not decide(picture, "E1").ways[0].dropped


def decide_countries(picture: Picture, target: str, *countries: str) -> Decision:
    """Decide about countries without any address."""
    from opsctl.block.facts.block_decision import BlockDecision
    from tests.kit.canned import ABOUT, drive

    found, _ = drive(BlockDecision(target=target, countries=countries).read(ABOUT), picture.answers())
    assert isinstance(found, Decision)
    return found


def test_a_load_balancer_of_another_region_is_not_planned_for_at_network_acls() -> None:
    decision = decide(shop(), balancer_dns("shop"), about=about(region="eu-central-1"))
    assert f"run again with --region {REGION}" in reason(decision, "nacl")
    assert [(one.layer, one.region) for one in decision.points] == [("waf", REGION)]


def test_a_shared_network_acl_names_everyone_it_would_hit() -> None:
    picture = shop()
    picture.acls[0]["Associations"].append({"SubnetId": "subnet-other"})
    picture.subnets.append({"SubnetId": "subnet-other", "CidrBlock": "10.0.9.0/24", "OwnerId": ACCOUNT})
    picture.balancer("neighbour", ["subnet-other"], [])
    picture.interfaces += [
        interface("eni-x", "subnet-other", [], description="ELB app/neighbour/50dc6c495c0c9188"),
        interface("eni-y", "subnet-other", [], description="RDSNetworkInterface"),
    ]
    picture.instance("i-other", interface("eni-z", "subnet-other", []))
    (point, _, _) = decide(picture, "shop").points
    assert point.affects == (
        "subnet subnet-other (10.0.9.0/24) (network ACL acl-shop-a)",
        "load balancer neighbour (network ACL acl-shop-a)",
        "network interface eni-y (RDSNetworkInterface) (network ACL acl-shop-a)",
        "instance i-other (network ACL acl-shop-a)",
    )


def test_a_shared_web_acl_is_one_point_and_names_its_other_resources() -> None:
    picture = shop()
    served(picture, "other")
    served(picture, "stranger")
    acl = picture.web_acl("edge")
    picture.attached = {one["LoadBalancerArn"]: acl for one in picture.balancers}
    picture.groups[0]["LoadBalancerArns"].append(picture.balancers[1]["LoadBalancerArn"])
    (point,) = decide(picture, "shop", layer="waf").points
    assert point.id == acl
    assert len(point.ways) == 2
    assert point.affects == ("load balancer stranger (web ACL edge)",)


def test_other_distributions_with_the_same_web_acl_are_affected() -> None:
    picture = Picture()
    acl = picture.web_acl("edge", scope="CLOUDFRONT")
    picture.distribution("E1", "bucket.s3.amazonaws.com", WebACLId=acl)
    picture.distribution("E2", "other.s3.amazonaws.com", WebACLId=acl)
    (point,) = decide(picture, "E1").points
    assert point.affects == ("distribution E2 (web ACL edge)",)


def test_the_owner_of_a_point_is_read_from_tags() -> None:
    picture = shop()
    picture.acls[0]["Tags"] = [{"Key": "aws:cloudformation:stack-name", "Value": "network"}]
    picture.tags[picture.balancers[0]["LoadBalancerArn"]] = {"elbv2.k8s.aws/cluster": "prod"}
    owners = {one.id or one.resource_kind: one.owner for one in decide(picture, "shop").points}
    assert owners == {
        "acl-shop-a": "CloudFormation stack network",
        "acl-shop-b": "",
        "alb": "AWS Load Balancer Controller of cluster prod",
    }


def test_what_is_no_address_is_invalid_input() -> None:
    with pytest.raises(InvalidInput, match="is not an IP address"):
        decide(shop(), "shop", "attacker")


def test_a_block_that_is_dropped_only_in_part_shows_who_passes() -> None:
    picture = shop()
    for acl in picture.acls[:2]:
        acl["Entries"].insert(0, entry(10, "deny", "198.51.100.0/25"))
    (one,) = decide(picture, "shop", "198.51.100.0/24", layer="nacl").ways
    assert not one.dropped
    assert "198.51.100.128 reaches" in one.verdict
    assert "only a part of the range is dropped" in one.verdict


def test_network_acl_and_web_acl_together_may_drop_a_whole_block() -> None:
    picture = shop()
    for acl in picture.acls[:2]:
        acl["Entries"].insert(0, entry(10, "deny", "198.51.100.0/25"))
    rest = ip_rule("rest", 1, "Block", picture.ip_set("rest", "198.51.100.128/25"))
    picture.attached[picture.balancers[0]["LoadBalancerArn"]] = picture.web_acl("edge", rest)
    (one,) = decide(picture, "shop", "198.51.100.0/24").ways
    assert one.dropped
    assert "network ACL acl-shop-a rule 10" in one.verdict
    assert "web ACL edge rule rest" in one.verdict


def test_without_addresses_the_ways_in_are_shown_and_nothing_is_decided() -> None:
    decision = ways_in(shop(), "shop")
    (one,) = decision.ways
    assert (one.dropped, one.closable, one.layers) == (False, False, ())
    assert one.verdict == "no address was asked about"
    assert (decision.points, decision.open) == ((), ())


def test_a_point_takes_only_the_addresses_that_can_come_this_way() -> None:
    picture = shop()
    picture.distribution("E1", balancer_dns("shop"))
    points = decide(picture, "shop", "2001:db8::7", ATTACKER).points
    assert {(one.layer, one.resource_kind): one.addresses for one in points} == {
        ("nacl", "alb"): (f"{ATTACKER}/32",),
        ("waf", "alb"): (f"{ATTACKER}/32",),
        ("waf", "distribution"): ("2001:db8::7/128", f"{ATTACKER}/32"),
    }
