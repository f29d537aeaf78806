"""Network ACLs: who is allowed in, and where a deny can still be put.

Rules of AWS: VPC user guide, network ACLs and Amazon VPC quotas.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import islice

from opsctl.block.topology.packet import ANY, Packet, Service
from opsctl.model.networks import Network, covers, parse_network
from opsctl.model.value import Json, Value

QUOTA = 20
"""Rules a direction that every account has; up to 40 are given on request."""

NUMBERS = 40
"""Numbers that a deny may fall back to: one for each rule that a network ACL can have at most."""

FIRST_RESERVED = 32767
FMS_FIRST, FMS_LAST = 5000, 32000
_PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58, "all": -1}


class NaclEntry(Value):
    """One rule of a network ACL; protocol -1 is all, and then ports do not count."""

    number: int
    egress: bool
    allow: bool
    cidr: str
    protocol: int
    ports: tuple[int, int] | None = None

    @property
    def network(self) -> Network:
        """The block the rule is about."""
        return parse_network(self.cidr)

    def matches(self, packet: Packet) -> bool:
        """Tell whether the rule decides about a packet; families never match each other."""
        if not covers(self.network, parse_network(packet.source)):
            return False
        if self.protocol == ANY:
            return True
        if self.protocol != packet.protocol:
            return False
        return self.ports is None or self.ports[0] <= packet.port <= self.ports[1]


class NetworkAcl(Value):
    """A network ACL with its rules in order, without the undeletable `*` rules."""

    id: str
    vpc: str = ""
    default: bool = False
    owner: str = ""
    entries: tuple[NaclEntry, ...] = ()
    subnets: tuple[str, ...] = ()
    tags: dict[str, str] = {}

    def inbound(self) -> tuple[NaclEntry, ...]:
        """The inbound rules in the order of evaluation."""
        return tuple(entry for entry in self.entries if not entry.egress)

    @property
    def firewall_manager(self) -> bool:
        """Whether AWS Firewall Manager owns its order."""
        return self.tags.get("FMManaged", "").lower() == "true"


class Slot(Value):
    """A free rule number, and the allow rule that it has to come before.

    `others` are the next free numbers that would do as well, the nearest first.
    """

    number: int
    before: NaclEntry
    others: tuple[int, ...] = ()


class AlreadyDenied(Value):
    """The block is dropped already: by this rule, or by `*` when there is none."""

    by: NaclEntry | None


class NoRoom(Value):
    """No number can be used; the reason is a sentence."""

    reason: str


def parse_network_acl(raw: Json) -> NetworkAcl:
    """Parse one element of DescribeNetworkAcls; `Protocol` is a number string, or a name in older tables."""
    entries = [_parse_entry(entry) for entry in raw.get("Entries") or []]
    kept = sorted((e for e in entries if e.number < FIRST_RESERVED), key=lambda e: (e.egress, e.number))
    return NetworkAcl(
        id=raw["NetworkAclId"],
        vpc=raw.get("VpcId", ""),
        default=bool(raw.get("IsDefault", False)),
        owner=raw.get("OwnerId", ""),
        entries=tuple(kept),
        subnets=tuple(a["SubnetId"] for a in raw.get("Associations") or [] if a.get("SubnetId")),
        tags={tag["Key"]: tag.get("Value", "") for tag in raw.get("Tags") or []},
    )


def first_match(acl: NetworkAcl, packet: Packet, *, egress: bool = False) -> NaclEntry | None:
    """Return the rule that decides about a packet, or None for the final `*` deny."""
    for entry in acl.entries:
        if entry.egress == egress and entry.matches(packet):
            return entry
    return None


def passing(acl: NetworkAcl, network: str, services: Sequence[Service]) -> Packet | None:
    """Return a packet from the block to one of the services that is let in, or None when all are dropped.

    Exact: rules are constant between the boundaries of their blocks, so one address of each part is enough.
    """
    sources = representatives(parse_network(network), (entry.network for entry in acl.inbound()))
    for source in sources:
        for service in services:
            packet = Packet(source=source, protocol=service.protocol, port=service.port)
            entry = first_match(acl, packet)
            if entry is not None and entry.allow:
                return packet
    return None


def representatives(network: Network, others: Iterable[Network]) -> list[str]:
    """Return one address for each part into which other blocks cut a block, lowest first."""
    first = int(network.network_address)
    last = int(network.broadcast_address)
    cuts = {first}
    for other in others:
        if other.version == network.version:
            cuts.update((int(other.network_address), int(other.broadcast_address) + 1))
    kind = type(network.network_address)
    return [str(kind(cut)) for cut in sorted(cuts) if first <= cut <= last]


def free_slot(
    acl: NetworkAcl,
    network: str,
    taken: Sequence[int] = (),
    quota: int = QUOTA,
    avoided: Sequence[int] = (),
) -> Slot | AlreadyDenied | NoRoom:
    """Choose the number for an inbound deny of a block.

    The ceiling is the lowest inbound allow that shares an address with the block, whatever its port. The
    number is the highest free one below it that leaves a number free on both sides, so that an exception can be
    put before it; where there is none, the highest free one. `taken` are numbers promised to other denies of the
    same plan, `quota` is how many inbound rules the account may have, `avoided` are numbers that are not used.
    """
    wanted = parse_network(network)
    for entry in acl.inbound():
        if not _overlap(entry.network, wanted):
            continue
        if entry.allow:
            return _below(acl, entry, taken, quota, avoided)
        if entry.protocol == ANY and covers(entry.network, wanted):
            return AlreadyDenied(by=entry)
    return AlreadyDenied(by=None)


def _below(
    acl: NetworkAcl, ceiling: NaclEntry, taken: Sequence[int], quota: int, avoided: Sequence[int]
) -> Slot | NoRoom:
    inbound = acl.inbound()
    count = len(inbound) + len(taken)
    if count >= quota:
        more = f" and would get {len(taken)} more by this plan" if taken else ""
        return NoRoom(
            reason=f"{acl.id} has {len(inbound)} of {quota} inbound rules (IPv4 and IPv6 together){more}, "
            "quota L-2AEEBF1A"
        )
    used = {entry.number for entry in inbound} | {*taken, *avoided}
    lowest, highest = (FMS_FIRST, FMS_LAST) if acl.firewall_manager else (1, FIRST_RESERVED - 1)
    numbers = [one for one in range(min(ceiling.number - 1, highest), lowest - 1, -1) if one not in used]
    if free := _spaced(numbers, used - {ceiling.number}):
        return Slot(number=free[0], before=ceiling, others=free[1:])
    who = "Firewall Manager reserves the numbers below 5000; " if acl.firewall_manager else ""
    return NoRoom(reason=f"{who}{acl.id} has no free rule number before the allow rule {ceiling.number}")


def _spaced(numbers: Sequence[int], used: Collection[int]) -> tuple[int, ...]:
    """Return the first of free numbers, those with a free one on either side before the others."""
    apart: dict[int, None] = {}
    for one in numbers:
        if len(apart) == NUMBERS:
            break
        if not any(other in used or other in apart for other in (one - 1, one + 1)):
            apart[one] = None
    return tuple(islice((*apart, *(one for one in numbers if one not in apart)), NUMBERS))


def _overlap(left: Network, right: Network) -> bool:
    return covers(left, right) or covers(right, left)


def _parse_entry(raw: Json) -> NaclEntry:
    protocol = str(raw.get("Protocol", "-1")).lower()
    ports = raw.get("PortRange")
    return NaclEntry(
        number=int(raw["RuleNumber"]),
        egress=bool(raw.get("Egress", False)),
        allow=raw.get("RuleAction") == "allow",
        cidr=raw.get("CidrBlock") or raw.get("Ipv6CidrBlock") or "0.0.0.0/0",
        protocol=_PROTOCOLS[protocol] if protocol in _PROTOCOLS else int(protocol),
        ports=(int(ports["From"]), int(ports["To"])) if ports and "From" in ports else None,
    )
