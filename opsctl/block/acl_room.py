"""The changes that make room in a network ACL, and the records of what is denied there.

A run that dies in between leaves every address blocked but the one whose own deny has just made way for the wider
one, where there was no number free to put that first: going on, or undo, blocks it again.
"""

from collections.abc import Mapping, Sequence

from opsctl.block.account_ledger import AclCarrier
from opsctl.block.acl_slots import AclSlots, Merger, OwnDeny
from opsctl.block.lifting import is_deny_of_all, lift_from_acl
from opsctl.block.network_acl_calls import create_deny, delete_entry, deny_is_absent, deny_is_there
from opsctl.block.recording import SEEN_WITHIN_S, but_known, ending, made_room, on_network_acl, record_change
from opsctl.block.records import EXTENDS, Ledger, tags_of
from opsctl.block.terms import Term
from opsctl.block.topology.nacl import NetworkAcl
from opsctl.model.changes import Change, Check, Proof, Risk, Severity
from opsctl.model.networks import plain_addresses
from opsctl.model.run import Context
from opsctl.model.sentences import first_few
from opsctl.model.value import Value


class AclRoom(Value):
    """A network ACL with its records, how many rules it may have, and why there is a block."""

    acl: NetworkAcl
    ledger: Ledger
    quota: int
    why: str

    def changes(self, found: AclSlots, denies: Mapping[str, Change]) -> list[Change]:
        """Return what goes first, then the denies: a wider one before its parts go, where a number is free."""
        changes = [self._expired(one) for one in found.expired]
        free = self.quota - len(self.acl.inbound()) + len(found.expired)
        for one in found.mergers:
            wide = denies[one.network]
            gone = [self._part(part, one) for part in one.parts]
            first = gone[:1] if free < 1 else []
            changes += [*first, _widened(wide, one, opens=bool(first)), *gone[len(first) :]]
            free += len(one.parts) - 1
        merged = {one.network for one in found.mergers}
        return [*changes, *(deny for network, deny in denies.items() if network not in merged)]

    def records(
        self, by_end: Mapping[str, Sequence[str]], term: Term, about: Context, before: Sequence[Check]
    ) -> list[Change]:
        """Return the records of networks, by when they end; those of another end than the block have their own."""
        carrier, present = (
            on_network_acl(self.acl.id),
            [one.cidr for one in self.acl.inbound() if is_deny_of_all(one)],
        )
        made: list[Change] = []
        more = 0
        for number, (until, networks) in enumerate((end, some) for end, some in by_end.items() if some):
            run = about.plan_id if until == term.until else f"{about.plan_id}{EXTENDS}{number}"
            of_end = term.model_copy(update={"until": until})
            tags = tags_of(run, networks, of_end)
            more += len(tags)
            name = f"record-{self.acl.id}" if until == term.until else f"record-{self.acl.id}-{number}"
            made.append(record_change(carrier, tags, networks, of_end, change_id=name, before=before))
        return [*made_room(carrier, self.ledger, present, more, about.now, f"clear-{self.acl.id}"), *made]

    def _expired(self, one: OwnDeny) -> Change:
        carrier = AclCarrier(acl=self.acl, ledger=self.ledger)
        why = f"Its end, {one.until}, has passed, and there is no room for this block. {self.why}"
        lift = lift_from_acl(carrier, one.entry, but_known(self.ledger.keys), why)
        # Without a record nobody would end it again.
        return lift.model_copy(update={"undo_only_if": (carrier.carrier.recorded(one.network),)})

    def _part(self, part: OwnDeny, merger: Merger) -> Change:
        acl, number, network = self.acl.id, part.entry.number, part.network
        return Change(
            **dict(delete_entry(acl, number)),
            id=f"merged-{acl}/{number}",
            title=f"Delete the deny of {network} at network ACL {acl}, rule {number}: it is in {merger.network}",
            why=f"There is no room for this block, and {merger.network}, which is denied as well, holds it.",
            expect=deny_is_there(acl, number, network).configured,
            proof=Proof(configured=(deny_is_absent(acl, number, network),), within_s=SEEN_WITHIN_S),
            undo=create_deny(acl, number, network),
            # Once its own end has passed nothing records it, and nobody would end it again.
            undo_only_if=(on_network_acl(acl).recorded(network),),
            risk=Risk(note=f"{plain_addresses(network)} is blocked {ending(merger.until)} from now on."),
        )


def _widened(deny: Change, merger: Merger, *, opens: bool) -> Change:
    """Say of a deny that it takes the place of others."""
    parts = [plain_addresses(one) for one in (*(part.network for part in merger.parts), *merger.wanted)]
    note = deny.risk.note
    if opens:
        note = f"{plain_addresses(merger.parts[0].network)} gets in until this is made. {note}"
    severity = max(deny.risk.severity, Severity.MEDIUM, key=list(Severity).index)
    said = f"There is no room for an entry each: {merger.network} is exactly {first_few(parts, 4)}"
    return deny.model_copy(
        update={
            "why": f"{deny.why} {said}, and is denied {ending(merger.until)}.",
            "risk": deny.risk.model_copy(update={"note": note, "severity": severity}),
        }
    )
