"""What is asked for besides a block, and whether it is so now: rules that count or challenge, and countries."""

import pytest

from opsctl.block.decision import Decision
from opsctl.model.value import Json
from tests.block.facts.asking import ATTACKER, decide, served, way, ways_in
from tests.kit.canned import denied
from tests.kit.picture import OPEN_BOTH, Picture, balancer_dns, entry, interface, ip_rule, only_edge

ALB = "application load balancer shop"
NLB = "network load balancer api"
SIX = "2001:db8::7"


def counting(picture: Picture, *addresses: str, mode: str = "Count", scope: str = "REGIONAL") -> str:
    """A web ACL with a rule of this mode for some addresses."""
    rule = ip_rule("watch", 1, mode, picture.ip_set("watched", *addresses, scope=scope))
    return picture.web_acl("edge", rule, scope=scope)


def shop(*addresses: str, mode: str = "Count") -> Picture:
    """A load balancer whose web ACL counts or challenges some addresses."""
    picture = Picture()
    picture.attached[served(picture)] = counting(picture, *addresses, mode=mode)
    return picture


@pytest.mark.parametrize("mode", ["Count", "Challenge", "Captcha"])
def test_what_every_request_meets_already_is_as_asked(mode: str) -> None:
    (one,) = decide(shop("198.51.100.0/24", mode=mode), "shop", mode=mode.lower()).ways
    assert (one.handled, one.covered, one.dropped, one.closable) == (True, True, False, False)


def test_it_is_not_as_asked_while_one_address_or_the_other_mode_is_missing() -> None:
    picture = shop("198.51.100.0/24")
    assert not decide(picture, "shop", ATTACKER, "192.0.2.1", mode="count").ways[0].handled
    assert not decide(picture, "shop", mode="captcha").ways[0].handled
    assert not decide(picture, "shop").ways[0].handled, "what is counted still gets in"
    bare = Picture()
    served(bare)
    assert not decide(bare, "shop", mode="count").ways[0].handled


def behind_cloudfront(picture: Picture, **more: Json) -> Decision:
    """The decision about a shop that CloudFront is in front of, and that is open to it alone."""
    served(picture)
    picture.security_groups[0]["IpPermissions"] = [only_edge()]
    picture.distribution("E1", balancer_dns("shop"), **more)
    picture.attached[picture.balancers[0]["LoadBalancerArn"]] = counting(picture, "198.51.100.0/24")
    return decide(picture, "E1", mode="count")


def test_a_web_acl_behind_a_proxy_counts_nobody_because_it_does_not_see_the_client() -> None:
    picture = Picture()
    edge = way(behind_cloudfront(picture), "distribution E1", ALB)
    assert not edge.handled
    picture = Picture()
    acl = counting(picture, "198.51.100.0/24", scope="CLOUDFRONT")
    assert way(behind_cloudfront(picture, WebACLId=acl), "distribution E1", ALB).handled


def test_only_the_ip_version_that_arrives_with_its_address_is_counted_further_in() -> None:
    picture = Picture()
    balancer = served(picture, internal=True)
    front = picture.balancer(
        "api", [picture.subnet("edge")], kind="network", ip="dualstack", ports=(("TCP", 443),)
    )
    picture.target_group("to-alb", [front], [balancer], kind="alb", protocol="TCP", port=443)
    rules = [
        ip_rule("four", 1, "Count", picture.ip_set("four", "198.51.100.0/24")),
        ip_rule("six", 2, "Count", picture.ip_set("six", "2001:db8::/32")),
    ]
    picture.attached[balancer] = picture.web_acl("edge", *rules)
    assert decide(picture, "shop", ATTACKER, mode="count").ways[0].handled
    assert not decide(picture, "shop", SIX, mode="count").ways[0].handled


def refusing(picture: Picture, *countries: str) -> Picture:
    """A distribution that refuses some countries."""
    restriction = {"RestrictionType": "blacklist", "Quantity": len(countries), "Items": list(countries)}
    restrictions = {"GeoRestriction": restriction}
    picture.distribution("E1", "bucket.s3.amazonaws.com", Restrictions=restrictions)
    picture.configs["E1"]["Restrictions"] = restrictions
    return picture


def test_an_address_and_a_country_are_closed_only_together() -> None:
    picture = refusing(Picture(), "KP")
    both = decide(picture, "E1", countries=("KP",)).ways[0]
    assert not both.dropped
    assert both.verdict.endswith("; requests from KP are refused by country")
    assert not decide(picture, "E1", countries=("KP",), mode="count").ways[0].handled
    blocked = ip_rule("bad", 1, "Block", picture.ip_set("bad", f"{ATTACKER}/32", scope="CLOUDFRONT"))
    acl = picture.web_acl("edge", blocked, scope="CLOUDFRONT")
    picture.distributions[0]["WebACLId"] = acl
    assert decide(picture, "E1", countries=("KP",)).ways[0].dropped
    other = decide(picture, "E1", countries=("KP", "IR")).ways[0]
    assert not other.dropped
    assert other.verdict.endswith("; requests from KP, IR are not refused by country")


