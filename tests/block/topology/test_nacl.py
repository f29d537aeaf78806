"""Network ACLs as AWS answers them, against an evaluator that reads the answer's rules address by address."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.block.topology.nacl import (
    NUMBERS,
    AlreadyDenied,
    NaclEntry,
    NetworkAcl,
    NoRoom,
    Slot,
    first_match,
    free_slot,
    parse_network_acl,
    passing,
    representatives,
)
from opsctl.block.topology.packet import Packet, Service
from tests.kit.address_blocks import blocks_within
from tests.kit.edges import near

SERVICES = (Service(port=443), Service(protocol=17, port=53), Service(protocol=-1, port=0))
LAST = (
    {"RuleNumber": 32767, "Protocol": "-1", "RuleAction": "deny", "CidrBlock": "0.0.0.0/0"},
    {"RuleNumber": 32768, "Protocol": "-1", "RuleAction": "deny", "Ipv6CidrBlock": "::/0"},
)


def raw_rule(number: int, action: str, block: str, protocol: str = "-1", **more: Any) -> dict[str, Any]:
    family = "Ipv6CidrBlock" if ":" in block else "CidrBlock"
    return {
        "RuleNumber": number,
        "Protocol": protocol,
        "RuleAction": action,
        "Egress": False,
        family: block,
    } | more


def acl_of(*rules: dict[str, Any], **more: Any) -> NetworkAcl:
    closing = [rule | {"Egress": egress} for rule in LAST for egress in (False, True)]
    return parse_network_acl({"NetworkAclId": "acl-1", "Entries": [*rules, *closing], **more})


def let_in(rules: list[dict[str, Any]], source: str, service: Service) -> bool:
    """The oracle: AWS's own rules, lowest number first, one address and one service."""
    address = ipaddress.ip_address(source)
    for rule in sorted([*rules, *LAST], key=lambda one: one["RuleNumber"]):
        network = ipaddress.ip_network(rule.get("CidrBlock") or rule["Ipv6CidrBlock"])
        if rule.get("Egress") or address.version != network.version or address not in network:
            continue
        protocol, ports = int(rule["Protocol"]), rule.get("PortRange")
        if protocol not in (-1, service.protocol):
            continue
        if protocol != -1 and ports and not ports["From"] <= service.port <= ports["To"]:
            continue
        return bool(rule["RuleAction"] == "allow")
    raise AssertionError("the last rules match everything")


V4, V6 = blocks_within("198.51.100.0", 28), blocks_within("2001:db8::", 124)
anything = st.sampled_from(["0.0.0.0/0", "::/0"])
PORTS = [
    None,
    {"From": 443, "To": 443},
    {"From": 0, "To": 442},
    {"From": 0, "To": 1023},
    {"From": 444, "To": 65535},
]
numbers = st.integers(1, 32766) | st.integers(1, 4)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[dict[str, Any]], str]:
    """Rules about a block and what lies beside it, and the block."""
    block = draw(V4 | V6)
    rule = st.builds(
        lambda number, action, about, protocol, ports, egress: raw_rule(
            number, action, about, protocol, Egress=egress, **({"PortRange": ports} if ports else {})
        ),
        numbers,
        st.sampled_from(["allow", "deny"]),
        near(block, V4 | V6 | anything),
        st.sampled_from(["-1", "-1", "6", "17", "1", "58"]),
        st.sampled_from(PORTS),
        st.sampled_from([False, False, False, True]),
    )
    return draw(st.lists(rule, max_size=7, unique_by=lambda one: (one["Egress"], one["RuleNumber"]))), block


@given(tables())
def test_a_block_passes_exactly_when_some_address_of_it_reaches_some_service(
    table: tuple[list[dict[str, Any]], str],
) -> None:
    given_rules, block = table
    sources = [str(one) for one in ipaddress.ip_network(block)]
    passes = any(let_in(given_rules, one, service) for one in sources for service in SERVICES)
    witness = passing(acl_of(*given_rules), block, SERVICES)
    assert (witness is not None) is passes
    if witness is not None:
        assert witness.source in sources
        assert let_in(given_rules, witness.source, Service(protocol=witness.protocol, port=witness.port))


def ceiling(rules: list[dict[str, Any]], block: str) -> dict[str, Any] | None:
    """The rule that a deny has to come before: the first that lets in an address, unless all are denied before."""
    wanted = set(ipaddress.ip_network(block))
    for rule in sorted(rules, key=lambda one: one["RuleNumber"]):
        network = ipaddress.ip_network(rule.get("CidrBlock") or rule["Ipv6CidrBlock"])
        shared = {one for one in wanted if one in network}
        if rule["Egress"] or not shared:
            continue
        if rule["RuleAction"] == "allow":
            return rule
        if shared == wanted and rule["Protocol"] == "-1":
            return None
    return None


