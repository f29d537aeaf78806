"""Which layers can serve on a way, judged on ways put together by hand."""

import pytest

from opsctl.block.asked import Asked
from opsctl.block.layers.judging import judge
from opsctl.block.layers.verdict import Home, NodeVerdict
from opsctl.block.layers.web_acl import IP_SET_LIMIT
from opsctl.block.topology.gates import GeoGate, HostGate, NaclGate, WafGate
from opsctl.block.topology.graph import Link, Node
from opsctl.block.topology.nacl import NaclEntry, NetworkAcl
from opsctl.block.topology.naming import Place
from opsctl.block.topology.traffic_paths import Stop, TrafficPath
from opsctl.block.topology.webacl import WebAcl

HOME = Home(account="123456789012", region="eu-west-1")
ATTACKER = "198.51.100.7/32"
WAF = WafGate(scope="REGIONAL")


def acl(*, allow_at: int = 100, name: str = "acl-1") -> NetworkAcl:
    """A network ACL that lets everything in by one rule."""
    entry = NaclEntry(number=allow_at, egress=False, allow=True, cidr="0.0.0.0/0", protocol=-1)
    return NetworkAcl(id=name, entries=(entry,))


def gate(*acls: NetworkAcl, unknown: tuple[str, ...] = ()) -> NaclGate:
    """The network ACLs of a place."""
    return NaclGate(acls=acls or (acl(),), subnets=("subnet-1",), unknown=unknown)


def node(
    name: str, *gates: NaclGate | WafGate | GeoGate, kind: str = "alb", region: str = "", **more: object
) -> Node:
    """A node with these gates."""
    seen = {"place": Place(kind=kind, id=name, region=region), "title": name, "name": name, "resource": name}
    return Node.model_validate(seen | {"gates": gates, "entrance": name} | more)


def way(*nodes: Node, **link: object) -> TrafficPath:
    """A way over these nodes, each reached by the same kind of link."""
    behind = [Stop(node=one, link=Link.model_validate({"to": one.place} | link)) for one in nodes[1:]]
    return TrafficPath(names=(), stops=(Stop(node=nodes[0]), *behind))


def asked(*addresses: str, **more: object) -> Asked:
    """A question about these addresses."""
    return Asked.model_validate({"addresses": addresses} | more)


def judged(one: TrafficPath, question: Asked, **more: str) -> list[NodeVerdict]:
    """The verdicts at home."""
    return judge(one, question, HOME, **{"closed": "", "dropped": ""} | more)


def places(verdicts: list[NodeVerdict]) -> list[tuple[str, str, bool]]:
    """Layer, node and whether it was chosen."""
    return [(one.layer, one.node.name, one.chosen) for one in verdicts]


BOTH = [("nacl", "edge", False), ("waf", "edge", False)]
GEO = [("geo", "edge", False)]


@pytest.mark.parametrize(
    ("question", "layers"),
    [
        (asked(ATTACKER), BOTH),
        (asked(ATTACKER, countries=("KP",)), BOTH + GEO),
        (asked(countries=("KP",)), GEO),
        (asked(), []),
    ],
)
def test_a_way_that_is_closed_or_not_followed_rejects_every_layer_that_the_question_is_about(
    question: Asked, layers: list[tuple[str, str, bool]]
) -> None:
    edge = node("edge", gate(), WAF, GeoGate())
    assert places(judged(way(edge), question, closed="nobody gets in")) == layers
    blind = edge.model_copy(update={"blind": "who knows"})
    verdicts = judged(way(blind), question)
    assert places(verdicts) == layers
    assert {one.reason for one in verdicts} <= {"who knows"}


def test_what_is_dropped_already_is_the_reason_for_both_address_layers_and_countries_are_judged_all_the_same() -> (
    None
):
    verdicts = judged(way(node("edge", GeoGate())), asked(countries=("KP",)), dropped="dropped by X")
    assert places(verdicts) == [*BOTH, ("geo", "edge", True)]
    assert verdicts[0].reason == "dropped by X: no block is needed here"


def test_the_place_itself_is_judged_once_and_what_is_chosen_names_its_network_acls() -> None:
    verdicts = judged(way(node("edge", gate(acl(), acl(name="acl-2")), WAF)), asked(ATTACKER))
    assert places(verdicts) == [("nacl", "edge", True), ("waf", "edge", True)]
    assert "a deny at acl-1, acl-2 drops" in verdicts[0].reason


