"""Proves the blocks of the account again: what was removed, reordered or bypassed since they were made."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from opsctl.block.account_ledger import AccountLedger, read_account
from opsctl.block.block_rows import BlockRow, rows_of
from opsctl.block.decision import Decision
from opsctl.block.facts.block_decision import BlockDecision
from opsctl.block.host.host_rows import read_host_rows
from opsctl.block.host.looking import COUNTS_FOR_S
from opsctl.block.lifting import is_deny_of_all
from opsctl.block.records import BlockRecord, is_recorded_for
from opsctl.block.terms import seconds_of
from opsctl.block.topology.forwarded import Forwarded
from opsctl.block.topology.nacl import NetworkAcl, Slot, free_slot
from opsctl.model.errors import FactUnknown, InvalidInput, RefusedByGuard
from opsctl.model.fetching import Fetching, gather
from opsctl.model.networks import normal, not_covered, parse_network, plain_addresses
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value

MANY_RULES = 1000
"""No quota: nothing is put there, the order is all that is asked about."""


class VerifiedWay(Value):
    """A way in to a target, and whether everything that is blocked for the target is stopped there now."""

    target: str
    way: str
    mode: str
    holds: bool
    says: str


class RemovedBlock(Value):
    """An address, or a country, that is recorded as blocked at a resource, and is not there."""

    address: str
    country: str = ""
    resource: str
    target: str
    until: str
    by: str
    run: str


class Verified(Value):
    """What holds and what does not; `wrong` says in a line what has to be looked at.

    `besides` is how many blocks of opsctl were not asked for, `in_hosts` how many more firewalls of instances had
    when they were read within the hour. `overtaken` are denies of network
    ACLs that a rule which lets the address in comes before.
    """

    blocks: int
    besides: int = 0
    in_hosts: int = 0
    due: int = 0
    ways: tuple[VerifiedWay, ...] = ()
    removed: tuple[RemovedBlock, ...] = ()
    overtaken: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    account: str = ""
    region: str = ""
    endpoint: str = ""
    reached_by: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether all blocks were looked at, and all of them hold."""
        return not self.wrong and not self.unknown


