"""Blocks of addresses that meet the same at every gate: one of each kind is looked at, not ten thousand."""

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TypeAlias

from pydantic import ConfigDict

from opsctl.model.networks import Network, bounds, parse_network, spans_of
from opsctl.model.same import Same
from opsctl.model.value import Value

Spans: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]
"""First and last addresses of spans that are apart, in order."""


class Gates(Value):
    """What tells blocks apart: rules cut the addresses into stretches, and a list holds a block or does not.

    `rules` are the blocks that any rule of a packet gate names, `lists` the addresses of each IP set.
    """

    model_config = ConfigDict(ignored_types=(cached_property,))

    rules: tuple[str, ...] = ()
    lists: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def of(cls, rules: tuple[str, ...], lists: tuple[tuple[str, ...], ...]) -> "Gates":
        """Take what is known to be so as it is: lists have thousands of items."""
        return cls.model_construct(rules=rules, lists=lists)

    def kind(self, network: Network) -> Hashable:
        """Return what all blocks share that meet the same as this one; one that is cut is a kind of its own."""
        version = network.version
        first, last = bounds(network)
        cuts = self._cuts[version]
        stretch = bisect_right(cuts, first)
        if bisect_right(cuts, last) != stretch:
            return network
        held = []
        for firsts, lasts in self._spans[version]:
            index = bisect_right(firsts, last) - 1
            meets = index >= 0 and lasts[index] >= first
            if meets and not (firsts[index] <= first and last <= lasts[index]):
                return network
            held.append(meets)
        return version, stretch, tuple(held)

    def by_kind(self, networks: Iterable[Network]) -> list[list[Network]]:
        """Return blocks by what they meet, each kind in the order of its first block."""
        found: dict[Hashable, list[Network]] = {}
        for one in networks:
            found.setdefault(self.kind(one), []).append(one)
        return list(found.values())

    def one_of_each(self, networks: Sequence[Network]) -> list[Network]:
        """Return the first block of each kind; of a tuple that was asked about a moment ago it is known."""
        if not isinstance(networks, tuple):
            return [alike[0] for alike in self.by_kind(networks)]
        return list(_first_of_each(tuple(map(Same, self.lists)), Same(self.rules), Same(networks)))

    @cached_property
    def _cuts(self) -> Mapping[int, tuple[int, ...]]:
        found: dict[int, set[int]] = {4: set(), 6: set()}
        for one in map(parse_network, self.rules):
            found[one.version] |= {int(one.network_address), int(one.broadcast_address) + 1}
        return {version: tuple(sorted(cuts)) for version, cuts in found.items()}

    @cached_property
    def _spans(self) -> Mapping[int, tuple[Spans, ...]]:
        return {version: tuple(_spans(one, version) for one in self.lists) for version in (4, 6)}


@lru_cache(maxsize=16)
def _first_of_each(lists: tuple[Same, ...], rules: Same, networks: Same) -> tuple[Network, ...]:
    gates = Gates.of(rules.it, tuple(one.it for one in lists))
    return tuple(alike[0] for alike in gates.by_kind(networks.it))


@lru_cache(maxsize=256)
def _spans(addresses: tuple[str, ...], version: int) -> Spans:
    spans = spans_of(map(parse_network, addresses), version)
    return tuple(first for first, _ in spans), tuple(last for _, last in spans)
