"""The whole decision about a block: every way in judged, the points of enforcement made unique."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from opsctl.block.asked import Asked
from opsctl.block.bypass import around_a_distribution, around_a_proxy, evasions
from opsctl.block.decision import Decision, Point
from opsctl.block.drawing import draw, edges_of, id_of
from opsctl.block.layers.judging import judge, points_for
from opsctl.block.layers.verdict import Home, NodeVerdict
from opsctl.block.standing import doubts_of, looked_at, outlook_of, standing_of, word_of
from opsctl.block.topology.graph import Node, Web
from opsctl.block.topology.sight import Seen, sights_of
from opsctl.block.topology.traffic_paths import OF_CLOUDFRONT, Stop, TrafficPath, left_of, ways_in
from opsctl.block.topology.walk import PacketOutcome, shut_to_clients, walk_all
from opsctl.block.topology.webacl import WebAcl, acted_on, told_apart
from opsctl.model.commands import command_line
from opsctl.model.networks import Network, parse_network
from opsctl.model.paths import WayIn, WayStop
from opsctl.model.sentences import first_few
from opsctl.model.value import Value

_SHOWN = 5
PointKey: TypeAlias = tuple[str, str]


class Judged(Value):
    """A way in with what was found and decided; `left` is the question without what is dropped already."""

    way: TrafficPath
    outcomes: dict[str, PacketOutcome]
    verdicts: tuple[NodeVerdict, ...]
    closed: str
    asked: Asked
    left: Asked

    @property
    def dropped(self) -> bool:
        """Whether everything asked about is certainly refused now."""
        if not self.asked.addresses and not self.asked.countries:
            return bool(self.closed)
        addresses = all(one.dropped for one in self.outcomes.values())
        return addresses and (bool(self.closed) or not self.asked.countries or self._countries_denied())

    @property
    def handled(self) -> bool:
        """Whether what was asked for is so on this way now; only `block` has to drop what comes."""
        if self.dropped or self.asked.mode == "block":
            return self.dropped
        if self.asked.countries and not self._countries_denied():
            return False
        left = [parse_network(address) for address, one in self.outcomes.items() if not one.dropped]
        return all(self._met([one for one in left if one.version == version]) for version in (4, 6))

    def _met(self, networks: Sequence[Network]) -> bool:
        """Tell whether requests from each of some blocks certainly meet a rule of the mode before they get in."""
        for index, stop in enumerate(self.way.stops):
            acl = stop.node.waf.web_acl if stop.node.waf is not None else None
            seen = self.left.sight.at(self.way, index, networks[0].version) if networks else "unseen"
            if acl is not None and seen != "unseen":
                kinds = told_apart(acl).by_kind(networks)
                left = [alike for alike in kinds if not self._acted_on(acl, str(alike[0]), seen)]
                networks = [one for alike in left for one in alike]
        return not networks

    def _acted_on(self, acl: WebAcl, network: str, seen: Seen) -> bool:
        return all(acted_on(acl, network, self.asked.mode, look) for look in self.left.sight.looks(seen))

    @property
    def chosen(self) -> tuple[NodeVerdict, ...]:
        """The layers chosen."""
        return tuple(one for one in self.verdicts if one.chosen)

    @property
    def closable(self) -> bool:
        """Whether the chosen layers close the way once they are in place."""
        return bool(self.closed) or (self.asked.mode == "block" and self.covered)

    @property
    def covered(self) -> bool:
        """Whether what was asked for is so on this way, or will be by the layers chosen."""
        if self.handled:
            return True
        if not self.asked.addresses and not self.asked.countries:
            return False
        versions = {version for one in self.chosen if not one.partial for version in one.versions}
        wanted = set(self.left.versions) & set(self.left.sight.versions(self.way))
        geo = not self.asked.countries or any(one.layer == "geo" for one in self.chosen)
        return wanted <= versions and geo

    def _countries_denied(self) -> bool:
        gates = [stop.node.geo for stop in self.way.stops if stop.node.geo]
        return all(any(gate.denies(country) for gate in gates) for country in self.asked.countries)

    def shown(self, web: Web) -> WayIn:
        """The way as the decision reports it, as a part of the whole graph."""
        unknown = dict.fromkeys(
            text
            for texts in (
                *(one.unknown for one in self.outcomes.values()),
                *(one.unknown for one in self.verdicts),
                *(stop.node.unknown for stop in self.way.stops),
            )
            for text in texts
        )
        return WayIn(
            name=self.way.name,
            hops=self._hops(),
            dropped=self.dropped,
            verdict=self._verdict(),
            closable=self.closable,
            handled=self.handled,
            covered=self.covered,
            short=self.way.short,
            now=word_of(self.asked, is_so=self.handled, closed=self.dropped),
            after=word_of(self.asked, is_so=self.covered, closed=self.dropped),
            layers=tuple(one.shown() for one in self.verdicts),
            unknown=tuple(unknown),
            edges=edges_of(self.way, web),
            stops=self._stops() if self.dropped else (),
        )

    def _stops(self) -> tuple[WayStop, ...]:
        """Where everything asked about is dropped."""
        entrance = self.way.entrance.place
        found = [(entrance, self.closed)] if self.closed else []
        if not found:
            found = [drop for one in self.outcomes.values() for drop in one.stops]
            found += [(entrance, "its geographic restriction")] if self.asked.countries else []
        return tuple(WayStop(node=id_of(place), by=by) for place, by in dict.fromkeys(found))

    def _hops(self) -> tuple[str, ...]:
        ends = dict.fromkeys(tail[0].node.title for tail in self.way.tails)
        return (*self.way.hops, *((first_few(ends, _SHOWN),) if ends else ()))

    def _verdict(self) -> str:
        if self.way.entrance.blind:
            return f"not followed: {self.way.entrance.blind}"
        if self.closed:
            return f"closed to clients: {self.closed}"
        said: dict[str, list[str]] = {}
        for address, outcome in self.outcomes.items():
            said.setdefault(outcome.says, []).append(address)
        if len(said) == 1:
            lines = list(said)
        else:
            lines = [f"{first_few(addresses, _SHOWN)}: {says}" for says, addresses in list(said.items())[:_SHOWN]]
        if self.asked.countries:
            denied = "refused" if self._countries_denied() else "not refused"
            lines.append(f"requests from {', '.join(self.asked.countries)} are {denied} by country")
        return "; ".join(lines) or "no address was asked about"


def judge_ways(web: Web, asked: Asked, home: Home) -> tuple[Judged, ...]:
    """Walk and judge every way in."""
    judged = []
    ways = ways_in(web)
    for way, sight in zip(ways, sights_of(ways, asked.forwarded), strict=True):
        outcomes = walk_all(way, asked.addresses, sight)
        closed = _closed(way, asked, outcomes)
        here = asked.seen_as(sight)
        left = here if closed else here.without(_settled(asked, outcomes))
        dropped = "; ".join(dict.fromkeys(one.says for one in outcomes.values()))
        verdicts = tuple(judge(way, left, home, closed=closed, dropped=dropped))
        one = Judged(way=way, outcomes=outcomes, verdicts=verdicts, closed=closed, asked=asked, left=left)
        judged.append(one)
    return tuple(judged)


def key_of(point: Point) -> PointKey:
    """Return what makes two points one: the layer, what enforces or is protected there, and the header."""
    where = point.id or point.resource
    return point.layer, f"{where} by {point.forwarded_header}" if point.forwarded_header else where


def without(judged: Sequence[Judged], unusable: Mapping[PointKey, str]) -> tuple[Judged, ...]:
    """Reject the layers that need a point which cannot be used, with its reason; the others stay chosen."""
    return tuple(
        one.model_copy(update={"verdicts": tuple(_without(verdict, unusable) for verdict in one.verdicts)})
        for one in judged
    )


def _without(verdict: NodeVerdict, unusable: Mapping[PointKey, str]) -> NodeVerdict:
    needed = [key_of(point) for point in points_for(verdict)] if verdict.chosen else []
    reasons = tuple(dict.fromkeys(unusable[key] for key in needed if key in unusable))
    if not reasons:
        return verdict
    unknown = tuple(text for text in reasons if text.startswith("cannot tell"))
    return verdict.model_copy(
        update={"chosen": False, "versions": (), "reason": "; ".join(reasons), "unknown": unknown}
    )


def points_of(judged: Sequence[Judged]) -> tuple[Point, ...]:
    """Return the points that the chosen layers need, each enforcement object once."""
    points: dict[PointKey, Point] = {}
    for one in judged:
        for verdict in one.chosen:
            addresses = one.left.addresses_of(verdict.versions)
            for point in points_for(verdict):
                known = points.setdefault(key_of(point), point)
                points[key_of(known)] = known.model_copy(
                    update={
                        "ways": tuple(dict.fromkeys((*known.ways, one.way.name))),
                        "addresses": tuple(dict.fromkeys((*known.addresses, *addresses))),
                    }
                )
    return tuple(points.values())


def decision_of(
    target: str,
    web: Web,
    judged: Sequence[Judged],
    points: Sequence[Point],
    unknown: Sequence[str],
    asked: Asked,
    home: Home,
) -> Decision:
    """Put the decision together."""
    ways = [one.shown(web) for one in judged]
    everything = [
        *web.unknown,
        *(text for node in web.nodes for text in _unread(node)),
        *(text for way in ways for text in way.unknown),
        *unknown,
    ]
    unread = [text for node in web.nodes for text in node.unknown]
    doubts = () if ways else doubts_of(web, unread)
    sure = not web.unknown and not unread
    bypasses = tuple(dict.fromkeys(text for one in judged if (text := _bypass(one, judged, target, home))))
    recommended = [text for one in judged for text in _recommended(one, judged, target, home)]
    return Decision(
        target=target,
        kind=web.start.kind,
        graph=draw(target, web),
        ways=tuple(ways),
        points=tuple(points),
        open=tuple(_open(one) for one in judged if _stays_open(one)),
        unknown=tuple(dict.fromkeys(everything)),
        recommendations=tuple(dict.fromkeys(recommended)),
        bypasses=bypasses,
        evasions=evasions(asked.forwarded),
        standing=standing_of(ways, asked, sure=sure),
        outlook=outlook_of(ways, asked, sure=sure),
        nowhere=() if ways or doubts else looked_at(web, home.account, home.region),
        untold=doubts,
    )


def _closed(way: TrafficPath, asked: Asked, outcomes: Mapping[str, PacketOutcome]) -> str:
    """Say why clients, or the addresses asked about, do not get in by a way whatever is blocked."""
    if way.entrance.blind:
        return ""
    answered = set(asked.versions) & set(way.entrance.versions)
    by_rule = asked.own_rule and answered
    if not by_rule and (reason := shut_to_clients(way)):
        return reason
    insisted = asked.countries or by_rule
    if not insisted and _kept_out(outcomes):
        return next(iter(outcomes.values())).says
    return ""


def _kept_out(outcomes: Mapping[str, PacketOutcome]) -> bool:
    """Tell whether security groups alone let in none of the addresses asked about."""
    return bool(outcomes) and all(one.dropped and one.by_groups for one in outcomes.values())


def _settled(asked: Asked, outcomes: Mapping[str, PacketOutcome]) -> list[str]:
    """Return the addresses that need nothing on a way: a block of our own would stop nobody there."""
    if asked.mode != "block" or asked.own_rule:
        return []
    return [address for address, one in outcomes.items() if one.dropped]


def _unread(node: Node) -> tuple[str, ...]:
    gates = (
        text
        for gate in (node.inspection, node.nacl, node.groups, node.waf, node.host)
        if gate
        for text in gate.unknown
    )
    doubts = node.waf.doubts if node.waf else ()
    return (*node.unknown, *gates, *doubts)


def _stays_open(one: Judged) -> bool:
    asked = one.asked.addresses or one.asked.countries
    return bool(asked) and not one.covered


def _open(one: Judged) -> str:
    reasons = dict.fromkeys(verdict.reason for verdict in one.verdicts if not verdict.chosen)
    return f"{one.way.name}: {'; '.join(reasons)}"


def _bypass(one: Judged, judged: Sequence[Judged], target: str, home: Home) -> str:
    """Say how clients get around what stands in front of an entrance, empty where they do not."""
    sight, entrance = one.left.sight, one.way.entrance
    if one.closed or shut_to_clients(one.way) or _kept_out(one.outcomes):
        return ""
    if sight.in_front and sight.forwarded is not None:
        return around_a_proxy(one.way, sight.forwarded)
    fronts = _fronts(one, judged)
    command = command_line(home.reached_by, "lock-origin", target)
    return around_a_distribution(entrance, command) if fronts else ""


def _fronts(one: Judged, judged: Sequence[Judged]) -> list[Judged]:
    """Return the ways by which a distribution leads to an entrance."""
    return [
        other
        for other in judged
        if other.way.entrance.place.kind in OF_CLOUDFRONT
        and any(stop.node.place == one.way.entrance.place for stop in other.way.behind)
    ]


def _recommended(one: Judged, judged: Sequence[Judged], target: str, home: Home) -> list[str]:
    entrance, fronts = one.way.entrance, _fronts(one, judged)
    nothing_asked = not (one.asked.addresses or one.asked.countries)  # else it is told as a bypass
    if nothing_asked and fronts and not one.closed and entrance.groups is not None:
        limits = f"limits its security groups {', '.join(entrance.groups.groups)} to CloudFront"
        command = command_line(home.reached_by, "lock-origin", target)
        return [f"{entrance.title} can be reached without {fronts[0].way.entrance.title}: {command} {limits}"]
    found: list[str] = []
    if _stays_open(one) and entrance.place.kind in ("nlb", "interface", "alb") and not fronts:
        found.append(
            f"put CloudFront with AWS WAF in front of {entrance.title}: there the client's address is visible"
        )
    by_source = one.asked.forwarded is None and one.asked.mode == "block"
    if _stays_open(one) and by_source and one.asked.layer in ("auto", "nacl"):
        found += _last_resorts(one)
    return found


def _last_resorts(one: Judged) -> list[str]:
    """Name what is never chosen by itself and sees the client on this way."""
    found, gate = [], one.way.entrance.inspection
    if gate is not None and gate.firewall:
        found.append(f"--layer network-firewall puts a drop into {gate.title}, where that is certain to count")
    ends = [tail[-1].node for tail in one.way.tails if _sees_clients(one.way, tail)]
    if ends and all(node.place.kind == "instance" for node in ends):
        named = first_few(dict.fromkeys(node.name for node in ends), _SHOWN)
        found.append(f"as a last resort, --layer host drops it in the firewalls of {named}")
    return found


def _sees_clients(way: TrafficPath, tail: tuple[Stop, ...]) -> bool:
    return left_of("source", (*way.stops[1:], *tail), way.entrance.versions[0]) == "source"