class BlockVerified(Fact):
    """Walk every way in to every target that blocks are recorded for, as if the blocked addresses came again.

    An address that is recorded and not there was removed; a way on which it is not stopped was opened, or another
    rule comes before the block now.
    """

    name: ClassVar[str] = "block.verified"
    Result: ClassVar[type[Value]] = Verified
    services: ClassVar[tuple[str, ...]] = BlockDecision.services

    addresses: tuple[str, ...] = Field((), description="Only blocks of these, as they were blocked.")
    target: str = Field("", description="Only blocks of this target.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the ledger, then the ways in to each target."""
        try:
            asked = {normal(one) for one in self.addresses}
        except ValueError as fault:
            raise InvalidInput.one(str(fault), source="addresses") from None
        account = yield from read_account(about)
        hosts, unread = yield from read_host_rows(about)
        late = about.now - COUNTS_FOR_S
        stale = [row for row in hosts if self._is_here(row, asked) and seconds_of(row.read_at) < late]
        every = [row for row in rows_of(account, about.region, about.now) if row.ours]
        rows = [row for row in every if self._wanted(row, asked)]
        standing = [row for row in rows if not row.is_due(about.now)]
        groups: dict[tuple[str, str, str, bool], dict[str, None]] = {}
        for row in standing:
            for need in row.needs:
                key = (need.target, row.mode, need.via, bool(row.country))
                groups.setdefault(key, {})[row.country or row.address] = None
        firewalled = {need.target for row in standing if row.layer == "network-firewall" for need in row.needs}
        judged = yield from gather(
            [
                _judged(target, mode, via, tuple(found), about, firewall=target in firewalled, countries=countries)
                for (target, mode, via, countries), found in groups.items()
            ]
        )
        removed = tuple(one for one in _removed(account, about.now) if self._wanted(one, asked))
        ways = tuple(way for found, _ in judged for way in found)
        acls = {one.acl.id: one.acl for one in account.acls}
        overtaken = tuple(text for row in standing if (text := _overtaken(row, acls)))
        open_ways = (f"{one.target}, {one.way}: {one.says}" for one in ways if not one.holds)
        return Verified(
            blocks=len(standing),
            besides=len(every) - len(rows),
            due=len(rows) - len(standing),
            in_hosts=sum(self._is_here(row, asked) for row in hosts) - len(stale),
            ways=ways,
            removed=removed,
            overtaken=overtaken,
            wrong=(*map(_line, removed), *overtaken, *open_ways),
            unknown=(
                *account.unknown,
                *unread,
                *(_not_read(row, about) for row in stale),
                *(text for _, unknown in judged for text in unknown),
            ),
            account=about.account,
            region=about.region,
            endpoint=about.identity.endpoint,
            reached_by=about.identity.reached_by,
        )

    def _is_here(self, row: BlockRow, asked: set[str]) -> bool:
        """Tell whether a block in a host firewall was asked about: it says of no target but the instance."""
        here = not self.target or self.target in (row.resource, row.resource_id)
        return here and (not asked or row.address in asked)

    def _wanted(self, one: BlockRow | RemovedBlock, asked: set[str]) -> bool:
        needs = one.needs if isinstance(one, BlockRow) else (one,)
        here = not self.target or any(is_recorded_for(self.target, need.target) for need in needs)
        return here and (not asked or (not one.country and one.address in asked))


def _not_read(row: BlockRow, about: Context) -> str:
    """Say of a block in a host firewall that nobody knows whether it is still there, and what reads it."""
    reading = about.commands.opsctl("verify", row.run)
    return (
        f"whether the firewall of {row.resource} still drops {row.subject} was last read at {row.read_at}: "
        f"{reading} reads it where that run is known"
    )


def _judged(
    target: str,
    mode: str,
    via: str,
    blocked: tuple[str, ...],
    about: Context,
    *,
    firewall: bool,
    countries: bool,
) -> Fetching[tuple[list[VerifiedWay], list[str]]]:
    if not target:
        return [], [f"nobody recorded what {_few(blocked)} is blocked for, so its ways in are not known"]
    asked = {"target": target, "countries" if countries else "addresses": blocked, "mode": mode}
    if firewall and not countries:  # its policy is read for this layer alone; every other gate counts as well
        asked |= {"layer": "network-firewall"}
    if forwarded := Forwarded.recorded(via):
        asked |= {"forwarded_header": forwarded.header, "position": forwarded.position}
    fact = BlockDecision.model_validate(asked)
    try:
        decision = yield from fact.read(about)
    except (FactUnknown, InvalidInput, RefusedByGuard) as fault:
        return [], [f"the ways in to {target} could not be found: {fault.summary}"]
    if not isinstance(decision, Decision):
        raise AssertionError(f"{fact.name} came to something else than a decision")
    ways = [
        VerifiedWay(target=target, way=way.short or way.name, mode=mode, holds=way.handled, says=way.verdict)
        for way in decision.ways
    ]
    nowhere = [f"no way in to {target} was found any more"] if not ways else []
    return ways, [*nowhere, *decision.unknown, *decision.untold]


def _removed(account: AccountLedger, now: float) -> list[RemovedBlock]:
    """Return what a record names that has not ended, and that is not where it was recorded."""
    carriers = [
        *(
            (one.acl.id, one.ledger, [e.cidr for e in one.acl.inbound() if is_deny_of_all(e)])
            for one in account.acls
        ),
        *((one.ip_set.name, one.ledger, list(one.ip_set.addresses)) for one in account.sets),
        *((one.name, one.ledger, list(one.drops)) for one in account.groups),
    ]
    found: dict[tuple[str, str], RemovedBlock] = {}
    for name, ledger, addresses in carriers:
        there = set(map(normal, addresses))
        wider = [parse_network(one) for one in there if ledger.of(one) is not None]
        for record in ledger.records:
            left = [parse_network(one) for one in record.networks if one not in there]
            # What was put together with its neighbours, to make room, is blocked by the record of all of them.
            for one in map(str, not_covered(left, wider)):
                if seconds_of(record.until) > now:
                    found[name, one] = _as_removed(one, name, ledger.of(one) or record)
    for carrier in account.distributions:
        for record in carrier.ledger.records:
            for code in record.networks:
                if code not in carrier.refused and seconds_of(record.until) > now:
                    said = _as_removed(code, carrier.title, carrier.ledger.of(code) or record)
                    found[carrier.id, code] = said.model_copy(update={"address": "", "country": code})
    return list(found.values())


def _overtaken(row: BlockRow, acls: Mapping[str, NetworkAcl]) -> str:
    """Say which rule of a network ACL lets an address in before its deny, if one does."""
    if row.layer != "nacl":
        return ""
    slot = free_slot(acls[row.resource_id], row.address, quota=MANY_RULES)
    if not isinstance(slot, Slot):
        return ""
    return (
        f"allow rule {slot.before.number} of network ACL {row.resource_id} comes before the deny of "
        f"{plain_addresses(row.address)}, rule {row.rule}"
    )


def _as_removed(address: str, resource: str, record: BlockRecord) -> RemovedBlock:
    return RemovedBlock(
        address=address,
        resource=resource,
        target=record.target,
        until=record.until,
        by=record.by,
        run=record.run,
    )


def _line(one: RemovedBlock) -> str:
    subject = f"country {one.country}" if one.country else plain_addresses(one.address)
    return f"{subject} was removed from {one.resource} (blocked by {one.by}, run {one.run})"


def _few(addresses: Sequence[str]) -> str:
    more = f" and {len(addresses) - 1} more" if len(addresses) > 1 else ""
    return f"{plain_addresses(addresses[0])}{more}"
