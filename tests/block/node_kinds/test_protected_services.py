"""Services that take a web ACL themselves: found by host names, custom domains and ARNs, closed at themselves."""

from collections.abc import Callable

import pytest

from opsctl.model.errors import RefusedByGuard
from tests.block.facts.asking import chosen, decide, served, way
from tests.kit.canned import REGION, denied
from tests.kit.edge_picture import EdgePicture
from tests.kit.picture import alias, record


def catalog(*, private: bool = False) -> EdgePicture:
    """A GraphQL API with a custom domain and its record."""
    picture = EdgePicture()
    picture.graphql_api("catalog", "catalog.example.com", private=private)
    picture.zone("example.com", alias("catalog.example.com", "dcatalogexamplecom.cloudfront.net"))
    return picture


def login() -> EdgePicture:
    """A user pool with a prefix domain, and a custom one with its record."""
    picture = EdgePicture()
    picture.user_pool("customers", prefix="shop", custom="login.example.com")
    picture.zone("example.com", alias("login.example.com", "d0cognito.cloudfront.net"))
    return picture


def quotes() -> EdgePicture:
    """A public service of App Runner with a record."""
    picture = EdgePicture()
    host = picture.app_runner("quotes")
    picture.zone("example.com", record("quotes.example.com", "CNAME", host))
    return picture


@pytest.mark.parametrize(
    ("drawn", "target", "kind", "resource"),
    [
        (quotes, "quotes.example.com", "app_runner", ":service/quotes/0a1b"),
        (
            quotes,
            f"arn:aws:apprunner:{REGION}:123456789012:service/quotes/0a1b",
            "app_runner",
            ":service/quotes/0a1b",
        ),
        (catalog, "catalog.example.com", "graphql_api", ":apis/catalog"),
        (catalog, f"https://hcatalog.appsync-api.{REGION}.amazonaws.com/graphql", "graphql_api", ":apis/catalog"),
        (catalog, f"arn:aws:appsync:{REGION}:123456789012:apis/catalog", "graphql_api", ":apis/catalog"),
        (login, "login.example.com", "user_pool", f":userpool/{REGION}_customers"),
        (login, f"shop.auth.{REGION}.amazoncognito.com", "user_pool", f":userpool/{REGION}_customers"),
        (login, f"{REGION}_customers", "user_pool", f":userpool/{REGION}_customers"),
        (
            login,
            f"arn:aws:cognito-idp:{REGION}:123456789012:userpool/{REGION}_customers",
            "user_pool",
            f":userpool/{REGION}_customers",
        ),
    ],
)
def test_it_is_closed_by_a_regional_web_acl_whatever_name_it_is_given_by(
    drawn: Callable[[], EdgePicture], target: str, kind: str, resource: str
) -> None:
    decision = decide(drawn(), target)
    (point,) = decision.points
    assert (point.layer, point.resource_kind, point.scope, point.region) == ("waf", kind, "REGIONAL", REGION)
    assert point.resource.endswith(resource)
    assert (len(decision.ways), decision.open, decision.unknown) == (1, (), ())


@pytest.mark.parametrize(("drawn", "name"), [(catalog, "catalog.example.com"), (login, "login.example.com")])
def test_a_custom_domain_whose_zone_is_elsewhere_is_found_by_its_own_name(
    drawn: Callable[[], EdgePicture], name: str
) -> None:
    picture = drawn()
    picture.zones.clear()
    assert len(decide(picture, name).points) == 1


def test_a_private_api_has_no_way_in() -> None:
    decision = decide(catalog(private=True), "catalog.example.com")
    assert decision.ways == ()
    assert "the API is private" in " ".join(decision.nowhere)


def test_behind_a_distribution_it_is_closed_to_those_who_come_without_it() -> None:
    picture = catalog()
    picture.distribution("E1", f"hcatalog.appsync-api.{REGION}.amazonaws.com")
    decision = decide(picture, "E1")
    assert chosen(way(decision, "distribution E1", "AppSync API catalog")) == [("waf", "distribution E1")]
    assert chosen(decision.ways[1]) == [("waf", "AppSync API catalog")]


