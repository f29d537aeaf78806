"""The evaluators against independent oracles that try every address of a small space."""

import ipaddress
from contextlib import suppress
from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from opsctl.block.topology.nacl import AlreadyDenied, NaclEntry, NetworkAcl, NoRoom, Slot, free_slot, passing
from opsctl.block.topology.packet import Service
from opsctl.block.topology.webacl import Effect, IpSet, WebAcl, WebAclRule, request_passes
from opsctl.model.networks import normal, overlapping, parse_network, same
from tests.kit.edges import near

BASE = int(ipaddress.IPv4Address("198.51.100.0"))
narrow = st.builds(
    lambda offset, length: str(ipaddress.IPv4Network((BASE + offset, length), strict=False)),
    st.integers(0, 31),
    st.integers(27, 32),
)
blocks = narrow | st.just("0.0.0.0/0")
PORTS = [None, (80, 80), (0, 79), (0, 1023), (81, 65535)]
Entry: TypeAlias = tuple[bool, str, int, tuple[int, int] | None]


def entries(about: st.SearchStrategy[str]) -> st.SearchStrategy[Entry]:
    return st.tuples(st.booleans(), about, st.sampled_from([-1, -1, 6, 17]), st.sampled_from(PORTS))


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Entry], str]:
    """A table about a block and what lies beside it, and the block."""
    block = draw(narrow)
    return draw(st.lists(entries(near(block, blocks)), max_size=8)), block


SERVICES = (Service(port=80), Service(port=5000), Service(protocol=17, port=53))


def acl_of(rules: list[Entry], step: int = 10) -> NetworkAcl:
    return NetworkAcl(
        id="acl-1",
        entries=tuple(
            NaclEntry(number=(n + 1) * step, egress=False, allow=allow, cidr=cidr, protocol=protocol, ports=ports)
            for n, (allow, cidr, protocol, ports) in enumerate(rules)
        ),
    )


def let_in(rules: list[Entry], address: int, service: Service) -> bool:
    """The oracle: read the table from the top."""
    for allow, cidr, protocol, ports in rules:
        network = ipaddress.ip_network(cidr)
        inside = int(network.network_address) <= address <= int(network.broadcast_address)
        if not inside or protocol not in (-1, service.protocol):
            continue
        if protocol != -1 and ports is not None and not ports[0] <= service.port <= ports[1]:
            continue
        return allow
    return False


@given(tables())
def test_a_packet_passes_a_network_acl_exactly_when_the_oracle_lets_one_in(
    table: tuple[list[Entry], str],
) -> None:
    rules, block = table
    addresses = [int(address) for address in ipaddress.ip_network(block)]
    expected = any(let_in(rules, address, service) for address in addresses for service in SERVICES)
    witness = passing(acl_of(rules), block, SERVICES)
    assert (witness is not None) == expected
    if witness is not None:
        service = Service(protocol=witness.protocol, port=witness.port)
        assert let_in(rules, int(ipaddress.ip_address(witness.source)), service)


@given(tables())
def test_a_deny_put_into_the_free_slot_drops_the_whole_block(table: tuple[list[Entry], str]) -> None:
    rules, block = table
    acl = acl_of(rules)
    slot = free_slot(acl, block)
    if isinstance(slot, AlreadyDenied):
        assert passing(acl, block, SERVICES) is None
    elif isinstance(slot, Slot):
        deny = NaclEntry(number=slot.number, egress=False, allow=False, cidr=block, protocol=-1)
        assert slot.number not in {entry.number for entry in acl.entries}
        ordered = tuple(sorted((*acl.entries, deny), key=lambda entry: entry.number))
        assert passing(acl.model_copy(update={"entries": ordered}), block, SERVICES) is None


@given(st.lists(entries(blocks), min_size=20, max_size=24))
def test_a_full_network_acl_has_no_room_and_nothing_is_evicted(rules: list[Entry]) -> None:
    slot = free_slot(acl_of(rules), "203.0.113.9/32")
    assert isinstance(slot, NoRoom | AlreadyDenied)


ACTIONS = st.sampled_from([Effect.ALLOW, Effect.BLOCK, Effect.GO_ON])


@st.composite
def web_acls(draw: st.DrawFn) -> tuple[list[tuple[Effect, list[str]]], str]:
    """Rules on IP sets about a block and what lies beside it, and the block."""
    block = draw(narrow)
    sets = st.lists(near(block, narrow), max_size=4)
    return draw(st.lists(st.tuples(ACTIONS, sets), max_size=6)), block


@given(web_acls(), st.booleans())
def test_a_request_passes_a_web_acl_exactly_when_the_oracle_lets_one_through(
    drawn: tuple[list[tuple[Effect, list[str]]], str], default_allow: bool
) -> None:
    rules, block = drawn
    acl = WebAcl(
        arn="arn",
        id="id",
        name="acl",
        scope="REGIONAL",
        default_allow=default_allow,
        rules=tuple(
            WebAclRule(
                name=f"r{n}", priority=n, effect=effect, statement={"IPSetReferenceStatement": {"ARN": f"set{n}"}}
            )
            for n, (effect, _) in enumerate(rules)
        ),
        ip_sets={
            f"set{n}": IpSet(arn=f"set{n}", id=str(n), name=str(n), version=4, addresses=tuple(addresses))
            for n, (_, addresses) in enumerate(rules)
        },
    )

    def through(address: ipaddress.IPv4Address) -> bool:
        for effect, addresses in rules:
            if effect is not Effect.GO_ON and any(address in ipaddress.IPv4Network(one) for one in addresses):
                return effect is Effect.ALLOW
        return default_allow

    expected = any(through(address) for address in ipaddress.IPv4Network(block))
    assert (request_passes(acl, block).passes == "yes") == expected


@given(st.ip_addresses(), st.integers(0, 128))
def test_a_network_is_the_same_however_it_is_written(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, length: int
) -> None:
    text = f"{address}/{min(length, address.max_prefixlen)}"
    assert normal(normal(text)) == normal(text)
    assert same(text, normal(text))
    assert overlapping([text], [normal(text)]) == [text]


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_the_ipv4_address_it_carries(address: ipaddress.IPv4Address) -> None:
    assert str(parse_network(f"::ffff:{address}")) == f"{address}/32"


@given(st.text(max_size=30))
def test_any_text_is_a_network_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert normal(normal(text)) == normal(text)
