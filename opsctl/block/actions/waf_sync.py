"""Keeps IP sets of AWS WAF equal to a list."""

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from opsctl.block import wafv2
from opsctl.block.attaching import ATTACHMENTS, Protected
from opsctl.block.merging import merged
from opsctl.block.records import LIST_KEY, SYNC_PREFIX, list_tag
from opsctl.block.set_recorder import SetRecorder
from opsctl.block.sync_changes import Difference, SyncPlan
from opsctl.block.terms import Term
from opsctl.block.usable_sets import SET_LIMIT
from opsctl.block.waf_quota import require_places
from opsctl.block.waf_room import units_of_a_rule
from opsctl.block.waf_state import WafState, read_state
from opsctl.block.waf_words import description_of, note_on, refuse_allowed, slug_of
from opsctl.model.changes import Change, Risk
from opsctl.model.errors import InvalidInput, RefusedByGuard
from opsctl.model.fetching import Fetching, require
from opsctl.model.networks import Network, normal, parse_network
from opsctl.model.run import Action, Context
from opsctl.model.sentences import first_few, sentence
from opsctl.model.write_backs import documents_of, require_whole
from opsctl.resources.block_risk import note_of, severity_of

LIST_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,29}[A-Za-z0-9])?"


class WafSync(Action):
    """Make the IP sets of a list in AWS WAF equal to it, one for each address family, each blocked by a rule.

    What the list has and the set has not is added, and what the list has no more is removed, in one call under AWS
    WAF's lock; nothing is done where they are equal. Undo takes out what was added and puts back what was removed,
    as long as that is still so. More removals than `max_removals` percent of the set are refused.
    """

    name: ClassVar[str] = "waf.sync"

    list_name: str = Field(alias="list", description="Name of the list.")
    addresses: tuple[str, ...] = Field(description="All addresses and CIDR blocks of the list, at least one.")
    max_removals: int = Field(20, ge=0, le=100, description="Percent of the list that may go at once.")
    web_acl: str = Field("", description="ARN of the web ACL that protects the resource; empty: create one.")
    resource: str = Field(description="ARN of the resource, or id of the distribution.")
    resource_kind: str = Field(description=f"What it is: {', '.join(ATTACHMENTS)}.")
    display: str = Field("", alias="name", description="Display name of the resource.")
    scope: Literal["REGIONAL", "CLOUDFRONT"] = Field(description="Scope of the web ACL.")
    region: str = Field(description="Region of the web ACL; us-east-1 for CLOUDFRONT.")
    term: Term = Field(description="Since when, by whom and why, as block.term says it.")
    why: str = Field(description="Why this web ACL is the right place.")
    affects: tuple[str, ...] = Field((), description="Everything else that the web ACL protects.")
    owner: str = Field("", description="The stack or module that will revert the change.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan what is missing of sets, rules, web ACL and association, and one call for each set that differs."""
        if not re.fullmatch(LIST_NAME, self.list_name):
            raise InvalidInput.one(f"{self.list_name!r} is no name for a list", source="list")
        wanted = merged([parse_network(normal(one)) for one in self.addresses])
        if not wanted:
            raise RefusedByGuard("the list is empty; nothing was changed", "see what became of the feed")
        state = yield from read_state(
            self.web_acl, self.scope, self.region, f"opsctl-{self._slug}", self._rules_by_set()
        )
        refuse_allowed(state, wanted, None)
        families = {v: [one for one in wanted if one.version == v] for v in (4, 6)}
        differences = {v: self._difference(state, v, networks) for v, networks in families.items()}
        self._refuse_many(list(differences.values()))
        tagged = yield from self._tagged(state)
        units = yield from units_of_a_rule(state, self.scope, self.region, None)
        builder = self._builder(state, wanted, units, about)
        for version, difference in differences.items():
            builder.sync_family(
                version,
                families[version],
                difference,
                rule=self._rule(version),
                ip_set=self._set(version),
                tags=list_tag(self.list_name, self.term),
                tagged=self._set(version) in tagged,
            )
        changes = builder.changes()
        yield from require_places(changes)
        yield from require_whole(documents_of(changes))
        return changes

    def _difference(self, state: WafState, version: int, wanted: Sequence[Network]) -> Difference:
        if len(wanted) > SET_LIMIT:
            raise RefusedByGuard(
                f"list {self.list_name} has {len(wanted):,} networks of IPv{version}, and an IP set holds "
                f"{SET_LIMIT:,}; nothing was changed",
                "split the feed into several lists",
            )
        known = state.sets.get(self._set(version))
        return Difference.between(known.addresses if known else (), wanted)

    def _refuse_many(self, found: Sequence[Difference]) -> None:
        gone = [one for difference in found for one in difference.removed]
        present = sum(difference.present for difference in found)
        if len(gone) * 100 > self.max_removals * present:
            raise RefusedByGuard(
                f"the list {self.list_name} would lose {len(gone):,} of {present:,} networks at "
                f"{self.display or self.resource}, more than {self.max_removals} percent; nothing was changed",
                f"see that the feed is whole, then allow it with --max-removals {-(-len(gone) * 100 // present)}",
                evidence=[f"would go: {first_few(gone, 10)}"],
            )

    def _tagged(self, state: WafState) -> Fetching[set[str]]:
        found: set[str] = set()
        for name, one in state.sets.items():
            answer = yield from require(wafv2.list_tags(one.arn))
            if LIST_KEY in wafv2.parse_tags(answer):
                found.add(name)
        return found

    def _builder(self, state: WafState, wanted: Sequence[Network], units: int, about: Context) -> SyncPlan:
        texts = [str(one) for one in wanted]
        description = description_of(about.plan_id, f"list {self.list_name}")
        return SyncPlan(
            state=state,
            scope=self.scope,
            region=self.region,
            protected=Protected(
                kind=self.resource_kind,
                resource=self.resource,
                display=self.display or self.resource,
                region=self.region,
            ),
            attached=bool(self.web_acl),
            slug=self._slug,
            mode="block",
            why=sentence(self.why),
            description=description,
            plan_id=about.plan_id,
            risk=Risk(
                severity=severity_of(*texts),
                affects=self.affects,
                owner=self.owner or None,
                note=note_of(*texts, usual=note_on(state)),
            ),
            offers={},
            recorder=SetRecorder(run=about.plan_id, now=about.now, description=description),
            units=units,
        )

    def _rules_by_set(self) -> Mapping[str, str]:
        return {self._set(version): self._rule(version) for version in (4, 6)}

    def _rule(self, version: int) -> str:
        return f"{SYNC_PREFIX}{self.list_name}-ipv{version}"

    def _set(self, version: int) -> str:
        return f"{self._rule(version)}-{self._slug}"

    @property
    def _slug(self) -> str:
        """The name that blocks of the same place have: they share the web ACL."""
        return slug_of(self.web_acl, self.resource, self.display)
