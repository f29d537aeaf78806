"""Ways in by API Gateway: REST APIs are closed at their stages, HTTP and WebSocket APIs stay open by name."""

import pytest

from opsctl.model.errors import RefusedByGuard
from tests.block.facts.asking import chosen, decide, decide_read, rejected, way, ways_in
from tests.kit.canned import REGION, denied
from tests.kit.edge_picture import EdgePicture, ends, stage_arn
from tests.kit.picture import alias, record

PROD = "API Gateway stage orders/prod"


def orders(kind: str = "REGIONAL") -> EdgePicture:
    """A REST API with two stages, one of which has a custom domain with a record."""
    picture = EdgePicture()
    picture.rest_api("abc123", "orders", "prod", "staging", kind=kind)
    endpoint = picture.api_domain("orders.example.com", ("abc123", "prod"), kind=kind)
    picture.zone("example.com", alias("orders.example.com", endpoint))
    return picture


@pytest.mark.parametrize("kind", ["REGIONAL", "EDGE"])
def test_a_custom_domain_is_closed_by_a_regional_web_acl_at_the_stage_that_it_leads_to(kind: str) -> None:
    decision = decide(orders(kind), "orders.example.com")
    (one,) = decision.ways
    assert chosen(one) == [("waf", PROD)]
    (point,) = decision.points
    assert (point.resource, point.resource_kind) == (stage_arn("abc123", "prod"), "rest_stage")
    assert (point.scope, point.region, point.id) == ("REGIONAL", REGION, "")
    assert (decision.open, decision.unknown) == ((), ())


def test_the_web_acl_that_a_stage_has_is_the_place() -> None:
    picture = orders()
    picture.attached[stage_arn("abc123", "prod")] = arn = picture.web_acl("apis")
    assert [one.id for one in decide(picture, "orders.example.com").points] == [arn]


@pytest.mark.parametrize(
    ("target", "stages"),
    [
        (f"https://abc123.execute-api.{REGION}.amazonaws.com/prod", ["orders/prod", "orders/staging"]),
        (f"arn:aws:apigateway:{REGION}::/restapis/abc123", ["orders/prod", "orders/staging"]),
        (stage_arn("abc123", "staging"), ["orders/staging"]),
    ],
)
def test_a_host_name_or_an_arn_of_an_api_means_all_its_stages_and_that_of_a_stage_means_one(
    target: str, stages: list[str]
) -> None:
    assert [one.name for one in decide(orders(), target).points] == stages


def test_a_custom_domain_whose_zone_is_elsewhere_is_found_by_its_own_name() -> None:
    picture = orders()
    picture.api_domain("*.example.net", ("abc123", "staging"))
    assert [one.name for one in decide(picture, "shop.example.net").points] == ["orders/staging"]


def test_routing_rules_lead_to_further_stages() -> None:
    picture = orders()
    endpoint = picture.api_domain("www.example.com", ("abc123", "prod"), routingMode="ROUTING_RULE_ONLY")
    picture.zone("www.example.com", record("www.example.com", "CNAME", endpoint))
    rules = [{"Actions": [{"InvokeApi": {"ApiId": "abc123", "Stage": "staging"}}]}]
    picture.refuse("apigatewayv2.ListRoutingRules", {"RoutingRules": rules})
    assert [one.name for one in decide(picture, "www.example.com").points] == ["orders/prod", "orders/staging"]


def test_a_private_api_has_no_way_in() -> None:
    picture = EdgePicture()
    host = picture.rest_api("abc123", "orders", "prod", kind="PRIVATE")
    decision = decide(picture, host)
    assert decision.ways == ()
    assert "the API is private: only VPC endpoints lead to it" in " ".join(decision.nowhere)


def test_a_disabled_endpoint_is_no_name_of_the_way() -> None:
    picture = orders()
    picture.rest_apis[0]["disableExecuteApiEndpoint"] = True
    (one,) = ways_in(picture, "orders.example.com").ways
    assert one.name == f"internet > orders.example.com > {PROD}"


def test_behind_a_distribution_the_stage_is_closed_to_those_who_come_without_it() -> None:
    picture = orders()
    front = picture.distribution("E1", "orders.example.com", aliases=("shop.example.com",))
    picture.zone("shop.example.com", alias("shop.example.com", front))
    decision = decide(picture, stage_arn("abc123", "prod"))
    assert chosen(way(decision, "distribution E1", PROD)) == [("waf", "distribution E1")]
    direct = next(one for one in decision.ways if "distribution" not in one.name)
    assert chosen(direct) == [("waf", PROD)]


@pytest.mark.parametrize(("protocol", "called"), [("HTTP", "HTTP API"), ("WEBSOCKET", "WebSocket API")])
def test_other_apis_take_no_web_acl_and_stay_open_with_what_to_do(protocol: str, called: str) -> None:
    picture = EdgePicture()
    picture.plain_api("xyz789", "hooks", protocol)
    endpoint = picture.api_domain("hooks.example.com", ("xyz789", "live"))
    picture.zone("example.com", alias("hooks.example.com", endpoint))
    decision = decide(picture, "hooks.example.com")
    assert ends([one.name for one in decision.ways]) == [f"{called} hooks"]
    assert decision.points == ()
    assert "put CloudFront with AWS WAF in front and disable its execute-api endpoint" in decision.open[0]


def test_what_may_not_be_listed_is_unknown_and_not_absent() -> None:
    picture = orders().refuse("apigateway.GetDomainNames", denied("apigateway.GetDomainNames"))
    (text,) = decide(picture, "orders.example.com").unknown
    assert text.startswith("cannot tell which custom domain answers d-0abc")
    with pytest.raises(RefusedByGuard, match=r"cannot tell what 'orders\.example\.net' is"):
        decide(picture, "orders.example.net")
    picture = orders().refuse("apigateway.GetStages", denied("apigateway.GetStages"))
    assert "cannot tell which stages API abc123 has" in decide(picture, "orders.example.com").unknown[0]


def test_a_web_acl_that_may_not_be_read_rejects_the_layer_by_name() -> None:
    picture = orders().refuse("wafv2.GetWebACLForResource", denied("wafv2.GetWebACLForResource"))
    (one,) = decide(picture, "orders.example.com").ways
    assert "cannot tell which web ACL is attached" in rejected(one, "waf")[0].reason


def test_a_stage_with_a_web_acl_of_waf_classic_is_not_edited() -> None:
    picture = orders()
    picture.stages["abc123"][0]["webAclArn"] = f"arn:aws:waf-regional:{REGION}:123456789012:webacl/0a1b"
    (one,) = decide(picture, "orders.example.com").ways
    assert "its web ACL 0a1b is WAF Classic" in rejected(one, "waf")[0].reason


def test_reads_do_not_grow_with_the_apis_and_domains_of_the_account() -> None:
    _, few = decide_read(orders(), "orders.example.com")
    picture = orders()
    for number in range(60):
        picture.rest_api(f"other{number}", f"other-{number}", "prod")
        picture.api_domain(f"other-{number}.example.com", (f"other{number}", "prod"))
    _, many = decide_read(picture, "orders.example.com")
    assert sorted(few.apis()) == sorted(many.apis())
    assert few.rounds == many.rounds