@given(tables())
def test_a_deny_at_the_number_chosen_or_at_any_other_named_drops_the_whole_block(
    table: tuple[list[dict[str, Any]], str],
) -> None:
    given_rules, block = table
    acl = acl_of(*given_rules)
    slot = free_slot(acl, block)
    first = ceiling(given_rules, block)
    assert isinstance(slot, AlreadyDenied) is (first is None)
    if isinstance(slot, AlreadyDenied) or first is None:
        assert passing(acl, block, SERVICES) is None
        return
    used = {rule["RuleNumber"] for rule in given_rules if not rule["Egress"]}
    free = [number for number in range(first["RuleNumber"] - 1, 0, -1) if number not in used]
    if isinstance(slot, NoRoom):
        assert not free
        return
    assert slot.before.number == first["RuleNumber"]
    numbers = [slot.number, *slot.others]
    assert sorted(numbers, reverse=True) == free[: len(numbers)] or len(numbers) == NUMBERS
    assert set(numbers) <= set(free)
    lonely = [one for one in free if not {one - 1, one + 1} & (used - {first["RuleNumber"]})]
    assert slot.number == (lonely or free)[0]
    for number in (slot.number, [slot.number, *slot.others][-1]):
        closed = acl_of(*given_rules, raw_rule(number, "deny", block))
        assert passing(closed, block, SERVICES) is None


HALF = "198.51.100.0/28"
WHOLE = "198.51.100.0/27"
OPEN = raw_rule(100, "allow", "0.0.0.0/0")


@pytest.mark.parametrize("denied", [HALF, "198.51.100.16/28"])
def test_a_block_of_which_half_is_denied_is_not_dropped(denied: str) -> None:
    acl = acl_of(raw_rule(90, "deny", denied), OPEN)
    witness = passing(acl, WHOLE, SERVICES)
    assert witness is not None
    assert ipaddress.ip_address(witness.source) not in ipaddress.ip_network(denied)
    slot = free_slot(acl, WHOLE)
    assert isinstance(slot, Slot)
    assert (slot.number, slot.before.number) == (99, 100)


def test_a_block_that_is_wider_than_every_deny_is_not_denied_already() -> None:
    acl = acl_of(raw_rule(80, "deny", HALF), raw_rule(90, "deny", "198.51.100.16/28"), OPEN)
    assert passing(acl, WHOLE, SERVICES) is None, "both halves together are the whole"
    assert isinstance(free_slot(acl, "198.51.100.0/26"), Slot)


def test_a_deny_of_one_protocol_does_not_deny_the_block() -> None:
    acl = acl_of(raw_rule(90, "deny", WHOLE, "6"), OPEN)
    assert isinstance(free_slot(acl, WHOLE), Slot)
    assert passing(acl, WHOLE, (Service(port=443),)) is None
    assert passing(acl, WHOLE, (Service(protocol=17, port=53),)) is not None


def test_a_wider_deny_of_everything_before_the_allow_is_named_as_what_denies() -> None:
    found = free_slot(acl_of(raw_rule(90, "deny", "198.51.100.0/24"), OPEN), WHOLE)
    assert isinstance(found, AlreadyDenied)
    assert found.by is not None
    assert found.by.number == 90


def test_without_an_allow_for_it_the_last_rule_denies_a_block() -> None:
    found = free_slot(acl_of(OPEN), "2001:db8::/64")
    assert found == AlreadyDenied(by=None)
    assert first_match(acl_of(OPEN), Packet(source="2001:db8::1")) is None


def test_an_allow_of_a_single_port_is_a_ceiling_too() -> None:
    ssh = raw_rule(50, "allow", "198.51.100.9/32", "6", PortRange={"From": 22, "To": 22})
    slot = free_slot(acl_of(ssh, OPEN), WHOLE)
    assert isinstance(slot, Slot)
    assert slot.number == 49


def test_outbound_rules_are_neither_allows_nor_numbers_that_are_taken() -> None:
    outbound = raw_rule(99, "allow", "0.0.0.0/0", Egress=True)
    slot = free_slot(acl_of(outbound, OPEN), WHOLE)
    assert isinstance(slot, Slot)
    assert slot.number == 99
    assert first_match(acl_of(outbound), Packet(source="198.51.100.1"), egress=True) is not None


def test_the_last_rules_of_both_families_are_no_entries_and_count_for_nothing() -> None:
    """Recorded answers have 32767 for IPv4 and 32768 for IPv6; some tables have only the first."""
    numbered = [raw_rule(n, "deny", f"203.0.113.{n}/32") for n in range(1, 19)]
    acl = acl_of(*numbered, OPEN)
    assert len(acl.entries) == 19
    slot = free_slot(acl, WHOLE)
    assert isinstance(slot, Slot), "19 of 20 are used"
    assert isinstance(free_slot(acl, WHOLE, taken=(slot.number,)), NoRoom)
    assert free_slot(acl_of(*numbered, OPEN, raw_rule(101, "deny", "::/0")), WHOLE) == NoRoom(
        reason="acl-1 has 20 of 20 inbound rules (IPv4 and IPv6 together), quota L-2AEEBF1A"
    )
    assert isinstance(free_slot(acl, WHOLE, taken=(slot.number,), quota=40), Slot)


