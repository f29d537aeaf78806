"""The critical path of a decision is the depth of what depends on what, not the number of resources."""

import pytest

from opsctl.block import target_decision
from opsctl.block.target_paths import paths_to
from opsctl.block.topology.graph import Web
from opsctl.block.topology.survey import Survey
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context
from tests.block.facts.asking import chosen, decide_read, served
from tests.kit.picture import Picture, alias, balancer_dns, only_edge


def crowded(others: int) -> Picture:
    """A shop behind CloudFront, and many others like it."""
    picture = Picture()
    served(picture)
    domain = picture.distribution("E1", balancer_dns("shop"), aliases=("shop.example.com",))
    for number in range(others):
        name = f"other-{number}"
        served(picture, name)
        picture.distribution(f"X{number}", f"origin-{number}.example.com", aliases=(f"{name}.example.com",))
    records = [alias(f"origin-{number}.example.com", balancer_dns(f"other-{number}")) for number in range(others)]
    picture.zone("example.com", alias("shop.example.com", domain), *records)
    return picture


def test_rounds_and_reads_do_not_grow_with_the_account() -> None:
    _, small = decide_read(crowded(0), "shop.example.com")
    _, large = decide_read(crowded(60), "shop.example.com")
    assert small.rounds == large.rounds == 4
    assert len(small.made) == len(large.made)


def test_rounds_do_not_grow_with_the_targets() -> None:
    _, few = decide_read(crowded(0), "shop")
    picture = crowded(0)
    instance = picture.instances[0]
    for number in range(300):
        picture.instances.append(instance | {"InstanceId": f"i-{number}"})
        target = {"Target": {"Id": f"i-{number}", "Port": 8443}}
        picture.targets[picture.groups[0]["TargetGroupArn"]].append(target)
    _, many = decide_read(picture, "shop")
    assert many.rounds == few.rounds
    assert len(many.made) == len(few.made) + 1


def test_fronts_are_read_side_by_side() -> None:
    picture = crowded(0)
    for number in range(40):
        picture.distribution(
            f"F{number}", balancer_dns("shop"), WebACLId=picture.web_acl(f"f{number}", scope="CLOUDFRONT")
        )
    decision, reader = decide_read(picture, "shop")
    assert len(decision.ways) == 42
    assert reader.rounds <= 5


def test_the_first_round_asks_for_everything_that_is_listed_in_bulk() -> None:
    _, reader = decide_read(crowded(0), "shop.example.com")
    assert reader.apis().index("route53.ListResourceRecordSets") > max(
        reader.apis().index(api)
        for api in (
            "cloudfront.ListDistributions",
            "ec2.DescribeNetworkAcls",
            "ec2.DescribeSubnets",
            "elbv2.DescribeLoadBalancers",
            "elbv2.DescribeTargetGroups",
            "route53.ListHostedZones",
        )
    )


def test_a_name_that_leads_past_the_distribution_of_that_name_is_decided_as_its_record_says() -> None:
    """Its alternate name is only a guess, about which the first reads are made; the record counts."""
    picture = Picture()
    served(picture)
    served(picture, "other")
    picture.distribution("E1", balancer_dns("other"), aliases=("shop.example.com",))
    picture.zone("example.com", alias("shop.example.com", balancer_dns("shop")))
    guessed, reader = decide_read(picture, "shop.example.com")
    plain = Picture()
    served(plain)
    served(plain, "other")
    plain.distribution("E1", balancer_dns("other"))
    plain.zone("example.com", alias("shop.example.com", balancer_dns("shop")))
    told, behind = decide_read(plain, "shop.example.com")
    assert guessed == told
    assert reader.rounds <= behind.rounds
    assert "cloudfront.GetDistributionConfig" in {read.api for read in reader.made if read not in behind.made}


def guarded() -> Picture:
    """A shop whose load balancer and whose distribution have a web ACL each."""
    picture = Picture()
    picture.attached[served(picture)] = picture.web_acl("shop")
    domain = picture.distribution(
        "E1",
        balancer_dns("shop"),
        aliases=("shop.example.com",),
        WebACLId=picture.web_acl("e", scope="CLOUDFRONT"),
    )
    picture.zone("example.com", alias("shop.example.com", domain))
    return picture


def unhurried(target: str, about: Context, ahead: object) -> Fetching[tuple[Web, Survey]]:
    """Find the ways in, and ask for nothing ahead."""
    return paths_to(target, about)


@pytest.mark.parametrize("picture", [crowded(0), guarded()], ids=["no web ACL yet", "web ACLs"])
def test_what_is_read_ahead_is_what_planning_asks_for_anyway(
    picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast, ahead = decide_read(picture, "shop.example.com")
    monkeypatch.setattr(target_decision, "paths_to", unhurried)
    slow, behind = decide_read(picture, "shop.example.com")
    assert fast == slow
    assert {read.key for read in ahead.made} == {read.key for read in behind.made}
    assert ahead.rounds == 4 < behind.rounds


def test_nothing_is_read_ahead_where_only_cloudfront_gets_in() -> None:
    picture = crowded(0)
    picture.security_groups[0]["IpPermissions"] = [only_edge()]
    decision, reader = decide_read(picture, "shop.example.com")
    assert [layer for way in decision.ways for layer, _ in chosen(way)] == ["waf"]
    assert {read.params["Scope"] for read in reader.made if read.api.startswith("wafv2.List")} == {"CLOUDFRONT"}


def test_no_web_acl_is_read_ahead_for_a_layer_that_is_none() -> None:
    _, reader = decide_read(crowded(0), "shop.example.com", layer="nacl")
    assert not [api for api in reader.apis() if api.startswith("wafv2.List")]
