"""What web ACLs do to what passed the packet gates of a way, and the words a walk ends with."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.block.topology.gates import GroupGate, NaclGate, WafGate
from opsctl.block.topology.graph import Link, Node
from opsctl.block.topology.nacl import NaclEntry, NetworkAcl
from opsctl.block.topology.naming import Place
from opsctl.block.topology.packet import Service
from opsctl.block.topology.traffic_paths import Stop, TrafficPath
from opsctl.block.topology.walk import PacketOutcome, walk
from opsctl.block.topology.webacl import Effect, IpSet, WebAcl, WebAclRule, request_passes
from tests.kit.edges import near

ATTACKER = "198.51.100.7"
BLOCK = "198.51.100.0/29"
HTTPS = Service(port=443)


def web_acl(*rules: tuple[Effect, str], allow: bool = True) -> WebAcl:
    """Rules r0, r1 ... each on an IP set s0, s1 ... with one block; without a block nobody can tell."""
    sets = {
        f"arn{number}": IpSet(arn=f"arn{number}", id="id", name=f"s{number}", version=4, addresses=(block,))
        for number, (_, block) in enumerate(rules)
    }
    made = [
        WebAclRule(
            name=f"r{number}",
            priority=number,
            effect=effect,
            statement={"IPSetReferenceStatement": {"ARN": f"arn{number}"}} if block else {"GeoMatchStatement": {}},
        )
        for number, (effect, block) in enumerate(rules)
    ]
    sets = {arn: one for arn, one in sets.items() if one.addresses != ("",)}
    return WebAcl(
        arn="arn", id="id", name="edge", scope="REGIONAL", default_allow=allow, rules=tuple(made), ip_sets=sets
    )


def waf(acl: WebAcl | None = None, **more: object) -> WafGate:
    """A place for a web ACL."""
    return WafGate.model_validate({"scope": "REGIONAL", "web_acl": acl} | more)


def nacl(*entries: tuple[bool, str], protocol: int = -1, name: str = "acl-1") -> NaclGate:
    """A network ACL of rules 1, 2 ... and an allow of everything behind them."""
    listed = (*entries, (True, "0.0.0.0/0"))
    rules = [
        NaclEntry(number=number, egress=False, allow=allow, cidr=cidr, protocol=protocol)
        for number, (allow, cidr) in enumerate(listed, 1)
    ]
    return NaclGate(acls=(NetworkAcl(id=name, entries=tuple(rules)),), subnets=("subnet-1",))


def node(name: str, *gates: NaclGate | GroupGate | WafGate, services: tuple[Service, ...] = (HTTPS,)) -> Node:
    """A node that answers on HTTPS."""
    place = Place(kind="alb", id=name)
    return Node(place=place, title=name, name=name, resource=name, gates=gates, entrance=name, services=services)


def through(*nodes: Node, versions: tuple[int, ...] = (4, 6), client: str = "source") -> TrafficPath:
    """A way over these nodes."""
    links = [Link.model_validate({"to": one.place, "versions": versions, "client": client}) for one in nodes[1:]]
    stops = [Stop(node=one, link=link) for one, link in zip(nodes[1:], links, strict=True)]
    return TrafficPath(names=(), stops=(Stop(node=nodes[0]), *stops))


ACTIONS = st.sampled_from([Effect.ALLOW, Effect.BLOCK, Effect.GO_ON])
cidrs = near(BLOCK, st.builds("198.51.100.{}/{}".format, st.integers(0, 7), st.integers(29, 32)).map(str)).map(
    lambda text: str(ipaddress.ip_network(text, strict=False))
)


@given(
    st.lists(st.tuples(st.booleans(), cidrs), max_size=3),
    st.lists(st.tuples(ACTIONS, cidrs), max_size=4),
    st.booleans(),
)
def test_a_block_is_dropped_exactly_when_each_address_is_by_the_one_gate_or_the_other(
    entries: list[tuple[bool, str]], rules: list[tuple[Effect, str]], allow: bool
) -> None:
    acl = web_acl(*rules, allow=allow)
    denied = {
        str(address)
        for address in ipaddress.IPv4Network(BLOCK)
        if not next((passes for passes, cidr in entries if address in ipaddress.IPv4Network(cidr)), True)
    }
    passing = [
        str(address)
        for address in ipaddress.IPv4Network(BLOCK)
        if str(address) not in denied and request_passes(acl, str(address)).passes == "yes"
    ]
    outcome = walk(through(node("edge", nacl(*entries), waf(acl))), BLOCK)
    assert outcome.dropped is not bool(passing)
    assert outcome.dropped or outcome.says.split(" ")[0] in passing
    assert ("only a part" in outcome.says) is (0 < len(passing) < 8)


def test_a_web_acl_further_in_counts_where_it_sees_the_client() -> None:
    blocking = waf(web_acl((Effect.BLOCK, "198.51.100.0/24"), allow=True))
    for edge in (node("edge"), node("edge", waf())):
        inner = node("inner", blocking)
        assert walk(through(edge, inner), ATTACKER).dropped
        assert walk(through(edge, inner, versions=(4,)), ATTACKER).dropped
        assert not walk(through(edge, inner, versions=(6,)), ATTACKER).dropped
        assert not walk(through(edge, inner, client="header"), ATTACKER).dropped


def test_what_nobody_can_tell_is_not_dropped_and_listed_with_the_rule() -> None:
    doubtful = web_acl((Effect.ALLOW, ""), allow=False)
    outcome = walk(through(node("edge", waf(doubtful))), ATTACKER)
    assert not outcome.dropped
    (unknown,) = outcome.unknown
    assert "web ACL edge allows 198.51.100.7/32: rule r0" in unknown
    assert "web ACL" not in outcome.says
    shut = node("inner", waf(web_acl(allow=False)))
    dark = node("edge", waf(unknown=("cannot tell which",)))
    assert walk(through(dark, shut), ATTACKER) == PacketOutcome(
        dropped=True,
        says="dropped by web ACL edge's default action",
        unknown=("cannot tell which",),
        stops=((shut.place, "web ACL edge's default action"),),
    )


@pytest.mark.parametrize(
    ("gate", "remark"),
    [
        (waf(), "; no web ACL is attached"),
        (waf(unknown=("cannot tell",)), ""),
        (waf(classic="id"), ""),
        (waf(web_acl((Effect.ALLOW, f"{ATTACKER}/32"))), "; web ACL edge: rule r0 (IP set s0) allows it"),
        (waf(web_acl((Effect.BLOCK, "192.0.2.0/24"))), "; web ACL edge: no rule blocks it"),
    ],
    ids=["none", "unread", "classic", "allowed", "default"],
)
def test_why_a_request_gets_in_is_said_once(gate: WafGate, remark: str) -> None:
    assert walk(through(node("edge", gate)), ATTACKER).says == f"{ATTACKER} reaches edge on tcp/443{remark}"
    halves = walk(through(node("edge", nacl((True, "198.51.100.0/31")), gate)), "198.51.100.0/30")
    if "r0" not in remark:
        assert halves.says == f"198.51.100.0 reaches edge on tcp/443{remark}"


@pytest.mark.parametrize(
    ("services", "said"),
    [
        ((), ""),
        ((Service(protocol=17, port=53), HTTPS), " on udp/53"),
        ((Service(protocol=50, port=0),), " on 50/0"),
        ((Service(protocol=-1, port=0),), " on any protocol/0"),
    ],
)
def test_the_first_service_that_is_reached_is_named(services: tuple[Service, ...], said: str) -> None:
    assert walk(through(node("edge", services=services)), ATTACKER).says == f"{ATTACKER} reaches edge{said}"


def test_what_listens_on_nothing_accepts_nothing() -> None:
    for gate in (nacl(), GroupGate(groups=("sg-1",), unknown=("cannot tell",))):
        outcome = walk(through(node("edge", gate, services=())), ATTACKER)
        assert outcome.dropped
        assert "accepts nothing" in outcome.says


def test_the_rule_that_drops_is_the_one_for_the_service() -> None:
    def entry(number: int, protocol: int, ports: tuple[int, int]) -> NaclEntry:
        return NaclEntry(
            number=number, egress=False, allow=False, cidr="0.0.0.0/0", protocol=protocol, ports=ports
        )

    acl = NetworkAcl(id="acl-1", entries=(entry(1, 6, (0, 65535)), entry(2, 17, (0, 52)), entry(3, 17, (53, 53))))
    gate = NaclGate(acls=(acl,), subnets=("subnet-1",))
    dns = node("edge", gate, services=(Service(protocol=17, port=53),))
    assert walk(through(dns), ATTACKER).says == "dropped by network ACL acl-1 rule 3"


@pytest.mark.parametrize(("count", "more"), [(3, ""), (4, " and 1 more"), (5, " and 2 more")])
def test_three_reasons_are_named_and_the_rest_counted(count: int, more: str) -> None:
    targets = [node(f"t{n}", nacl((False, "198.51.100.0/24"), name=f"acl-{n}")) for n in range(count)]
    tails = tuple((Stop(node=one, link=Link(to=one.place)),) for one in targets)
    way = TrafficPath(names=(), stops=(Stop(node=node("edge")),), tails=tails)
    named = " and ".join(f"network ACL acl-{n} rule 1" for n in range(3))
    assert walk(way, ATTACKER).says == f"dropped by {named}{more}"


def test_the_part_behind_the_one_that_a_web_acl_drops_is_judged_too() -> None:
    low = waf(web_acl((Effect.BLOCK, "198.51.100.0/30")))
    outcome = walk(through(node("edge", nacl((True, "198.51.100.0/30")), low)), BLOCK)
    assert outcome.says.startswith("198.51.100.4 reaches edge on tcp/443 (only a part of the range is dropped);")


def test_what_one_web_acl_lets_through_in_part_may_get_past_the_next_in_another_part() -> None:
    """The first lets all of the block in, the second stops one half: the other half gets in."""
    front = node("front", waf(web_acl((Effect.BLOCK, "203.0.113.9/32"))))
    inner = node("inner", waf(web_acl((Effect.BLOCK, "198.51.100.0/30"))))
    stops = (Stop(node=front), Stop(node=inner, link=Link(to=inner.place)))
    outcome = walk(TrafficPath(names=(), stops=stops), BLOCK)
    assert not outcome.dropped
    assert outcome.says.startswith("198.51.100.4 reaches inner")
    both = node("inner", waf(web_acl((Effect.BLOCK, "198.51.100.0/30"), (Effect.BLOCK, "198.51.100.4/30"))))
    stops = (Stop(node=front), Stop(node=both, link=Link(to=both.place)))
    assert walk(TrafficPath(names=(), stops=stops), BLOCK).dropped
