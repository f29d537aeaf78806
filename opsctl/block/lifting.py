"""Taking blocks away where opsctl put them: the addresses first, then what is recorded of them.

A run that dies between the two leaves a record without a block, which says nothing and goes the next time. What a
run has recorded since the plan was made stays blocked: somebody needs it for longer.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime

from opsctl.block import ip_set_calls as ip_sets
from opsctl.block import wafv2
from opsctl.block.account_ledger import AccountLedger, AclCarrier, GroupCarrier, SetCarrier
from opsctl.block.country_lifting import lift_from_distribution
from opsctl.block.distribution_ledger import DistributionCarrier
from opsctl.block.inspection.firewall_calls import edit_rules, rules_in
from opsctl.block.inspection.rule_groups import sid_of
from opsctl.block.network_acl_calls import create_deny, delete_entry, deny_is_absent, deny_is_there
from opsctl.block.recording import SEEN_WITHIN_S, SETTLED_S, Carrier, but_known, says_nothing, taken_off
from opsctl.block.records import LIST_PREFIX, BlockList, BlockRecord, Ledger, tags_of
from opsctl.block.terms import Term, seconds_of
from opsctl.block.topology.nacl import NaclEntry
from opsctl.block.topology.packet import ANY
from opsctl.block.waf_objects import IP_SET, WafKey
from opsctl.model.changes import Change, Proof, Risk, Severity
from opsctl.model.networks import normal, plain_addresses
from opsctl.model.sentences import first_few
from opsctl.model.value import Value
from opsctl.resources.marks import PLAN_TAG, mark_of_plan

Wanted = Callable[[str, BlockRecord], bool]
"""Whether a need goes, by an address and a record that names it; the block goes with the last of them."""

_BEGAN = re.compile(rf"{LIST_PREFIX}[0-9a-f]{{8}}-(\d{{8}}-\d{{6}})-")
"""When the run of a list began, as its id begins."""

_OPENS = Risk(severity=Severity.MEDIUM, note="These addresses get in again.")


class Lifting(Value):
    """Which blocks go and why; `now` tells records that say nothing from those of a run that is at work.

    With `at_most` so many changes, what a resource needs is left for another time once there are some. With `tidy`
    lists go that belong to nothing: their set was taken away, or a run died before it had recorded anything.
    """

    wanted: Wanted
    why: str
    now: float
    at_most: int | None = None
    tidy: bool = False

    def changes(self, account: AccountLedger) -> list[Change]:
        """Return what takes the wanted blocks away everywhere, and the records that say nothing any more."""
        changes: list[Change] = []
        at_each = [
            *(self._from_acl(one) for one in account.acls),
            *(self._from_set(one) for one in account.sets),
            *(self._from_group(one) for one in account.groups),
            *(self._from_distribution(one) for one in account.distributions),
            *([self._without_stray(one)] for one in account.stray if self.tidy and self._is_over(one)),
        ]
        for needed in at_each:
            if not changes or self.at_most is None or len(changes) + len(needed) <= self.at_most:
                changes += needed
        return changes

    def _from_acl(self, one: AclCarrier) -> list[Change]:
        present = [normal(entry.cidr) for entry in one.acl.inbound() if is_deny_of_all(entry)]
        gone = self._due(one.ledger, present)
        others = but_known(one.ledger.keys)
        lifts = [
            lift_from_acl(one, entry, others, self.why)
            for entry in one.acl.inbound()
            if is_deny_of_all(entry) and normal(entry.cidr) in gone
        ]
        return [*lifts, *self._records(one.carrier, one.ledger, gone, present, one.acl.id, lifts)]

    def _from_set(self, one: SetCarrier) -> list[Change]:
        present = [normal(address) for address in one.ip_set.addresses]
        gone = self._due(one.ledger, present)
        others = but_known(one.ledger.keys)
        lifts = [lift_from_set(one, list(gone), others, self.why)] if gone else []
        listing = self._lists(one, gone, set(present), lifts)
        after = [*lifts, *listing]
        return [*after, *self._records(one.carrier, one.ledger, gone, present, one.slug, after)]

    def _from_group(self, one: GroupCarrier) -> list[Change]:
        present = list(one.drops)
        gone = self._due(one.ledger, present)
        lifts = [lift_from_group(one, network, but_known(one.ledger.keys), self.why) for network in gone]
        return [*lifts, *self._records(one.carrier, one.ledger, gone, present, one.name, lifts)]

    def _from_distribution(self, one: DistributionCarrier) -> list[Change]:
        present = list(one.refused)
        gone = self._due(one.ledger, present)
        others = but_known(one.ledger.keys)
        lifts = [lift_from_distribution(one, list(gone), others, self.why)] if gone else []
        return [*lifts, *self._records(one.carrier, one.ledger, gone, present, one.id, lifts)]

    def _due(self, ledger: Ledger, present: Iterable[str]) -> dict[str, None]:
        """Return the networks that nobody needs blocked any more."""
        return dict.fromkeys(one for one in present if self._is_free(one, ledger.every(one)))

    def _is_free(self, network: str, records: Sequence[BlockRecord]) -> bool:
        wanted = [self.wanted(network, record) for record in records]
        kept = [record for record, goes in zip(records, wanted, strict=True) if not goes]
        return any(wanted) and all(seconds_of(record.until) <= self.now for record in kept)

    def _dropped(
        self, ledger: Ledger, record: BlockRecord, gone: Collection[str], there: Collection[str]
    ) -> set[str]:
        """Return what a record names no longer: what goes, and what is blocked on for others alone.

        What was put together of others' networks keeps the one record that names it as a whole.
        """
        whole = {place for other in ledger.records for place in other.parts.values()}
        return {
            one
            for one in record.networks
            for place in [record.place(one)]
            if place in gone or (place in there and self.wanted(place, record) and one not in whole)
        }

    def _goes(
        self, ledger: Ledger, record: BlockRecord, dropped: set[str], gone: Collection[str], there: set[str]
    ) -> bool:
        """Tell whether nothing of a record is left."""
        if dropped:
            return there.isdisjoint(record.place(one) for one in record.networks if one not in dropped)
        return says_nothing(ledger, there.difference(gone), record, self.now)

    def _records(
        self,
        carrier: Carrier,
        ledger: Ledger,
        gone: Collection[str],
        present: Sequence[str],
        name: str,
        after: Sequence[Change],
    ) -> list[Change]:
        """Write the records anew that name what goes, and take off those that are left with nothing."""
        there = set(present)
        put, old, take = dict[str, str](), dict[str, str](), dict[str, str]()
        for record in ledger.records:
            if record.listed_in or record.list_name:
                continue
            dropped = self._dropped(ledger, record, gone, there)
            if self._goes(ledger, record, dropped, gone, there):
                take |= record.tags
            elif dropped:
                rest = [one for one in record.networks if record.place(one) in there and one not in dropped]
                tags = tags_of(record.run, rest, term_of(record))
                put |= {key: value for key, value in tags.items() if record.tags.get(key) != value}
                old |= {key: value for key, value in record.tags.items() if key in put}
                take |= {key: value for key, value in record.tags.items() if key not in tags}
        needed, only_if = tuple(change.id for change in after), carrier.no_list_but(ledger.lists)
        changes = [_rewritten(carrier, put, old, f"rerecord-{name}")] if put else []
        changes += [_taken_off(carrier, take, f"unrecord-{name}")] if take else []
        return [one.model_copy(update={"depends_on": needed, "only_if": only_if}) for one in changes]

    def _lists(
        self, one: SetCarrier, gone: Collection[str], there: set[str], after: Sequence[Change]
    ) -> list[Change]:
        """Take addresses off the lists that records are in, and delete those whose record goes."""
        changes: list[Change] = []
        by_name = {record.listed_in: record for record in one.ledger.records}
        for known in one.lists:
            key, record = WafKey.of_arn(IP_SET, known.arn, one.region), by_name.get(known.name)
            named = self._dropped(one.ledger, record, gone, there) if record else set[str]()
            if record is None:
                changes += [_without_list(key, known)] if self.tidy and self._is_over(known) else []
            elif self._goes(one.ledger, record, named, gone, there):
                changes.append(_without_list(key, known))
            elif named:
                changes.append(_off_list(key, [network for network in record.networks if network in named]))
        needed, only_if = tuple(change.id for change in after), one.carrier.no_list_but(one.ledger.lists)
        return [change.model_copy(update={"depends_on": needed, "only_if": only_if}) for change in changes]

    def _without_stray(self, one: BlockList) -> Change:
        return _without_list(WafKey.of_arn(IP_SET, one.arn, wafv2.region_of(one.arn)), one)

    def _is_over(self, one: BlockList) -> bool:
        """Tell whether the run that made a list, whose id its name ends with, has surely come to its end."""
        began = _BEGAN.match(one.name)
        if began is None:
            return False
        try:
            moment = datetime.strptime(began[1], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            return False
        return moment.timestamp() < self.now - SETTLED_S


def is_deny_of_all(entry: NaclEntry) -> bool:
    """Tell a deny of all traffic, which is what opsctl creates."""
    return not entry.allow and entry.protocol == ANY


def lift_from_set(one: SetCarrier, networks: Sequence[str], others: str, why: str) -> Change:
    """Take addresses out of an IP set, but for those that records of others name."""
    listed, theirs = first_few(networks, 3, shown=plain_addresses), one.carrier.named(others)
    absent = ip_sets.addresses_in(one.key, networks, present=False)
    return Change(
        **dict(ip_sets.edit_addresses(one.key, "remove", networks, spares=theirs)),
        id=f"lift-{one.slug}",
        title=f"Take {listed} out of IP set {one.ip_set.name}",
        why=why,
        expect=(ip_sets.addresses_in(one.key, networks, present=True),),
        proof=Proof(configured=(absent.model_copy(update={"spares": theirs}),), within_s=SEEN_WITHIN_S),
        undo=ip_sets.edit_addresses(one.key, "add", networks),
        only_if=(one.carrier.not_all_named(others, networks), *one.carrier.no_list_but(one.ledger.lists)),
        risk=_OPENS,
    )


def lift_from_acl(one: AclCarrier, entry: NaclEntry, others: str, why: str) -> Change:
    """Delete a deny of a network ACL, unless a record of others names its address."""
    network, acl = normal(entry.cidr), one.acl.id
    return Change(
        **dict(delete_entry(acl, entry.number)),
        id=f"lift-{acl}/{entry.number}",
        title=f"Delete the deny of {network} at network ACL {acl}, rule {entry.number}",
        why=why,
        expect=deny_is_there(acl, entry.number, network).configured,
        proof=Proof(configured=(deny_is_absent(acl, entry.number, network),), within_s=SEEN_WITHIN_S),
        undo=create_deny(acl, entry.number, network),
        only_if=(one.carrier.none_named(others, [network]),),
        risk=_OPENS,
    )


def lift_from_group(one: GroupCarrier, network: str, others: str, why: str) -> Change:
    """Take the drops of a network out of a rule group, unless a record of others names it."""
    rules = one.drops[network]
    return Change(
        **dict(edit_rules(one.arn, "remove", rules)),
        id=f"lift-{one.name}/{sid_of(rules[0])}",
        title=f"Take the drop of {plain_addresses(network)} out of rule group {one.name}",
        why=why,
        expect=(rules_in(one.arn, rules, present=True),),
        proof=Proof(configured=(rules_in(one.arn, rules, present=False),), within_s=SEEN_WITHIN_S),
        undo=edit_rules(one.arn, "add", rules),
        only_if=(one.carrier.none_named(others, [network]),),
        risk=_OPENS,
    )


def _rewritten(carrier: Carrier, put: dict[str, str], old: dict[str, str], change_id: str) -> Change:
    return Change(
        **dict(carrier.put(put)),
        id=change_id,
        title=f"Record on {carrier.title} what is still blocked",
        why="The record names what is not blocked any more.",
        expect=(carrier.has(old),),
        proof=Proof(configured=(carrier.has(put),), within_s=SEEN_WITHIN_S),
        undo=carrier.put(old),
    )


def _taken_off(carrier: Carrier, tags: dict[str, str], change_id: str) -> Change:
    title = f"Take the record off {carrier.title}"
    why = "What it names is not blocked there any more."
    return taken_off(carrier, tags, change_id=change_id, title=title, why=why)


def _without_list(key: WafKey, known: BlockList) -> Change:
    run = known.tags.get(PLAN_TAG, "")
    others = {name: value for name, value in known.tags.items() if name != PLAN_TAG}
    return Change(
        **dict(key.deletion()),
        id=f"list-{key.name}",
        title=f"Delete the list {key.name}",
        why="Nothing that it names is blocked any more.",
        expect=(key.exists(),),
        proof=Proof(configured=(key.is_absent(),), within_s=SEEN_WITHIN_S),
        undo=ip_sets.create_ip_set(key, known.version, mark_of_plan(run), run, known.addresses, others),
    )


def _off_list(key: WafKey, named: Sequence[str]) -> Change:
    return Change(
        **dict(ip_sets.edit_addresses(key, "remove", named)),
        id=f"unlist-{key.name}",
        title=f"Take {first_few(map(plain_addresses, named), 3)} off the list {key.name}",
        why="The list names what is not blocked any more.",
        expect=(ip_sets.addresses_in(key, named, present=True),),
        proof=Proof(configured=(ip_sets.addresses_in(key, named, present=False),), within_s=SEEN_WITHIN_S),
        undo=ip_sets.edit_addresses(key, "add", named),
    )


def term_of(record: BlockRecord) -> Term:
    """Return what a record says of its addresses."""
    return Term.model_validate(record.model_dump(include=set(Term.model_fields)))
