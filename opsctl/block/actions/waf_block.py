"""Blocks addresses in AWS WAF, in front of whatever it can protect."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from opsctl.block.attaching import ATTACHMENTS, Protected
from opsctl.block.merging import merged
from opsctl.block.set_ledgers import ledgers_of
from opsctl.block.set_recorder import SetRecorder
from opsctl.block.terms import Term
from opsctl.block.topology.forwarded import Forwarded, Position
from opsctl.block.usable_sets import Usable, blocking_sets, other_users, tagged_as_ours
from opsctl.block.waf_changes import WafPlan
from opsctl.block.waf_quota import require_places
from opsctl.block.waf_room import units_of_a_rule
from opsctl.block.waf_state import WafState, is_numbered, read_state
from opsctl.block.waf_words import description_of, note_on, refuse_allowed, rule_named, slug_of
from opsctl.model.changes import Change, Risk
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching
from opsctl.model.networks import Network, normal, parse_network
from opsctl.model.run import Action, Context
from opsctl.model.sentences import sentence
from opsctl.model.write_backs import documents_of, require_whole
from opsctl.resources.block_risk import note_of, severity_of

MOST_KEPT_APART = 200
"""So many addresses stay as they were asked for; of more, neighbours are put together where that adds no other."""


class WafBlock(Action):
    """Stop addresses in AWS WAF with one IP set and one rule for each address family; undo takes them back.

    An existing web ACL gets the rule before the first one that may let an address in; where no number is free
    there, the rules behind it move on by one, their order kept. What a set has no room for goes into another one,
    with a rule of its own. Without a web ACL, one that allows everything else
    is made and attached. A later run finds its own rule and set again and only adds addresses. Where the web ACL
    blocks an IP set already that opsctl made, that the configuration names under `block_sets` or that is named
    here, the addresses go there. What others put into sets and web ACLs is never touched.
    """

    name: ClassVar[str] = "waf.block"

    web_acl: str = Field("", description="ARN of the web ACL that protects the resource; empty: create one.")
    resource: str = Field(description="ARN of the resource, or id of the distribution.")
    resource_kind: str = Field(description=f"What it is: {', '.join(ATTACHMENTS)}.")
    display: str = Field("", alias="name", description="Display name of the resource.")
    scope: Literal["REGIONAL", "CLOUDFRONT"] = Field(description="Scope of the web ACL.")
    region: str = Field(description="Region of the web ACL; us-east-1 for CLOUDFRONT.")
    addresses: tuple[str, ...] = Field(description="Addresses or CIDR blocks, IPv4 and IPv6.")
    mode: Literal["block", "count", "challenge", "captcha"] = Field("block", description="Action of the rule.")
    ip_sets: tuple[str, ...] = Field(
        (), description="Names of IP sets that are already blocked, for the addresses."
    )
    forwarded_header: str = Field(
        "", description="Header that has the client's address, where a proxy in front is the source."
    )
    position: Position = Field("auto", description="Where in that header: any, last or first address.")
    reason: str = Field("", description="Reason, for the description of the IP set.")
    term: Term | None = Field(
        None, description="Until when and why, as block.term says it; recorded on the IP set."
    )
    why: str = Field(description="Why this web ACL is the right place.")
    affects: tuple[str, ...] = Field((), description="Everything else that the web ACL protects.")
    owner: str = Field("", description="The stack or module that will revert the change.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan what is missing of set, rule, web ACL and association, one mutating call a change."""
        given = _given(self.addresses)
        texts, wanted, families = given.texts, given.wanted, given.families
        state = yield from read_state(
            self.web_acl,
            self.scope,
            self.region,
            f"opsctl-{self._slug()}",
            self._set_names(families),
            self._forwarded,
        )
        refuse_allowed(state, wanted, self._forwarded)
        usable = {v: self._usable(state, v, networks) for v, networks in families.items() if networks}
        _refuse_unusable(self.ip_sets, usable, state)
        chosen = yield from self._chosen(usable, about.settings.block_sets)
        beside = yield from self._beside(chosen)
        used = [one.ip_set for one in chosen.values() if one is not None]
        ledgers = yield from ledgers_of([*state.sets.values(), *used] if self.term else [])
        risk = Risk(
            severity=severity_of(*texts),
            affects=(*self.affects, *beside),
            owner=self.owner or None,
            note=note_of(*texts, usual=note_on(state)),
        )
        description = description_of(about.plan_id, self.reason)
        units = yield from units_of_a_rule(state, self.scope, self.region, self._forwarded)
        builder = WafPlan(
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
            slug=self._slug(),
            mode=self.mode,
            why=self._why,
            description=description,
            plan_id=about.plan_id,
            risk=risk,
            offers=self._offers(state, usable, chosen),
            recorder=SetRecorder(
                run=about.plan_id,
                now=about.now,
                description=description,
                term=self.term,
                ledgers=ledgers,
            ),
            forwarded=self._forwarded,
            units=units,
        )
        for version, known in chosen.items():
            if known is None:
                builder.add_family(version, families[version])
            else:
                builder.add_to_known(known, families[version])
        changes = builder.changes()
        yield from require_places(changes, instead=_usable_names(usable))
        # Told here, it rejects this layer; told by the planner, it would end the plan of the others.
        yield from require_whole(documents_of(changes))
        return changes

    def _usable(self, state: WafState, version: int, networks: Sequence[Network]) -> list[Usable]:
        """Return the sets that are blocked already; none when something else than a block is asked for."""
        if state.web_acl is None or self.mode != "block":
            return []
        return blocking_sets(state.web_acl, version, networks, self._forwarded)

    def _chosen(
        self, usable: Mapping[int, Sequence[Usable]], configured: Sequence[str]
    ) -> Fetching[dict[int, Usable | None]]:
        """Choose for each family the set named here, else our own, else one that is named or tagged as usable."""
        chosen: dict[int, Usable | None] = {}
        for version, found in usable.items():
            named = [one for one in found if one.ip_set.name in self.ip_sets]
            first = self._rule_name(version)
            own = [one for one in found if one.rule == first or is_numbered(one.rule, first)]
            trusted = [one for one in found if one.ip_set.name in configured]
            if not (named or own or trusted):
                ours = yield from tagged_as_ours([one.ip_set for one in found])
                trusted = [one for one in found if one.ip_set.arn in ours]
            known = next(iter([*named, *own, *trusted]), None)
            chosen[version] = None if known in own else known
        return chosen

    def _beside(self, chosen: Mapping[int, Usable | None]) -> Fetching[list[str]]:
        """Name the other rules that get an address with a set that is not our own."""
        found: list[str] = []
        for known in chosen.values():
            if known is not None:
                found += yield from other_users(known.ip_set, known.rule, self.web_acl, self.scope, self.region)
        return found

    def _offers(
        self, state: WafState, usable: Mapping[int, Sequence[Usable]], chosen: Mapping[int, Usable | None]
    ) -> dict[int, str]:
        """Tell of the sets that would do instead of a set and a rule of our own, by family."""
        return {
            version: (
                f"Rule {one.rule} already blocks IP set {one.ip_set.name}: --ip-set {one.ip_set.name} "
                "adds the addresses there, in one change."
            )
            for version, known in chosen.items()
            if known is None and self._rule_name(version) not in state.rules
            for one in usable[version][:1]
        }

    def _set_names(self, families: Mapping[int, Sequence[Network]]) -> dict[str, str]:
        rules = {v: self._rule_name(v) for v, networks in families.items() if networks}
        return {f"{rule}-{self._slug()}": rule for rule in rules.values()}

    def _rule_name(self, version: int) -> str:
        return rule_named(self.mode, version, self._forwarded)

    @property
    def _why(self) -> str:
        said = sentence(self.why)
        return f"{said} {self._forwarded.explained}" if self._forwarded else said

    @property
    def _forwarded(self) -> Forwarded | None:
        if not self.forwarded_header:
            return None
        return Forwarded(header=self.forwarded_header, position=self.position)

    def _slug(self) -> str:
        return slug_of(self.web_acl, self.resource, self.display)


