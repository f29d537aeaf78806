"""Neighbours put together: the same addresses to the last one, and nothing that is severe by itself."""

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from opsctl.block.merging import merged
from opsctl.model.networks import parse_network
from tests.kit.address_blocks import blocks_within

blocks = st.lists(blocks_within("203.0.112.0", 21) | blocks_within("2001:db8::", 46), max_size=12)


@given(blocks)
def test_exactly_the_same_addresses_are_in_fewer_networks_none_of_which_is_wide(texts: list[str]) -> None:
    asked = [parse_network(text) for text in texts]
    found = merged(asked)
    assert list(ipaddress.collapse_addresses(one for one in found if one.version == 4)) == list(
        ipaddress.collapse_addresses(one for one in asked if one.version == 4)
    )
    assert {one for one in found if one.version == 6} | set(asked) >= {one for one in asked if one.version == 6}
    assert len(found) <= max(len(set(asked)), 1) or any(one.prefixlen < 24 for one in asked)
    wide = {one for one in found if one.prefixlen < (24 if one.version == 4 else 48)}
    assert wide <= set(asked)


def test_512_neighbours_are_two_networks_that_need_no_confirmation() -> None:
    many = [parse_network(f"203.0.{112 + number // 256}.{number % 256}") for number in range(512)]
    assert [str(one) for one in merged(many)] == ["203.0.112.0/24", "203.0.113.0/24"]
    assert [str(one) for one in merged([*many, parse_network("203.0.112.0/22")])] == ["203.0.112.0/22"]
