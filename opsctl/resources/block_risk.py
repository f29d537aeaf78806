"""How severe a block is, by the width of the network."""

from opsctl.model.changes import Severity
from opsctl.model.networks import parse_network

WIDEST_ORDINARY = {4: 24, 6: 48}


def severity_of(*networks: str) -> Severity:
    """Return severe when any network is wider than /24 (IPv4) or /48 (IPv6), else medium."""
    parsed = [parse_network(network) for network in networks]
    wide = any(network.prefixlen < WIDEST_ORDINARY[network.version] for network in parsed)
    return Severity.SEVERE if wide else Severity.MEDIUM
