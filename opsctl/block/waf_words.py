"""What every plan for a web ACL says and refuses alike: allow lists, who else writes it, names, descriptions."""

import hashlib
import re
from collections.abc import Sequence

from opsctl.block.topology.forwarded import Forwarded
from opsctl.block.topology.webacl import allow_lists
from opsctl.block.waf_state import WafState
from opsctl.model.errors import RefusedByGuard
from opsctl.model.networks import Network
from opsctl.resources.marks import mark_of_plan

DESCRIPTION_LIMIT = 256


def refuse_allowed(state: WafState, wanted: Sequence[Network], forwarded: Forwarded | None) -> None:
    """Refuse what an allow list of the web ACL lets in before any block could apply."""
    allowing = allow_lists(state.web_acl, wanted, forwarded) if state.web_acl else ()
    if state.web_acl and allowing:
        sets = state.web_acl.ip_sets
        raise RefusedByGuard(
            f"web ACL {state.name} allows the address before any block could apply; nothing was changed",
            "remove the address from that allow list first" + ("" if forwarded else ", or use --layer nacl"),
            evidence=[
                (
                    f"rule {one.rule.name} allows {one.source}, which is in IP set "
                    f"{', '.join(sets[arn].name for arn in one.sets)}"
                )
                for one in allowing
            ],
        )


def note_on(state: WafState) -> str:
    """Say who else writes the web ACL; else that it takes a while."""
    said = []
    if state.web_acl is not None:
        said += [
            f"{one[0].upper()}{one[1:]} manages this web ACL: an allow rule of its first rule groups comes before "
            "ours, and it may remove ours."
            for one in state.web_acl.keepers
        ]
        said += [
            f"Shield Advanced keeps rule {one} in it, which stays as it is." for one in state.web_acl.shield_groups
        ]
    return " ".join(said) or "WAF takes seconds to minutes to spread."


def description_of(plan_id: str, reason: str) -> str:
    """Text within what WAFv2 takes as a description; it carries the plan's mark."""
    clean = re.sub(r"[^\w .:/=+\-@,#]+", " ", reason, flags=re.ASCII).strip()
    return f"{mark_of_plan(plan_id)} {clean}".strip()[:DESCRIPTION_LIMIT].strip()


def slug_of(web_acl: str, resource: str, display: str) -> str:
    """A name stable across runs, within what WAFv2 names may have (`^[\\w\\-]+$`, 128 characters)."""
    key = web_acl or resource
    readable = web_acl.split("/")[-2] if web_acl else (display or resource)
    clean = re.sub(r"[^A-Za-z0-9_]+", "-", readable).strip("-")[:60] or "resource"
    # Made web ACLs are found again by the resource, so that a second run is the same as the first.
    if clean.startswith("opsctl-"):
        return clean.removeprefix("opsctl-")
    return f"{clean}-{hashlib.sha256(key.encode()).hexdigest()[:6]}"


def rule_named(mode: str, version: int, forwarded: Forwarded | None) -> str:
    """Return the name of our rule for a family: one about a header stands beside the one about the source."""
    return f"opsctl-{mode}-ipv{version}" + (f"-{forwarded.label}" if forwarded else "")
