"""Arbitrary address blocks that lie close together, for properties."""

import ipaddress

from hypothesis import strategies as st


def blocks_within(base: str, widest: int) -> st.SearchStrategy[str]:
    """Any block of `base`/`widest`, down to single addresses."""
    network = ipaddress.ip_network(f"{base}/{widest}")
    return st.builds(
        lambda offset, length: str(
            ipaddress.ip_network((int(network.network_address) + offset, length), strict=False)
        ),
        st.integers(0, network.num_addresses - 1),
        st.integers(widest, network.max_prefixlen),
    )
