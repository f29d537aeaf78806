"""Gates and what they open."""

import pytest

from opsctl.block.topology.gates import GeoGate, GroupGate, OpenRule, open_services, representative_ports
from opsctl.block.topology.nacl import NaclEntry, NetworkAcl
from opsctl.block.topology.packet import Service
from opsctl.model.networks import parse_network

HTTPS = Service(protocol=6, port=443)


def rule(**more: object) -> OpenRule:
    """An open HTTPS rule, or another."""
    given = {
        "group": "sg-1",
        "protocol": 6,
        "ports": (443, 443),
        "networks": ("0.0.0.0/0",),
        "source": "0.0.0.0/0",
    }
    return OpenRule.model_validate(given | more)


def acl(*spans: tuple[int, int]) -> NetworkAcl:
    """A network ACL with rules for port ranges."""
    entries = [
        NaclEntry(number=n, egress=False, allow=True, cidr="0.0.0.0/0", protocol=6, ports=span)
        for n, span in enumerate(spans, 1)
    ]
    return NetworkAcl(id="acl-1", entries=tuple(entries))


def test_a_security_group_rule_admits_only_blocks_it_holds_entirely() -> None:
    part = rule(networks=("198.51.100.0/25",))
    assert part.admits(parse_network("198.51.100.7"), HTTPS)
    assert not part.admits(parse_network("198.51.100.0/24"), HTTPS)
    assert not part.admits(parse_network("2001:db8::1"), HTTPS)


def test_a_rule_for_all_protocols_ignores_ports() -> None:
    assert rule(protocol=-1, ports=(0, 0)).admits(parse_network("192.0.2.1"), HTTPS)
    assert not rule(protocol=17).admits(parse_network("192.0.2.1"), HTTPS)
    assert not rule(ports=(80, 80)).admits(parse_network("192.0.2.1"), HTTPS)


def test_groups_that_could_not_be_read_let_everything_in() -> None:
    assert GroupGate(groups=("sg-1",), unknown=("denied",)).admits(parse_network("192.0.2.1"), HTTPS)
    assert not GroupGate(groups=("sg-1",)).admits(parse_network("192.0.2.1"), HTTPS)


def test_ports_are_tried_at_every_boundary_of_the_network_acls() -> None:
    assert representative_ports(0, 65535, [acl((80, 90), (443, 443))]) == [0, 80, 91, 443, 444]
    assert representative_ports(85, 100, [acl((80, 90), (443, 443))]) == [85, 91]


def test_services_are_what_the_groups_open() -> None:
    groups = GroupGate(
        groups=("sg-1",), rules=(rule(), rule(protocol=1, ports=None), rule(protocol=17, ports=(53, 53)))
    )
    assert open_services(groups, []) == (HTTPS, Service(protocol=17, port=53))


def test_a_rule_for_all_protocols_opens_other_protocols_too() -> None:
    groups = GroupGate(groups=("sg-1",), rules=(rule(protocol=-1, ports=None),))
    assert {one.protocol for one in open_services(groups, [])} == {-1, 6, 17}
    assert open_services(None, []) == open_services(groups, [])


def test_a_geographic_restriction_denies_by_list() -> None:
    assert GeoGate(restriction="blacklist", countries=("KP",)).denies("kp")
    assert not GeoGate(restriction="blacklist", countries=("KP",)).denies("DE")
    assert GeoGate(restriction="whitelist", countries=("DE",)).denies("KP")
    assert not GeoGate().denies("KP")


EVERYTHING = (Service(protocol=-1, port=0), Service(protocol=6, port=0), Service(protocol=17, port=0))


def test_a_rule_for_all_protocols_opens_every_port_whatever_ports_it_names() -> None:
    for ports in (None, (0, 0), (443, 443)):
        groups = GroupGate(groups=("sg-1",), rules=(rule(protocol=-1, ports=ports),))
        assert open_services(groups, []) == EVERYTHING
    assert open_services(None, []) == EVERYTHING
    assert open_services(GroupGate(groups=("sg-1",), rules=(rule(),), unknown=("denied",)), []) == EVERYTHING


def test_ports_end_at_the_last_one_there_is() -> None:
    groups = GroupGate(groups=("sg-1",), rules=(rule(ports=None),))
    assert open_services(groups, [acl((0, 65535))]) == (Service(protocol=6, port=0),)
    ports = [one.port for one in open_services(groups, [acl((65535, 65535), (1, 1))])]
    assert ports == [0, 1, 2, 65535]


def test_icmp_is_no_service_and_each_other_protocol_keeps_its_ports() -> None:
    ping = rule(protocol=58, ports=None)
    dns = rule(protocol=17, ports=(53, 60))
    groups = GroupGate(groups=("sg-1",), rules=(ping, dns))
    found = open_services(groups, [acl((55, 57))])
    assert found == tuple(Service(protocol=17, port=port) for port in (53, 55, 58))


def test_the_first_and_the_last_port_of_a_rule_belong_to_it() -> None:
    web = rule(ports=(80, 90))
    admitted = [port for port in (79, 80, 90, 91) if web.admits(parse_network("192.0.2.1"), Service(port=port))]
    assert admitted == [80, 90]


def test_several_networks_of_a_rule_are_each_enough() -> None:
    two = rule(networks=("192.0.2.0/24", "2001:db8::/32"))
    for block, admitted in (("192.0.2.0/25", True), ("2001:db8:1::/48", True), ("198.51.100.1", False)):
        assert two.admits(parse_network(block), HTTPS) is admitted
        assert (
            GroupGate(groups=("sg-1",), rules=(rule(ports=(1, 1)), two)).admits(parse_network(block), HTTPS)
            is admitted
        )


EDGE_LIST = "prefix list com.amazonaws.global.cloudfront.origin-facing"


@pytest.mark.parametrize(
    ("sources", "only"),
    [
        ([EDGE_LIST], True),
        ([EDGE_LIST, "security group sg-2"], True),
        ([EDGE_LIST, "192.0.2.0/24"], False),
        (["prefix list offices (pl-1)"], False),
        ([], True),
    ],
)
def test_groups_that_let_in_only_awss_own_lists_and_other_groups_are_told_apart(
    sources: list[str], only: bool
) -> None:
    rules = tuple(rule(source=source) for source in (*sources, *sources))
    gate = GroupGate(groups=("sg-1",), rules=rules)
    assert gate.only_lists is only
    assert gate.sources == tuple(sources)
    assert not gate.model_copy(update={"unknown": ("denied",)}).only_lists
