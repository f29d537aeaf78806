"""Who is known to reach an origin without the distribution in front: names, other ways, health checks."""

from collections.abc import Iterable, Sequence

from opsctl.block import cloudfront
from opsctl.block.node_kinds.interface import address_in
from opsctl.block.topology.graph import Node
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.block.topology.traffic_paths import OF_CLOUDFRONT, TrafficPath
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read, Refusal
from opsctl.model.value import Json, Value
from opsctl.resources import route53
from opsctl.resources.route53 import Record, plain_target

ZONES_AT_MOST = 50


class HealthCheck(Value):
    """What a health check of Route 53 connects to."""

    id: str
    name: str = ""
    address: str = ""


def direct_visitors(
    node: Node, ways: Sequence[TrafficPath], survey: Survey
) -> Fetching[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Name them, and say what could not be read of them."""
    listed = yield from survey.ask(cloudfront.list_distributions(), cloudfront.parse_distributions)
    distributions = () if isinstance(listed, Refusal) else listed
    of_origins = {plain_target(origin.domain) for it in distributions for origin in it.origins}
    names, unknown = yield from _names(node, survey)
    found = [f"{name} leads straight to {node.title}" for name in names if name not in of_origins]
    found += [f"{way.name} comes by way of {node.title}" for way in ways if _passes(way, node)]
    found += [f"{way.name} ends at the same instance" for way in ways if _ends_there(way, node)]
    checks = yield from survey.ask(list_health_checks(), parse_health_checks)
    if isinstance(checks, Refusal):
        unknown.append(cannot_tell(f"whether health checks of Route 53 reach {node.title} directly", checks))
        return tuple(found), tuple(unknown)
    answers = {*node.answers_to, *names}
    found += [
        f"health check {it.id} of Route 53 connects to {it.name or it.address} (prefix list "
        f"com.amazonaws.{node.place.region or 'REGION'}.route53-healthchecks)"
        for it in checks
        if {it.name, it.address} & answers
    ]
    return tuple(found), tuple(unknown)


def list_health_checks() -> Read:
    """Read all health checks of Route 53."""
    return Read(service="route53", operation="ListHealthChecks")


def parse_health_checks(answer: Json) -> tuple[HealthCheck, ...]:
    """Parse ListHealthChecks; calculated ones connect to nothing."""
    return tuple(
        HealthCheck(
            id=one["Id"],
            name=plain_target(one["HealthCheckConfig"].get("FullyQualifiedDomainName") or ""),
            address=one["HealthCheckConfig"].get("IPAddress") or "",
        )
        for one in answer.get("HealthChecks", [])
    )


def _names(node: Node, survey: Survey) -> Fetching[tuple[list[str], list[str]]]:
    """Return the names in public zones of the account that lead to a place, through other names as well."""
    zones = yield from survey.ask(route53.list_hosted_zones(), route53.parse_zones)
    if isinstance(zones, Refusal):
        return [], [cannot_tell(f"which names lead straight to {node.title}", zones)]
    public = [zone for zone in zones if not zone.private]
    reads = [route53.list_records(zone.id) for zone in public[:ZONES_AT_MOST]]
    answers = yield from survey.ask_each(reads, route53.parse_records)
    unknown = [
        cannot_tell(f"which names of zone {zone.name} lead straight to {node.title}", answer)
        for zone, answer in zip(public, answers, strict=False)
        if isinstance(answer, Refusal)
    ]
    if len(public) > ZONES_AT_MOST:
        unknown.append(f"of {len(public)} zones only {ZONES_AT_MOST} were searched for names of {node.title}")
    records = [
        record
        for answer in answers
        if not isinstance(answer, Refusal)
        for found in answer.values()
        for record in found
    ]
    return _leading_to(node.answers_to, records), unknown


def _leading_to(ends: Iterable[str], records: Sequence[Record]) -> list[str]:
    """Return the names whose records lead to any of some names and addresses."""
    reached, found = set(ends), dict[str, None]()
    while more := [one.name for one in records if one.name not in found and _targets(one) & reached]:
        found |= dict.fromkeys(more)
        reached |= set(more)
    return list(found)


def _targets(record: Record) -> set[str]:
    named = {plain_target(value) for value in (record.alias, *record.values) if value}
    return named | {address_in(one) for one in named}


def _ends_there(way: TrafficPath, node: Node) -> bool:
    """Tell whether a load balancer leads to the instance that a place is an interface of."""
    passed = [stop.node.place for stop in (*way.stops, *(stop for tail in way.tails for stop in tail))]
    if node.place.kind != "interface" or any(place.kind == "interface" for place in passed):
        return False
    return any((place.kind, place.id) == ("instance", node.resource) for place in passed)


def _passes(way: TrafficPath, node: Node) -> bool:
    """Tell whether a way that does not begin at a distribution comes through a place."""
    inside = any(stop.node.place == node.place for stop in way.stops[1:])
    return inside and way.entrance.place.kind not in OF_CLOUDFRONT
