"""What is decided about an explored target: its ways are judged, and held against what actions would refuse."""

from collections.abc import Sequence
from datetime import UTC, datetime

from opsctl.block.acl_quota import quota_of_all
from opsctl.block.actions.cloudfront_deny_countries import CloudfrontDenyCountries
from opsctl.block.actions.firewall_deny import FirewallDeny
from opsctl.block.actions.host_deny import HostDeny
from opsctl.block.actions.nacl_deny import NaclDeny
from opsctl.block.actions.waf_block import WafBlock
from opsctl.block.affected import completed
from opsctl.block.asked import Asked
from opsctl.block.deciding import PointKey, decision_of, judge_ways, key_of, points_of, without
from opsctl.block.decision import Decision, Point
from opsctl.block.host.looking import with_host_gates
from opsctl.block.host.standing import dropped_for_longer, with_sooner
from opsctl.block.inspection.looking import with_policies
from opsctl.block.layers.network_acl import without_room
from opsctl.block.layers.verdict import Home
from opsctl.block.standing_ends import standing_ends
from opsctl.block.terms import Term, who
from opsctl.block.topology.graph import Web
from opsctl.block.topology.survey import Survey
from opsctl.block.waf_quota import require_places
from opsctl.model.changes import Change
from opsctl.model.errors import FactUnknown, RefusedByGuard
from opsctl.model.fetching import Fetching, gather
from opsctl.model.run import Action, Context
from opsctl.model.spans import utc


def decided_of(
    target: str, web: Web, survey: Survey, asked: Asked, ip_sets: Sequence[str], end: str, about: Context
) -> Fetching[Decision]:
    """Judge every way in, and find out who else each point of enforcement hits."""
    if asked.layer == "host":
        web = yield from with_host_gates(web, survey)
    if asked.layer == "network-firewall":
        web = yield from with_policies(web, survey, asked)
    acls = [acl for node in web.nodes if node.nacl and node.entrance for acl in node.nacl.acls]
    quota = yield from quota_of_all(acls, len(asked.addresses), about.region)
    home = Home(
        account=about.account,
        region=about.region,
        acl_rules=quota.rules,
        acl_doubt=quota.doubt,
        reached_by=about.identity.reached_by,
        until=end,
        now=about.now,
    )
    judged = judge_ways(web, asked, home)
    refused = yield from _unusable(points_of(judged), asked, ip_sets, end, about)
    judged = without(judged, refused)
    chosen = with_sooner(points_of(judged), web, asked, end)
    points, unknown = yield from completed(chosen, web, survey)
    decision = decision_of(target, web, judged, points, unknown, asked, home)
    ends = yield from standing_ends(web, asked, end)
    full = {text: None for way in judged for text in without_room(way.way.entrance, way.left, home)}
    inspections = [node.inspection for node in web.nodes if node.inspection]
    inspected = {text for one in inspections for text in one.networks}
    restricted = [node.resource for node in web.nodes if node.geo is not None and asked.countries]
    groups = [one.group for one in inspections if one.group and one.networks]
    held = tuple(sorted({*ends.held, *inspected}))
    longer = (*ends.longer, *dropped_for_longer(web, asked, end))
    return decision.model_copy(
        update=dict(ends)
        | {
            "occupied": tuple(full),
            "held": held,
            "held_at": tuple(dict.fromkeys((*ends.held_at, *groups, *restricted))),
            "longer": longer,
        }
    )


def _unusable(
    points: Sequence[Point], asked: Asked, ip_sets: Sequence[str], end: str, about: Context
) -> Fetching[dict[PointKey, str]]:
    """Return why points cannot be used, by point; the reads are those that planning makes in any case.

    An action knows most about its own service: a full IP set, capacity, an allowlist that would be emptied, what
    may not be read. Here that is one rejected layer; in a step it would end the plan of all the others.
    """
    tried = yield from gather([_tried(_action(one, asked, ip_sets, _term(end, about)), about) for one in points])
    refused: dict[PointKey, str] = {}
    together: list[Change] = []
    for one, (changes, reason) in zip(points, tried, strict=True):
        # Each has its place by itself; whether all of them have, nobody else looks at.
        crowded = reason or (yield from _refusal(require_places([*together, *changes])))
        if crowded:
            refused[key_of(one)] = crowded
        else:
            together += changes
    return refused


def _term(end: str, about: Context) -> Term:
    return Term(until=end, since=utc(datetime.fromtimestamp(int(about.now), UTC)), by=who(about.identity.arn))


def _action(point: Point, asked: Asked, ip_sets: Sequence[str], term: Term) -> Action:
    if point.layer == "nacl":
        return NaclDeny(network_acl=point.id, addresses=point.addresses, why=point.reason, term=term)
    if point.layer == "geo":
        return CloudfrontDenyCountries.model_validate(
            {
                "distribution": point.id,
                "name": point.name,
                "countries": asked.countries,
                "why": point.reason,
                "term": term,
            }
        )
    if point.layer == "network-firewall":
        return FirewallDeny(rule_group=point.id, addresses=point.addresses, why=point.reason)
    if point.layer == "host":
        return HostDeny(instances=(point.id,), addresses=point.addresses, why=point.reason)
    return WafBlock.model_validate(
        {
            "web_acl": point.id,
            "resource": point.resource,
            "resource_kind": point.resource_kind,
            "name": point.name,
            "scope": point.scope,
            "region": point.region,
            "addresses": point.addresses,
            "forwarded_header": point.forwarded_header,
            "position": point.position,
            "mode": asked.mode,
            "ip_sets": ip_sets,
            "why": point.reason,
            "term": term,
        }
    )


def _tried(action: Action, about: Context) -> Fetching[tuple[Sequence[Change], str]]:
    """Return the changes of an action, or why there are none."""
    changes: list[Change] = []

    def planned() -> Fetching[None]:
        changes.extend((yield from action.plan(about)))

    reason = yield from _refusal(planned())
    return changes, reason


def _refusal(looking: Fetching[None]) -> Fetching[str]:
    """Return why something is refused, empty where it is not."""
    try:
        yield from looking
    except RefusedByGuard as refused:
        summary = refused.summary.replace("; nothing was changed", "")
        return "; ".join([summary, *refused.evidence[:3]]) + (f": {refused.hint}" if refused.hint else "")
    except FactUnknown as unknown:
        return unknown.summary
    return ""
