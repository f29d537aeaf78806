"""Puts addresses that lie side by side together, where that adds none and makes nothing more severe."""

from collections.abc import Sequence

from opsctl.model.networks import Network, collapsed, not_covered, parse_network
from opsctl.resources.block_risk import WIDEST_ORDINARY


def merged(networks: Sequence[Network]) -> list[Network]:
    """Return fewer networks with exactly the same addresses, lowest first, IPv4 before IPv6.

    What is wider than a block is without a question stays as it was asked for, and nothing becomes so wide.
    """
    wide = [one for one in networks if one.prefixlen < WIDEST_ORDINARY[one.version]]
    narrow = [one for one in networks if one.prefixlen >= WIDEST_ORDINARY[one.version]]
    wide = [one for one in dict.fromkeys(wide) if not_covered([one], [other for other in wide if other != one])]
    narrow = collapsed(not_covered(narrow, wide))
    found = [*wide, *(part for one in narrow for part in _ordinary(one))]
    return sorted(found, key=lambda one: (one.version, int(one.network_address)))


def _ordinary(network: Network) -> list[Network]:
    widest = WIDEST_ORDINARY[network.version]
    if network.prefixlen >= widest:
        return [network]
    return [parse_network(str(one)) for one in network.subnets(new_prefix=widest)]
