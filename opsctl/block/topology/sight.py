"""How AWS WAF gets to see a client on one way in: as the source of its requests, or in a header."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from opsctl.block.topology.forwarded import Forwarded
from opsctl.model.value import Value

if TYPE_CHECKING:  # whoever only shows a plan knows of the question alone, and no way is looked at
    from opsctl.block.topology.traffic_paths import TrafficPath

Seen = Literal["source", "header", "unseen"]


class Sight(Value):
    """Which header has the client's address, if one is to be looked at, and who writes it.

    `in_front`: a proxy that opsctl does not know, such as a CDN in front of the entrance. Whoever connects is that
    proxy then, and what can be told of packets is nothing. Else AWS's own proxies on the way write it.
    """

    forwarded: Forwarded | None = None
    in_front: bool = False

    def at(self, way: "TrafficPath", index: int, version: int) -> Seen:
        """Tell how a client of an IP version is seen at a stop; a proxy in front has a version of its own."""
        client = way.client_at(index, way.entrance.versions[0] if self.in_front else version)
        if self.in_front:
            return "header" if client == "source" else "unseen"
        if client == "header" and self.forwarded is not None:
            return "header"
        return "source" if client == "source" else "unseen"

    def looked_at(self, seen: Seen) -> Forwarded | None:
        """Return the header where a client is seen in one."""
        return self.forwarded if seen == "header" else None

    def looks(self, seen: Seen) -> tuple[Forwarded | None, ...]:
        """Return each way in which a client may be seen: whoever gets around a proxy in front is the source."""
        return (self.looked_at(seen), None) if self.in_front else (self.looked_at(seen),)

    def versions(self, way: "TrafficPath") -> tuple[int, ...]:
        """The IP versions of the clients that can come this way."""
        return (4, 6) if self.in_front else way.entrance.versions


def sights_of(ways: Sequence["TrafficPath"], forwarded: Forwarded | None) -> list[Sight]:
    """Return for each way how clients are seen on it.

    X-Forwarded-For is what AWS's proxies write. Where one of them stands in front of a web ACL, the ways around it
    are no ways through it: there the source is looked at. Without one a proxy of others is in front of all ways.
    """
    if forwarded is None:
        return [Sight() for _ in ways]
    written = [forwarded.is_list and _has_header(way) for way in ways]
    if not any(written):
        return [Sight(forwarded=forwarded, in_front=True) for _ in ways]
    return [Sight(forwarded=forwarded if one else None) for one in written]


def _has_header(way: "TrafficPath") -> bool:
    return any(
        stop.node.waf is not None and way.client_at(index, version) == "header"
        for index, stop in enumerate(way.stops)
        for version in way.entrance.versions
    )