@pytest.mark.parametrize(
    ("text", "number"),
    [("6", 6), ("17", 17), ("1", 1), ("58", 58), ("-1", -1), ("tcp", 6), ("all", -1), ("50", 50)],
)
def test_protocols_come_as_numbers_in_text_or_as_names(text: str, number: int) -> None:
    (entry,) = acl_of(raw_rule(1, "allow", "0.0.0.0/0", text)).entries
    assert entry.protocol == number


def test_numbers_promised_to_the_same_plan_are_passed_over() -> None:
    slot = free_slot(acl_of(OPEN), WHOLE, taken=(99, 98))
    assert isinstance(slot, Slot)
    assert slot.number == 96, "there is a free number on either side, for an exception before it"
    assert slot.others[:2] == (94, 92)


def test_where_no_number_has_free_neighbours_the_highest_free_one_is_taken() -> None:
    taken = [raw_rule(number, "deny", f"203.0.113.{number}/32") for number in (2, 5)]
    slot = free_slot(acl_of(*taken, raw_rule(7, "allow", "0.0.0.0/0")), WHOLE)
    assert isinstance(slot, Slot)
    assert (slot.number, slot.others) == (6, (4, 3, 1))


def test_there_is_no_room_where_no_number_is_free_before_the_allow() -> None:
    found = free_slot(acl_of(raw_rule(1, "allow", "0.0.0.0/0")), WHOLE)
    assert isinstance(found, NoRoom)
    assert found.reason == "acl-1 has no free rule number before the allow rule 1"


def test_the_lowest_number_can_be_used_and_the_last_before_it_is_told_of_the_plans_own() -> None:
    acl = acl_of(raw_rule(2, "allow", "0.0.0.0/0"))
    slot = free_slot(acl, WHOLE)
    assert isinstance(slot, Slot)
    assert (slot.number, slot.others) == (1, ())
    full = free_slot(acl, WHOLE, taken=tuple(range(3, 22)))
    assert isinstance(full, NoRoom)
    assert "has 1 of 20 inbound rules (IPv4 and IPv6 together) and would get 19 more by this plan" in full.reason


def test_firewall_manager_keeps_its_own_numbers() -> None:
    tags = [{"Key": "FMManaged", "Value": "true"}]
    slot = free_slot(acl_of(raw_rule(6000, "allow", "0.0.0.0/0"), Tags=tags), WHOLE)
    assert isinstance(slot, Slot)
    assert slot.number == 5999
    low = free_slot(acl_of(raw_rule(5000, "allow", "0.0.0.0/0"), Tags=tags), WHOLE)
    assert isinstance(low, NoRoom)
    assert "reserves the numbers below 5000" in low.reason
    high = free_slot(acl_of(raw_rule(32700, "allow", "0.0.0.0/0"), Tags=tags), WHOLE)
    assert isinstance(high, Slot)
    assert high.number == 32000


def test_representatives_are_the_first_address_of_each_part() -> None:
    others = [ipaddress.ip_network(text) for text in ("198.51.100.8/30", "0.0.0.0/0", "::/0", "203.0.113.0/24")]
    found = representatives(ipaddress.ip_network("198.51.100.0/28"), others)
    assert found == ["198.51.100.0", "198.51.100.8", "198.51.100.12"]


def test_everything_about_a_network_acl_is_read_and_its_rules_are_put_in_order() -> None:
    found = acl_of(
        raw_rule(200, "deny", "203.0.113.0/24", "17", PortRange={"From": 53, "To": 60}),
        raw_rule(100, "allow", "2001:db8::/32", "6"),
        raw_rule(10, "allow", "0.0.0.0/0", Egress=True),
        VpcId="vpc-1",
        IsDefault=True,
        OwnerId="123456789012",
        Associations=[{"SubnetId": "subnet-1"}, {}, {"SubnetId": "subnet-2"}],
        Tags=[{"Key": "Name", "Value": "web"}, {"Key": "bare"}],
    )
    shown = [(e.number, e.egress, e.allow, e.cidr, e.protocol, e.ports) for e in found.entries]
    assert shown == [
        (100, False, True, "2001:db8::/32", 6, None),
        (200, False, False, "203.0.113.0/24", 17, (53, 60)),
        (10, True, True, "0.0.0.0/0", -1, None),
    ]
    assert [e.number for e in found.inbound()] == [100, 200]
    assert (found.id, found.vpc, found.default, found.owner) == ("acl-1", "vpc-1", True, "123456789012")
    assert (found.subnets, found.tags) == (("subnet-1", "subnet-2"), {"Name": "web", "bare": ""})


def test_what_an_answer_leaves_out_is_what_it_means_there() -> None:
    found = parse_network_acl({"NetworkAclId": "acl-1", "Entries": [{"RuleNumber": 1, "RuleAction": "allow"}]})
    assert found.entries == (
        NaclEntry(number=1, egress=False, allow=True, cidr="0.0.0.0/0", protocol=-1, ports=None),
    )
    assert found == NetworkAcl(id="acl-1", entries=found.entries)
    assert parse_network_acl({"NetworkAclId": "acl-1"}) == NetworkAcl(id="acl-1")
    (icmp,) = acl_of(raw_rule(1, "allow", "0.0.0.0/0", "1", PortRange={})).entries
    assert icmp.ports is None
