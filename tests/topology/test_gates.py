"""Gates and what they open."""

from opsctl.model.networks import parse_network
from opsctl.topology.gates import GeoGate, GroupGate, OpenRule, open_services, representative_ports
from opsctl.topology.nacl import NaclEntry, NetworkAcl
from opsctl.topology.packet import Service

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
