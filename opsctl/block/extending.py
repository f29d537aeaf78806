"""Moving the end of blocks further away, wherever opsctl put them.

The addresses stay where they are, so only the record is written: the last end that any record names counts. Taken
back, the address goes as well where no other record names it any more.
"""

from collections.abc import Sequence

from opsctl.block.account_ledger import AccountLedger, AclCarrier, SetCarrier
from opsctl.block.lifting import is_deny_of_all, lift_from_acl, lift_from_set
from opsctl.block.recording import Carrier, but_of, made_room, record_change
from opsctl.block.records import EXTENDS, BlockRecord, Ledger, is_recorded_as, tags_of
from opsctl.block.terms import Term, lasts_longer
from opsctl.model.changes import Change
from opsctl.model.networks import normal
from opsctl.model.value import Value

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
        return [*acls, *(change for one in account.sets for change in self._at_set(one))]

    def _at_acl(self, one: AclCarrier) -> list[Change]:
        denies = {normal(entry.cidr): entry for entry in one.acl.inbound() if is_deny_of_all(entry)}
        longer = self._longer(one.ledger, list(denies))
        back = tuple(lift_from_acl(one, denies[network], but_of(self.run), _BACK) for network in longer)
        return self._recorded(one.carrier, one.ledger, list(denies), longer, one.acl.id, back)

    def _at_set(self, one: SetCarrier) -> list[Change]:
        present = [normal(address) for address in one.ip_set.addresses]
        longer = self._longer(one.ledger, present)
        back = (lift_from_set(one, longer, but_of(self.run), _BACK),) if longer else ()
        return self._recorded(one.carrier, one.ledger, present, longer, one.slug, back)

    def _longer(self, ledger: Ledger, present: Sequence[str]) -> list[str]:
        """Return the addresses that are blocked here for a shorter time."""
        there = dict.fromkeys(present)
        found = [(one, ledger.of(one)) for one in self.addresses if one in there]
        return [one for one, record in found if record is not None and self._moves(record)]

    def _moves(self, record: BlockRecord) -> bool:
        here = not self.target or is_recorded_as(self.target, record.target)
        return here and lasts_longer(self.term.until, record.until)

    def _recorded(
        self,
        carrier: Carrier,
        ledger: Ledger,
        present: Sequence[str],
        networks: Sequence[str],
        name: str,
        back: tuple[Change, ...],
    ) -> list[Change]:
        if not networks:
            return []
        tags = tags_of(f"{self.run}{EXTENDS}", networks, self._term(ledger.of(networks[0])))
        room = made_room(carrier, ledger, present, len(tags), self.now, f"clear-{name}")
        return [
            *room,
            record_change(carrier, tags, networks, self.term, change_id=f"record-{name}", undo_first=back),
        ]

    def _term(self, record: BlockRecord | None) -> Term:
        """What is asked for, and what was recorded where nothing is said."""
        if record is None:
            return self.term
        said = {
            name: getattr(self.term, name) or getattr(record, name) for name in ("reason", "incident", "target")
        }
        said["via"] = record.via
        return self.term.model_copy(update=said)
