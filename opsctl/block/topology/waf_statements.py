"""Statements of AWS WAF rules: whether one matches every request from an address, none, or nobody can tell.

Rules of AWS: WAF developer guide, rule statements. Only IP sets are decided by the address alone; what looks at
anything else of a request (headers, a country, labels, rates, rule groups) may match or not. The address is the
request's source, or it stands in a header: then the source is a proxy's, of which nothing is known here.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from opsctl.block.topology.forwarded import Forwarded
from opsctl.model.networks import Network, covers, parse_network
from opsctl.model.value import Json

Near: TypeAlias = Mapping[str, tuple[Network, ...]]
"""For each IP set that could be read, by ARN: its blocks that share an address with the one asked about."""

_NARROWED = ("ManagedRuleGroupStatement", "RateBasedStatement")


class Told(NamedTuple):
    """Yes, no, or None for what cannot be told from the address, and the ARNs of the IP sets that it rests on."""

    matches: bool | None
    sets: frozenset[str] = frozenset()


_CANNOT_TELL = Told(None)


def near(addresses: tuple[str, ...], wanted: Network) -> tuple[Network, ...]:
    """Keep what can matter: sets hold up to 10,000 blocks, of which few share an address with ours.

    CIDR blocks that share an address lie one in the other: the wider ones are looked up, the rest stand in a row.
    """
    blocks, starts, ordered = _index(addresses, wanted.version)
    first, last = int(wanted.network_address), int(wanted.broadcast_address)
    wider = (blocks.get((length, first >> (wanted.max_prefixlen - length))) for length in range(wanted.prefixlen))
    row = ordered[bisect_left(starts, first) : bisect_right(starts, last)]
    return (*(one for one in wider if one), *(one for one in row if one.prefixlen >= wanted.prefixlen))


def sets_of(statement: Json, forwarded: Forwarded | None) -> set[str]:
    """Return the ARNs of the IP sets that a statement looks up the source in, or the address in that header."""
    if isinstance(statement, list):
        return set().union(*(sets_of(one, forwarded) for one in statement))
    if not isinstance(statement, dict):
        return set()
    found = set().union(*(sets_of(one, forwarded) for one in statement.values()))
    reference = statement.get("IPSetReferenceStatement") or {}
    config = reference.get("IPSetForwardedIPConfig")
    same = not config if forwarded is None else forwarded.is_looked_at(config or {})
    return found | {str(reference["ARN"])} if same and "ARN" in reference else found


def told(statement: Mapping[str, Json], address: Network, sets: Near, forwarded: Forwarded | None = None) -> Told:
    """Tell whether a statement matches the requests of an address, in three values.

    The address is their source, or with `forwarded` what a proxy wrote into that header.
    """
    if "IPSetReferenceStatement" in statement:
        return _in_set(statement["IPSetReferenceStatement"], address, sets, forwarded)
    if "NotStatement" in statement:
        return _inverse(told(statement["NotStatement"]["Statement"], address, sets, forwarded))
    if "OrStatement" in statement:
        return _any([told(one, address, sets, forwarded) for one in statement["OrStatement"]["Statements"]])
    if "AndStatement" in statement:
        parts = [told(one, address, sets, forwarded) for one in statement["AndStatement"]["Statements"]]
        return _inverse(_any([_inverse(part) for part in parts]))
    return _narrowed(statement, address, sets, forwarded)


def _in_set(reference: Mapping[str, Json], address: Network, sets: Near, forwarded: Forwarded | None) -> Told:
    arn, config = reference["ARN"], reference.get("IPSetForwardedIPConfig")
    if arn not in sets:
        return _CANNOT_TELL
    told_by = frozenset([arn])
    held = any(covers(block, address) for block in sets[arn])
    if forwarded is None:
        # With a forwarded address the source is not looked at: a header decides, and any client can send one.
        return _CANNOT_TELL if config else Told(held, told_by)
    if not config or not forwarded.is_looked_at(config):
        return _CANNOT_TELL
    position = config.get("Position")
    certain = forwarded.finds(position) if held else forwarded.finds_alone(position)
    return Told(held, told_by) if certain else _CANNOT_TELL


def _narrowed(statement: Mapping[str, Json], address: Network, sets: Near, forwarded: Forwarded | None) -> Told:
    """What a scope-down statement keeps out of a rule group or a rate is not matched; the rest may be."""
    for kind in _NARROWED:
        down = (statement.get(kind) or {}).get("ScopeDownStatement")
        if down and (found := told(down, address, sets, forwarded)).matches is False:
            return found
    return _CANNOT_TELL


def _inverse(part: Told) -> Told:
    return part if part.matches is None else Told(not part.matches, part.sets)


def _any(parts: Sequence[Told]) -> Told:
    if any(part.matches for part in parts):
        return Told(True, _sets(part for part in parts if part.matches))
    return _CANNOT_TELL if any(part.matches is None for part in parts) else Told(False, _sets(parts))


def _sets(parts: Iterable[Told]) -> frozenset[str]:
    return frozenset().union(*(part.sets for part in parts))


class _Index(NamedTuple):
    """The blocks of one family by prefix length and leading bits, and in the order of their first addresses."""

    blocks: dict[tuple[int, int], Network]
    starts: tuple[int, ...]
    ordered: tuple[Network, ...]


@lru_cache(maxsize=128)
def _index(addresses: tuple[str, ...], version: int) -> _Index:
    parsed = [one for one in map(parse_network, addresses) if one.version == version]
    ordered = tuple(sorted(parsed, key=lambda one: int(one.network_address)))
    return _Index(
        {(one.prefixlen, int(one.network_address) >> (one.max_prefixlen - one.prefixlen)): one for one in parsed},
        tuple(int(one.network_address) for one in ordered),
        ordered,
    )
