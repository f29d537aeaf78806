"""Denies addresses at a network ACL."""

from typing import ClassVar

from pydantic import Field

from opsctl.block.acl_quota import AclQuota, quota_for
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
from opsctl.block.topology.nacl import AlreadyDenied, NetworkAcl, NoRoom, Slot, free_slot, parse_network_acl
from opsctl.model.changes import Change, Risk
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

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateNetworkAclEntry for each address that is not dropped yet."""
        answer = yield from require(describe_network_acl(self.network_acl))
        acl = parse_network_acl(answer["NetworkAcls"][0])
        quota = yield from quota_for(acl, len(self.addresses), about.region)
        taken: list[int] = []
        changes: list[Change] = []
        for network in dict.fromkeys(normal(address) for address in self.addresses):
            slot = free_slot(acl, network, taken, quota.rules)
            if isinstance(slot, AlreadyDenied):
                continue
            if isinstance(slot, NoRoom):
                raise _no_room(acl, network, slot, quota)
            taken.append(slot.number)
            changes.append(self._change(network, slot))
        return changes

    def _change(self, network: str, slot: Slot) -> Change:
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
            choice=choice_of_number(self.network_acl, (number, *slot.others)),
            risk=Risk(
                severity=severity_of(network),
                affects=self.affects,
                owner=self.owner or None,
                note=note_of(network, usual="Open connections are cut as well: a network ACL is stateless."),
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
