"""Addresses and CIDR blocks, compared as networks and never as text."""

import ipaddress
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from opsctl.model.same import Same

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_BEYOND = 2**128
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")

_MOST_KNOWN = 1 << 16
_CANONICAL: dict[str, Network] = {}
"""Networks by the canonical texts that `normal` returned: everybody parses those next."""

_ONE_ADDRESS = re.compile(r"(?<![\w.:])(?:((?:\d{1,3}\.){3}\d{1,3})/32|([0-9a-f]*:[0-9a-f:]*)/128)(?!\w|\.\w)")


@lru_cache(maxsize=1 << 16)
def parse_network(text: str) -> Network:
    """Parse an address or CIDR block; host bits are cleared and IPv4-mapped IPv6 becomes IPv4.

    Raises:
        ValueError: the text is neither, has a scope id, or is not a plain decimal or colon form.
    """
    known = _CANONICAL.get(text)
    if known is not None:
        return known
    if not text.isascii() or "%" in text:
        raise ValueError(f"{text!r} is not an IP address or CIDR block")
    _, slash, length = text.strip().partition("/")
    if slash and not length.isdigit():
        raise ValueError(f"{text!r} has no prefix length: write 198.51.100.0/24")
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is not an IP address or CIDR block") from None
    if network.version == 6 and network.prefixlen >= 96 and network.network_address in _MAPPED:
        low = int(network.network_address) & 0xFFFFFFFF
        return ipaddress.IPv4Network((low, network.prefixlen - 96))
    return network


@lru_cache(maxsize=1 << 16)
def normal(text: str) -> str:
    """Return the canonical CIDR text of an address or block, as AWS stores it; raises ValueError."""
    if text in _CANONICAL:
        return text
    network = parse_network(text)
    canonical = str(network)
    if len(_CANONICAL) >= _MOST_KNOWN:
        _CANONICAL.clear()
    _CANONICAL[canonical] = network
    return canonical


def texts_of(networks: Sequence[Network]) -> list[str]:
    """Return the canonical texts of networks; of a tuple that was asked about a moment ago they are known."""
    return list(_texts_of(Same(networks))) if isinstance(networks, tuple) else list(map(str, networks))


@lru_cache(maxsize=16)
def _texts_of(networks: Same) -> tuple[str, ...]:
    return tuple(map(str, networks.it))


@lru_cache(maxsize=1 << 16)
def one_text(text: str) -> str:
    """Return one text for all that name the same network; a text that is no network stands for itself."""
    try:
        return normal(text)
    except ValueError:
        return text


def same(left: str, right: str) -> bool:
    """Tell whether two texts name the same network; texts that are no networks are compared as text."""
    return left == right or one_text(left) == one_text(right)


def covers(outer: Network, inner: Network) -> bool:
    """Tell whether every address of `inner` is in `outer`; families never mix."""
    if outer.version != inner.version or outer.prefixlen > inner.prefixlen:
        return False
    # Lists of thousands are compared with one another: the library's own comparison takes many times as long.
    rest = outer.max_prefixlen - outer.prefixlen
    return int(inner.network_address) >> rest == int(outer.network_address) >> rest


def holding(outers: Iterable[Network], inners: Iterable[Network]) -> set[Network]:
    """Return those of the outer networks in which one of the inner ones lies whole."""
    starts = {4: _starts(inner := set(inners), 4), 6: _starts(inner, 6)}
    return {one for one in outers if _has_within(one, starts[one.version])}


def overlapping(left: Iterable[str], right: Iterable[str]) -> list[str]:
    """Return the items of `left` that share an address with any item of `right`, in their order."""
    others = [parse_network(item) for item in right]
    if not others:
        return []
    spans = {4: spans_of(others, 4), 6: spans_of(others, 6)}
    return [item for item in left if meets(one := parse_network(item), spans[one.version])]


def bounds(network: Network) -> tuple[int, int]:
    """Return the first and the last address of a network as numbers."""
    first = int(network.network_address)
    return first, first + (1 << (network.max_prefixlen - network.prefixlen)) - 1


