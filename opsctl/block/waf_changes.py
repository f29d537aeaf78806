"""Puts the changes of a WAF block together: sets, rules, web ACL, association."""

from collections.abc import Mapping, Sequence

from opsctl.block import ip_set_calls as ip_sets
from opsctl.block import web_acl_calls as web_acls
from opsctl.block.attaching import VISIBLE_WITHIN_S, Protected, attach_change, is_attached
from opsctl.block.own_sets import OwnSets, numbered
from opsctl.block.recording import but_of, on_ip_set
from opsctl.block.rule_position import Added, Move, RulePosition, in_the_way, moved, position_for, with_rules
from opsctl.block.set_recorder import SetRecorder
from opsctl.block.topology.forwarded import Forwarded
from opsctl.block.topology.webacl import Effect, IpSet, WebAclRule, letting_in
from opsctl.block.usable_sets import Usable, missing_from
from opsctl.block.waf_objects import IP_SET, WEB_ACL, WafKey
from opsctl.block.waf_room import refuse_full
from opsctl.block.waf_state import WafState
from opsctl.block.waf_words import rule_named
from opsctl.model.changes import Change, Check, Instruction, Proof, Risk
from opsctl.model.networks import Network, overlapping
from opsctl.model.references import reference
from opsctl.model.sentences import first_few
from opsctl.model.value import Json

ACTIONS = {"block": "Block", "count": "Count", "challenge": "Challenge", "captcha": "Captcha"}
MOST_ASKED = 200
"""Addresses that a query may name; with more of them, nothing of the set may have changed at all."""


