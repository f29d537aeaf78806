"""Follows deliveries forwards or backwards, one round for each step, all resources of a step at once."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from opsctl.events.delivery_graph import Delivery
from opsctl.events.edge_verdicts import EdgeKnowledge, edge_of
from opsctl.events.hops import ReadResource, Waypoint
from opsctl.events.kms_keys import KeyFacts, read_keys
from opsctl.events.node_kinds.registry import read_place
from opsctl.events.producers import producers_of
from opsctl.events.role_permissions import ask_roles, questions_of
from opsctl.events.walking import Way
from opsctl.model.fetching import Fetching, gather
from opsctl.model.run import Context

PLACES_AT_MOST = 300
"""More than this is no picture that anybody reads; what is left out is said."""


class Explored(NamedTuple):
    """A delivery, the hop that each of its edges was judged from, and what it was read from.

    `policies` are those of its queues, `stops` the resources, both by ARN; `keys` by the names they are given.
    """

    delivery: Delivery
    ways: tuple[Way, ...]
    policies: dict[str, str] = {}
    stops: dict[str, ReadResource] = {}
    keys: Mapping[str, KeyFacts] = {}


def explore(start: str, about: Context) -> Fetching[Explored]:
    """Follow events from a resource, given by its ARN, to where nothing leads on."""
    stops: dict[str, ReadResource] = {}
    left: dict[str, None] = {}
    waiting = [Waypoint(arn=start)]
    while waiting:
        found = yield from gather([read_place(place, about) for place in waiting])
        stops.update({place.arn: stop for place, stop in zip(waiting, found, strict=True)})
        onward = {hop.to.arn: hop.to for stop in found for hop in stop.all_hops() if hop.to.arn not in stops}
        room = PLACES_AT_MOST - len(stops)
        left.update(dict.fromkeys(list(onward)[room:]))
        waiting = list(onward.values())[:room]
    known = yield from _read_beside(stops, about)
    return _put_together(start, stops, _left_out(left), known)


def explore_back(start: str, about: Context) -> Fetching[Explored]:
    """Follow events backwards from a resource to everything that may hand them on to it."""
    stops: dict[str, ReadResource] = {}
    doubts: dict[str, None] = {}
    left: dict[str, None] = {}
    waiting = [start]
    while waiting:
        found = yield from gather([read_place(Waypoint(arn=arn), about) for arn in waiting])
        senders = yield from gather([producers_of(one, about, asked_about=one.node.arn == start) for one in found])
        stops.update((arn, _noted(stop, one.note)) for arn, stop, one in zip(waiting, found, senders, strict=True))
        doubts.update(dict.fromkeys(text for one in senders for text in one.unknown))
        onward = dict.fromkeys(arn for one in senders for arn in one.arns if arn not in stops)
        room = PLACES_AT_MOST - len(stops)
        left.update(dict.fromkeys(list(onward)[room:]))
        waiting = list(onward)[:room]
    known = yield from _read_beside(stops, about)
    found_back = _put_together(start, stops, (*doubts, *_left_out(left)), known)
    return found_back._replace(delivery=found_back.delivery.model_copy(update={"back": True}))


def explore_all(starts: Sequence[str], about: Context) -> Fetching[Explored]:
    """Follow events forwards from many resources at once, however many that are."""
    stops: dict[str, ReadResource] = {}
    waiting = [Waypoint(arn=one) for one in dict.fromkeys(starts)]
    while waiting:
        found = yield from gather([read_place(place, about) for place in waiting])
        stops.update({place.arn: stop for place, stop in zip(waiting, found, strict=True)})
        onward = {hop.to.arn: hop.to for stop in found for hop in stop.all_hops() if hop.to.arn not in stops}
        waiting = list(onward.values())
    known = yield from _read_beside(stops, about)
    explored = _put_together(next(iter(stops), ""), stops, (), known)
    policies = {
        arn: stop.admission.policy
        for arn, stop in stops.items()
        if stop.node.kind == "queue" and stop.admission and stop.admission.policy
    }
    return explored._replace(policies=policies)


def _noted(stop: ReadResource, note: str) -> ReadResource:
    """A resource with one note more."""
    if not note:
        return stop
    node = stop.node.model_copy(update={"notes": (*stop.node.notes, note)})
    return stop.model_copy(update={"node": node})


def _left_out(left: Collection[str]) -> tuple[str, ...]:
    text = f"{len(left):,} more resources were not read: a trace has {PLACES_AT_MOST} at most"
    return (text,) if left else ()


_REFUSED = re.compile(r": [a-z ]+ at ([\w-]+\.\w+) \(")
_SHOWN_ALIKE = 3


def alike_once(texts: Sequence[str]) -> list[str]:
    """Tell refusals of one call for many resources once; each resource keeps its own."""
    groups: dict[str, list[str]] = {}
    for text in texts:
        refused = _REFUSED.search(text)
        groups.setdefault(refused[1] if refused else text, []).append(text)
    told: list[str] = []
    for group in groups.values():
        told += group if len(group) <= _SHOWN_ALIKE else [f"{group[0]} (and {len(group) - 1:,} more like it)"]
    return told


def _read_beside(stops: dict[str, ReadResource], about: Context) -> Fetching[EdgeKnowledge]:
    """Read the keys of all resources, then ask about all roles, each once."""
    keys = yield from read_keys([stop.admission.key for stop in stops.values() if stop.admission])
    asked = [
        question
        for stop in stops.values()
        for hop in stop.all_hops()
        if hop.to.arn in stops and stops[hop.to.arn].node.exists
        for question in questions_of(hop, stops[hop.to.arn], keys)
    ]
    roles = yield from ask_roles(asked, about)
    return EdgeKnowledge(keys, roles, about.account, about.region)


def _put_together(
    start: str, stops: dict[str, ReadResource], doubts: tuple[str, ...], known: EdgeKnowledge
) -> Explored:
    nodes = [stop.node for stop in stops.values()]
    ways = tuple(
        Way(edge_of(stop.node, hop, stops[hop.to.arn], known), hop)
        for stop in stops.values()
        for hop in stop.all_hops()
        if hop.to.arn in stops
    )
    unknown = alike_once([f"{node.kind} {node.name}: {text}" for node in nodes for text in node.unknown])
    delivery = Delivery(
        start=start,
        nodes=tuple(nodes),
        edges=tuple(way.edge for way in ways),
        unknown=(*unknown, *known.roles.unknown, *doubts),
    )
    return Explored(delivery, ways, stops=stops, keys=known.keys)