def collapsed(networks: Iterable[Network]) -> list[Network]:
    """Return the fewest networks that hold the same addresses and no others, lowest first, IPv4 before IPv6."""
    known: dict[tuple[int, int, int], Network] = {
        (one.version, one.prefixlen, int(one.network_address)): one for one in networks
    }
    return [one for version in (4, 6) for one in _collapsed_of(version, known)]


def _collapsed_of(version: int, known: Mapping[tuple[int, int, int], Network]) -> list[Network]:
    """Put halves together, from single addresses to wider networks; what a wider one holds is left out first."""
    bits = 32 if version == 4 else 128
    levels: dict[int, set[int]] = {}
    for of, length, first in known:
        if of == version:
            levels.setdefault(length, set()).add(first >> (bits - length))
    lengths = sorted(levels)
    for number, length in enumerate(lengths):
        wider = [(one, length - one) for one in lengths[:number]]
        if wider:
            levels[length] = {x for x in levels[length] if all(x >> by not in levels[one] for one, by in wider)}
    found: list[tuple[int, int]] = []
    for length in range(max(lengths, default=0), 0, -1):
        there = levels.pop(length, set())
        pairs = {x >> 1 for x in there if x & 1 and x ^ 1 in there}
        levels.setdefault(length - 1, set()).update(pairs)
        found += [(x << (bits - length), length) for x in there if x >> 1 not in pairs]
    found += [(0, 0)] * len(levels.get(0, ()))
    kind = ipaddress.IPv4Network if version == 4 else ipaddress.IPv6Network
    return [known.get((version, length, first)) or kind((first, length)) for first, length in sorted(found)]


def not_covered(networks: Iterable[Network], by: Iterable[Network]) -> list[Network]:
    """Return the networks that none of some others covers by itself, in their order."""
    there: dict[tuple[int, int], set[int]] = {}
    for one in by:
        length = one.prefixlen
        there.setdefault((one.version, length), set()).add(
            int(one.network_address) >> (one.max_prefixlen - length)
        )
    return [one for one in networks if not _covered(one, there)] if there else list(networks)


def _covered(network: Network, there: Mapping[tuple[int, int], set[int]]) -> bool:
    first, version, bits = int(network.network_address), network.version, network.max_prefixlen
    return any(
        first >> (bits - length) in leading
        for (of, length), leading in there.items()
        if of == version and length <= network.prefixlen
    )


def lacking(left: Iterable[str], right: Iterable[str]) -> list[str]:
    """Return the networks of `left` that are not among those of `right`, in their order."""
    there = {parse_network(item) for item in right}
    return [item for item in left if parse_network(item) not in there]


def led_by(texts: Iterable[str]) -> list[str]:
    """Return the networks that texts begin with, one after another until a word is none, in canonical form."""
    found: list[str] = []
    for text in texts:
        for word in text.split():
            try:
                found.append(normal(word))
            except ValueError:
                break
    return found


def _starts(networks: Iterable[Network], version: int) -> list[tuple[int, int]]:
    return sorted((int(one.network_address), one.prefixlen) for one in networks if one.version == version)


def _has_within(outer: Network, starts: list[tuple[int, int]]) -> bool:
    # Networks lie within each other or apart: the first that begins where this one does, and is no wider, or later
    # lies within it, or no other does.
    index = bisect_left(starts, (int(outer.network_address), outer.prefixlen))
    return index < len(starts) and starts[index][0] <= int(outer.broadcast_address)


def spans_of(networks: Iterable[Network], version: int) -> list[tuple[int, int]]:
    """The addresses of networks of a version as spans that do not touch each other, lowest first."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(bounds(one) for one in networks if one.version == version):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def meets(network: Network, spans: Sequence[tuple[int, int]]) -> bool:
    """Tell whether a network shares an address with spans that `spans_of` returned for its version."""
    # Spans are apart, so the last one that begins within or before the network is the only one that may reach it.
    first, last = bounds(network)
    index = bisect_right(spans, (last, _BEYOND)) - 1
    return index >= 0 and spans[index][1] >= first


def plain_addresses(text: str) -> str:
    """Return a text in which a network of one address is written as that address."""
    return _ONE_ADDRESS.sub(lambda found: found[1] or found[2], text)