class WafPlan:
    """Collects the changes of one block, in the order in which they have to be made."""

    def __init__(
        self,
        *,
        state: WafState,
        scope: str,
        region: str,
        protected: Protected,
        attached: bool,
        slug: str,
        mode: str,
        why: str,
        description: str,
        plan_id: str,
        risk: Risk,
        offers: Mapping[int, str],
        recorder: SetRecorder,
        forwarded: Forwarded | None = None,
        units: int = 1,
    ) -> None:
        self._state = state
        self._units = units
        self._scope = scope
        self._region = region
        self._protected = protected
        self._attached = attached
        self._slug = slug
        self._mode = mode
        self._why = why
        self._description = description
        self._plan_id = plan_id
        self._risk = risk
        self._offers = offers
        self._recorder = recorder
        self._forwarded = forwarded
        # The web ACL as it will be after each change planned so far.
        self._acl = state.web_acl
        self._listed: list[Json] = list(state.listed)
        self._filled: list[Change] = []
        self._orders: list[Change] = []
        self._rules: list[Added] = []
        self._unused: list[Check] = []

    def add_to_known(self, known: Usable, wanted: Sequence[Network]) -> None:
        """Plan the addresses into a set that a rule of the web ACL blocks already."""
        missing = missing_from(known.ip_set, known.ip_set.name, wanted)
        key, acl = self._state.key, self._acl
        if not missing or key is None or acl is None:
            return
        set_key = WafKey.of_arn(IP_SET, known.ip_set.arn, self._region)
        priority = next(rule.priority for rule in acl.rules if rule.name == known.rule and not rule.foreign)
        if self._forwarded is None:
            standing = web_acls.rule_refers_to(key, known.rule, known.ip_set.arn, "Block", present=True)
        else:
            statement = next(rule.statement for rule in acl.rules if rule.name == known.rule and not rule.foreign)
            standing = web_acls.rule_states(key, known.rule, statement, "Block")
        before = (standing.model_copy(update={"context": True}), *self._nothing_before(key, priority, wanted))
        why = f"{self._why} Rule {known.rule} of web ACL {acl.name} already blocks this set."
        self._filled += self._recorder.changes(set_key, known.ip_set.arn, missing, known.ip_set.addresses, before)
        self._filled.append(self._fill_set(set_key, known.ip_set.arn, missing, "", before, why))

    def add_family(self, version: int, wanted: Sequence[Network]) -> None:
        """Plan sets of our own and their rules for one address family, as far as they are missing.

        What a set has no room for, or its tags no record of, goes into the next one, with a rule of its own.
        """
        first = rule_named(self._mode, version, self._forwarded)
        ours = OwnSets.of(f"{first}-{self._slug}", self._state.sets)
        missing = ours.missing(wanted)
        chosen = ours.number_for(missing, self._recorder) if missing or not ours.there else 0
        for number in sorted({*ours.holding(wanted), chosen} - {0}):
            self._add_set(version, first, number, wanted, missing if number == chosen else [])

    def _add_set(
        self, version: int, first: str, number: int, wanted: Sequence[Network], missing: list[str]
    ) -> None:
        rule_name, name = numbered(first, number), numbered(f"{first}-{self._slug}", number)
        known = self._state.sets.get(name)
        maker = ""
        if known is not None:
            key = WafKey.of_arn(IP_SET, known.arn, self._region)
            set_arn: Json = known.arn
        else:
            maker = f"ip-set-{name}"
            key = WafKey.of_new(IP_SET, name, self._scope, self._region, maker)
            set_arn = reference(maker, "arn")
            self._filled.append(self._create_set(key, version, missing, maker))
        in_place = rule_name in self._state.rules
        before = self._order(rule_name, set_arn, wanted) if in_place else ()
        if missing:
            there = known.addresses if known else ()
            self._filled += self._recorder.changes(key, set_arn, missing, there, before, maker=maker)
            self._filled.append(self._fill_set(key, set_arn, missing, maker, before, self._why))
        carrier = on_ip_set(name, set_arn, self._scope, self._region)
        unused = (ip_sets.nothing_but(key, missing), *self._recorder.relied_on(carrier, missing))
        self._unused += unused
        if not in_place:
            self._place_rule(rule_name, set_arn, wanted, unused, maker)

    def changes(self) -> list[Change]:
        """Return everything that is missing."""
        planned = [*self._filled, *self._orders]
        web_acl: Json = self._state.web_acl.arn if self._state.web_acl else None
        key = self._state.key
        if key is not None:
            refuse_full(self._state, [added.rule for added in self._rules], self._units)
            planned += [self._add_rule(key, added, number) for number, added in enumerate(self._rules, start=1)]
        elif self._rules:
            created = self._create_web_acl()
            planned.append(created)
            key = WafKey.of_new(WEB_ACL, f"opsctl-{self._slug}", self._scope, self._region, created.id)
            web_acl = reference(created.id, "arn")
        if not self._attached and key is not None:
            after = tuple(change.id for change in planned)
            planned.append(
                attach_change(
                    self._protected,
                    web_acl,
                    why=self._why,
                    risk=self._risk,
                    unused=self._only_ours(key),
                    after=after,
                )
            )
        return planned

    def _nothing_before(self, key: WafKey, priority: int, wanted: Sequence[Network]) -> tuple[Check, ...]:
        """Expect that what stands before a priority lets the addresses in no more than it did when it was read."""
        acl = self._acl
        clear = (
            [one for one in letting_in(acl, wanted, self._forwarded) if one.rule.priority < priority]
            if acl
            else []
        )
        sets = {arn: acl.ip_sets[arn] for one in clear for arn in one.sets if acl and not one.rule.foreign}
        asked = [str(one) for one in wanted] if sets else []
        return (
            web_acls.let_in_before(key, priority, self._listed),
            *(self._as_it_was(one, asked) for _, one in sorted(sets.items())),
        )

    def _as_it_was(self, ip_set: IpSet, asked: Sequence[str]) -> Check:
        key = WafKey.of_arn(IP_SET, ip_set.arn, self._region)
        if len(asked) > MOST_ASKED:
            return ip_sets.is_unchanged(key, ip_set.addresses)
        return ip_sets.holds_near(key, asked, overlapping(ip_set.addresses, asked))

    def _order(self, name: str, set_arn: Json, wanted: Sequence[Network]) -> tuple[Check, ...]:
        """See to it that our rule stands before what may let the addresses in; return what keeps it so."""
        acl, key = self._acl, self._state.key
        if acl is None or key is None:
            return ()
        ours = next(rule for rule in acl.rules if rule.name == name and not rule.foreign)
        stops = [rule for rule in in_the_way(letting_in(acl, wanted, self._forwarded)) if not rule.foreign]
        priority = ours.priority
        if any(rule.priority < priority for rule in stops):
            others = [rule for rule in acl.rules if rule is not ours]
            place = position_for(others, letting_in(acl, wanted, self._forwarded))
            self._orders.append(self._move_rule(key, ours, place))
            self._renumber([*place.moves, Move(rule=name, old=priority, new=place.priority)])
            return ()
        standing = self._refers(key, name, set_arn)
        if self._forwarded is not None:  # as it stands: the case of a header does not matter
            standing = web_acls.rule_states(key, name, ours.statement, ACTIONS[self._mode])
        return (standing.model_copy(update={"context": True}), *self._nothing_before(key, priority, wanted))

    def _refers(self, key: WafKey, name: str, set_arn: Json) -> Check:
        """Our rule is in the web ACL, and looks up in the set what it is to look up."""
        action = ACTIONS[self._mode]
        return web_acls.rule_refers_to(key, name, set_arn, action, present=True, forwarded=self._forwarded)

    def _place_rule(
        self, name: str, set_arn: Json, wanted: Sequence[Network], unused: tuple[Check, ...], maker: str
    ) -> None:
        acl, key = self._acl, self._state.key
        if acl is None or key is None:
            place, before = RulePosition(priority=len(self._rules)), tuple[Check, ...]()
        else:
            place = position_for(acl.rules, letting_in(acl, wanted, self._forwarded))
            before = self._nothing_before(key, place.priority, wanted)
            self._renumber(place.moves)
        rule = web_acls.rule_of(name, place.priority, set_arn, ACTIONS[self._mode], self._forwarded)
        added = Added(rule=rule, set_arn=set_arn, place=place, before=before, unused=unused, maker=maker)
        self._rules.append(added)
        self._listed.append(rule)
        if self._acl is not None:
            ours = WebAclRule(name=name, priority=place.priority, effect=Effect.GO_ON)
            self._acl = with_rules(self._acl, [*self._acl.rules, ours])

    def _renumber(self, moves: Sequence[Move]) -> None:
        """Go on from the numbers that rules will have."""
        new = {move.rule: move.new for move in moves}
        self._listed = [
            one | {"Priority": new[one["Name"]]} if one["Name"] in new else one for one in self._listed
        ]
        if self._acl is not None:
            rules = [
                rule.model_copy(update={"priority": new[rule.name]})
                if rule.name in new and not rule.foreign
                else rule
                for rule in self._acl.rules
            ]
            self._acl = with_rules(self._acl, rules)

    def _only_ours(self, key: WafKey) -> tuple[Check, ...]:
        """Nobody else relies on the web ACL: no rule and no address beside those of this run."""
        names = [*self._state.rules, *(added.rule["Name"] for added in self._rules)]
        return (web_acls.no_rules_but(key, names), *self._unused)

    def _web_acl_key(self) -> WafKey:
        """The web ACL that has our rules: the one that is there, or the one that is made."""
        name = f"opsctl-{self._slug}"
        made = WafKey.of_new(WEB_ACL, name, self._scope, self._region, f"web-acl-{name}")
        return self._state.key or made

    def _has_rules(self, key: WafKey) -> tuple[Check, ...]:
        """The web ACL has our rules, also when another run made it in the meantime."""
        return tuple(
            self._refers(key, added.rule["Name"], added.set_arn).model_copy(update={"context": True})
            for added in self._rules
        )

    def _create_set(
        self,
        key: WafKey,
        version: int,
        addresses: list[str],
        change_id: str,
        tags: Mapping[str, str] | None = None,
    ) -> Change:
        offer = self._offers.get(version, "")
        return self._change(
            ip_sets.create_ip_set(key, version, self._description, self._plan_id, tags=tags),
            id=change_id,
            title=f"Create IP set {key.name}",
            why=f"WAF rules match addresses through an IP set, and opsctl has none here yet. {offer}".strip(),
            expect=(key.is_absent(),),
            # One that another run made in this moment serves as well, and is that run's to undo.
            proof=Proof(configured=(key.exists(),), within_s=VISIBLE_WITHIN_S),
            undo=key.deletion(),
            undo_only_if=(
                key.is_ours(self._description),
                ip_sets.nothing_but(key, addresses),
                *self._recorder.relied_on(
                    on_ip_set(key.name, reference(change_id, "arn"), self._scope, self._region), addresses
                ),
                # The rule may be another run's, which kept it because our addresses were still in the set.
                web_acls.no_rule_refers_to(self._web_acl_key(), key, reference(change_id, "arn")),
            ),
            outputs=key.outputs(),
        )

    def _fill_set(
        self, key: WafKey, arn: Json, addresses: list[str], maker: str, before: tuple[Check, ...], why: str
    ) -> Change:
        carrier = on_ip_set(key.name, arn, self._scope, self._region)
        theirs = carrier.named(but_of(self._plan_id))
        absent = ip_sets.addresses_in(key, addresses, present=False)
        return self._change(
            ip_sets.edit_addresses(key, "add", addresses),
            id=f"addresses-{key.name}",
            title=f"Add {first_few(addresses, 3)} to IP set {key.name}",
            why=why,
            expect=(absent.model_copy(update={"spares": theirs}), *before),
            proof=Proof(
                configured=(ip_sets.addresses_in(key, addresses, present=True),), within_s=VISIBLE_WITHIN_S
            ),
            undo=ip_sets.edit_addresses(key, "remove", addresses, spares=theirs),
            undo_only_if=self._recorder.undo_only_if(carrier, addresses),
            undo_expect=(ip_sets.some_left_in(key, addresses),),
            depends_on=(maker,) if maker else (),
        )

    def _add_rule(self, key: WafKey, added: Added, number: int) -> Change:
        name, priority, action = added.rule["Name"], added.place.priority, ACTIONS[self._mode]
        moves = added.place.moves
        room = [web_acls.priority_is_free(key, moves[-1].new if moves else priority)]
        if moves:
            old = web_acls.rules_are_numbered(key, {move.rule: move.old for move in moves})
            room.append(old.model_copy(update={"context": True}))
        place = f"priority {priority}" if not moves else f"priority {priority}, and renumber {moved(moves)}"
        why = f"{self._why} It goes before the first rule that may allow the address."
        if ahead := [check.says for check in added.before[1:]]:
            why += f" Allow rules before it do not match: {'; '.join(ahead)}."
        if moves:
            why += (
                f" No priority is free there: {', '.join(map(str, moves))}. Their order stays the same, also "
                "after undo."
            )
        return self._change(
            web_acls.edit_rule(key, "add", added.rule, {move.rule: move.new for move in moves}),
            id=f"rule-{name}",
            title=f"Add rule {name} ({action.lower()}) to web ACL {key.name}, {place}",
            why=why,
            expect=(
                web_acls.rule_refers_to(key, name, added.set_arn, action, present=False),
                *room,
                *added.before,
            ),
            proof=Proof(
                configured=(self._refers(key, name, added.set_arn),),
                within_s=VISIBLE_WITHIN_S,
            ),
            undo=web_acls.edit_rule(key, "remove", added.rule),
            undo_only_if=added.unused,
            depends_on=(added.maker,) if added.maker else (),
            risk=self._risk_of_rule(key, moves, number),
        )

    def _move_rule(self, key: WafKey, ours: WebAclRule, place: RulePosition) -> Change:
        moves = (*place.moves, Move(rule=ours.name, old=ours.priority, new=place.priority))
        old, new = ({move.rule: move.old for move in moves}, {move.rule: move.new for move in moves})
        taken = max(new.values())
        free = () if taken in old.values() else (web_acls.priority_is_free(key, taken),)
        return self._change(
            web_acls.renumber(key, new),
            id=f"order-{ours.name}",
            title=f"Move rule {ours.name} of web ACL {key.name} to the front: {moved(moves)}",
            why=f"{self._why} A rule that may allow the address is now before ours.",
            expect=(web_acls.rules_are_numbered(key, old), *free),
            proof=Proof(configured=(web_acls.rules_are_numbered(key, new),), within_s=VISIBLE_WITHIN_S),
            undo=web_acls.renumber(key, old),
            risk=self._risk_of_rule(key, place.moves, 0),
        )

    def _risk_of_rule(self, key: WafKey, moves: Sequence[Move], number: int) -> Risk:
        """What a rule does to the web ACL besides stopping the addresses."""
        notes = [self._risk.note] if self._risk.note else []
        if moves:
            many = f"{len(moves)} rules" if len(moves) > 1 else "1 rule"
            notes.append(f"It renumbers {many} of web ACL {key.name}; the order stays.")
        units = self._state.capacity + number * self._units
        before = units - self._units
        if before <= web_acls.CAPACITY_IN_BASE_PRICE < units and number:
            notes.append(
                f"It takes web ACL {key.name} from {before:,} to {units:,} capacity units:"
                f" above {web_acls.CAPACITY_IN_BASE_PRICE:,} AWS charges more for every request."
            )
        return self._risk.model_copy(update={"note": " ".join(notes)})

    def _create_web_acl(self) -> Change:
        key = self._web_acl_key()
        name = key.name
        analytics = (
            " Security analytics is off; by default AWS turns it on and stores request logs in other Regions."
            if self._scope == "CLOUDFRONT"
            else ""
        )
        return self._change(
            web_acls.create_web_acl(key, [added.rule for added in self._rules], self._description, self._plan_id),
            id=f"web-acl-{name}",
            title=f"Create web ACL {name}; others stay allowed",
            why=f"No web ACL protects {self._protected.display} yet. {self._why}{analytics}",
            expect=(key.is_absent(),),
            proof=Proof(configured=(key.exists(), *self._has_rules(key)), within_s=VISIBLE_WITHIN_S),
            undo=key.deletion(),
            undo_only_if=(
                key.is_ours(self._description),
                *self._only_ours(key),
                # The association may be another run's, which kept it because our addresses were still in the set.
                is_attached(self._protected, reference(f"web-acl-{name}", "arn"), so=False),
            ),
            outputs=key.outputs(),
            depends_on=tuple(added.maker for added in self._rules if added.maker),
        )

    def _change(self, instruction: Instruction, **parts: Json) -> Change:
        return Change(**dict(instruction), **({"risk": self._risk} | parts))
