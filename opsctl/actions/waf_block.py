"""Blocks addresses in AWS WAF, in front of a load balancer or a distribution."""

import hashlib
import re
from typing import ClassVar, Literal

from pydantic import Field

from opsctl.blocking.block_risk import severity_of
from opsctl.blocking.waf_changes import WafPlan
from opsctl.blocking.waf_state import WafState, read_state
from opsctl.model.changes import Change, Risk
from opsctl.model.errors import RefusedByGuard
from opsctl.model.looking import Looking
from opsctl.model.networks import Network, covers, normal, parse_network
from opsctl.model.run import Action, Context
from opsctl.model.sentences import sentence

SET_LIMIT = 10_000
DESCRIPTION_LIMIT = 256


class WafBlock(Action):
    """Stop addresses in AWS WAF with one IP set and one rule for each address family; undo takes them back.

    An existing web ACL gets the rule before its first allow; without one, a web ACL that allows everything else
    is made and attached. A later run finds its own rule and set again and only adds addresses. What others put
    into sets and web ACLs is never touched, rules are never renumbered.
    """

    name: ClassVar[str] = "waf.block"

    web_acl: str = Field("", description="ARN of the web ACL that protects the resource; empty to make one.")
    resource: str = Field(description="ARN of the load balancer, or id of the distribution.")
    resource_kind: str = Field(description="alb or distribution.")
    display: str = Field("", alias="name", description="What people call the resource.")
    scope: Literal["REGIONAL", "CLOUDFRONT"] = Field(description="Scope of the web ACL.")
    region: str = Field(description="Region of the web ACL; us-east-1 for CLOUDFRONT.")
    addresses: tuple[str, ...] = Field(description="Addresses or CIDR blocks, IPv4 and IPv6.")
    mode: Literal["block", "count", "challenge", "captcha"] = Field("block", description="What the rule does.")
    reason: str = Field("", description="Why, for whoever reads the IP set's description.")
    why: str = Field(description="Why this web ACL is the right place.")
    affects: tuple[str, ...] = Field((), description="Everything else that the web ACL protects.")
    owner: str = Field("", description="The stack or module that will revert the change.")

    def plan(self, about: Context) -> Looking[list[Change]]:
        """Plan what is missing of set, rule, web ACL and association, one mutating call a change."""
        wanted = [parse_network(normal(address)) for address in dict.fromkeys(self.addresses)]
        state = yield from read_state(
            self.web_acl, self.scope, self.region, f"opsctl-{self._slug()}", self._set_names(wanted)
        )
        _refuse_allowed(state, wanted)
        severity = severity_of(*(str(network) for network in wanted))
        risk = Risk(severity=severity, affects=self.affects, owner=self.owner or None, note=_note(state))
        builder = WafPlan(
            state=state,
            scope=self.scope,
            region=self.region,
            resource=self.resource,
            resource_kind=self.resource_kind,
            display=self.display or self.resource,
            attached=bool(self.web_acl),
            slug=self._slug(),
            mode=self.mode,
            why=sentence(self.why),
            description=_description(about.plan_id, self.reason),
            plan_id=about.plan_id,
            risk=risk,
        )
        for version in (4, 6):
            missing = self._missing(state, version, [one for one in wanted if one.version == version])
            builder.add_family(version, missing)
        return builder.changes()

    def _missing(self, state: WafState, version: int, wanted: list[Network]) -> list[str] | None:
        """Return what is not in the set yet, or None when this family is not asked for."""
        if not wanted:
            return None
        known = state.sets.get(self._set_name(version))
        present = [parse_network(text) for text in (known.addresses if known else ())]
        missing = [str(one) for one in wanted if not any(covers(other, one) for other in present)]
        if len(present) + len(missing) > SET_LIMIT:
            raise RefusedByGuard(
                f"IP set {self._set_name(version)} holds {len(present)} of {SET_LIMIT} addresses; "
                f"{len(missing)} more do not fit; nothing was changed",
                "block wider networks instead of single addresses, or undo blocks that are not needed any more",
            )
        return missing

    def _set_names(self, wanted: list[Network]) -> dict[str, str]:
        return {self._set_name(v): f"opsctl-{self.mode}-ipv{v}" for v in sorted({one.version for one in wanted})}

    def _set_name(self, version: int) -> str:
        return f"opsctl-{self.mode}-ipv{version}-{self._slug()}"

    def _slug(self) -> str:
        """A name stable across runs, within what WAFv2 names may have (`^[\\w\\-]+$`, 128 characters)."""
        key = self.web_acl or self.resource
        readable = self.web_acl.split("/")[-2] if self.web_acl else (self.display or self.resource)
        clean = re.sub(r"[^A-Za-z0-9_]+", "-", readable).strip("-")[:60] or "resource"
        # Made web ACLs are found again by the resource, so that a second run is the same as the first.
        if clean.startswith("opsctl-"):
            return clean.removeprefix("opsctl-")
        return f"{clean}-{hashlib.sha256(key.encode()).hexdigest()[:6]}"


def _refuse_allowed(state: WafState, wanted: list[Network]) -> None:
    allowing = state.rules_that_allow(wanted)
    if allowing:
        raise RefusedByGuard(
            f"web ACL {state.name} lets the address in before any block could stop it; nothing was changed",
            "take the address out of that allow list first, or use --layer nacl",
            evidence=[f"rule {rule} allows {source}" for rule, source in allowing],
        )


def _note(state: WafState) -> str:
    if state.firewall_manager:
        return (
            "Firewall Manager governs this web ACL: a rule of its first groups that allows comes before "
            "ours, and it may take ours away."
        )
    return "WAF spreads the change within seconds to minutes; until then some requests still pass."


def _description(plan_id: str, reason: str) -> str:
    """Text within what WAFv2 takes as a description; it carries the plan's mark."""
    clean = re.sub(r"[^\w .:/=+\-@,#]+", " ", reason, flags=re.ASCII).strip()
    return f"opsctl plan {plan_id} {clean}".strip()[:DESCRIPTION_LIMIT].strip()
