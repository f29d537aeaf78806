"""Finding what a person's text means, and what a DNS name or an address on the way leads to."""

import ipaddress
import re
from collections.abc import Callable, Sequence
from typing import TypeAlias
from urllib.parse import urlsplit

from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.node_kind import NodeKind
from opsctl.block.topology.survey import PlaceOf, Survey
from opsctl.model.errors import InvalidInput, RefusedByGuard
from opsctl.model.fetching import Fetching, gather
from opsctl.model.reads import Read

GuessAhead: TypeAlias = Callable[[Place], Sequence[Read]]
"""What is going to be asked about a place if it is what somebody means."""

_HOST = re.compile(r"^[^/:\s]+\.[^/:\s]+(:\d+(/\S*)?|/\S*)$")
"""A host name or an IPv4 address with a port or a path."""


def is_address(text: str) -> bool:
    """Tell whether a text is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def target_text(text: str) -> str:
    """Reduce what a person typed to a name, an id, an ARN or an address: URLs lose all but the host.

    Raises:
        InvalidInput: nothing is left, or it is no URL.
    """
    given = text.strip()
    try:
        if "://" in given:
            given = urlsplit(given).hostname or ""
        elif given.startswith("[") or _HOST.match(given):
            given = urlsplit(f"//{given}").hostname or ""
    except ValueError as fault:
        raise InvalidInput.one(f"{text!r} is no target: {fault}", source="target") from None
    if not given:
        raise InvalidInput.one(f"{text!r} names no target", source="target")
    return given


def finder(node_kinds: Sequence[NodeKind]) -> PlaceOf:
    """Return the function by which kinds of nodes find each other's places."""

    def place_of(name: str, survey: Survey) -> Fetching[Naming]:
        if is_address(name):
            found = yield from gather([kind.at_address(name, survey) for kind in node_kinds])
        else:
            asked = [kind for kind in node_kinds if kind.domains is None or kind.domains.search(name)]
            found = yield from gather([kind.behind(name, survey) for kind in asked])
        unknown = tuple(dict.fromkeys(text for one in found for text in one.unknown))
        strong = tuple(dict.fromkeys(place for one in found for place in one.places))
        weak = tuple(dict.fromkeys(place for one in found for place in one.weak))
        return Naming(places=strong or weak, unknown=unknown)

    return place_of


def nothing_ahead(_: Place) -> Sequence[Read]:
    """Read nothing of a place before it is the one."""
    return ()


def find_target(
    text: str, node_kinds: Sequence[NodeKind], survey: Survey, ahead: GuessAhead = nothing_ahead
) -> Fetching[Place]:
    """Find the one place that a person means.

    `ahead` names the reads about a place that it only may be, which are made while all others are still asked.

    Raises:
        InvalidInput: nothing has that name, or several things have it.
        RefusedByGuard: nothing was found and something could not be read, so that nobody can tell.
    """
    wanted = target_text(text)
    found = yield from gather([_named(kind, wanted, survey, ahead) for kind in node_kinds])
    strong = tuple(dict.fromkeys(place for one in found for place in one.places))
    places = strong or tuple(dict.fromkeys(place for one in found for place in one.weak))
    unknown = tuple(dict.fromkeys(text for one in found for text in one.unknown))
    refused = [text for one in found for text in one.refused]
    places = yield from _without_what_names_lead_to(places, node_kinds, survey)
    if len(places) > 1:
        titles = {kind.kind: kind.title for kind in node_kinds}
        listed = ", ".join(f"{titles[place.kind]} {place.id}" for place in places)
        raise InvalidInput.one(
            f"{wanted!r} is ambiguous: it matches {listed}",
            source="target",
            hint="give the ARN or the id",
        )
    if places:
        return places[0]
    if refused:
        raise InvalidInput.one(refused[0], source="target")
    where = f"account {survey.about.account}, region {survey.about.region}"
    searched = ", ".join(kind.looked_in for kind in node_kinds if kind.looked_in)
    if unknown:
        raise RefusedByGuard(
            f"cannot tell what {wanted!r} is: not everything in {where} could be read",
            "give the caller read permissions, or give the target's ARN or id",
            evidence=unknown,
        )
    raise InvalidInput.one(
        f"nothing in {where} matches {wanted!r}",
        source="target",
        hint=f"searched {searched}; wrong --region or --profile?",
    )


def _named(kind: NodeKind, text: str, survey: Survey, ahead: GuessAhead) -> Fetching[Naming]:
    found = yield from kind.named(text, survey)
    yield from survey.prefetch([read for place in found.weak for read in ahead(place)])
    return found


def _without_what_names_lead_to(
    places: tuple[Place, ...], node_kinds: Sequence[NodeKind], survey: Survey
) -> Fetching[tuple[Place, ...]]:
    """Drop candidates that another candidate, a host name, leads to anyway."""
    by_kind = {kind.kind: kind for kind in node_kinds}
    names = [place for place in places if by_kind[place.kind].transparent]
    reached: set[Place] = set()
    while names and len(places) > 1:
        nodes = yield from gather([by_kind[place.kind].read(place, survey) for place in names])
        links = [to for to in dict.fromkeys(link.to for node in nodes for link in node.links) if to not in reached]
        onward = yield from gather([by_kind[place.kind].onward(place, survey) for place in links])
        reached.update(links, *(one.places for one in onward))
        names = [place for place in links if by_kind[place.kind].transparent]
    return tuple(place for place in places if place not in reached)
