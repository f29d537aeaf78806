"""How long the firewalls of instances drop what is asked about, as far as that was read of late.

A rule there ends by itself and cannot be given another end: a block for longer needs a rule of its own beside it.
"""

from collections.abc import Iterator, Sequence

from opsctl.block.asked import Asked
from opsctl.block.decision import Point
from opsctl.block.recording import ending
from opsctl.block.terms import lasts_longer, seconds_of
from opsctl.block.topology.gates import HostGate
from opsctl.block.topology.graph import Node, Web
from opsctl.model.networks import covers, parse_network, plain_addresses


def with_sooner(points: Sequence[Point], web: Web, asked: Asked, until: str) -> tuple[Point, ...]:
    """Return the points, and instances where what is asked about is dropped already, but not for as long."""
    found = {one.id: one for one in points if one.layer == "host"}
    for node, gate in _firewalls(web):
        ends = {one: end for one in asked.addresses if (end := _end(gate, one)) and lasts_longer(until, end)}
        if not ends or gate.closed or gate.unknown:
            continue
        known = found.get(node.resource) or _point(node, min(ends.values(), key=seconds_of))
        found[node.resource] = known.model_copy(
            update={"addresses": tuple(dict.fromkeys((*known.addresses, *ends)))}
        )
    return (*(one for one in points if one.layer != "host"), *found.values())


def dropped_for_longer(web: Web, asked: Asked, until: str) -> tuple[str, ...]:
    """Say which addresses a firewall drops until later than asked."""
    return tuple(
        f"{plain_addresses(one)} at the firewall of {node.title} {ending(end)}"
        for node, gate in _firewalls(web)
        for one in asked.addresses
        if (end := _end(gate, one)) and lasts_longer(end, until)
    )


def _firewalls(web: Web) -> Iterator[tuple[Node, HostGate]]:
    return ((node, node.host) for node in web.nodes if node.host and node.host.ends)


def _end(gate: HostGate, address: str) -> str:
    """Return the latest end of what drops all of an address or network; empty where nothing does."""
    network = parse_network(address)
    ends = [end for one, end in gate.ends.items() if covers(parse_network(one), network)]
    return max(ends, key=seconds_of, default="")


def _point(node: Node, end: str) -> Point:
    return Point(
        layer="host",
        id=node.resource,
        resource=node.resource,
        resource_kind="instance",
        name=node.name,
        region=node.place.region,
        reason=f"the firewall of {node.title} drops this {ending(end)} only, and a rule there keeps its end",
        ways=(),
    )
