"""Many addresses: those that meet the same are walked once, and each is told what it is told by itself."""

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from opsctl.block.topology.block_kinds import Gates
from opsctl.block.topology.walk import walk, walk_all
from opsctl.block.topology.webacl import Effect, allow_lists, letting_in
from opsctl.model.networks import not_covered, parse_network
from tests.block.topology.test_walk_requests import nacl, node, through, waf, web_acl
from tests.kit.address_blocks import blocks_within

blocks = blocks_within("198.51.100.0", 26)
rules = st.lists(st.tuples(st.booleans(), blocks), max_size=3)
effects = st.sampled_from([Effect.ALLOW, Effect.BLOCK, Effect.OPAQUE])
requests = st.lists(st.tuples(effects, blocks | st.just("")), max_size=3)


@given(rules, requests, st.lists(blocks, min_size=1, max_size=12))
def test_each_of_many_is_told_what_it_is_told_by_itself(
    denies: list[tuple[bool, str]], listed: list[tuple[Effect, str]], asked: list[str]
) -> None:
    way = through(node("front", nacl(*denies), waf(web_acl(*listed))))
    found = walk_all(way, asked)
    assert list(found) == list(dict.fromkeys(asked))
    for text, outcome in found.items():
        alone = walk(way, text)
        assert (outcome.dropped, outcome.stops) == (alone.dropped, alone.stops)
        assert bool(outcome.unknown) == bool(alone.unknown)


@given(requests, st.lists(blocks, min_size=1, max_size=12))
def test_what_lets_many_in_is_what_lets_any_of_them_in(listed: list[tuple[Effect, str]], asked: list[str]) -> None:
    acl = web_acl(*listed)
    networks = [parse_network(text) for text in asked]
    each = [letting_in(acl, [one]) for one in networks]
    worst = [
        max((one[at].how for one in each), key=("clear", "may", "listed").index) for at in range(len(each[0]))
    ]
    assert [one.how for one in letting_in(acl, networks)] == worst
    allowing = {one.rule.name for network in networks for one in allow_lists(acl, [network])}
    assert {one.rule.name for one in allow_lists(acl, networks)} == allowing


def test_ten_thousand_addresses_are_as_many_kinds_as_the_gates_tell_apart() -> None:
    first = int(ipaddress.ip_address("45.0.0.0"))
    many = tuple(f"{ipaddress.ip_address(first + 7 * number)}/32" for number in range(10_000))
    gates = Gates(rules=("45.0.8.0/24", "0.0.0.0/0"), lists=(many[:5_000], many[2_500:7_500]))
    networks = [parse_network(text) for text in many]
    assert len(gates.by_kind(networks)) == 6
    assert len(Gates(lists=(many,)).by_kind(networks)) == 1


@given(st.lists(blocks, max_size=8), st.lists(blocks, max_size=8))
def test_what_no_single_block_covers_is_found_as_by_comparing_each_with_each(
    some: list[str], by: list[str]
) -> None:
    wanted, others = [ipaddress.ip_network(one) for one in some], [ipaddress.ip_network(one) for one in by]
    expected = [one for one in wanted if not any(one.subnet_of(other) for other in others)]  # type: ignore[arg-type]
    assert not_covered(wanted, others) == expected
