"""Networks where evaluators go wrong: those that end where another one ends or begins."""

import ipaddress

from hypothesis import strategies as st


def edges(block: str) -> list[str]:
    """A block, the one around it, its neighbours, its halves, and its first and last address."""
    network = ipaddress.ip_network(block)
    first, last = int(network.network_address), int(network.broadcast_address)
    whole, bits = network.max_prefixlen, network.prefixlen
    wanted = [
        (first, bits),
        (first, bits - 1),
        (first - 1, whole),
        (last + 1, whole),
        (first, whole),
        (last, whole),
    ]
    wanted += [(last + 1, bits), (first, bits + 1), (last, bits + 1)]
    kind = type(network)
    return list(
        dict.fromkeys(
            str(kind((address, length), strict=False))
            for address, length in wanted
            if 0 <= length <= whole and 0 <= address < 1 << whole
        )
    )


def near(block: str, others: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Mostly the edges of a block, now and then another one."""
    return st.one_of(st.sampled_from(edges(block)), st.sampled_from(edges(block)), others)
