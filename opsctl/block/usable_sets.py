"""IP sets that a web ACL blocks already: an address put there needs no set and no rule of our own."""

from collections.abc import Sequence

from opsctl.block import wafv2
from opsctl.block.records import SYNC_PREFIX
from opsctl.block.rule_position import in_the_way
from opsctl.block.topology.forwarded import Forwarded
from opsctl.block.topology.webacl import Effect, IpSet, WebAcl, ip_sets_in, letting_in
from opsctl.block.waf_objects import WEB_ACL, WafKey, list_objects
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching
from opsctl.model.networks import Network, not_covered, parse_network
from opsctl.model.reads import RefusalKind
from opsctl.model.value import Json, Value

PLAN_TAG = "opsctl:plan"


class Usable(Value):
    """A rule that blocks an IP set and nothing else, with the set."""

    rule: str
    ip_set: IpSet


def blocking_sets(
    acl: WebAcl, version: int, wanted: Sequence[Network], forwarded: Forwarded | None = None
) -> list[Usable]:
    """Return the sets of a family that are blocked by plain rules which nothing gets past beforehand.

    With `forwarded` they are those that rules look up the address in that header in.
    """
    stops = {(rule.foreign, rule.name) for rule in in_the_way(letting_in(acl, wanted, forwarded))}
    found: list[Usable] = []
    for rule in acl.rules:
        if (rule.foreign, rule.name) in stops:
            break
        ip_set = acl.ip_sets.get(rule.only_set(forwarded))
        if rule.effect is not Effect.BLOCK or ip_set is None or ip_set.name.startswith(SYNC_PREFIX):
            continue  # what a feed does not have goes out of such a set the next time
        if ip_set.version == version:
            found.append(Usable(rule=rule.name, ip_set=ip_set))
    return found


def tagged_as_ours(sets: Sequence[IpSet]) -> Fetching[set[str]]:
    """Find which sets carry opsctl's tag; one whose tags may not be read is somebody else's."""
    if not sets:
        return set()
    answers = yield [wafv2.list_tags(one.arn) for one in sets]
    return {
        one.arn
        for one, answer in zip(sets, answers, strict=True)
        if answer.refusal is None and PLAN_TAG in wafv2.parse_tags(answer.value)
    }


def other_users(ip_set: IpSet, rule: str, web_acl: str, scope: str, region: str) -> Fetching[list[str]]:
    """Name the other rules that get an address with a set, in all web ACLs of the scope."""
    (listed,) = yield [list_objects(WEB_ACL, scope, region)]
    if listed.refusal is not None:
        return [f"cannot tell which other web ACLs use IP set {ip_set.name}: {listed.refusal}"]
    items = listed.value.get("WebACLs") or []
    answers = yield [WafKey.of_arn(WEB_ACL, item["ARN"], region).read() for item in items]
    found: list[str] = []
    for item, answer in zip(items, answers, strict=True):
        if answer.refusal is not None:
            if answer.refusal.kind is not RefusalKind.MISSING:
                found.append(f"cannot tell whether web ACL {item['Name']} uses IP set {ip_set.name}")
            continue
        used = [one["Name"] for one in answer.value["WebACL"].get("Rules") or [] if _uses(one, ip_set.arn)]
        found += [
            f"rule {name} of web ACL {item['Name']} (IP set {ip_set.name})"
            for name in used
            if (item["ARN"], name) != (web_acl, rule)
        ]
    return found


def _uses(rule: Json, arn: str) -> bool:
    return arn in ip_sets_in({"WebACL": {"Rules": [rule]}})


SET_LIMIT = 10_000


def missing_from(ip_set: IpSet, name: str, wanted: Sequence[Network]) -> list[str]:
    """Return the blocks that no block of the set covers.

    Raises:
        RefusedByGuard: they do not fit.
    """
    present = ip_set.addresses
    missing = [str(one) for one in not_covered(wanted, map(parse_network, present))]
    if len(present) + len(missing) > SET_LIMIT:
        raise RefusedByGuard(
            f"IP set {name} holds {len(present)} of {SET_LIMIT} addresses; "
            f"{len(missing)} more do not fit; nothing was changed",
            "block wider networks instead of single addresses, or undo blocks that are no longer needed",
        )
    return missing