class _Given(NamedTuple):
    """The addresses in normal form, as networks, and by family as they are to be put into sets."""

    texts: tuple[str, ...]
    wanted: tuple[Network, ...]
    families: Mapping[int, tuple[Network, ...]]


@lru_cache(maxsize=8)
def _given(addresses: tuple[str, ...]) -> _Given:
    """Take thousands of addresses apart once: they are planned for each place, and for the decision about it."""
    texts = tuple(dict.fromkeys(map(normal, addresses)))
    wanted = tuple(map(parse_network, texts))
    apart = wanted if len(wanted) <= MOST_KEPT_APART else merged(wanted)
    return _Given(texts, wanted, {v: tuple(one for one in apart if one.version == v) for v in (4, 6)})


def _usable_names(usable: Mapping[int, Sequence[Usable]]) -> list[str]:
    """Name the sets that a block could go into without another set."""
    return [
        f"--ip-set {one.ip_set.name}, which rule {one.rule} blocks" for found in usable.values() for one in found
    ]


def _refuse_unusable(names: Sequence[str], usable: Mapping[int, Sequence[Usable]], state: WafState) -> None:
    there = {one.ip_set.name: one.rule for found in usable.values() for one in found}
    unusable = [name for name in names if name not in there]
    if unusable:
        raise RefusedByGuard(
            (
                f"web ACL {state.name or '(none yet)'} has no rule that blocks only IP set "
                f"{', '.join(unusable)}, before every rule that may allow the addresses; nothing was changed"
            ),
            "name a set that is blocked, or omit --ip-set to use a set and a rule of opsctl's own",
            evidence=[f"usable: IP set {name}, blocked by rule {rule}" for name, rule in there.items()],
        )