@pytest.mark.parametrize(("region", "serves"), [("", True), ("eu-west-1", True), ("eu-central-1", False)])
def test_network_acls_serve_in_the_region_of_the_plan_or_where_none_is_named(region: str, serves: bool) -> None:
    (verdict, _) = judged(way(node("edge", gate(), region=region)), asked(ATTACKER))
    assert verdict.chosen is serves


def test_what_could_not_be_read_goes_along_with_the_rejection() -> None:
    shut, dark = gate(unknown=("cannot tell who",)), WafGate(scope="REGIONAL", unknown=("cannot tell which",))
    verdicts = judged(way(node("edge", shut, dark)), asked(ATTACKER))
    assert [(one.chosen, one.reason, one.unknown) for one in verdicts] == [
        (False, "cannot tell who", ("cannot tell who",)),
        (False, "cannot tell which", ("cannot tell which",)),
    ]


def test_every_address_needs_a_number_of_its_own() -> None:
    for first, serves in ((3, True), (2, False)):
        edge = node("edge", gate(acl(), acl(allow_at=first, name="acl-2")))
        verdict = judged(way(edge), asked(ATTACKER, "203.0.113.4/32"))[0]
        assert verdict.chosen is serves
    assert "no room for 2 addresses" in verdict.reason


def test_the_rules_that_the_account_may_have_are_what_counts() -> None:
    one = way(node("edge", gate()))
    poor = HOME.model_copy(update={"acl_rules": 1, "acl_doubt": " (the quota could not be read)"})
    refused = judge(one, asked(ATTACKER), poor, closed="", dropped="")[0]
    assert "1 of 1 inbound rules" in refused.reason
    assert "(the quota could not be read)" in refused.reason
    rich = HOME.model_copy(update={"acl_rules": 40})
    many = asked(*(f"203.0.113.{number}/32" for number in range(39)))
    assert judge(one, many, rich, closed="", dropped="")[0].chosen
    assert not judged(one, many)[0].chosen


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ({}, "are evaluated first"),
        ({"versions": (4,)}, "are evaluated first"),
        ({"client": "gone", "packets": False, "why": "private origins"}, "private origins"),
        ({"client": "header"}, "denying those addresses would block everybody"),
    ],
)
def test_a_network_acl_further_in_is_rejected_by_what_it_sees(link: dict[str, object], reason: str) -> None:
    verdicts = judged(
        way(node("edge", gate()), node("inner", gate(), region="eu-west-1"), **link), asked(ATTACKER)
    )
    assert places(verdicts)[:2] == [("nacl", "edge", True), ("nacl", "inner", False)]
    assert reason in verdicts[1].reason


def test_every_place_for_a_web_acl_on_the_way_is_judged() -> None:
    fixed = node("first", WAF, fixed="no web ACL here now")
    seen = places(judged(way(fixed, node("second", WAF), node("third", WAF)), asked(ATTACKER)))[1:]
    assert seen == [("waf", "first", False), ("waf", "second", True), ("waf", "third", True)]
    hidden = judged(
        way(node("first", WAF), node("second", WAF), node("third", WAF), client="header"), asked(ATTACKER)
    )
    assert places(hidden)[1:] == [("waf", "first", True), ("waf", "second", False), ("waf", "third", False)]
    assert "only in a header" in hidden[-1].reason


def test_a_web_acl_serves_only_the_ip_versions_that_arrive_with_their_address() -> None:
    question = asked(ATTACKER, "2001:db8::7/128")
    for versions, served in (((4, 6), (4, 6)), ((4,), (4,)), ((6,), (6,))):
        verdict = judged(way(node("edge"), node("inner", WAF), versions=versions), question)[-1]
        assert (verdict.chosen, verdict.versions) == (True, served)
    old = node("edge", WAF, versions=(4,))
    assert judged(way(old), question)[-1].versions == (4,)


@pytest.mark.parametrize("layer", ["auto", "waf", "cloudfront", "nacl", "geo"])
def test_a_layer_asked_for_is_the_only_one(layer: str) -> None:
    regional = node("edge", gate(), WAF, GeoGate())
    chosen = {
        one.layer for one in judged(way(regional), asked(ATTACKER, countries=("KP",), layer=layer)) if one.chosen
    }
    assert (
        chosen
        == {
            "auto": {"nacl", "waf", "geo"},
            "waf": {"waf"},
            "cloudfront": {"geo"},
            "nacl": {"nacl"},
            "geo": {"geo"},
        }[layer]
    )
    edge = node("edge", WafGate(scope="CLOUDFRONT"))
    (_, waf) = judged(way(edge), asked(ATTACKER, layer=layer))
    assert waf.chosen is (layer in ("auto", "waf", "cloudfront"))


