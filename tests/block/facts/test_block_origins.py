"""What of an origin cannot be read or locked is said by name, and never taken for nothing."""

import pytest

from opsctl.block.facts.block_origins import BlockOrigins, Origins
from opsctl.model.reads import RefusalKind
from opsctl.model.value import Json
from tests.block.facts.asking import served
from tests.kit.canned import ABOUT, Canned, drive
from tests.kit.picture import (
    EDGE_LIST,
    EDGE_NAME,
    OPEN_BOTH,
    Picture,
    alias,
    balancer_dns,
    interface,
    record,
    refused,
)

OPEN = {"GroupId": "sg-shop-lb", "IsEgress": False, "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
LISTS = {
    "PrefixLists": [
        {"PrefixListId": EDGE_LIST, "PrefixListName": EDGE_NAME, "AddressFamily": "IPv4", "OwnerId": "AWS"}
    ]
}


def fronted(*, kind: str = "application", internal: bool = False) -> Picture:
    """A load balancer behind a distribution."""
    picture = Picture()
    balancer = served(picture, kind=kind, internal=internal)
    origin = picture.vpc_origin("vo-1", balancer) if internal else balancer_dns("shop", kind)
    picture.distribution("E1", origin, aliases=("shop.example.com",))
    picture.zone("example.com", alias("shop.example.com", "e1.cloudfront.net"))
    return picture


def origins(picture: Picture, **answers: Canned) -> Origins:
    """Ask about the shop; `answers` are those of reads, by their operation."""
    usual: dict[str, Canned] = {
        "ec2.DescribeSecurityGroupRules": {"SecurityGroupRules": [OPEN | {"CidrIpv4": "0.0.0.0/0"}]},
        "ec2.DescribeManagedPrefixLists": LISTS,
        "service-quotas.GetServiceQuota": {"Quota": {"Value": 60.0}},
        "route53.ListHealthChecks": {"HealthChecks": []},
    }
    told = {next(api for api in usual if api.endswith(name)): answer for name, answer in answers.items()}
    found, _ = drive(BlockOrigins(target="shop.example.com").read(ABOUT), picture.answers() | usual | told)
    assert isinstance(found, Origins)
    return found


def denied(api: str) -> Json:
    return refused(RefusalKind.DENIED, api)


def test_an_open_origin_gets_the_list_and_loses_the_open_rule() -> None:
    found = origins(fronted())
    assert found.fronts == ("distribution E1",)
    assert [(one.prefix_list, one.from_port) for one in found.admissions] == [(EDGE_LIST, 443)]
    assert [one.cidr for one in found.revocations] == ["0.0.0.0/0"]
    assert found.standing == "0 of 1 origins admit CloudFront alone; STILL OPEN: application load balancer shop"
    assert found.outlook == "1 of 1 origins admit CloudFront alone"


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ("DescribeSecurityGroupRules", "cannot tell what security group sg-shop-lb admits"),
        ("DescribeManagedPrefixLists", "cannot tell which prefix list is CloudFront's"),
    ],
)
def test_rules_and_lists_that_may_not_be_read_keep_an_origin_from_being_locked(operation: str, said: str) -> None:
    found = origins(fronted(), **{operation: denied(f"ec2.{operation}")})
    assert said in found.unlockable[0]
    assert (found.admissions, found.revocations) == ((), ())
    assert found.open == ("application load balancer shop",)


def test_health_checks_that_may_not_be_read_are_unknown_and_a_quota_is_the_usual_one() -> None:
    found = origins(fronted(), ListHealthChecks=denied("route53.ListHealthChecks"))
    assert "cannot tell whether health checks of Route 53 reach" in found.unknown[0]
    many = [OPEN | {"CidrIpv4": f"192.0.2.{one}/32", "FromPort": 22, "ToPort": 22} for one in range(6)]
    rules = {"SecurityGroupRules": [*many, OPEN | {"CidrIpv4": "0.0.0.0/0"}]}
    asked = {"DescribeSecurityGroupRules": rules, "GetServiceQuota": denied("service-quotas.GetServiceQuota")}
    assert "the quota could not be read, so 60 is assumed" in origins(fronted(), **asked).unlockable[0]


def test_a_network_load_balancer_without_a_group_never_gets_one() -> None:
    picture = fronted(kind="network")
    picture.balancers[0].pop("SecurityGroups", None)
    found = origins(picture)
    assert "made without one never gets one" in found.unlockable[0]


def test_what_is_reached_through_a_vpc_origin_alone_has_nothing_to_lock() -> None:
    found = origins(fronted(internal=True))
    assert (found.names, found.unfronted) == ((), ())
    said = "application load balancer shop (a VPC origin, which CloudFront alone reaches)"
    assert found.standing == f"nothing to lock; no lock is needed for {said}"


def test_the_stack_that_will_put_the_rules_back_is_named() -> None:
    picture = fronted()
    for group in picture.security_groups:
        group["Tags"] = [{"Key": "aws:cloudformation:stack-name", "Value": "edge"}]
    found = origins(picture)
    owners = {*(one.owner for one in found.admissions), *(one.owner for one in found.revocations)}
    assert owners == {"CloudFormation stack edge"}


