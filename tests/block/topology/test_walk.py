"""The walk of packets along a way, against a brute-force oracle that knows nothing of blocks."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.block.topology.gates import GroupGate, HostGate, InspectionGate, NaclGate, OpenRule
from opsctl.block.topology.graph import Link, Node
from opsctl.block.topology.nacl import NaclEntry, NetworkAcl
from opsctl.block.topology.naming import Place
from opsctl.block.topology.packet import Service
from opsctl.block.topology.traffic_paths import Stop, TrafficPath
from opsctl.block.topology.walk import PacketOutcome, shut_to_clients, walk

BLOCK = ipaddress.IPv4Network("198.51.100.0/28")
SERVICES = (Service(protocol=6, port=443), Service(protocol=17, port=53))

cidrs = st.builds(
    lambda offset, length: str(ipaddress.ip_network((int(BLOCK.network_address) + offset, length), strict=False)),
    st.integers(0, 15),
    st.sampled_from([24, 28, 29, 30, 31, 32]),
)
protocols = st.sampled_from([-1, 6, 17])
ports = st.one_of(st.none(), st.sampled_from([(0, 65535), (443, 443), (50, 100), (80, 500)]))
entries = st.lists(
    st.builds(
        NaclEntry,
        number=st.integers(1, 32766),
        egress=st.just(False),
        allow=st.booleans(),
        cidr=cidrs,
        protocol=protocols,
        ports=ports,
    ),
    max_size=4,
    unique_by=lambda one: one.number,
)
acls = st.builds(
    lambda listed: NetworkAcl(id="acl-1", entries=tuple(sorted(listed, key=lambda one: one.number))), entries
)
nacl_gates = st.builds(
    lambda listed: NaclGate(acls=tuple(listed), subnets=("subnet-1",)), st.lists(acls, min_size=1, max_size=2)
)
group_gates = st.builds(
    lambda rules: GroupGate(groups=("sg-1",), rules=tuple(rules)),
    st.lists(
        st.builds(
            lambda protocol, span, cidr: OpenRule(
                group="sg-1", protocol=protocol, ports=span, networks=(cidr,), source=cidr
            ),
            protocols,
            ports,
            cidrs,
        ),
        max_size=3,
    ),
)


def node(name: str, *gates: NaclGate | GroupGate | HostGate | InspectionGate) -> Node:
    """A node that answers on two services."""
    place = Place(kind="nlb", id=name)
    return Node(
        place=place,
        title=name,
        name=name,
        resource=name,
        gates=gates,
        entrance=name,
        relays=True,
        services=SERVICES,
    )


def way_through(entrance: Node, *targets: Node) -> TrafficPath:
    """A way to targets that see the client, each as an end of its own."""
    tails = tuple((Stop(node=one, link=Link(to=one.place)),) for one in targets)
    return TrafficPath(names=(), stops=(Stop(node=entrance),), tails=tails)


def lets(one: Node, address: str, service: Service) -> bool:
    """The oracle: one packet, one node, rule by rule."""
    source = ipaddress.IPv4Address(address)
    assert one.nacl is not None
    assert one.groups is not None
    entered = False
    for acl in one.nacl.acls:
        for entry in acl.entries:
            hit = source in ipaddress.IPv4Network(entry.cidr) and entry.protocol in (-1, service.protocol)
            if hit and entry.protocol != -1 and entry.ports:
                hit = entry.ports[0] <= service.port <= entry.ports[1]
            if hit:
                entered = entered or entry.allow
                break
    allowed = any(
        source in ipaddress.IPv4Network(rule.networks[0])
        and rule.protocol in (-1, service.protocol)
        and (rule.protocol == -1 or not rule.ports or rule.ports[0] <= service.port <= rule.ports[1])
        for rule in one.groups.rules
    )
    return entered and allowed


@given(nacl_gates, group_gates)
def test_a_block_is_dropped_exactly_when_every_single_packet_is(nacl: NaclGate, groups: GroupGate) -> None:
    entrance = node("edge", nacl, groups)
    passes = any(lets(entrance, str(one), service) for one in BLOCK for service in SERVICES)
    assert walk(way_through(entrance), str(BLOCK)).dropped is not passes


@given(nacl_gates, group_gates, nacl_gates, group_gates)
def test_what_the_edge_lets_in_may_still_be_dropped_at_every_target(
    nacl: NaclGate, groups: GroupGate, inner: NaclGate, inner_groups: GroupGate
) -> None:
    entrance, target = node("edge", nacl, groups), node("target", inner, inner_groups)
    passes = any(
        lets(entrance, str(one), service) and lets(target, str(one), service)
        for one in BLOCK
        for service in SERVICES
    )
    assert walk(way_through(entrance, target), str(BLOCK)).dropped is not passes


@given(nacl_gates, group_gates)
def test_the_witness_shown_really_passes(nacl: NaclGate, groups: GroupGate) -> None:
    entrance = node("edge", nacl, groups)
    outcome = walk(way_through(entrance), str(BLOCK))
    if not outcome.dropped:
        witness = outcome.says.split(" ")[0]
        assert any(lets(entrance, witness, service) for service in SERVICES)


dropped_here = st.lists(cidrs, max_size=3).map(tuple)


@given(nacl_gates, group_gates, dropped_here)
def test_a_firewall_in_front_drops_before_anything_else_is_asked(
    nacl: NaclGate, groups: GroupGate, dropped: tuple[str, ...]
) -> None:
    gate = InspectionGate(vpc="vpc-1", endpoints=("vpce-1",), firewall="edge", networks=dropped)
    entrance = node("edge", gate, nacl, groups)
    passes = any(
        lets(entrance, str(one), service)
        for one in BLOCK
        for service in SERVICES
        if not any(one in ipaddress.ip_network(text) for text in dropped)
    )
    assert walk(way_through(entrance), str(BLOCK)).dropped is not passes


@given(group_gates, st.lists(dropped_here, min_size=1, max_size=2))
def test_every_target_has_to_drop_in_its_own_firewall(groups: GroupGate, dropped: list[tuple[str, ...]]) -> None:
    open_nacl = NaclGate(acls=(_acl(allow=True),), subnets=("subnet-1",))
    entrance = node("edge", open_nacl, groups)
    hosts = [node(f"i-{n}", HostGate(networks=one, read_at="now")) for n, one in enumerate(dropped)]
    passes = any(
        lets(entrance, str(one), service) and not any(one in ipaddress.ip_network(text) for text in of)
        for one in BLOCK
        for service in SERVICES
        for of in dropped
    )
    assert walk(way_through(entrance, *hosts), str(BLOCK)).dropped is not passes


def test_one_target_that_lets_a_packet_in_is_enough() -> None:
    open_nacl = NaclGate(acls=(_acl(allow=True),), subnets=("subnet-1",))
    shut_nacl = NaclGate(acls=(_acl(allow=False),), subnets=("subnet-2",))
    entrance = node("edge", open_nacl)
    shut, open_ = node("shut", shut_nacl), node("open", open_nacl)
    assert walk(way_through(entrance, shut), "198.51.100.7").dropped
    assert not walk(way_through(entrance, shut, open_), "198.51.100.7").dropped


def test_another_ip_version_does_not_get_in_at_all() -> None:
    entrance = node("edge").model_copy(update={"versions": (4,)})
    outcome = walk(way_through(entrance), "2001:db8::/64")
    assert (outcome.dropped, outcome.by_groups) == (True, True)
    assert outcome.says == "edge does not support IPv6"


def test_a_blind_entrance_proves_nothing() -> None:
    entrance = node("edge").model_copy(update={"blind": "who knows"})
    assert walk(way_through(entrance), "198.51.100.7") == PacketOutcome(
        dropped=False, says="not followed: who knows"
    )
    four = entrance.model_copy(update={"versions": (4,)})
    assert not walk(way_through(four), "2001:db8::7").dropped


def test_wide_ipv6_blocks_are_cut_only_where_rules_cut_them() -> None:
    entry = NaclEntry(number=1, egress=False, allow=False, cidr="2001:db8::5/128", protocol=-1)
    rest = NaclEntry(number=2, egress=False, allow=True, cidr="::/0", protocol=-1)
    nacl = NaclGate(acls=(NetworkAcl(id="acl-1", entries=(entry, rest)),), subnets=("subnet-1",))
    outcome = walk(way_through(node("edge", nacl)), "2001:db8::/32")
    assert not outcome.dropped
    assert "only a part of the range is dropped" in outcome.says


def _acl(*, allow: bool) -> NetworkAcl:
    entry = NaclEntry(number=100, egress=False, allow=allow, cidr="0.0.0.0/0", protocol=-1)
    return NetworkAcl(id="acl-1", entries=(entry,))


def gate(*acls: NetworkAcl, unknown: tuple[str, ...] = ()) -> NaclGate:
    """The gate of some network ACLs."""
    return NaclGate(acls=acls, subnets=("subnet-1",), unknown=unknown)


def test_a_packet_may_enter_by_any_subnet_so_all_network_acls_must_drop_it() -> None:
    shut, open_ = _acl(allow=False), _acl(allow=True)
    assert walk(way_through(node("edge", gate(shut, shut))), "198.51.100.7").dropped
    for acls in ((shut, open_), (open_, shut)):
        assert not walk(way_through(node("edge", gate(*acls))), "198.51.100.7").dropped


def test_a_gate_that_could_not_be_read_never_proves_anything_dropped() -> None:
    shut = _acl(allow=False)
    for one in (gate(shut, unknown=("cannot tell",)), gate()):
        assert not walk(way_through(node("edge", one)), "198.51.100.7").dropped
    groups = GroupGate(groups=("sg-1",), unknown=("cannot tell",))
    assert not walk(way_through(node("edge", groups)), "198.51.100.7").dropped


def test_a_block_of_which_half_is_denied_reaches_the_target_with_its_other_half() -> None:
    deny = NaclEntry(number=90, egress=False, allow=False, cidr="198.51.100.0/28", protocol=-1)
    allow = NaclEntry(number=100, egress=False, allow=True, cidr="0.0.0.0/0", protocol=-1)
    edge = node("edge", gate(NetworkAcl(id="acl-1", entries=(deny, allow))))
    outcome = walk(way_through(edge), "198.51.100.0/27")
    assert not outcome.dropped
    assert outcome.says.startswith("198.51.100.16 reaches edge")
    assert "only a part of the range is dropped" in outcome.says


def test_what_drops_a_packet_is_named_by_network_acl_and_rule() -> None:
    deny = NaclEntry(number=90, egress=False, allow=False, cidr="198.51.100.0/24", protocol=-1)
    edge = node("edge", gate(NetworkAcl(id="acl-1", entries=(deny,)), NetworkAcl(id="acl-2")))
    outcome = walk(way_through(edge), "198.51.100.7")
    assert outcome.says == "dropped by network ACL acl-1 rule 90, acl-2 rule *"
    assert not outcome.by_groups


def test_security_groups_are_named_when_they_alone_drop_it() -> None:
    edge = node("edge", gate(_acl(allow=True)), GroupGate(groups=("sg-1", "sg-2")))
    outcome = walk(way_through(edge), "198.51.100.7")
    assert outcome.says == "dropped by security groups sg-1, sg-2 of edge, which do not allow it"
    assert outcome.by_groups


def test_what_a_target_sees_is_not_judged_where_the_address_is_gone_or_packets_do_not_pass_its_gates() -> None:
    shut = node("target", gate(_acl(allow=False)))
    edge = node("edge", gate(_acl(allow=True)))
    for link, dropped in (
        (Link(to=shut.place), True),
        (Link(to=shut.place, client="gone"), False),
        (Link(to=shut.place, client="header"), False),
        (Link(to=shut.place, packets=False), False),
        (Link(to=shut.place, versions=(6,)), False),
    ):
        way = TrafficPath(names=(), stops=(Stop(node=edge),), tails=((Stop(node=shut, link=link),),))
        assert walk(way, "198.51.100.7").dropped is dropped


def test_a_targets_own_port_is_what_its_gates_are_asked_for() -> None:
    entry = NaclEntry(number=1, egress=False, allow=True, cidr="0.0.0.0/0", protocol=6, ports=(8080, 8080))
    target = node("target", gate(NetworkAcl(id="acl-1", entries=(entry,))))
    edge = node("edge", gate(_acl(allow=True)))
    for port, dropped in ((8080, False), (8081, True)):
        link = Link(to=target.place, services=(Service(port=port),))
        way = TrafficPath(names=(), stops=(Stop(node=edge),), tails=((Stop(node=target, link=link),),))
        assert walk(way, "198.51.100.7").dropped is dropped


def _behind(edge: Node, *inner: tuple[Node, Link], relay: Link | None = None) -> TrafficPath:
    """A way whose last relaying stop is reached by `relay`, with one tail of several stops."""
    middle = (Stop(node=node("relay"), link=relay),) if relay else ()
    return TrafficPath(
        names=(),
        stops=(Stop(node=edge), *middle),
        tails=(tuple(Stop(node=one, link=link) for one, link in inner),),
    )


@pytest.mark.parametrize(("client", "dropped"), [("source", True), ("header", False), ("gone", False)])
def test_behind_a_proxy_the_ends_of_a_way_do_not_see_the_client(client: str, dropped: bool) -> None:
    shut = node("target", gate(_acl(allow=False)))
    relay = Link.model_validate({"to": Place(kind="alb", id="relay"), "client": client})
    way = _behind(node("edge", gate(_acl(allow=True))), (shut, Link(to=shut.place)), relay=relay)
    assert walk(way, "198.51.100.7").dropped is dropped


def test_each_stop_of_an_end_is_judged_by_what_its_own_link_leaves() -> None:
    edge = node("edge", gate(_acl(allow=True)))
    shut, open_ = node("shut", gate(_acl(allow=False))), node("open", gate(_acl(allow=True)))
    for first, second, dropped in (
        ((shut, Link(to=shut.place)), (open_, Link(to=open_.place, client="gone")), True),
        ((open_, Link(to=open_.place, packets=False)), (shut, Link(to=shut.place)), True),
        ((open_, Link(to=open_.place, client="gone")), (shut, Link(to=shut.place)), False),
    ):
        assert walk(_behind(edge, first, second), "198.51.100.7").dropped is dropped


def test_what_lets_in_only_lists_of_aws_or_nobody_is_shut_to_clients() -> None:
    listed = OpenRule(group="sg-1", protocol=6, source="prefix list com.amazonaws.global.cloudfront.origin-facing")
    inner = OpenRule(group="sg-2", protocol=6, source="security group sg-9")
    for rules, said in (
        ((listed, inner, listed), f"allow in only {listed.source}, {inner.source}"),
        ((), "allow nothing in"),
    ):
        groups = GroupGate(groups=("sg-1", "sg-2"), rules=rules)
        assert shut_to_clients(way_through(node("edge", groups))) == f"security groups sg-1, sg-2 {said}"
    anybody = OpenRule(group="sg-1", protocol=6, networks=("0.0.0.0/0",), source="0.0.0.0/0")
    assert shut_to_clients(way_through(node("edge", GroupGate(groups=("sg-1",), rules=(listed, anybody))))) == ""
    assert shut_to_clients(way_through(node("edge"))) == ""


def test_a_block_is_dropped_by_groups_only_when_they_drop_every_part_of_it() -> None:
    shut = GroupGate(groups=("sg-1",))
    high = OpenRule(group="sg-1", protocol=6, networks=("198.51.100.128/25",), source="198.51.100.128/25")
    low = high.model_copy(update={"networks": ("198.51.100.0/25",)})
    for rule in (high, low):
        deny = NaclEntry(number=1, egress=False, allow=False, cidr="198.51.100.0/24", protocol=-1)
        edge = node(
            "edge", gate(NetworkAcl(id="acl-1", entries=(deny,))), GroupGate(groups=("sg-1",), rules=(rule,))
        )
        outcome = walk(way_through(edge), "198.51.100.0/24")
        assert (outcome.dropped, outcome.by_groups) == (True, False)
    assert walk(way_through(node("edge", gate(_acl(allow=True)), shut)), "198.51.100.0/24").by_groups


@pytest.mark.parametrize(("gate", "dropped"), [("acl", False), ("host", True)])
def test_behind_what_skips_network_acls_only_the_firewall_of_the_host_counts(gate: str, dropped: bool) -> None:
    """A Global Accelerator that preserves addresses, an NLB, and an instance that denies or drops the client."""
    denies = NaclEntry(number=1, egress=False, allow=False, cidr=str(BLOCK), protocol=-1)
    inside: dict[str, NaclGate | HostGate] = {
        "acl": NaclGate(acls=(NetworkAcl(id="acl-1", entries=(denies,)),), subnets=("s",)),
        "host": HostGate(networks=(str(BLOCK),), read_at="2026-12-01T08:00:00Z"),
    }
    front, between, end = node("front"), node("between"), node("end", inside[gate])
    way = TrafficPath(
        names=(),
        stops=(Stop(node=front), Stop(node=between, link=Link(to=between.place, packets=False))),
        tails=((Stop(node=end, link=Link(to=end.place, services=SERVICES)),),),
    )
    assert walk(way, "198.51.100.7").dropped is dropped
