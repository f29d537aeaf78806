"""Moving the end of blocks further away, wherever opsctl put them.

The addresses stay where they are, so only the record is written: the last end that any record names counts. Taken
back, the address goes as well where no other record names it any more.
"""

from collections.abc import Sequence

from opsctl.block.account_ledger import AccountLedger, AclCarrier, GroupCarrier, SetCarrier
from opsctl.block.country_lifting import lift_from_distribution
from opsctl.block.distribution_ledger import DistributionCarrier
from opsctl.block.ip_set_calls import some_left_in
from opsctl.block.lifting import is_deny_of_all, lift_from_acl, lift_from_group, lift_from_set
from opsctl.block.recording import Carrier, but_of, ending, made_room, record_change
from opsctl.block.records import EXTENDS, BlockRecord, Ledger, is_recorded_as, is_recorded_for, tags_of
from opsctl.block.set_recorder import SetRecorder
from opsctl.block.terms import Term, lasts_longer
from opsctl.model.changes import Change
from opsctl.model.networks import normal, plain_addresses
from opsctl.model.sentences import first_few
from opsctl.model.value import Value
from opsctl.resources.marks import mark_of_plan

_BACK = "no run blocks it any more"


class Extending(Value):
    """Which addresses are blocked until when from now on, by which run; what is not said stays as recorded.

    What a block is for stays as well, but at the places `here`, which are on the ways to the target of the term:
    elsewhere the same address is blocked for another target, and has to be found by that. There a need of its own,
    of another incident or target, is recorded though the block lasts longer already: taking back the other's
    block leaves this one.
    """

    addresses: tuple[str, ...]
    term: Term
    target: str = ""
    here: tuple[str, ...] = ()
    run: str
    now: float

    def changes(self, account: AccountLedger) -> list[Change]:
        """Return the records that are missing; none where every block lasts as long already."""
        acls = [change for one in account.acls for change in self._at_acl(one)]
        groups = [change for one in account.groups for change in self._at_group(one)]
        away = [change for one in account.distributions for change in self._at_distribution(one)]
        return [*acls, *(change for one in account.sets for change in self._at_set(one)), *groups, *away]

    def _at_acl(self, one: AclCarrier) -> list[Change]:
        denies = {normal(entry.cidr): entry for entry in one.acl.inbound() if is_deny_of_all(entry)}
        changes: list[Change] = []
        for number, (term, longer) in enumerate(self._longer(one.ledger, list(denies), one.acl.id), start=1):
            back = tuple(lift_from_acl(one, denies[network], but_of(self.run), _BACK) for network in longer)
            recorded = self._recorded(
                one.carrier, one.ledger, list(denies), longer, term, one.acl.id, number, back
            )
            changes += recorded
        return changes

    def _at_group(self, one: GroupCarrier) -> list[Change]:
        changes: list[Change] = []
        for number, (term, longer) in enumerate(self._longer(one.ledger, list(one.drops), one.arn), start=1):
            back = tuple(lift_from_group(one, network, but_of(self.run), _BACK) for network in longer)
            recorded = self._recorded(
                one.carrier, one.ledger, list(one.drops), longer, term, one.name, number, back
            )
            changes += recorded
        return changes

    def _at_distribution(self, one: DistributionCarrier) -> list[Change]:
        present, changes = list(one.refused), list[Change]()
        for number, (term, longer) in enumerate(self._longer(one.ledger, present, one.id), start=1):
            back = (lift_from_distribution(one, longer, but_of(self.run), _BACK),)
            changes += self._recorded(one.carrier, one.ledger, present, longer, term, one.id, number, back)
        return changes

    def _recorded(
        self,
        carrier: Carrier,
        ledger: Ledger,
        present: Sequence[str],
        longer: Sequence[str],
        term: Term,
        place: str,
        number: int,
        back: tuple[Change, ...],
    ) -> list[Change]:
        """Record it in tags; the first record at a place makes room."""
        tags, name = tags_of(self._run(number), longer, term), _numbered(place, number)
        room = made_room(carrier, ledger, present, len(tags), self.now, f"clear-{name}") if number == 1 else []
        made = record_change(carrier, tags, longer, term, change_id=f"record-{name}", undo_first=back)
        return [*room, _said(made, ledger, longer, term)]

    def _at_set(self, one: SetCarrier) -> list[Change]:
        present = [normal(address) for address in one.ip_set.addresses]
        changes: list[Change] = []
        for number, (term, longer) in enumerate(self._longer(one.ledger, present, one.ip_set.arn), start=1):
            recorder = SetRecorder(
                run=self._run(number),
                now=self.now,
                description=mark_of_plan(self.run),
                term=term,
                ledgers={one.ip_set.arn: one.ledger} if number == 1 else {},
            )
            lift, name = lift_from_set(one, longer, but_of(self.run), _BACK), _numbered(one.slug, number)
            # Some of them may have been unblocked by then: the rest goes.
            relied_on = (
                one.carrier.not_all_named(but_of(self.run), longer),
                *one.carrier.no_list_but(_other_lists(one.ledger, longer), self.run),
            )
            expect = (some_left_in(one.key, longer),)
            back = (lift.model_copy(update={"expect": expect, "only_if": relied_on}),)
            made = recorder.changes(one.key, one.ip_set.arn, longer, present, (), name=name, undo_first=back)
            changes += [_said(change, one.ledger, longer, term) for change in made]
        return changes

    def _run(self, number: int) -> str:
        return f"{self.run}{EXTENDS * number}"

    def _longer(self, ledger: Ledger, present: Sequence[str], place: str) -> list[tuple[Term, list[str]]]:
        """Return what is blocked here for a shorter time, by what is recorded of it from now on."""
        there = dict.fromkeys(present)
        groups: list[tuple[Term, list[str]]] = []
        for one in self.addresses:
            record = self._extended(ledger.every(one)) if one in there else None
            if record is None:
                continue
            if self._moves(record):
                term = self._term(record, place)
            elif place in self.here and not self._is_held(ledger.every(one)):
                term = self.term.model_copy(update={"via": record.via})
            else:
                continue
            group = next((found for known, found in groups if known == term), None)
            if group is None:
                groups.append((term, [one]))
            else:
                group.append(one)
        return groups

    def _extended(self, records: Sequence[BlockRecord]) -> BlockRecord | None:
        """Return the record whose end is to move: of those for the target, the incident's own, else the last."""
        here = [one for one in records if not self.target or is_recorded_for(self.target, one.target)]
        own = [one for one in here if self.term.incident and is_recorded_as(self.term.incident, one.incident)]
        return next(iter(here if self.here else [*own, *here]), None)

    def _moves(self, record: BlockRecord) -> bool:
        return lasts_longer(self.term.until, record.until)

    def _is_held(self, records: Sequence[BlockRecord]) -> bool:
        """Tell whether one of the records is this need's own, or a list's, and ends no earlier than asked for."""
        return any(
            one.list_name or (one.is_for(self.term) and not lasts_longer(self.term.until, one.until))
            for one in records
        )

    def _term(self, record: BlockRecord, place: str) -> Term:
        """What is asked for, and what was recorded where nothing is said."""
        said = {name: getattr(self.term, name) or getattr(record, name) for name in ("reason", "incident")}
        target = self.term.target if place in self.here else ""
        return self.term.model_copy(update={**said, "target": target or record.target, "via": record.via})


def _said(change: Change, ledger: Ledger, networks: Sequence[str], term: Term) -> Change:
    """Say why a need is recorded of what lasts longer already."""
    known = ledger.of(networks[0])
    if not change.undo_first or known is None or lasts_longer(term.until, known.until):
        return change
    listed = first_few(networks, 3, shown=plain_addresses)
    whose = known.incident or known.by or "another run"
    kept = "With a record of its own this one keeps it when that is taken back."
    return change.model_copy(update={"why": f"{listed} is blocked {ending(known.until)} for {whose}. {kept}"})


def _other_lists(ledger: Ledger, networks: Sequence[str]) -> list[str]:
    """Return the lists that name none of some networks: whoever takes these away need not mind them."""
    naming = {record.listed_in for one in networks for record in ledger.every(one)}
    return [name for name in ledger.lists if name not in naming]


def _numbered(place: str, number: int) -> str:
    return place if number == 1 else f"{place}-{number}"
