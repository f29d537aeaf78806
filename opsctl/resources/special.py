"""Address ranges that never belong to a client on the internet, and ranges too wide to block."""

import ipaddress

from opsctl.model.networks import Network, meets, parse_network, spans_of

BROAD_V4, BROAD_V6 = 16, 32
"""Prefixes shorter than these are refused."""

# IANA special-purpose address registries; Python's own flags also cover the documentation ranges, which
# rehearsals need.
_SPECIAL: tuple[tuple[str, str], ...] = (
    ("169.254.169.254/32", "the instance metadata service"),
    ("fd00:ec2::254/128", "the instance metadata service"),
    ("fd00:ec2::/32", "AWS's own link services"),
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "carrier-grade NAT"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "reserved for protocols"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "reserved for benchmarks"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
    ("::/128", "unspecified"),
    ("::1/128", "loopback"),
    ("64:ff9b::/96", "IPv4 behind NAT64"),
    ("64:ff9b:1::/48", "IPv4 behind NAT64"),
    ("100::/64", "discard-only"),
    ("fc00::/7", "unique local"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
)

_SPANS = {version: spans_of((parse_network(text) for text, _ in _SPECIAL), version) for version in (4, 6)}


def special(network: Network) -> str:
    """Say which special range shares an address with a block, as `10.0.0.0/8 (private)`; empty when none."""
    if not meets_special(network):
        return ""
    return next(f"{text} ({what})" for text, what in _SPECIAL if shares(network, parse_network(text)))


def meets_special(network: Network) -> bool:
    """Tell whether a block shares an address with any special range."""
    return meets(network, _SPANS[network.version])


def is_wide(network: Network) -> bool:
    """Tell whether a block is a whole family, or so wide that it certainly hits people who did nothing."""
    return network.prefixlen < (BROAD_V4 if network.version == 4 else BROAD_V6)


def is_everything(network: Network) -> bool:
    """Tell whether a block is a whole address family."""
    return network.prefixlen == 0


def is_broad(network: Network) -> bool:
    """Tell whether a block is so wide that it certainly hits people who did nothing."""
    return 0 < network.prefixlen < (BROAD_V4 if network.version == 4 else BROAD_V6)


def shares(left: Network, right: Network) -> bool:
    """Tell whether two blocks have an address in common; families never mix."""
    if isinstance(left, ipaddress.IPv4Network) and isinstance(right, ipaddress.IPv4Network):
        return left.overlaps(right)
    if isinstance(left, ipaddress.IPv6Network) and isinstance(right, ipaddress.IPv6Network):
        return left.overlaps(right)
    return False
