"""The whole decision about a block: every way in judged, the points of enforcement made unique."""

from collections.abc import Callable, Mapping, Sequence

from opsctl.model.value import Value
from opsctl.topology.asked import Asked
from opsctl.topology.decision import Decision, Point, WayIn
from opsctl.topology.drawing import draw
from opsctl.topology.graph import Node, Web
from opsctl.topology.layers import Home, Verdict, judge
from opsctl.topology.walk import Outcome, shut_to_clients, walk
from opsctl.topology.ways import Way, ways_in

_SHOWN = 5


class Judged(Value):
    """A way in with what was found and decided about it."""

    way: Way
    outcomes: dict[str, Outcome]
    verdicts: tuple[Verdict, ...]
    closed: str
    asked: Asked

    @property
    def dropped(self) -> bool:
        """Whether everything asked about is certainly refused now."""
        if not self.asked.addresses and not self.asked.countries:
            return bool(self.closed)
        addresses = all(one.dropped for one in self.outcomes.values())
        return addresses and (bool(self.closed) or not self.asked.countries or self._countries_denied())

    @property
    def chosen(self) -> tuple[Verdict, ...]:
        """The layers chosen."""
        return tuple(one for one in self.verdicts if one.chosen)

    @property
    def closable(self) -> bool:
        """Whether the chosen layers close the way once they are in place."""
        if self.closed:
            return True
        if self.asked.mode != "block" or not (self.asked.addresses or self.asked.countries):
            return False
        return self.covered

    @property
    def covered(self) -> bool:
        """Whether the chosen layers act on everything that was asked about."""
        versions = {version for one in self.chosen for version in one.versions}
        wanted = set(self.asked.versions) & set(self.way.entrance.versions)
        geo = not self.asked.countries or any(one.layer == "geo" for one in self.chosen)
        return wanted <= versions and geo

    def _countries_denied(self) -> bool:
        gates = [stop.node.geo for stop in self.way.stops if stop.node.geo]
        return all(any(gate.denies(country) for gate in gates) for country in self.asked.countries)

    def shown(self) -> WayIn:
        """The way as the decision reports it."""
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
            layers=tuple(one.shown() for one in self.verdicts),
            unknown=tuple(unknown),
        )

    def _hops(self) -> tuple[str, ...]:
        ends = dict.fromkeys(tail[0].node.title for tail in self.way.tails)
        more = (f"and {len(ends) - _SHOWN} more",) if len(ends) > _SHOWN else ()
        return (*self.way.hops, *((", ".join([*list(ends)[:_SHOWN], *more]),) if ends else ()))

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
            lines = [f"{_some(addresses)}: {says}" for says, addresses in list(said.items())[:_SHOWN]]
        if self.asked.countries:
            denied = "refused" if self._countries_denied() else "not refused"
            lines.append(f"requests from {', '.join(self.asked.countries)} are {denied} by country")
        return "; ".join(lines) or "no address was asked about"


def judge_ways(web: Web, asked: Asked, home: Home) -> tuple[Judged, ...]:
    """Walk and judge every way in."""
    judged = []
    for way in ways_in(web):
        outcomes = {address: walk(way, address) for address in asked.addresses}
        closed = _closed(way, asked, outcomes)
        verdicts = judge(way, asked, home, closed=closed)
        judged.append(Judged(way=way, outcomes=outcomes, verdicts=tuple(verdicts), closed=closed, asked=asked))
    return tuple(judged)


def points_of(judged: Sequence[Judged]) -> tuple[Point, ...]:
    """Return the points that the chosen layers need, each enforcement object once."""
    points: dict[tuple[str, str], Point] = {}
    for one in judged:
        for verdict in one.chosen:
            addresses = one.asked.addresses_of(verdict.versions)
            for point in _points(verdict):
                known = points.setdefault((point.layer, point.id or point.resource), point)
                points[known.layer, known.id or known.resource] = known.model_copy(
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
) -> Decision:
    """Put the decision together."""
    ways = [one.shown() for one in judged]
    everything = [
        *web.unknown,
        *(text for node in web.nodes for text in _unread(node)),
        *(text for way in ways for text in way.unknown),
        *unknown,
    ]
    return Decision(
        target=target,
        kind=web.start.kind,
        graph=draw(target, web),
        ways=tuple(ways),
        points=tuple(points),
        open=tuple(_open(one) for one in judged if _stays_open(one)),
        unknown=tuple(dict.fromkeys(everything)),
        recommendations=tuple(dict.fromkeys(text for one in judged for text in _recommended(one, judged))),
    )


