"""Ways in: the paths through the graph from the internet to where the traffic ends."""

from opsctl.block.topology.graph import Client, Link, Node, Web, behind
from opsctl.block.topology.naming import Place
from opsctl.model.value import Value

OF_CLOUDFRONT = ("distribution", "distribution_tenant")
"""Kinds of nodes that are served by CloudFront's own servers."""


class Stop(Value):
    """A node on a way, and the link by which it was reached; the first one is reached from the internet."""

    node: Node
    link: Link | None = None


class TrafficPath(Value):
    """One way in: the stops that relay traffic, and the tails behind the last of them, taken in parallel."""

    names: tuple[str, ...]
    stops: tuple[Stop, ...]
    tails: tuple[tuple[Stop, ...], ...] = ()

    @property
    def entrance(self) -> Node:
        """Where the internet comes in."""
        return self.stops[0].node

    @property
    def hops(self) -> tuple[str, ...]:
        """What the way passes, in words, without its tails."""
        named = (", ".join(self.names),) if self.names else ()
        return ("internet", *named, *(stop.node.title for stop in self.stops if not stop.node.transparent))

    @property
    def name(self) -> str:
        """The way in one line."""
        return " > ".join(self.hops)

    @property
    def short(self) -> str:
        """The way in a few words, without its names: `CloudFront E1 > shop-alb`, or `shop-alb directly`."""
        shown = [*self.stops, *self.behind] if self._leads_to_an_entrance else self.stops
        passed = [_short(stop.node) for stop in shown if not stop.node.transparent]
        return " > ".join(passed) if len(passed) > 1 else f"{passed[0]} directly" if passed else self.name

    @property
    def _leads_to_an_entrance(self) -> bool:
        """Whether what ends right behind a distribution is reached from the internet as well."""
        of_cloudfront = self.entrance.place.kind in OF_CLOUDFRONT
        return of_cloudfront and len(self.stops) == 1 and any(stop.node.entrance for stop in self.behind)

    @property
    def behind(self) -> tuple[Stop, ...]:
        """What is behind the entrance: the other stops, or what ends right behind it, past its names."""
        ends = ([stop for stop in tail if not stop.node.transparent] for tail in self.tails)
        return self.stops[1:] or tuple(stops[0] for stops in ends if stops)

    def client_at(self, index: int, version: int) -> Client:
        """What is left of a client's address at a stop, for one IP version."""
        return left_of("source", self.stops[1 : index + 1], version)


def _short(node: Node) -> str:
    """A distribution has no name but its host names, which other distributions may have answered to before."""
    if node.place.kind == "distribution_tenant":
        return f"tenant {node.name}"
    return f"CloudFront {node.resource}" if node.place.kind == "distribution" else node.name


def left_of(client: Client, stops: tuple[Stop, ...], version: int) -> Client:
    """What is left of an address after some more stops."""
    for stop in stops:
        if stop.link is not None:
            client = behind(client, stop.link, version)
    return client


def ways_in(web: Web) -> tuple[TrafficPath, ...]:
    """Return every way in, those that the target's own name shows first."""
    nodes = {node.place: node for node in web.nodes}
    named = _reached_by_name(web, nodes)
    entrances = [node for node in web.nodes if node.entrance or (node.blind and node.place in named)]
    entrances.sort(key=lambda node: node.place not in named)
    relaying = {place for place in nodes if _relays(place, nodes, frozenset())}
    return tuple(
        way
        for entrance in entrances
        for way in _extend((Stop(node=entrance),), _names_of(entrance, web), nodes, relaying)
    )


def _extend(
    stops: tuple[Stop, ...], names: tuple[str, ...], nodes: dict[Place, Node], relaying: set[Place]
) -> list[TrafficPath]:
    passed = {stop.node.place for stop in stops}
    links = [link for link in stops[-1].node.links if link.to not in passed]
    onward = [link for link in links if link.to in relaying]
    ends = [link for link in links if link.to not in relaying]
    found = [
        way
        for link in onward
        for way in _extend((*stops, Stop(node=nodes[link.to], link=link)), names, nodes, relaying)
    ]
    if ends or not onward:
        tails = tuple(tail for link in ends for tail in _tails(link, nodes, frozenset(passed)))
        found.append(TrafficPath(names=names, stops=stops, tails=tails))
    return found


def _tails(link: Link, nodes: dict[Place, Node], passed: frozenset[Place]) -> list[tuple[Stop, ...]]:
    stop = Stop(node=nodes[link.to], link=link)
    onward = [one for one in stop.node.links if one.to not in passed | {link.to}]
    if not onward:
        return [(stop,)]
    return [(stop, *tail) for one in onward for tail in _tails(one, nodes, passed | {link.to})]


def _relays(place: Place, nodes: dict[Place, Node], passed: frozenset[Place]) -> bool:
    """Tell whether a place relays traffic, or leads to one that does."""
    if place in passed:
        return False
    node = nodes[place]
    return node.relays or any(_relays(link.to, nodes, passed | {place}) for link in node.links)


def _reached_by_name(web: Web, nodes: dict[Place, Node]) -> set[Place]:
    reached: set[Place] = set()
    pending = [web.start]
    while pending:
        place = pending.pop()
        if place in reached:
            continue
        reached.add(place)
        if nodes[place].transparent:
            pending += [link.to for link in nodes[place].links]
    return reached


def _names_of(node: Node, web: Web) -> tuple[str, ...]:
    """Return the host names that lead to a node, through other names too."""
    found: dict[str, None] = {}
    pending, met = [node.place], {node.place}
    while pending:
        place = pending.pop()
        for one in web.nodes:
            if one.transparent and one.place not in met and any(link.to == place for link in one.links):
                # A record and the custom domain that it leads to have one name.
                found.pop(one.name, None)
                found[one.name] = None
                met.add(one.place)
                pending.append(one.place)
    return tuple(reversed(found))
