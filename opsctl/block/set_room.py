"""What an IP set does not hold yet, and whether it has room for it."""

from collections.abc import Sequence

from opsctl.block.topology.webacl import IpSet
from opsctl.model.errors import RefusedByGuard
from opsctl.model.networks import Network, covers, parse_network

SET_LIMIT = 10_000


def missing_from(ip_set: IpSet | None, name: str, wanted: Sequence[Network]) -> list[str]:
    """Return the blocks that no block of the set covers; all of them when there is no set yet.

    Raises:
        RefusedByGuard: they do not fit.
    """
    present = [parse_network(text) for text in (ip_set.addresses if ip_set else ())]
    missing = [str(one) for one in wanted if not any(covers(other, one) for other in present)]
    if len(present) + len(missing) > SET_LIMIT:
        raise RefusedByGuard(
            f"IP set {name} holds {len(present)} of {SET_LIMIT} addresses; "
            f"{len(missing)} more do not fit; nothing was changed",
            "block wider networks instead of single addresses, or undo blocks that are not needed any more",
        )
    return missing
