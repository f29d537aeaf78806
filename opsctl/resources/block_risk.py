"""How severe a block is, by the width of the network, and why."""

from collections.abc import Sequence
from functools import lru_cache

from opsctl.model.changes import Severity
from opsctl.model.networks import Network, parse_network

WIDEST_ORDINARY = {4: 24, 6: 48}


def severity_of(*networks: str) -> Severity:
    """Return severe when any network is wider than /24 (IPv4) or /48 (IPv6), else medium."""
    return Severity.SEVERE if _wide(networks) else Severity.MEDIUM


def any_wide(networks: Sequence[str]) -> bool:
    """Tell whether any network is so wide that blocking it is severe; a text that is no network is none."""
    return _any_wide(tuple(networks))


def note_of(*networks: str, usual: str) -> str:
    """Return what a block risks: why it is severe, if it is, before what every block of its kind risks."""
    wide = _wide(networks)
    if not wide:
        return usual
    widest = min(wide, key=lambda one: (one.prefixlen, one.version))
    others = f"; {len(wide) - 1} more networks are wide" if len(wide) > 1 else ""
    said = f"{widest} is wider than /{WIDEST_ORDINARY[widest.version]}"
    return f"{said}: everybody behind {how_many(widest)} addresses is hit{others}. {usual}"


def how_many(network: Network) -> str:
    """Say how many addresses a network has."""
    return f"{network.num_addresses:,}" if network.version == 4 else f"2^{128 - network.prefixlen}"


@lru_cache(maxsize=16)
def _any_wide(texts: tuple[str, ...]) -> bool:
    """Lists of thousands are looked at for each change that has them."""
    for text in texts:
        try:
            one = parse_network(text)
        except ValueError:
            continue  # AWS takes no such text either
        if one.prefixlen < WIDEST_ORDINARY[one.version]:
            return True
    return False


@lru_cache(maxsize=16)
def _wide(networks: tuple[str, ...]) -> tuple[Network, ...]:
    parsed = map(parse_network, networks)
    return tuple(one for one in parsed if one.prefixlen < WIDEST_ORDINARY[one.version])