def test_a_country_cannot_be_refused_by_a_layer_that_was_not_asked_for_and_never_counted() -> None:
    edge = way(node("edge", GeoGate()))
    for question, reason in (
        (asked(countries=("KP",), layer="waf"), "--layer waf was asked for"),
        (asked(countries=("KP",), mode="count"), "it cannot count"),
        (asked(countries=("KP",), mode="challenge"), "it cannot challenge"),
        (asked(countries=("KP",), mode="captcha"), "it cannot ask for a CAPTCHA"),
    ):
        (verdict,) = judged(edge, question)
        assert (verdict.layer, verdict.node.name, verdict.chosen) == ("geo", "edge", False)
        assert reason in verdict.reason


def test_an_ip_set_takes_ten_thousand_addresses_of_each_version() -> None:
    six = [f"2001:db8::{number:x}/128" for number in range(IP_SET_LIMIT)]
    edge = way(node("edge", WAF))
    assert judged(edge, asked(ATTACKER, *six))[-1].chosen
    full = judged(edge, asked(ATTACKER, *six, "2001:db8:1::/64"))[-1]
    assert not full.chosen
    assert "10001 IPv6 addresses do not fit into an IP set of 10000" in full.reason


@pytest.mark.parametrize(
    ("kind", "named"), [("nlb", "a network load balancer"), ("interface", "an instance"), ("vpn", "to edge")]
)
def test_a_place_that_takes_no_web_acl_is_named_by_its_kind(kind: str, named: str) -> None:
    assert named in judged(way(node("edge", kind=kind)), asked(ATTACKER))[-1].reason


def test_the_web_acl_that_gets_the_rule_is_named_or_that_one_is_made() -> None:
    attached = WebAcl(arn="arn", id="id", name="shop-acl", scope="REGIONAL", default_allow=True)
    for acl, said in ((attached, "its web ACL is shop-acl"), (None, "it has no web ACL yet, so one is created")):
        verdict = judged(way(node("edge", WafGate(scope="REGIONAL", web_acl=acl))), asked(ATTACKER))[-1]
        assert verdict.chosen
        assert verdict.reason.endswith(f"; {said}")


def instance(name: str, *gates: HostGate) -> Node:
    """An instance at the end of a way."""
    seen = {"place": Place(kind="instance", id=name), "title": name, "name": name, "resource": name}
    return Node.model_validate(seen | {"gates": gates})


def ending_at(*ends: Node, entrance: str = "nlb", **link: object) -> TrafficPath:
    """A way that ends at these nodes."""
    tails = tuple((Stop(node=one, link=Link.model_validate({"to": one.place} | link)),) for one in ends)
    return TrafficPath(names=(), stops=(Stop(node=node("edge", kind=entrance)),), tails=tails)


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (ending_at(instance("i-1", HostGate()), client="header"), "sees only the proxy's addresses"),
        (ending_at(instance("i-1", HostGate()), client="gone"), "sees only the proxy's addresses"),
        (ending_at(instance("i-1", HostGate(closed="i-1 is stopped"))), "i-1 is stopped"),
        (ending_at(instance("i-1", HostGate(unknown=("cannot tell",)))), "cannot tell"),
        (ending_at(node("eni-1", kind="interface")), "no instance"),
        (way(node("edge", kind="nlb")), "no instance"),
    ],
)
def test_a_host_firewall_serves_only_where_it_sees_the_client_and_can_be_reached(
    one: TrafficPath, reason: str
) -> None:
    (verdict,) = [it for it in judged(one, asked(ATTACKER, layer="host")) if it.layer == "host"]
    assert not verdict.chosen
    assert reason in verdict.reason


def test_one_instance_of_two_acts_and_does_not_close_the_way() -> None:
    two = ending_at(instance("i-1", HostGate(member_of="web")), instance("i-2", HostGate(closed="it is stopped")))
    verdicts = [it for it in judged(two, asked(ATTACKER, layer="host")) if it.layer == "host"]
    assert [(it.chosen, it.partial) for it in verdicts] == [(True, True), (False, False)]
    assert "replacements in Auto Scaling group web" in verdicts[0].reason


def test_a_host_firewall_is_never_chosen_by_itself() -> None:
    one = ending_at(instance("i-1", HostGate()))
    assert "host" not in {it.layer for it in judged(one, asked(ATTACKER))}
