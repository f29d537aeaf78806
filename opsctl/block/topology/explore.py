"""Exploring the account from a target: down to what it leads to, up to everything that leads there."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from opsctl.block.topology.graph import Node, Web
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.node_kind import NodeKind
from opsctl.block.topology.survey import Survey
from opsctl.block.topology.unfold import unfold
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.value import Value


class _Onward(Value):
    """What a place of the workload leads to, known before the place itself has been read."""

    places: tuple[Place, ...]
    seed: bool


_Found: TypeAlias = Node | Naming | _Onward
Ahead: TypeAlias = Callable[[Node], Sequence[Read]]
"""What is going to be asked about a node once the graph is known, if anything."""


def nothing_ahead(_: Node) -> Sequence[Read]:
    """Ask for nothing but the graph."""
    return ()


def explore(
    start: Place, node_kinds: Sequence[NodeKind], survey: Survey, ahead: Ahead = nothing_ahead
) -> Fetching[Web]:
    """Return all nodes on ways in to a target.

    Downwards everything that the target leads to is the workload. Upwards only the fronts are taken: what
    else they lead to is not the workload and is left out. What is asked about a node later is read ahead, while
    what the node leads to is still being read.
    """
    exploration = _Exploration(node_kinds, survey, ahead)
    yield from unfold(exploration.descend(start, seed=True), exploration.met)
    return exploration.web(start)


class _Exploration:
    def __init__(self, node_kinds: Sequence[NodeKind], survey: Survey, ahead: Ahead) -> None:
        self._node_kinds = {kind.kind: kind for kind in node_kinds}
        self._survey = survey
        self._ahead = ahead
        self._nodes: dict[Place, Node] = {}
        self._started: set[Place] = set()
        self._below: set[Place] = set()
        self._seeds: set[Place] = set()
        self._unknown: dict[str, None] = {}

    def descend(self, place: Place, *, seed: bool) -> list[Fetching[_Found]]:
        """Take a place as part of the workload; a seed is one that no target group holds it together with."""
        news_seed = seed and place not in self._seeds
        if place in self._below and not news_seed:
            return []
        first = place not in self._below
        self._below.add(place)
        if seed:
            self._seeds.add(place)
        if place not in self._nodes:
            return [*self._start(place), *([self._onward(place, seed=seed)] if first else [])]
        node = self._nodes[place]
        again = [self._leading(kind, node) for kind in self._node_kinds.values()] if news_seed else []
        return [*again, *(self._follow(node) if first or news_seed else [])]

    def met(self, found: _Found) -> list[Fetching[_Found]]:
        """Take in a node, or names of fronts, and say what to look at next."""
        if isinstance(found, Naming):
            self._unknown.update(dict.fromkeys(found.unknown))
            return [fetching for place in found.places for fetching in self._start(place)]
        if isinstance(found, _Onward):
            return [fetching for place in found.places for fetching in self.descend(place, seed=found.seed)]
        self._nodes[found.place] = found
        leading = [self._leading(kind, found) for kind in self._node_kinds.values()]
        leading.append(self._read_ahead(found))
        return [*leading, *(self._follow(found) if found.place in self._below else self._names(found))]

    def web(self, start: Place) -> Web:
        """Return the graph, without links that leave it."""
        kept = dict(self._nodes)
        while idle := [place for place, node in kept.items() if self._leads_nowhere(node, kept)]:
            for place in idle:
                del kept[place]
        nodes = [
            node.model_copy(update={"links": tuple(link for link in node.links if link.to in kept)})
            for node in kept.values()
        ]
        return Web(start=start, nodes=tuple(nodes), unknown=tuple(self._unknown))

    def _start(self, place: Place) -> list[Fetching[_Found]]:
        if place in self._started:
            return []
        self._started.add(place)
        return [self._node_kinds[place.kind].read(place, self._survey)]

    def _names(self, front: Node) -> list[Fetching[_Found]]:
        """Look at names behind a front: they may stand between it and the workload."""
        names = [link.to for link in front.links if self._node_kinds[link.to.kind].transparent]
        return [fetching for name in names for fetching in self._start(name)]

    def _leads_nowhere(self, node: Node, kept: dict[Place, Node]) -> bool:
        """Tell whether a node is only a name, met behind a front, that leads out of the graph."""
        if not node.transparent or node.place in self._below:
            return False
        return not any(link.to in kept for link in node.links)

    def _onward(self, place: Place, *, seed: bool) -> Fetching[_Found]:
        kind = self._node_kinds[place.kind]
        found = yield from kind.onward(place, self._survey)
        return _Onward(places=found.places, seed=seed and not kind.holds)

    def _read_ahead(self, node: Node) -> Fetching[_Found]:
        yield from self._survey.prefetch(self._ahead(node))
        return Naming()

    def _follow(self, node: Node) -> list[Fetching[_Found]]:
        seed = node.place in self._seeds and not self._node_kinds[node.place.kind].holds
        return [fetching for link in node.links for fetching in self.descend(link.to, seed=seed)]

    def _leading(self, kind: NodeKind, node: Node) -> Fetching[_Found]:
        found = yield from kind.leading_to(node, self._survey, seed=node.place in self._seeds)
        return found
