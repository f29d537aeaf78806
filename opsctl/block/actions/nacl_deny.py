"""Denies addresses at a network ACL."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from opsctl.block.acl_quota import AclQuota, quota_for
from opsctl.block.acl_room import AclRoom
from opsctl.block.acl_slots import AclSlots, acl_slots, occupied
from opsctl.block.network_acl_calls import (
    allow_is_still_behind,
    choice_of_number,
    create_deny,
    delete_entry,
    deny_is_absent,
    deny_is_there,
    describe_network_acl,
    is_no_allow,
    no_new_allow_before,
)
from opsctl.block.recording import Carrier, but_of, on_network_acl
from opsctl.block.records import Ledger, parse_ledger
from opsctl.block.terms import NEVER, Term
from opsctl.block.topology.nacl import NetworkAcl, NoRoom, Slot, parse_network_acl
from opsctl.model.changes import Change, Check, Risk
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, require
from opsctl.model.networks import normal
from opsctl.model.run import Action, Context
from opsctl.model.sentences import first_few, sentence
from opsctl.resources.block_risk import note_of, severity_of


class NaclDeny(Action):
    """Deny addresses at a network ACL, before the first rule that lets them in; undo deletes the entries.

    Entries are created, never replaced. A number that somebody takes meanwhile is passed over for the next free
    one that the plan names; undo deletes the number that was used. What the network ACL drops already gives no
    change. Where there is no room, denies of opsctl whose end has passed go, and neighbours become one entry for
    exactly their addresses; else the plan is refused with what stands there. What others put there stays.
    """

    name: ClassVar[str] = "nacl.deny"

    network_acl: str = Field(description="Id of the network ACL.")
    addresses: tuple[str, ...] = Field(description="Addresses or CIDR blocks, IPv4 and IPv6.")
    why: str = Field(description="Why this network ACL is the right place.")
    affects: tuple[str, ...] = Field((), description="Everything else whose traffic passes this network ACL.")
    owner: str = Field("", description="The stack or module that will revert the change.")
    term: Term | None = Field(
        None, description="Until when and why, as block.term says it; recorded by a tag of the network ACL."
    )

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateNetworkAclEntry for each address that is not dropped yet, and what makes room for it."""
        answer = yield from require(describe_network_acl(self.network_acl))
        acl = parse_network_acl(answer["NetworkAcls"][0])
        quota = yield from quota_for(acl, len(self.addresses), about.region)
        ledger = parse_ledger(acl.tags)
        wanted = list(dict.fromkeys(normal(address) for address in self.addresses))
        until = self.term.until if self.term else NEVER
        found = acl_slots(acl, wanted, until, quota=quota.rules, now=about.now, ledger=ledger)
        if isinstance(found, NoRoom):
            raise _no_room(acl, ledger, wanted, found, quota)
        carrier = on_network_acl(self.network_acl)
        denies = {network: self._deny(network, slot, carrier, about) for network, slot in found.slots.items()}
        room = AclRoom(acl=acl, ledger=ledger, quota=quota.rules, why=sentence(self.why))
        changes = room.changes(found, denies)
        return [*self._recorded(room, found, list(denies.values()), about), *changes]

    def _deny(self, network: str, slot: Slot, carrier: Carrier, about: Context) -> Change:
        return self._change(network, slot, carrier.none_named(but_of(about.plan_id), [network]))

    def _recorded(self, room: AclRoom, found: AclSlots, denies: Sequence[Change], about: Context) -> list[Change]:
        """Record the new denies, those that end later than this block by a record of their own."""
        term = self.term
        if term is None or not found.slots:
            return []
        ends = {one.network: one.until for one in found.mergers if one.until != term.until}
        by_end = {
            until: [one for one in found.slots if ends.get(one, term.until) == until]
            for until in (term.until, *ends.values())
        }
        before: list[Check] = []
        for check in (one for deny in denies for one in deny.expect):
            if check.context and check not in before:
                before.append(check)
        return room.records(by_end, term, about, before)

    def _change(self, network: str, slot: Slot, not_theirs: Check) -> Change:
        number = slot.number
        return Change(
            **dict(create_deny(self.network_acl, number, network)),
            id=f"{self.network_acl}/{number}",
            title=f"Deny {network} at network ACL {self.network_acl}, before rule {slot.before.number}",
            why=(
                f"{sentence(self.why)} Rule {slot.before.number} would allow it, so the deny gets a lower number."
            ),
            expect=(
                deny_is_absent(self.network_acl, number, network),
                is_no_allow(self.network_acl, number),
                allow_is_still_behind(self.network_acl, slot.before.number),
                no_new_allow_before(self.network_acl, slot.before.number, network),
            ),
            proof=deny_is_there(self.network_acl, number, network),
            undo=delete_entry(self.network_acl, number),
            undo_only_if=(not_theirs,),
            choice=choice_of_number(self.network_acl, (number, *slot.others)),
            risk=Risk(
                severity=severity_of(network),
                affects=self.affects,
                owner=self.owner or None,
                note=note_of(network, usual="Open connections are cut as well."),
            ),
        )


def _no_room(
    acl: NetworkAcl, ledger: Ledger, wanted: Sequence[str], found: NoRoom, quota: AclQuota
) -> RefusedByGuard:
    return RefusedByGuard(
        f"no rule number for a deny of {first_few(wanted, 3)}: {found.reason}{quota.doubt}; nothing was changed",
        (
            "use --layer waf or --layer cloudfront, block a wider network instead of many addresses, or "
            "delete entries that are no longer needed"
        ),
        evidence=occupied(acl, ledger),
    )