def _closed(way: Way, asked: Asked, outcomes: Mapping[str, Outcome]) -> str:
    """Say why clients, or the addresses asked about, do not get in by a way whatever is blocked."""
    if way.entrance.blind:
        return ""
    if reason := shut_to_clients(way):
        return reason
    if outcomes and not asked.countries and all(one.dropped and one.by_groups for one in outcomes.values()):
        return next(iter(outcomes.values())).says
    return ""


def _points(verdict: Verdict) -> list[Point]:
    make: Callable[[Verdict], list[Point]] = {"nacl": _nacl, "waf": _waf, "geo": _geo}[verdict.layer]
    return make(verdict)


def _nacl(verdict: Verdict) -> list[Point]:
    node = verdict.node
    acls = node.nacl.acls if node.nacl else ()
    return [
        Point(
            layer="nacl",
            id=acl.id,
            resource=node.resource,
            resource_kind=node.place.kind,
            name=acl.tags.get("Name") or acl.id,
            region=node.place.region,
            reason=verdict.reason,
            ways=(),
        )
        for acl in acls
    ]


def _waf(verdict: Verdict) -> list[Point]:
    node, waf = verdict.node, verdict.node.waf
    if waf is None:
        return []
    return [
        Point(
            layer="waf",
            id=waf.web_acl.arn if waf.web_acl else "",
            resource=node.resource,
            resource_kind=node.place.kind,
            name=node.name,
            scope=waf.scope,
            region="us-east-1" if waf.scope == "CLOUDFRONT" else node.place.region,
            reason=verdict.reason,
            ways=(),
        )
    ]


def _geo(verdict: Verdict) -> list[Point]:
    node = verdict.node
    return [
        Point(
            layer="geo",
            id=node.resource,
            resource=node.resource,
            resource_kind=node.place.kind,
            name=node.name,
            region="us-east-1",
            reason=verdict.reason,
            ways=(),
        )
    ]


def _unread(node: Node) -> tuple[str, ...]:
    gates = (text for gate in (node.nacl, node.groups, node.waf) if gate for text in gate.unknown)
    doubts = node.waf.doubts if node.waf else ()
    return (*node.unknown, *gates, *doubts)


def _stays_open(one: Judged) -> bool:
    asked = one.asked.addresses or one.asked.countries
    return bool(asked) and not one.dropped and not one.closed and not one.covered


def _open(one: Judged) -> str:
    reasons = dict.fromkeys(verdict.reason for verdict in one.verdicts if not verdict.chosen)
    return f"{one.way.name}: {'; '.join(reasons) or 'nothing on it sees the client'}"


def _recommended(one: Judged, judged: Sequence[Judged]) -> list[str]:
    entrance, found = one.way.entrance, []
    fronted = [
        other
        for other in judged
        if other.way.entrance.place.kind == "distribution"
        and any(stop.node.place == entrance.place for stop in other.way.stops[1:])
    ]
    if fronted and not one.closed and entrance.groups is not None:
        found.append(
            f"{entrance.title} can be reached past {fronted[0].way.entrance.title}: let its security groups"
            f" {', '.join(entrance.groups.groups)} admit only the prefix list"
            " com.amazonaws.global.cloudfront.origin-facing"
        )
    if _stays_open(one) and entrance.place.kind in ("nlb", "interface", "alb") and not fronted:
        found.append(f"put CloudFront with AWS WAF in front of {entrance.title}: there the client can be seen")
    return found


def _some(addresses: Sequence[str]) -> str:
    more = f" and {len(addresses) - _SHOWN} more" if len(addresses) > _SHOWN else ""
    return ", ".join(addresses[:_SHOWN]) + more
