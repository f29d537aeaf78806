"""Denies addresses at a network ACL."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from opsctl.block.acl_quota import AclQuota, quota_for
from opsctl.block.lifting import is_deny_of_all
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
from opsctl.block.recording import Carrier, but_of, made_room, on_network_acl, record_change
from opsctl.block.records import parse_ledger, tags_of
from opsctl.block.terms import Term
from opsctl.block.topology.nacl import AlreadyDenied, NetworkAcl, NoRoom, Slot, free_slot, parse_network_acl
from opsctl.model.changes import Change, Check, Risk
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, require
from opsctl.model.networks import normal
from opsctl.model.run import Action, Context
from opsctl.model.sentences import sentence
from opsctl.resources.block_risk import note_of, severity_of


class NaclDeny(Action):
    """Deny addresses at a network ACL, before the first rule that lets them in; undo deletes the entries.

    Entries are created, never replaced. A number that somebody takes meanwhile is passed over for the next free
    one that the plan names; undo deletes the number that was used. What the network ACL drops already gives no
    change. Without a free number the plan is refused; nothing is evicted.
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
        """Plan one CreateNetworkAclEntry for each address that is not dropped yet."""
        answer = yield from require(describe_network_acl(self.network_acl))
        acl = parse_network_acl(answer["NetworkAcls"][0])
        quota = yield from quota_for(acl, len(self.addresses), about.region)
        carrier = on_network_acl(self.network_acl)
        taken: list[int] = []
        denied: list[str] = []
        changes: list[Change] = []
        for network in dict.fromkeys(normal(address) for address in self.addresses):
            slot = free_slot(acl, network, taken, quota.rules)
            if isinstance(slot, AlreadyDenied):
                continue
            if isinstance(slot, NoRoom):
                raise _no_room(acl, network, slot, quota)
            taken.append(slot.number)
            changes.append(self._change(network, slot, carrier.none_named(but_of(about.plan_id), [network])))
            denied.append(network)
        return [*self._recorded(acl, carrier, denied, changes, about), *changes]

    def _recorded(
        self,
        acl: NetworkAcl,
        carrier: Carrier,
        networks: Sequence[str],
        denies: Sequence[Change],
        about: Context,
    ) -> list[Change]:
        if self.term is None or not networks:
            return []
        tags = tags_of(about.plan_id, networks, self.term)
        ledger, present = parse_ledger(acl.tags), [entry.cidr for entry in acl.inbound() if is_deny_of_all(entry)]
        room = made_room(carrier, ledger, present, len(tags), about.now, f"clear-{self.network_acl}")
        before: list[Check] = []
        for check in (one for deny in denies for one in deny.expect):
            if check.context and check not in before:
                before.append(check)
        change_id = f"record-{self.network_acl}"
        recorded = record_change(carrier, tags, networks, self.term, change_id=change_id, before=before)
        return [*room, recorded]

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


def _no_room(acl: NetworkAcl, network: str, slot: NoRoom, quota: AclQuota) -> RefusedByGuard:
    table = [f"{entry.number:>6} {'allow' if entry.allow else 'deny':<5} {entry.cidr}" for entry in acl.inbound()]
    return RefusedByGuard(
        f"no rule number for a deny of {network}: {slot.reason}{quota.doubt}; nothing was changed",
        (
            "use --layer waf or --layer cloudfront, block a wider network instead of many addresses, or "
            "delete entries that are no longer needed"
        ),
        evidence=table,
    )