@pytest.mark.parametrize(
    ("drawn", "name", "api", "what"),
    [
        (catalog, "catalog.example.com", "appsync.ListDomainNames", "custom domain of AppSync"),
        (
            login,
            "login.example.com",
            "cognito-idp.DescribeUserPoolDomain login.example.com",
            "has the domain login",
        ),
    ],
)
def test_what_may_not_be_read_is_unknown_and_not_absent(
    drawn: Callable[[], EdgePicture], name: str, api: str, what: str
) -> None:
    picture = drawn().refuse(api, denied(api.partition(" ")[0]))
    assert any(what in text for text in decide(picture, name).unknown)
    picture.zones.clear()
    with pytest.raises(RefusedByGuard, match="cannot tell what"):
        decide(picture, name)


def test_services_that_may_not_be_read_are_no_doubt_where_the_host_is_known() -> None:
    picture = login().refuse("appsync.ListDomainNames", denied("appsync.ListDomainNames"))
    assert decide(picture, "login.example.com").unknown == ()


def test_a_private_service_of_app_runner_has_no_way_in_and_says_what_to_narrow() -> None:
    picture = EdgePicture()
    picture.zone("example.com", record("quotes.example.com", "CNAME", picture.app_runner("quotes", public=False)))
    decision = decide(picture, "quotes.example.com")
    assert decision.ways == ()
    assert "narrow the security group of the VPC endpoint" in " ".join(decision.nowhere)


AMPLIFY_APP = f"arn:aws:amplify:{REGION}:123456789012:apps/d1a2b3"


@pytest.mark.parametrize("target", ["docs.example.com", AMPLIFY_APP, "main.d1a2b3.amplifyapp.com"])
def test_an_app_of_amplify_takes_a_global_web_acl_in_us_east_1(target: str) -> None:
    picture = EdgePicture()
    host = picture.amplify_app("d1a2b3", "example.org")
    picture.zone("example.com", record("docs.example.com", "CNAME", host))
    decision = decide(picture, target)
    (point,) = decision.points
    assert (point.resource_kind, point.scope, point.region) == ("amplify_app", "CLOUDFRONT", "us-east-1")
    assert point.resource == AMPLIFY_APP


def test_an_app_of_amplify_that_is_not_here_is_outside() -> None:
    picture = EdgePicture()
    picture.zone("example.com", record("docs.example.com", "CNAME", "main.d9z.amplifyapp.com"))
    assert "no Amplify app of this account" in decide(picture, "docs.example.com").open[0]


@pytest.mark.parametrize("target", ["admin.example.com", "vae-admin"])
def test_verified_access_is_closed_at_its_instance_and_not_at_the_load_balancer_behind(
    target: str,
) -> None:
    picture = EdgePicture()
    domain = picture.access_endpoint("admin", served(picture, internal=True))
    picture.zone("example.com", record("admin.example.com", "CNAME", domain))
    decision = decide(picture, target)
    (one,) = decision.ways
    assert chosen(one) == [("waf", "Verified Access endpoint admin.example.com")]
    (point,) = decision.points
    assert point.resource == f"arn:aws:ec2:{REGION}:123456789012:verified-access-instance/vai-1"


@pytest.mark.parametrize(
    ("name", "api"),
    [
        (f"x.{REGION}.awsapprunner.com", "apprunner.ListServices"),
        ("main.d1.amplifyapp.com", "amplify.ListDomainAssociations"),
        (f"x.prod.verified-access.{REGION}.amazonaws.com", "ec2.DescribeVerifiedAccessEndpoints"),
        (f"x.appsync-api.{REGION}.amazonaws.com", "appsync.ListGraphqlApis"),
    ],
)
def test_a_service_that_may_not_be_read_is_unknown(name: str, api: str) -> None:
    picture = EdgePicture().refuse(api, denied(api))
    picture.zone("example.com", record("shop.example.com", "CNAME", name))
    decision = decide(picture, "shop.example.com")
    assert f"({api})" in decision.unknown[0]
    assert (len(decision.open), "another account" in decision.open[0]) == (1, False)