def test_a_name_that_cloudfront_itself_uses_is_not_taken_for_a_visitor() -> None:
    picture = Picture()
    served(picture)
    picture.distribution("E1", "origin.example.com", aliases=("shop.example.com",))
    picture.zone(
        "example.com",
        alias("shop.example.com", "e1.cloudfront.net"),
        alias("origin.example.com", balancer_dns("shop")),
        alias("old.example.com", f"dualstack.{balancer_dns('shop')}"),
        alias("older.example.com", "old.example.com"),
    )
    assert origins(picture).direct == (
        "old.example.com leads straight to application load balancer shop",
        "older.example.com leads straight to application load balancer shop",
    )


EC2_NAME = "ec2-52-1-2-3.eu-west-1.compute.amazonaws.com"
HTTP_ONLY = {"CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only"}}


def instance_origin(origin: str = EC2_NAME, *records: Json, config: Json = HTTP_ONLY) -> Picture:
    """An instance behind a distribution, by its public name."""
    picture = Picture()
    subnet, group = picture.subnet("web-a"), picture.security_group("shop-lb", OPEN_BOTH)
    picture.instance("i-web", interface("eni-web", subnet, [group], public="52.1.2.3"), name="web")
    picture.distribution("E1", origin, aliases=("shop.example.com",))
    picture.distributions[0]["Origins"]["Items"][0] |= config
    picture.zone("example.com", alias("shop.example.com", "e1.cloudfront.net"), *records)
    return picture


def opened(*rules: tuple[str, int, int]) -> Json:
    base = {"GroupId": "sg-shop-lb", "IsEgress": False, "CidrIpv4": "0.0.0.0/0"}
    return {
        "SecurityGroupRules": [base | {"IpProtocol": kind, "FromPort": a, "ToPort": b} for kind, a, b in rules]
    }


def test_an_instance_is_locked_at_the_port_that_cloudfront_connects_to_and_at_no_other() -> None:
    found = origins(instance_origin(), DescribeSecurityGroupRules=opened(("tcp", 80, 80), ("tcp", 22, 22)))
    assert found.unlockable == ()
    assert [(one.prefix_list, one.from_port, one.to_port) for one in found.admissions] == [(EDGE_LIST, 80, 80)]
    assert [(one.from_port, one.cidr) for one in found.revocations] == [(80, "0.0.0.0/0")]
    assert found.shared == (), "the instance itself is nobody else"
    assert found.stays == ("0.0.0.0/0 to tcp/22 (security group sg-shop-lb), where CloudFront does not connect",)


def test_an_instance_is_found_behind_a_name_of_the_zone_that_leads_to_its_address() -> None:
    named = record("origin.example.com", "A", "52.1.2.3")
    picture = instance_origin("origin.example.com", named, record("old.example.com", "CNAME", EC2_NAME))
    found = origins(picture, DescribeSecurityGroupRules=opened(("tcp", 80, 80)))
    assert len(found.revocations) == 1
    assert found.direct == ("old.example.com leads straight to web at 52.1.2.3",)


@pytest.mark.parametrize("rule", [("tcp", 80, 443), ("-1", -1, -1), ("tcp", 0, 65535)])
def test_a_rule_that_opens_more_of_an_instance_is_not_taken_away(rule: tuple[str, int, int]) -> None:
    found = origins(instance_origin(), DescribeSecurityGroupRules=opened(rule))
    assert (found.admissions, found.revocations) == ((), ())
    assert "give tcp 80 a rule of its own" in found.unlockable[0]


def test_two_ports_of_an_instance_get_no_rule_that_spans_what_lies_between() -> None:
    both = {"CustomOriginConfig": {"OriginProtocolPolicy": "match-viewer"}}
    rules = opened(("tcp", 80, 80), ("tcp", 443, 443))
    found = origins(instance_origin(config=both), DescribeSecurityGroupRules=rules)
    assert "counts as 55" in found.unlockable[0]
    found = origins(
        instance_origin(config=both), DescribeSecurityGroupRules=rules, GetServiceQuota={"Quota": {"Value": 120.0}}
    )
    assert [one.from_port for one in found.admissions] == [80, 443]


def test_a_load_balancer_that_leads_to_the_same_instance_would_be_shut_out_and_is_named() -> None:
    picture = instance_origin()
    subnets = [picture.subnet("lb-a"), picture.subnet("lb-b")]
    balancer = picture.balancer("shop", subnets, [picture.security_group("lb", OPEN_BOTH)])
    picture.target_group("shop", [balancer], ["i-web"])
    found = origins(picture, DescribeSecurityGroupRules=opened(("tcp", 80, 80)))
    assert [text for text in found.direct if "ends at the same instance" in text]


def test_what_needs_no_lock_is_said_beside_what_does() -> None:
    picture = fronted()
    inside = served(picture, "inner", internal=True)
    picture.distributions[0]["Origins"]["Items"].append(
        {"Id": "v", "DomainName": "internal", "VpcOriginConfig": {"VpcOriginId": "vo-2"}}
    )
    picture.vpc_origin("vo-2", inside)
    found = origins(picture)
    said = "application load balancer inner (a VPC origin, which CloudFront alone reaches)"
    assert found.private == (said,)
    assert found.outlook == f"1 of 1 origins admit CloudFront alone; no lock is needed for {said}"
