"""Whether a web ACL has room for rules: capacity units, and references to sets and rule groups."""

from collections.abc import Sequence

from opsctl.block import web_acl_calls as web_acls
from opsctl.block.topology.forwarded import Forwarded
from opsctl.block.waf_state import WafState
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.value import Json

MUCH_LEFT = 100
"""Capacity units: with more of them left, below each limit, what AWS WAF counts for our rules decides nothing."""


def units_of_a_rule(state: WafState, scope: str, region: str, forwarded: Forwarded | None) -> Fetching[int]:
    """Return what a rule of ours costs: as AWS WAF documents it, and as it counts itself where that may decide.

    CheckCapacity takes only rules whose sets are there, so it is asked about one that the web ACL refers to.
    """
    documented = forwarded.units if forwarded else 1
    left = [one - state.capacity for one in (web_acls.CAPACITY_IN_BASE_PRICE, web_acls.CAPACITY_LIMIT)]
    known = next(iter(state.web_acl.ip_sets), "") if state.web_acl else ""
    if not known or not any(0 <= one < MUCH_LEFT for one in left):
        return documented
    rule = web_acls.rule_of("opsctl-counted", 0, known, "Block", forwarded)
    params = {"Scope": scope, "Rules": [rule]}
    (answer,) = yield [Read(service="wafv2", operation="CheckCapacity", params=params, region=region)]
    return documented if answer.refusal is not None else int(answer.value["Capacity"])


def refuse_full(state: WafState, rules: Sequence[Json], units: int) -> None:
    """Refuse rules, of so many capacity units each, that a web ACL has no room for.

    Raises:
        RefusedByGuard: the units or the references do not suffice.
    """
    used = web_acls.references_in(state.listed)
    if used + web_acls.references_in(rules) > web_acls.REFERENCES_AT_MOST:
        raise RefusedByGuard(
            f"web ACL {state.name} has {used} of {web_acls.REFERENCES_AT_MOST} references to sets and rule groups;"
            " nothing was changed",
            _elsewhere("remove rules that are not needed", rules),
        )
    if state.capacity + len(rules) * units > web_acls.CAPACITY_LIMIT:
        raise RefusedByGuard(
            f"web ACL {state.name} uses {state.capacity} of {web_acls.CAPACITY_LIMIT} capacity units; nothing was"
            " changed",
            _elsewhere("remove rules that are not needed", rules),
        )


def _elsewhere(first: str, rules: Sequence[Json]) -> str:
    """Say what to do, and where else it can be done: packets do not show what is in a header."""
    by_header = any("IPSetForwardedIPConfig" in str(rule) for rule in rules)
    return first if by_header else f"{first}, or use --layer nacl"
