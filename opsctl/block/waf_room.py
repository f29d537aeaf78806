"""Whether a web ACL has room for rules: capacity units, and references to sets and rule groups."""

from collections.abc import Sequence

from opsctl.block import web_acl_calls as web_acls
from opsctl.block.waf_state import WafState
from opsctl.model.errors import RefusedByGuard
from opsctl.model.value import Json


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
