"""How far what is to be blocked gets on the ways in, now and once a plan is applied, and where it is stopped."""

from collections.abc import Iterable

from opsctl.model.paths import LayerVerdict, Paths, WayIn, WayStop
from opsctl.model.value import Value


class Flow(Value):
    """What passes: the edges on which it does, the nodes that it reaches, and what stops it at which."""

    edges: frozenset[tuple[str, str]] = frozenset()
    reached: frozenset[str] = frozenset()
    stops: dict[str, tuple[str, ...]] = {}


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
    edges: set[tuple[str, str]] = set()
    reached: set[str] = set()
    stops: dict[str, dict[str, None]] = {}
    for way, stopped in ways:
        found = {one.node for one in stopped}
        passed = {source for source, _ in way.edges} - {target for _, target in way.edges}
        for source, target in way.edges:
            if source in passed:
                edges.add((source, target))
                if target not in found:
                    passed.add(target)
        reached |= passed
        for one in stopped:
            if any(target == one.node and source in passed for source, target in way.edges):
                stops.setdefault(one.node, {})[one.by] = None
    return Flow(
        edges=frozenset(edges),
        reached=frozenset(reached),
        stops={node: tuple(words) for node, words in stops.items()},
    )
