"""Moving the end of blocks further away, wherever opsctl put them.

The addresses stay where they are, so only the record is written: the last end that any record names counts. Taken
back, the address goes as well where no other record names it any more.
"""

from collections.abc import Sequence

from opsctl.block.account_ledger import AccountLedger, AclCarrier, GroupCarrier, SetCarrier
from opsctl.block.lifting import is_deny_of_all, lift_from_acl, lift_from_group, lift_from_set
from opsctl.block.recording import but_of, made_room, record_change
from opsctl.block.records import EXTENDS, BlockRecord, Ledger, is_recorded_for, tags_of
from opsctl.block.set_recorder import SetRecorder
from opsctl.block.terms import Term, lasts_longer
from opsctl.model.changes import Change
from opsctl.model.networks import normal
from opsctl.model.value import Value
from opsctl.resources.marks import mark_of_plan

_BACK = "no run blocks it any more"


class Extending(Value):
    """Which addresses are blocked until when from now on, by which run; what is not said stays as recorded."""

    addresses: tuple[str, ...]
    term: Term
    target: str = ""
    run: str
    now: float

    def changes(self, account: AccountLedger) -> list[Change]:
        """Return the records that are missing; none where every block lasts as long already."""
        acls = [change for one in account.acls for change in self._at_acl(one)]
        groups = [change for one in account.groups for change in self._at_group(one)]
        return [*acls, *(change for one in account.sets for change in self._at_set(one)), *groups]

    def _at_acl(self, one: AclCarrier) -> list[Change]:
        denies = {normal(entry.cidr): entry for entry in one.acl.inbound() if is_deny_of_all(entry)}
        longer = self._longer(one.ledger, list(denies))
        if not longer:
            return []
        back = tuple(lift_from_acl(one, denies[network], but_of(self.run), _BACK) for network in longer)
        term, carrier, change_id = self._term(one.ledger.of(longer[0])), one.carrier, f"record-{one.acl.id}"
        tags = tags_of(f"{self.run}{EXTENDS}", longer, term)
        room = made_room(carrier, one.ledger, list(denies), len(tags), self.now, f"clear-{one.acl.id}")
        return [*room, record_change(carrier, tags, longer, self.term, change_id=change_id, undo_first=back)]

    def _at_group(self, one: GroupCarrier) -> list[Change]:
        present = list(one.drops)
        longer = self._longer(one.ledger, present)
        if not longer:
            return []
        back = tuple(lift_from_group(one, network, but_of(self.run), _BACK) for network in longer)
        tags = tags_of(f"{self.run}{EXTENDS}", longer, self._term(one.ledger.of(longer[0])))
        room = made_room(one.carrier, one.ledger, present, len(tags), self.now, f"clear-{one.name}")
        change_id = f"record-{one.name}"
        return [*room, record_change(one.carrier, tags, longer, self.term, change_id=change_id, undo_first=back)]

    def _at_set(self, one: SetCarrier) -> list[Change]:
        present = [normal(address) for address in one.ip_set.addresses]
        longer = self._longer(one.ledger, present)
        if not longer:
            return []
        recorder = SetRecorder(
            run=f"{self.run}{EXTENDS}",
            now=self.now,
            description=mark_of_plan(self.run),
            term=self._term(one.ledger.of(longer[0])),
            ledgers={one.ip_set.arn: one.ledger},
        )
        back = (lift_from_set(one, longer, but_of(self.run), _BACK),)
        return recorder.changes(one.key, one.ip_set.arn, longer, present, (), name=one.slug, undo_first=back)

    def _longer(self, ledger: Ledger, present: Sequence[str]) -> list[str]:
        """Return the addresses that are blocked here for a shorter time."""
        there = dict.fromkeys(present)
        found = [(one, ledger.of(one)) for one in self.addresses if one in there]
        return [one for one, record in found if record is not None and self._moves(record)]

    def _moves(self, record: BlockRecord) -> bool:
        here = not self.target or is_recorded_for(self.target, record.target)
        return here and lasts_longer(self.term.until, record.until)

    def _term(self, record: BlockRecord | None) -> Term:
        """What is asked for, and what was recorded where nothing is said."""
        if record is None:
            return self.term
        said = {
            name: getattr(self.term, name) or getattr(record, name) for name in ("reason", "incident", "target")
        }
        said["via"] = record.via
        return self.term.model_copy(update=said)
