"""Distribution tenants: those with their distribution's web ACL are closed there, others at themselves."""

import pytest

from tests.block.facts.asking import chosen, decide, decide_read, served, way, ways_in
from tests.kit.canned import denied
from tests.kit.edge_picture import EdgePicture
from tests.kit.picture import alias, balancer_dns, ip_rule

ENDPOINT = "d0tenants.cloudfront.net"
EDGE = "distribution E1"


def sites(*origins: str) -> EdgePicture:
    """A multi-tenant distribution with a web ACL, one tenant that has it, one with another, one without."""
    picture = EdgePicture()
    edge = picture.web_acl("edge", scope="CLOUDFRONT")
    picture.distribution("E1", *(origins or ("b.s3.amazonaws.com",)), ConnectionMode="tenant-only", WebACLId=edge)
    picture.tenant("alfa", "E1")
    picture.tenant("bravo", "E1", web_acl=picture.web_acl("own", scope="CLOUDFRONT"))
    picture.tenant("charlie", "E1", disabled=True)
    names = ("alfa.example.com", "bravo.example.com", "charlie.example.com")
    picture.zone("example.com", *(alias(name, ENDPOINT) for name in names))
    return picture


@pytest.mark.parametrize(
    ("target", "resource", "kind", "web_acl"),
    [
        ("bravo.example.com", "dt_bravo", "distribution_tenant", "own"),
        ("charlie.example.com", "dt_charlie", "distribution_tenant", ""),
        ("dt_charlie", "dt_charlie", "distribution_tenant", ""),
        (
            "arn:aws:cloudfront::123456789012:distribution-tenant/dt_bravo",
            "dt_bravo",
            "distribution_tenant",
            "own",
        ),
    ],
)
def test_a_tenant_that_has_not_its_distributions_web_acl_is_the_place(
    target: str, resource: str, kind: str, web_acl: str
) -> None:
    decision = decide(sites(), target)
    (point,) = decision.points
    assert (point.resource, point.resource_kind, point.scope, point.region) == (
        resource,
        kind,
        "CLOUDFRONT",
        "us-east-1",
    )
    assert web_acl in point.id
    assert (decision.open, decision.unknown) == ((), ())


def test_a_tenant_with_its_distributions_web_acl_is_closed_there_and_the_others_are_ways_of_their_own() -> None:
    decision = decide(sites(), "alfa.example.com")
    assert chosen(way(decision, "alfa.example.com", EDGE)) == [("waf", EDGE)]
    assert sorted(one.resource for one in decision.points) == ["E1", "dt_bravo", "dt_charlie"]
    assert sorted(one.name for one in decision.ways[1:]) == [
        "internet > distribution tenant bravo",
        "internet > distribution tenant charlie",
    ]


def test_a_block_at_the_distribution_does_not_close_the_ways_of_tenants_that_do_not_have_its_web_acl() -> None:
    picture = sites()
    attacker = picture.ip_set("attackers", "198.51.100.7/32", scope="CLOUDFRONT")
    edge = picture.web_acl("blocking", ip_rule("b", 0, "Block", attacker), scope="CLOUDFRONT")
    picture.distributions[0]["WebACLId"] = edge
    decision = decide(picture, "alfa.example.com")
    assert {one.name.split(" > ")[-1]: one.dropped for one in decision.ways} == {
        EDGE: True,
        "distribution tenant bravo": False,
        "distribution tenant charlie": False,
    }


def test_tenants_are_ways_in_to_the_load_balancer_that_their_distribution_fetches_from() -> None:
    picture = sites(balancer_dns("shop"))
    served(picture)
    names = [one.name for one in ways_in(picture, "shop").ways]
    assert "internet > distribution tenant bravo > application load balancer shop" in names
    assert f"internet > {EDGE} > application load balancer shop" in names


def test_where_every_tenant_has_a_web_acl_of_its_own_nobody_comes_by_the_distribution() -> None:
    picture = sites()
    del picture.tenants[0]
    assert sorted(one.name for one in ways_in(picture, "E1").ways) == [
        "internet > distribution tenant bravo",
        "internet > distribution tenant charlie",
    ]


def test_a_disabled_tenant_serves_nobody() -> None:
    picture = sites()
    picture.tenants[2]["Enabled"] = False
    assert [one.resource for one in decide(picture, "alfa.example.com").points] == ["E1", "dt_bravo"]
    assert decide(picture, "charlie.example.com").ways == ()


def test_tenants_that_may_not_be_listed_leave_the_distribution_open_by_name() -> None:
    picture = sites().refuse("cloudfront.ListDistributionTenants", denied("cloudfront.ListDistributionTenants"))
    decision = decide(picture, "E1")
    assert decision.points == ()
    assert "cannot tell which tenants distribution E1 serves: access denied" in decision.open[0]


def test_a_domain_that_may_not_be_looked_up_is_unknown() -> None:
    api = "cloudfront.GetDistributionTenantByDomain"
    picture = sites()
    picture.refuse(f"{api} bravo.example.com", denied(api))
    assert (
        "cannot tell whether a distribution tenant serves bravo.example.com"
        in decide(picture, "bravo.example.com").unknown[0]
    )


def test_countries_are_not_refused_at_a_tenant() -> None:
    (one,) = decide(sites(), "bravo.example.com", countries=["KP"]).ways
    (verdict,) = [layer for layer in one.layers if layer.layer == "geo"]
    assert not verdict.chosen
    assert "of distributions only" in verdict.reason


def test_reads_do_not_grow_with_the_tenants_that_have_their_distributions_web_acl() -> None:
    _, few = decide_read(sites(), "alfa.example.com")
    picture = sites()
    for number in range(60):
        picture.tenant(f"more-{number}", "E1")
    decision, many = decide_read(picture, "alfa.example.com")
    assert sorted(few.apis()) == sorted(many.apis())
    assert len(decision.ways) == 3