def test_a_country_is_refused_at_the_one_endpoint_of_cloudfront() -> None:
    (point,) = decide(refusing(Picture(), "KP"), "E1", countries=("IR",), layer="geo").points
    assert (point.layer, point.id, point.region) == ("geo", "E1", "us-east-1")


def test_how_things_stand_names_the_ways_left_and_doubts_what_could_not_be_read() -> None:
    picture = Picture()
    served(picture)
    decision = decide(picture, "shop")
    assert decision.standing == f"0 of 1 ways closed; STILL OPEN: internet > {ALB}"
    assert decision.outlook == "1 of 1 ways closed"
    picture.refuse("cloudfront.ListDistributions", denied("cloudfront.ListDistributions"))
    doubtful = decide(picture, "shop")
    assert doubtful.standing.endswith("; not everything could be read, so there may be other ways in")
    assert doubtful.untold == (), "a way is known"


def test_a_network_acl_is_called_by_its_name() -> None:
    picture = Picture()
    served(picture)
    picture.acls[0]["Tags"] = [{"Key": "Name", "Value": "public"}]
    first, second, _ = decide(picture, "shop").points
    assert (first.id, first.name) == ("acl-shop-a", "public")
    assert (second.id, second.name) == ("acl-shop-b", "acl-shop-b")


@pytest.mark.parametrize(("count", "more"), [(5, ""), (6, " and 1 more")])
def test_five_ends_of_a_way_are_named_and_the_rest_counted(count: int, more: str) -> None:
    picture = Picture()
    balancer = served(picture)
    for number in range(1, count):
        picture.target_group(f"tg-{number}", [balancer], ["i-shop"], protocol="HTTPS")
    (one,) = decide(picture, "shop").ways
    named = ["target group shop", *(f"target group tg-{number}" for number in range(1, 5))]
    assert one.hops == ("internet", ALB, ", ".join(named) + more)


def test_a_way_that_is_not_followed_ends_where_it_enters() -> None:
    picture = Picture()
    picture.balancer("inspect", [picture.subnet("fw")], kind="gateway")
    (one,) = decide(picture, "inspect").ways
    entrance = one.name.split(" > ")[-1]
    assert one.hops == ("internet", entrance)


@pytest.mark.parametrize(("count", "more"), [(5, ""), (6, " and 1 more")])
def test_addresses_that_fare_alike_are_told_of_together(count: int, more: str) -> None:
    picture = Picture()
    served(picture)
    for acl in picture.acls[:2]:
        acl["Entries"].insert(0, entry(10, "deny", "192.0.2.0/24"))
    alike = [f"192.0.2.{number}" for number in range(count)]
    (one,) = decide(picture, "shop", *alike, ATTACKER).ways
    named = ", ".join(f"{address}/32" for address in alike[:5])
    assert one.verdict.startswith(f"{named}{more}: dropped by network ACL")
    assert f"; {ATTACKER}/32: {ATTACKER} reaches" in one.verdict


def test_reasons_to_leave_a_way_open_are_all_named() -> None:
    picture = Picture()
    served(picture, "api", kind="network")
    (line,) = decide(picture, "api", mode="count").open
    name, reasons = line.split(": ", 1)
    assert name == f"internet > {NLB}"
    assert [text.split(" ")[:2] for text in reasons.split("; ")] == [["a", "network"], ["AWS", "WAF"]]


@pytest.mark.parametrize("kind", ["nlb", "alb", "interface"])
def test_cloudfront_is_recommended_for_what_stays_open_and_has_none_in_front(kind: str) -> None:
    picture = Picture()
    if kind == "interface":
        group = picture.security_group("web", OPEN_BOTH)
        picture.instance("i-x", interface("eni-1", picture.subnet("x"), [group], public="203.0.113.9"), name="x")
    else:
        served(picture, "x", kind="network" if kind == "nlb" else "application")
    (told,) = decide(picture, "x", layer="geo").recommendations
    assert told.startswith("put CloudFront with AWS WAF in front of ")
    assert decide(picture, "x", layer="nacl").recommendations == (), "nothing stays open"


def test_what_has_cloudfront_in_front_is_told_to_admit_nobody_else() -> None:
    picture = Picture()
    served(picture)
    picture.distribution("E1", balancer_dns("shop"))
    assert decide(picture, "shop", layer="geo").bypasses == ("shop; opsctl lock-origin shop",)
    (told,) = ways_in(picture, "shop").recommendations
    assert told.startswith(f"{ALB} can be reached without distribution E1: ")
    assert told.endswith("opsctl lock-origin shop limits its security groups sg-shop-lb to CloudFront")


def test_a_load_balancer_in_front_of_another_is_no_cloudfront() -> None:
    picture = Picture()
    balancer = served(picture)
    front = picture.balancer("api", [picture.subnet("edge")], kind="network", ports=(("TCP", 443),))
    picture.target_group("to-alb", [front], [balancer], kind="alb", protocol="TCP", port=443)
    assert decide(picture, "shop").recommendations == ()
