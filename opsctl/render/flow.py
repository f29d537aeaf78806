"""How far what is to be blocked gets on the ways in, now and once a plan is applied, and where it is stopped."""

from collections.abc import Iterable
from typing import TypeAlias

from opsctl.model.paths import LayerVerdict, Paths, WayIn, WayStop
from opsctl.model.value import Value

Edge: TypeAlias = tuple[str, str]


class Flow(Value):
    """What passes: the edges on which it does, those at whose end all of it is stopped, the nodes that it reaches.

    `stops` has for each node what stops there, each with the node that it would have come from.
    """

    edges: frozenset[Edge] = frozenset()
    stopped: frozenset[Edge] = frozenset()
    reached: frozenset[str] = frozenset()
    stops: dict[str, tuple[tuple[str, str], ...]] = {}


def flow_now(paths: Paths) -> Flow | None:
    """Return what passes as things are, or None when nothing was asked about, or an older version looked."""
    return _flow((way, way.stops) for way in paths.ways) if _drawable(paths) else None


def flow_planned(paths: Paths) -> Flow | None:
    """Return what will pass once the places chosen are in use; None as for `flow_now`."""
    return _flow((way, _planned(way)) for way in paths.ways) if _drawable(paths) else None


def _drawable(paths: Paths) -> bool:
    return bool(paths.standing) and any(way.edges for way in paths.ways)


def _planned(way: WayIn) -> tuple[WayStop, ...]:
    if way.dropped or not way.closable:
        return way.stops
    return tuple(WayStop(node=one.node, by=_by(one)) for one in way.layers if one.chosen)


def _by(one: LayerVerdict) -> str:
    return f"network ACL {one.where}" if one.layer == "nacl" else one.where


def _flow(ways: Iterable[tuple[WayIn, tuple[WayStop, ...]]]) -> Flow:
    reached: set[str] = set()
    passed: set[Edge] = set()
    stops: dict[str, dict[tuple[str, str], None]] = {}
    ended: set[Edge] = set()
    for way, stopped in ways:
        by = {one.node: [two.by for two in stopped if two.node == one.node] for one in stopped}
        here = {source for source, _ in way.edges} - {target for _, target in way.edges}
        for source, target in way.edges:
            if source not in here:
                continue
            if target in by:
                ended.add((source, target))
                stops.setdefault(target, {}).update(dict.fromkeys((source, word) for word in by[target]))
            else:
                passed.add((source, target))
                here.add(target)
        reached |= here
    return Flow(
        edges=frozenset(passed | ended),
        stopped=frozenset(ended - passed),
        reached=frozenset(reached),
        stops={node: tuple(found) for node, found in stops.items()},
    )
