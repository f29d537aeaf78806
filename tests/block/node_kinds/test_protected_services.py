"""Services that take a web ACL themselves: found by host names, custom domains and ARNs, closed at themselves."""

from collections.abc import Callable

import pytest

from opsctl.model.errors import RefusedByGuard
from tests.block.facts.asking import chosen, decide, way
from tests.kit.canned import REGION, denied
from tests.kit.edge_picture import EdgePicture
from tests.kit.picture import alias


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


@pytest.mark.parametrize(
    ("drawn", "target", "kind", "resource"),
    [
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
