"""Which entries a network ACL gets for a block, and what makes room where it is full.

First go denies of opsctl whose end has passed, as few as suffice; then denies of opsctl, or of this block, that
lie side by side become one entry for exactly their addresses. What others put there stays, whatever it costs.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from opsctl.block.recording import ending
from opsctl.block.records import Ledger
from opsctl.block.terms import NEVER, seconds_of
from opsctl.block.topology.nacl import AlreadyDenied, NaclEntry, NetworkAcl, NoRoom, Slot, free_slot
from opsctl.block.topology.packet import ANY
from opsctl.model.networks import Network, normal, not_covered, parse_network
from opsctl.model.value import Value
from opsctl.resources.owners import owner_of

WIDEST = {4: 24, 6: 48}
"""Nothing wider is put together: a network of these lengths is the widest that is blocked without a question."""

MANY_RULES = 10_000
"""No network ACL has so many: with this quota the numbers alone decide."""

APART_S = 24 * 3600
"""Denies whose ends are further apart than this are not put together, for the later end counts for all of it."""


class OwnDeny(Value):
    """A deny of opsctl, and when it ends."""

    entry: NaclEntry
    until: str

    @property
    def network(self) -> str:
        """The block in canonical form."""
        return normal(self.entry.cidr)


class Merger(Value):
    """Denies that become one: `parts` stand there already, `wanted` are of this block; the last end counts."""

    network: str
    parts: tuple[OwnDeny, ...] = ()
    wanted: tuple[str, ...] = ()
    until: str


class AclSlots(Value):
    """What goes, what is put together, and the number for each network that is denied anew."""

    slots: dict[str, Slot]
    expired: tuple[OwnDeny, ...] = ()
    mergers: tuple[Merger, ...] = ()


def acl_slots(
    acl: NetworkAcl, wanted: Sequence[str], until: str, *, quota: int, now: float, ledger: Ledger
) -> AclSlots | NoRoom:
    """Find an entry for every block that is not dropped yet; `until` is when this block ends."""
    direct = _placed(acl, (), wanted, quota)
    if not isinstance(direct, NoRoom):
        return AclSlots(slots=direct)
    if len(wanted) > quota:
        return NoRoom(reason=f"{acl.id} may have {quota} inbound rules, and these are {len(wanted):,} addresses")
    asked = [parse_network(one) for one in wanted]
    own = [one for one in own_denies(acl, ledger) if not_covered(asked, [parse_network(one.network)]) == asked]
    due = sorted((one for one in own if seconds_of(one.until) <= now), key=lambda one: seconds_of(one.until))
    needed = [one for one in wanted if not isinstance(free_slot(acl, one, quota=MANY_RULES), AlreadyDenied)]
    for count in range(1, len(due) + 1):
        gone = tuple(due[:count])
        slots = _placed(acl, gone, wanted, quota)
        if not isinstance(slots, NoRoom):
            return AclSlots(slots=slots, expired=gone)
    alive = [one for one in own if one not in due and _acts(acl, one)]
    for mergers in _mergers(alive, needed, until):
        parts = [part for one in mergers for part in one.parts]
        left = [one for one in needed if not any(one in merger.wanted for merger in mergers)]
        slots = _placed(acl, (*due, *parts), [*(one.network for one in mergers), *left], quota)
        if not isinstance(slots, NoRoom):
            return AclSlots(slots=slots, expired=tuple(due), mergers=mergers)
    return direct


def own_denies(acl: NetworkAcl, ledger: Ledger) -> list[OwnDeny]:
    """Return the denies of all traffic that a run recorded."""
    found = [(entry, ledger.of(normal(entry.cidr))) for entry in acl.inbound() if _denies_all(entry)]
    return [OwnDeny(entry=entry, until=record.until) for entry, record in found if record is not None]


def _denies_all(entry: NaclEntry) -> bool:
    return not entry.allow and entry.protocol == ANY


def _placed(
    acl: NetworkAcl, gone: Sequence[OwnDeny], wanted: Sequence[str], quota: int
) -> dict[str, Slot] | NoRoom:
    """Give each block a number; those of entries that go are used only where no other is free."""
    numbers = {one.entry.number for one in gone}
    kept = tuple(one for one in acl.entries if one.egress or one.number not in numbers)
    after = acl.model_copy(update={"entries": kept})
    for avoided in (tuple(numbers), ()):
        slots: dict[str, Slot] = {}
        room: NoRoom | None = None
        for network in wanted:
            slot = free_slot(after, network, [one.number for one in slots.values()], quota, avoided)
            if isinstance(slot, NoRoom):
                room = slot
                break
            if not isinstance(slot, AlreadyDenied):
                slots[network] = slot
        if room is None:
            return slots
    return room or NoRoom(reason=f"{acl.id} has no room")


def _acts(acl: NetworkAcl, one: OwnDeny) -> bool:
    """Tell whether a deny comes before every allow of its addresses: another would, put together, stop more."""
    before = [entry for entry in acl.inbound() if entry.number < one.entry.number and entry.allow]
    return not any(_meet(entry.network, one.entry.network) for entry in before)


def _meet(left: Network, right: Network) -> bool:
    return left.version == right.version and (
        int(left.network_address) <= int(right.broadcast_address)
        and int(right.network_address) <= int(left.broadcast_address)
    )


def _mergers(own: Sequence[OwnDeny], wanted: Sequence[str], until: str) -> Iterator[tuple[Merger, ...]]:
    """Put neighbours together one pair after the other, the narrowest first; yield what there is after each."""
    known = {one.network: Merger(network=one.network, parts=(one,), until=one.until) for one in own}
    known |= {one: Merger(network=one, wanted=(one,), until=until) for one in wanted}
    while pair := _pair(known):
        left, right = (known.pop(one) for one in pair)
        wide = str(parse_network(pair[0]).supernet())
        known[wide] = Merger(
            network=wide,
            parts=(*left.parts, *right.parts),
            wanted=(*left.wanted, *right.wanted),
            until=max(left.until, right.until, key=seconds_of),
        )
        yield tuple(one for one in known.values() if len(one.parts) + len(one.wanted) > 1)


def _pair(known: Mapping[str, Merger]) -> tuple[str, str] | None:
    """Return the narrowest two that are the halves of one network and end at about the same time."""
    halves: dict[Network, list[str]] = {}
    for text in known:
        network = parse_network(text)
        if network.prefixlen > WIDEST[network.version] and str(network.supernet()) not in known:
            halves.setdefault(network.supernet(), []).append(text)
    for wide in sorted(halves, key=lambda one: (-one.prefixlen, one.version, int(one.network_address))):
        for left, right in combinations(halves[wide], 2):
            if _near(known[left].until, known[right].until):
                return left, right
    return None


def _near(left: str, right: str) -> bool:
    if NEVER in (left, right):
        return left == right
    return abs(seconds_of(left) - seconds_of(right)) <= APART_S


def occupied(acl: NetworkAcl, ledger: Ledger) -> list[str]:
    """List the inbound rules with whose they are: first opsctl's own, by when they end, then those of others."""
    theirs = owner_of(acl.tags) or "not of opsctl"
    ends = {one.entry.number: seconds_of(one.until) for one in own_denies(acl, ledger)}
    ordered = sorted(acl.inbound(), key=lambda one: (one.number not in ends, ends.get(one.number, 0), one.number))
    return [
        f"{one.number:>6} {'allow' if one.allow else 'deny':<5} {one.cidr}: {_whose(one, ledger, theirs)}"
        for one in ordered
    ]


def _whose(entry: NaclEntry, ledger: Ledger, theirs: str) -> str:
    record = ledger.of(normal(entry.cidr)) if _denies_all(entry) else None
    return theirs if record is None else f"opsctl, by {record.by or 'nobody'}, {ending(record.until)}"
