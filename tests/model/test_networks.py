"""Networks compared with one another, held against the standard library's own comparison."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.block.topology.waf_statements import near
from opsctl.model.networks import covers, holding, normal, parse_network, texts_of
from tests.kit.address_blocks import blocks_within

blocks = (
    blocks_within("198.51.100.0", 27) | blocks_within("2001:db8::", 123) | st.sampled_from(["0.0.0.0/0", "::/0"])
)


def shares(left: str, right: str) -> bool:
    """The oracle: by the library, families apart."""
    one, other = ipaddress.ip_network(left), ipaddress.ip_network(right)
    return one.version == other.version and one.overlaps(other)


@given(blocks, blocks)
def test_a_network_covers_another_exactly_when_it_is_its_subnet(outer: str, inner: str) -> None:
    first, last = (ipaddress.ip_network(inner)[index] for index in (0, -1))
    expected = first in ipaddress.ip_network(outer) and last in ipaddress.ip_network(outer)
    assert covers(parse_network(outer), parse_network(inner)) is expected


@given(st.lists(blocks, max_size=12, unique=True), blocks)
def test_near_are_all_blocks_that_share_an_address_and_no_other(listed: list[str], wanted: str) -> None:
    found = sorted(str(one) for one in near(tuple(listed), parse_network(wanted)))
    assert found == sorted(text for text in listed if shares(text, wanted))


@given(st.lists(blocks, max_size=12), st.lists(blocks, max_size=12))
def test_held_is_what_lies_whole_in_one_of_many(outers: list[str], inners: list[str]) -> None:
    asked = [parse_network(one) for one in inners]
    expected = {one for one in map(parse_network, outers) if any(covers(one, other) for other in asked)}
    assert holding(map(parse_network, outers), asked) == expected


@pytest.mark.parametrize("written", ["192.0.2.211", "192.0.2.211/30", "::ffff:192.0.2.99", "2001:DB8:0:0::7"])
def test_what_was_made_canonical_is_not_parsed_again(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand addresses are parsed from their file, and then by every fact and action."""
    canonical = normal(written)

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("parsed again")

    monkeypatch.setattr("opsctl.model.networks.ipaddress.ip_network", never)
    assert str(parse_network(canonical)) == normal(canonical) == canonical


@given(st.lists(blocks, max_size=5))
def test_the_texts_of_networks_are_the_librarys(texts: list[str]) -> None:
    networks = tuple(map(parse_network, texts))
    expected = [str(one) for one in networks]
    assert texts_of(networks) == texts_of(networks) == texts_of(list(networks)) == expected
